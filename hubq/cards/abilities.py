"""Abilities: what a model of a configuration reads."""

from __future__ import annotations

from typing import Any


def reads_several_images(config: dict[str, Any]) -> bool:
    """Say whether one question may be about several images."""
    return "vision_config" in config


def reads_video(config: dict[str, Any]) -> bool:
    """Say whether the model reads video."""
    return "video_token_id" in config or "video_token_index" in config
