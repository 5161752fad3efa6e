"""The rules: one a file, each with a value `RULE`."""
