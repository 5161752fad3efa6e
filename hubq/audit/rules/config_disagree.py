"""`quantize_config.json` and its like against `config.json`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hubq.audit.quantization import Quantization, quantization_of, spot_of
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

#: What is compared, and the keys that files have for it.
_SETTINGS = {
    "method": ("quant_method", "method"),
    "bits": ("bits", "w_bit", "quant_algo"),
    "group_size": ("group_size", "q_group_size"),
    "desc_act": ("desc_act",),
    "sym": ("sym",),
    "zero_point": ("zero_point",),
    "format": ("checkpoint_format", "format", "version"),
}
#: Formats that mean different bytes; others are names of kernels.
_FORMATS = ({"gptq", "gptq_v2"}, {"gemm", "gemv", "gemv_fast"})


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each setting that two files tell differently."""
    said = [one for one in quantization_of(subject) if one.method != "gguf"]
    for other in said[1:]:
        for setting, keys in _SETTINGS.items():
            first, second = getattr(said[0], setting), getattr(other, setting)
            if _differ(setting, first, second):
                yield _finding(subject, said[0], other, (setting, keys, first, second))


def _differ(setting: str, first: Any, second: Any) -> bool:
    if first in (None, "") or second in (None, "") or first == second:
        return False
    if setting == "format":
        return any({first, second} <= formats for formats in _FORMATS)
    return setting != "method" or {first, second} <= {"gptq", "awq", "bitsandbytes", "mlx"}


def _finding(
    subject: Subject,
    one: Quantization,
    other: Quantization,
    difference: tuple[str, tuple[str, ...], Any, Any],
) -> Finding:
    setting, keys, first, second = difference
    key = next((key for key in keys if key in other.raw), setting)
    return finding(
        subject,
        RULE.id,
        f"{one.path} says {setting} is {_plain(first)}, {other.path} says {_plain(second)}",
        severity=RULE.severity,
        at=spot_of(subject, other.path, key),
        path=other.path,
        said=f"{key}: {_plain(second)}",
        remedy="Keep the one that belongs to the weights, and make the other one say the same.",
        part=setting,
    )


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


RULE = Rule(
    id="config-disagree",
    group="weights",
    title="Two files of the repo tell of different settings of the quantization",
    severity="error",
    why="transformers reads `quantization_config` in `config.json`; AutoGPTQ and gptqmodel read "
    "`quantize_config.json`, AutoAWQ `quant_config.json`, TensorRT-LLM `hf_quant_config.json`. "
    "Where they differ, the same repo is another model in another engine, or noise: `gptq` and "
    "`gptq_v2` store zero points that differ by one.",
    example='`"bits": 4` in `config.json`, `"bits": 8` in `quantize_config.json`.',
    fix="Write both from the settings that were used.",
    check=check,
    needs=("config",),
    sources=("https://github.com/ModelCloud/GPTQModel", "https://github.com/AutoGPTQ/AutoGPTQ"),
)
