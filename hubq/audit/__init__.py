"""Audits of published cards: parsed, checked by rules, reported."""
