"""The kinds of planted errors, by area."""
