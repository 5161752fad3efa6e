"""Making the tables of known releases; needs a package index."""
