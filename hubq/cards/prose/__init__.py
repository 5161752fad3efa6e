"""Sentences of a card, made from the statistics and from nothing else."""
