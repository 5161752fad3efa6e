"""The method in the repo's name against the one in its configuration."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.naming import read_name
from hubq.audit.quantization import declared, spot_of
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

#: Methods that are formats too; what a name says of the others is how weights were found, and
#: LLM Compressor and AutoRound write such weights in formats of their own or of others.
_FORMATS = frozenset({"gptq", "awq", "bitsandbytes", "hqq", "mlx", "torchao", "exl2", "exl3"})
_ALGORITHMS = frozenset({"gptq", "awq"})
_CARRIERS = frozenset({"compressed-tensors", "auto-round", "modelopt", "quark"})


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding where name and configuration tell of different methods."""
    name, one = read_name(subject.model), declared(subject)
    if one is None or name.method not in _FORMATS or not one.method:
        return
    carried = name.method in _ALGORITHMS and one.method in _CARRIERS
    if name.method == one.method or carried or one.method not in _FORMATS | _CARRIERS | {"fp8"}:
        return
    yield finding(
        subject,
        RULE.id,
        f"{one.path} says that the method is {one.method}, the repo's name says {name.method}",
        severity=RULE.severity,
        at=spot_of(subject, one.path, "quant_method"),
        path=one.path,
        said=str(one.raw.get("quant_method", one.method)),
        remedy="Rename the repo, or upload the weights and the configuration that belong here.",
    )


RULE = Rule(
    id="method-name",
    group="weights",
    title="The repo's name and its configuration tell of different methods",
    severity="warning",
    why="Engines support some methods and not others, and people filter by name. A repo called AWQ "
    "whose configuration says GPTQ is loaded by other kernels than its users expect, or not at "
    "all.",
    example='`acme/Model-AWQ` with `"quant_method": "gptq"` in `config.json`.',
    fix="Mend the name, or upload the weights that it promises. A name may tell of GPTQ or AWQ "
    "where "
    "LLM Compressor or AutoRound wrote the files: that is no finding.",
    check=check,
    needs=("repo",),
    sources=("https://huggingface.co/docs/transformers/quantization/overview",),
)
