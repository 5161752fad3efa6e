"""Run the snippets of a card that need vLLM: its command starts a server, its clients ask it."""

from __future__ import annotations

from card_transformers import run

__all__ = ["run"]
