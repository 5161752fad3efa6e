"""The Hub's HTTP API over a `Storage`, one module per part of it."""
