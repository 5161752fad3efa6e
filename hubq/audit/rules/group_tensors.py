"""Group sizes in the shapes of the tensors against the configuration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from hubq.audit.naming import read_name
from hubq.audit.quantization import declared
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.audit.tensors import Module, weights_of
from hubq.model.finding import Finding

_MOST = 0.5


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding where weights are cut into other groups than is said."""
    one, name = declared(subject), read_name(subject.model)
    said = one.group_size if one is not None else name.group_size
    if said is None or said == 0 or (one is not None and one.mixed):
        return
    bits = one.bits if one is not None else name.bits
    told = [part for part in weights_of(subject).of_language() if part.group_for(bits)]
    wrong = [part for part in told if not _fits(part, said, bits)]
    if not wrong or len(wrong) <= _MOST * len([part for part in told if _tells(part, said, bits)]):
        return
    sizes = Counter(part.group_for(bits) for part in wrong)
    group = sizes.most_common(1)[0][0]
    held = "one group for all inputs" if group == -1 else f"groups of {group}"
    yield finding(
        subject,
        RULE.id,
        f"the tensors hold {held}, in {len(wrong)} of {len(told)} quantized modules "
        f"({wrong[0].name}{', ...' if len(wrong) > 1 else ''})",
        severity=RULE.severity,
        path=wrong[0].path,
        said=f"group size {said} ({one.path if one is not None else 'the name of the repo'})",
        remedy="Upload weights and configuration of the same variant.",
    )


def _fits(part: Module, said: int, bits: int | None) -> bool:
    """Say whether a module has as many groups as a group size makes of its inputs."""
    inputs = part.inputs or (part.words // bits if part.words and bits else 0)
    expected = -(-inputs // said) if said > 0 else 1
    return part.groups == expected


def _tells(part: Module, said: int, bits: int | None) -> bool:
    """Say whether a module is wide enough that group sizes differ in it."""
    inputs = part.inputs or (part.words // bits if part.words and bits else 0)
    return (part.groups or 0) > 1 or inputs > max(said, 1)


RULE = Rule(
    id="group-tensors",
    group="weights",
    title="The tensors hold other groups than the configuration says",
    severity="error",
    why="Packed weights keep one scale for each group and output, so that the shape of the scales "
    "tells the group size. Where the configuration says another one, a loader stops, or scales "
    "weights by their neighbours' factors.",
    example='`"group_size": 128` in `config.json`, and 112 rows of scales for 3,584 inputs: 32.',
    fix="Upload the weights that belong to the configuration, or mend the configuration.",
    check=check,
    needs=("headers",),
    sources=(
        "https://github.com/AutoGPTQ/AutoGPTQ",
        "https://github.com/casper-hansen/AutoAWQ",
    ),
)
