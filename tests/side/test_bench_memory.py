"""What a sitting expects models to take in memory, worked out from their files."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

GB = 1 << 30


@pytest.fixture
def memory(side: Any) -> Any:
    return side("bench_memory")


def checkpoint(folder: Path, weights: int, **config: Any) -> Path:
    """Write a model folder whose weights' file takes so many bytes of no disk."""
    folder.mkdir()
    text = {"num_hidden_layers": 28, "num_attention_heads": 12, "hidden_size": 1536}
    said = {"text_config": {**text, "num_key_value_heads": 2}, "dtype": "bfloat16", **config}
    (folder / "config.json").write_text(json.dumps(said))
    with (folder / "model.safetensors").open("wb") as file:
        file.truncate(weights)
    return folder


def workload(tokens: int, batch: int = 1) -> dict[str, Any]:
    plain = {"images": 0, "image_size": [84, 84], "output_tokens": 2048}
    return {**plain, "input_tokens": tokens - 2048, "batch_size": batch}


def fits(memory: Any, free: float, *asked: Any) -> bool:
    memory.free_bytes = lambda _device: free
    answer: bool = memory.fit_together(*asked)
    return answer


def test_a_token_of_qwen2_vl_2b_takes_28_kib_of_keys_and_values(memory: Any) -> None:
    config = SimpleNamespace(
        num_hidden_layers=28, num_attention_heads=12, num_key_value_heads=2, hidden_size=1536
    )
    assert memory.cache_bytes_per_token(config, 2) == 2 * 28 * 2 * 128 * 2 == 28 * 1024


def test_heads_of_another_size_than_the_width_gives_and_unshared_heads_count(memory: Any) -> None:
    config = SimpleNamespace(num_hidden_layers=2, num_attention_heads=4, head_dim=64, hidden_size=9)
    assert memory.cache_bytes_per_token(config, 4) == 2 * 2 * 4 * 64 * 4


def test_models_fit_together_when_weights_processes_and_caches_do(
    memory: Any, tmp_path: Path
) -> None:
    models = [checkpoint(tmp_path / name, 4 * GB) for name in "ab"]
    job = (models, [workload(32768)], "bfloat16", "cpu")
    needed = 2 * (1.2 * 4 * GB + GB + 32768 * 28 * 1024)
    assert fits(memory, needed / 0.75 + 1, *job)
    assert not fits(memory, needed / 0.75 - 1, *job)


def test_arithmetic_that_is_wider_than_the_file_takes_more_unless_it_is_quantized(
    memory: Any, tmp_path: Path
) -> None:
    plain = checkpoint(tmp_path / "plain", 8 * GB)
    quantized = checkpoint(tmp_path / "quantized", 8 * GB, quantization_config={})
    assert fits(memory, 15 * GB, [plain], [], "bfloat16", "cpu")
    assert not fits(memory, 15 * GB, [plain], [], "float32", "cpu")
    assert fits(memory, 15 * GB, [quantized], [], "float32", "cpu")


def test_pictures_and_batches_make_a_longer_cache(memory: Any, tmp_path: Path) -> None:
    model = [checkpoint(tmp_path / "a", GB)]
    small, large = workload(4096), workload(4096, batch=64)
    pictured = {**small, "images": 8, "image_size": [1680, 2240]}
    assert fits(memory, 4 * GB, model, [small], "bfloat16", "cpu")
    assert not fits(memory, 4 * GB, model, [large], "bfloat16", "cpu")
    assert not fits(memory, 4 * GB, model, [pictured], "bfloat16", "cpu")


@pytest.mark.parametrize("config", [b"", b"[]", None])
def test_a_model_without_a_config_is_counted_by_its_weights(
    memory: Any, tmp_path: Path, config: bytes | None
) -> None:
    model = checkpoint(tmp_path / "a", 4 * GB)
    (model / "config.json").unlink()
    if config is not None:
        (model / "config.json").write_bytes(config)
    assert fits(memory, 9 * GB, [model], [workload(4096)], "bfloat16", "cpu")
    assert not fits(memory, 4 * GB, [model], [workload(4096)], "bfloat16", "cpu")


def test_this_machine_has_free_memory(memory: Any) -> None:
    assert memory.free_bytes("cpu") > 0
