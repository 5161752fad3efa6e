"""Errors planted in true repos: written from what is known to go wrong, not from the rules."""
