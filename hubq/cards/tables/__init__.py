"""Tables of a card: each is built from results, and knows no template."""
