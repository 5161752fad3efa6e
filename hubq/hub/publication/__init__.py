"""Publications: a family brought to a hub whole, once, and checked hash by hash."""
