"""Fleets: many small quantized repos on an embedded Hub, for sweeps."""

from __future__ import annotations

from hubq.localhub.repository import Repository
from hubq.localhub.server import LocalHub
from tests.fakes import safetensors

CONFIG = (
    b'{"model_type": "nano", "quantization_config": {"quant_method": "gptq", "bits": 4, '
    b'"group_size": 128}}'
)
_CARD = """---
license: apache-2.0
base_model: acme/{family}
base_model_relation: quantized
library_name: transformers
pipeline_tag: text-generation
---
# {name}

4-bit GPTQ weights of [{family}](https://huggingface.co/acme/{family}), group size 128.
"""


def fill(hub: LocalHub, count: int, *, shards: int = 1) -> list[str]:
    """Put quantized repos and the models they were made from into a Hub, and return their ids.

    Args:
        hub: that serves them.
        count: how many quantized repos.
        shards: safetensors files of each.
    """
    weights = [hub.storage.store_file(safetensors(seed=seed)) for seed in range(shards)]
    names = [f"shard-{number:05}-of-{shards:05}.safetensors" for number in range(1, shards + 1)]
    config = hub.storage.store_file(CONFIG)
    plain = hub.storage.store_file(b'{"model_type": "nano"}')
    made = []
    for number in range(count):
        family = f"Nano-{number // 2}-1B"
        if number % 2 == 0:
            base = _repo(hub, f"acme/{family}")
            card = hub.storage.store_file(b"---\nlicense: apache-2.0\n---\n# A model\n")
            files = {"README.md": card, "config.json": plain}
            base.advance("main", files, author="local", title="Base")
        name = f"{family}-GPTQ-Int{4 if number % 2 == 0 else 8}"
        card = hub.storage.store_file(_CARD.format(name=name, family=family).encode())
        files = {"README.md": card, "config.json": config, **dict(zip(names, weights, strict=True))}
        _repo(hub, f"quants/{name}").advance("main", files, author="local", title="Weights")
        made.append(f"quants/{name}")
    return made


def _repo(hub: LocalHub, name: str) -> Repository:
    return hub.storage.create_repo(name, author="local")
