"""Model cards: facts, tables, prose and metadata."""
