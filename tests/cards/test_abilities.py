from __future__ import annotations

from typing import Any

from hubq.cards.abilities import reads_several_images, reads_video
from tests.rows import each_row


@each_row(
    ("config", "several", "video"),
    [
        ({"model_type": "qwen2_vl", "vision_config": {}, "video_token_id": 151656}, True, True),
        ({"model_type": "qwen2_5_vl", "vision_config": {}, "video_token_id": 151656}, True, True),
        ({"model_type": "qwen3_vl", "vision_config": {}, "video_token_id": 151656}, True, True),
        (
            {"model_type": "llava_onevision", "vision_config": {}, "video_token_index": 151647},
            True,
            True,
        ),
        ({"model_type": "gemma3", "vision_config": {}}, True, False),
        ({"model_type": "llava", "vision_config": {}}, False, False),
        ({"model_type": "smolvlm", "vision_config": {}}, True, True),
        ({"model_type": "new_vl", "vision_config": {}, "video_token_id": 3}, False, True),
        ({"model_type": "qwen2_vl", "vision_config": {}, "video_token_id": None}, True, False),
        ({"model_type": "qwen2"}, False, False),
        ({"model_type": "qwen3", "video_token_id": 5}, False, False),
    ],
)
def test_abilities_follow_the_configuration(
    config: dict[str, Any], several: bool, video: bool
) -> None:
    assert reads_several_images(config) is several
    assert reads_video(config) is video
