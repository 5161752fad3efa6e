"""Bits in the shapes of the tensors against configuration and name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from hubq.audit.naming import read_name
from hubq.audit.quantization import declared
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.audit.tensors import Module, weights_of
from hubq.model.finding import Finding

#: Layouts whose shapes tell the bits of each module alone; in the others a layer's width is taken
#: from its norm, so that most modules must agree.
_EXACT = frozenset({"gptq", "awq", "bitsandbytes", "fp8", "int8"})
_MOST = 0.8


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding where weights hold other bits than configuration or name say."""
    one, name = declared(subject), read_name(subject.model)
    modules = weights_of(subject).of_language()
    if not modules or (one is not None and (one.mixed or not one.bits)):
        return
    said = one.bits if one is not None else None if name.mixed else name.bits
    if not said:
        return
    group = one.group_size if one is not None else None
    told = [(part, bits) for part in modules if (bits := part.bits_for(group))]
    wrong = [(part, bits) for part, bits in told if bits != said]
    exact = all(part.method in _EXACT for part, _ in wrong) and one is not None
    if not wrong or (not exact and len(wrong) < _MOST * len(told)):
        return
    where = one.path if one is not None else "the repo's name"
    yield finding(
        subject,
        RULE.id,
        f"the tensors hold {_bits(wrong)}, in {len(wrong)} of {len(told)} quantized modules "
        f"({_first([part for part, _ in wrong])})",
        severity=RULE.severity,
        path=wrong[0][0].path,
        said=f"{said} bits ({where})",
        remedy="Upload weights and configuration of the same variant.",
    )


def _bits(wrong: Sequence[tuple[Module, int]]) -> str:
    counts = Counter(bits for _, bits in wrong)
    return " and ".join(f"{bits} bits" for bits, _ in counts.most_common())


def _first(modules: Sequence[Module]) -> str:
    return modules[0].name + (", ..." if len(modules) > 1 else "")


RULE = Rule(
    id="bits-tensors",
    group="weights",
    title="The tensors hold other bits than the configuration says",
    severity="error",
    why="The shapes of packed weights tell their bits: GPTQ packs `bits * inputs / 32` words for "
    "each output, AWQ `bits * outputs / 32` for each input. Where the configuration says something "
    "else, a loader stops, or reads noise. Mostly the weights of another variant were uploaded.",
    example="`acme/Model-GPTQ-Int8`, whose `q_proj.qweight` has 448 rows for 3,584 inputs: 4 bits.",
    fix="Upload the weights that belong to the configuration, or the other way round.",
    check=check,
    needs=("headers",),
    sources=(
        "https://github.com/AutoGPTQ/AutoGPTQ",
        "https://github.com/casper-hansen/AutoAWQ",
        "https://github.com/vllm-project/compressed-tensors",
    ),
)
