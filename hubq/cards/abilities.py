"""Abilities: what a model of a configuration reads.

Decided by `model_type`, since a configuration alone does not say what a model was trained on. Of a
type that is not listed nothing is claimed but what its configuration has a token for.
"""

from __future__ import annotations

from typing import Any

_SEVERAL_IMAGES = frozenset(
    {
        "aya_vision",
        "gemma3",
        "glm4v",
        "glm4v_moe",
        "idefics2",
        "idefics3",
        "internvl",
        "llava_onevision",
        "mistral3",
        "pixtral",
        "qwen2_5_vl",
        "qwen2_vl",
        "qwen3_5",
        "qwen3_5_moe",
        "qwen3_vl",
        "qwen3_vl_moe",
        "smolvlm",
    }
)
_VIDEO = frozenset({"internvl", "smolvlm"})
"""Types that read video without a token of its own: its frames are images."""
_VIDEO_TOKENS = ("video_token_id", "video_token_index")


def reads_several_images(config: dict[str, Any]) -> bool:
    """Say whether one question may be about several images."""
    return "vision_config" in config and config.get("model_type") in _SEVERAL_IMAGES


def reads_video(config: dict[str, Any]) -> bool:
    """Say whether the model reads video."""
    if "vision_config" not in config:
        return False
    has_token = any(isinstance(config.get(name), int) for name in _VIDEO_TOKENS)
    return has_token or config.get("model_type") in _VIDEO
