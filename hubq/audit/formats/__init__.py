"""Formats: a report as people and machines read it."""
