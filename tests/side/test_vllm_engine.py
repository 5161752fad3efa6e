from __future__ import annotations

import importlib
import math
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

SIDE = Path(__file__).resolve().parents[2] / "hubq" / "side"
KERNEL = "CPUWNA16LinearKernel (AutoGPTQLinearMethod)"


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(SIDE))
    for path in SIDE.glob("*.py"):
        monkeypatch.delitem(sys.modules, path.stem, raising=False)
    return importlib.import_module("vllm_engine")


class CPUWNA16LinearKernel:
    """Stands for vLLM's class of that name."""


class AutoGPTQLinearMethod:
    """Stands for vLLM's class of that name."""

    def __init__(self, kernel: object | None = None) -> None:
        self.kernel = kernel
        self.quant_type = "uint4b8"


class UnquantizedLinearMethod:
    """Stands for vLLM's class of that name."""


class CompressedTensorsWNA16(AutoGPTQLinearMethod):
    """Stands for vLLM's class of that name."""


def linear(method: object, **attributes: object) -> SimpleNamespace:
    return SimpleNamespace(quant_method=method, input_size=128, **attributes)


def test_kernels_are_read_from_the_model(engine: Any) -> None:
    kernel = CPUWNA16LinearKernel()
    packed = linear(AutoGPTQLinearMethod(kernel))
    scheme = linear(AutoGPTQLinearMethod(), scheme=CompressedTensorsWNA16(kernel), use_w4a8=True)
    embedding = linear(AutoGPTQLinearMethod(), num_embeddings=640)
    model = SimpleNamespace(packed_modules_mapping={"qkv": ["q", "k", "v"], "o": ["o"]})
    parts = [model, packed, packed, scheme, linear(UnquantizedLinearMethod()), embedding]
    model.modules = lambda: iter(parts)
    assert engine.describe(model) == {
        "kernels": {
            KERNEL: 2,
            "CPUWNA16LinearKernel (CompressedTensorsWNA16, 8-bit activations)": 1,
            "UnquantizedLinearMethod": 1,
        },
        "quantized": 3,
        "fused": [["q", "k", "v"]],
    }


def test_a_tensor_that_is_missing_from_a_fused_parameter_is_named(engine: Any) -> None:
    names = [f"layers.0.{part}.scales" for part in ("q_proj", "k_proj", "v_proj", "o_proj")]
    fused = [["q_proj", "k_proj", "v_proj"], ["gate_proj", "up_proj"]]
    assert engine.unfilled([*names, "layers.0.q_proj.bias"], fused) == []
    assert engine.unfilled(names[1:], fused) == ["layers.0.q_proj.scales"]
    assert engine.unfilled(names[3:], fused) == []


class Refusing:
    """Makes engines of some dtypes, as `vllm.LLM` does."""

    def __init__(self, takes: str, message: str) -> None:
        self.takes, self.message, self.asked = takes, message, list[str]()

    def __call__(self, *, dtype: str, model: str) -> tuple[str, str]:
        self.asked.append(dtype)
        if dtype != self.takes:
            raise ValueError(self.message)
        return model, dtype


def test_another_dtype_is_taken_only_where_the_kind_of_quantization_refuses_one(
    engine: Any,
) -> None:
    said = (
        "torch.bfloat16 is not supported for quantization method awq. "
        "Supported dtypes: [torch.float16]"
    )
    make = Refusing("float16", said)
    assert engine.load(make, {"model": "m"}, ["bfloat16", "float16"]) == ("m", "float16")
    assert make.asked == ["bfloat16", "float16"]
    broken = Refusing("float16", "incomplete metadata")
    with pytest.raises(ValueError, match="incomplete"):
        engine.load(broken, {"model": "m"}, ["bfloat16", "float16"])
    assert broken.asked == ["bfloat16"]


def test_the_cache_is_made_to_measure(engine: Any) -> None:
    seven = SimpleNamespace(num_hidden_layers=28, num_key_value_heads=4, head_dim=128)
    assert engine.cache_bytes(seven, 8192) == 2 * 8192 * 28 * 4 * 128 * 4
    derived = SimpleNamespace(
        num_hidden_layers=80, num_key_value_heads=8, hidden_size=8192, num_attention_heads=64
    )
    assert engine.cache_bytes(derived, 8192) == 2 * 8192 * 80 * 8 * 128 * 4
    assert engine.cache_bytes(SimpleNamespace(), 8192) == engine.CACHE_BYTES


class Speaking:
    """Answers as `vllm.LLM` does, always with the same tokens."""

    def __init__(self, tokens: list[int], logged: float) -> None:
        self.tokens, self.logged, self.heard = tokens, logged, list[Any]()

    def get_tokenizer(self) -> Any:
        return SimpleNamespace(all_special_ids=[2])

    def chat(self, messages: Any, sampling: object, *, use_tqdm: bool) -> list[Any]:
        self.heard.append((messages, sampling))
        steps = [{token: SimpleNamespace(logprob=self.logged)} for token in self.tokens]
        output = SimpleNamespace(text="six", token_ids=tuple(self.tokens), logprobs=steps)
        return [SimpleNamespace(outputs=[output])]


def test_answers_come_without_the_end_of_turn_and_say_whether_they_are_finite(
    engine: Any,
) -> None:
    prompts = [
        {"text": "see?", "images": ["picture"], "max_new_tokens": 16},
        {"text": "say?", "images": [], "max_new_tokens": 12},
    ]
    speaking = Speaking([29, 2], -0.5)
    seen, said = engine.ask(speaking, prompts, lambda most: most)
    assert (seen["tokens"], seen["pictures"], seen["finite"]) == ([29], 1, True)
    assert (said["question"], said["answer"], said["pictures"]) == ("say?", "six", 0)
    (pictured, most), (plain, _) = speaking.heard
    assert most == 16
    assert [part["type"] for part in pictured[0]["content"]] == ["image_pil", "text"]
    assert plain == [{"role": "user", "content": "say?"}]
    (broken,) = engine.ask(Speaking([0], math.nan), prompts[:1], lambda most: most)
    assert broken["finite"] is False
