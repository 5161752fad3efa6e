"""Charts of a card: what they show is worked out from facts; matplotlib draws them."""
