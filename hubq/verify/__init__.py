"""Verification: what was published, computed again from its evidence."""
