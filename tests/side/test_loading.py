from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hubq.workers.specs import SIDE


@pytest.fixture
def loading(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(SIDE))
    monkeypatch.delitem(sys.modules, "loading", raising=False)
    return importlib.import_module("loading")


def module(library: str, name: str, **attributes: object) -> Any:
    """Return an object of a class as a library would define it."""
    kind = type(name, (), attributes)
    kind.__module__ = library
    return kind()


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "weights.pkl"])
def test_weights_that_can_run_code_are_refused_by_name(
    loading: Any, tmp_path: Path, name: str
) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(loading.MisfitError, match=f"^{name} is a pickle"):
        loading.require_safetensors(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"")
    loading.require_safetensors(tmp_path)


def test_a_folder_without_weights_is_refused(loading: Any, tmp_path: Path) -> None:
    with pytest.raises(loading.MisfitError, match="there are no safetensors weights"):
        loading.require_safetensors(tmp_path)


def test_linears_of_every_library_are_told_from_plain_ones(loading: Any) -> None:
    quantized = [
        module("gptqmodel.nn_modules.qlinear.torch", "TorchLinear", in_features=8),
        module("auto_gptq.nn_modules.qlinear", "QuantLinear", infeatures=8),
        module("awq.modules.linear.gemm", "WQLinear_GEMM", in_features=8),
        module("torch.nn.modules.linear", "Linear", in_features=8, quantization_scheme=object()),
    ]
    plain = [
        module("torch.nn.modules.linear", "Linear", in_features=8),
        module("torch.nn.modules.linear", "Linear", in_features=8, quantization_scheme=None),
        module("gptqmodel.nn_modules.converter", "Helper"),
    ]
    assert all(loading.is_quantized(one) for one in quantized)
    assert not any(loading.is_quantized(one) for one in plain)


def test_a_kernel_says_its_class_and_its_format(loading: Any) -> None:
    packed = SimpleNamespace(format=SimpleNamespace(value="pack-quantized"))
    of_torch = module("torch.nn.modules.linear", "Linear", quantization_scheme=packed)
    assert loading._kernel(of_torch) == "Linear (pack-quantized)"
    assert loading._kernel(module("gptqmodel.nn_modules", "TorchLinear")) == "TorchLinear"
    unnamed = module("torch.nn.modules.linear", "Linear", quantization_scheme=object())
    assert loading._kernel(unnamed) == "Linear (compressed-tensors)"


def test_a_report_is_one_line_with_the_first_names(loading: Any) -> None:
    report = {"missing_keys": ["a", "b", "c", "d"], "mismatched_keys": ["e"]}
    assert loading.describe_report(report) == "missing: a, b, c and 1 more; mismatched: e"
