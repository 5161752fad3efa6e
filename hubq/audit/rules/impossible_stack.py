"""Versions on a card that are older than the model's architecture."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

from hubq.audit import architecture
from hubq.audit.architecture import Evidence
from hubq.audit.known import releases
from hubq.audit.known.versions import Version
from hubq.audit.rule import Rule, finding
from hubq.audit.stack import Stated, from_source, stated
from hubq.audit.subject import Subject
from hubq.model.finding import Finding, Severity

_KNOWN: dict[str, Callable[[Subject], tuple[Evidence, ...]]] = {
    "transformers": architecture.in_transformers,
    "vllm": partial(architecture.in_engine, package="vllm"),
    "sglang": partial(architecture.in_engine, package="sglang"),
}
_WORDS = {"transformers": "transformers", "vllm": "vLLM", "sglang": "SGLang"}
_ENGINE = re.compile(
    r"tensorrt|lmdeploy|turbomind|\bmlc\b|llama\.cpp|\bmlx\b|ollama|\bTGI\b|openvino|onnx"
    r"|text-generation-inference",
    re.IGNORECASE,
)
#: Engines that bring what they need of other packages themselves.
_ENGINES = frozenset({"vllm", "sglang"})


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each version that cannot have loaded the model."""
    found = [one for one in stated(subject.document) if one.package in _WORDS]
    if not found:
        return
    engines = {one.group for one in stated(subject.document) if one.package in _ENGINES}
    source = from_source(subject.document)
    packages = {one.package for one in found}
    known = {name: read(subject) for name, read in _KNOWN.items() if name in packages}
    seen: set[tuple[str, Version, bool]] = set()
    for one in found:
        evidence = architecture.against(known[one.package], one.value)
        key = (one.package, one.value, one.kind == "least")
        if evidence is None or key in seen:
            continue
        seen.add(key)
        beside = (
            one.package == "transformers"
            and _counts(one, evidence)
            and (one.group in engines or _other(subject, one))
        )
        yield _finding(subject, one, evidence, _severity(one, evidence, beside=beside), source)


def _other(subject: Subject, one: Stated) -> bool:
    """Say whether an engine that needs nothing of transformers is named near a version."""
    near = subject.document.lines[max(0, one.line - 10) : one.line + 9]
    return any(_ENGINE.search(line[:500]) for line in near)


def _counts(one: Stated, evidence: Evidence) -> bool:
    """Say whether a version was run, or is asked for alone, and certainly cannot have been."""
    return one.kind != "least" and evidence.certain


def _severity(one: Stated, evidence: Evidence, *, beside: bool) -> Severity:
    if beside or not _counts(one, evidence):
        return "info"
    return "error" if one.kind == "stack" else "warning"


def _finding(
    subject: Subject, one: Stated, evidence: Evidence, severity: Severity, source: str
) -> Finding:
    package, first = one.package, evidence.span.first
    words = _WORDS[package]
    day = releases.day_of(package, first)
    known = f"the first release of {words} that knows it is {first}" + (f" of {day}" if day else "")
    if one.kind == "least":
        what = f"{words} {one.version} would do by this, and does not load the model"
        remedy = f"Ask for {words} {first} or newer."
    else:
        what = f"{words} {one.version} cannot have loaded the model"
        remedy = f"State the version that was used; it is {first} or newer, or a build of its time."
    aside = f"; elsewhere the card says: {source}" if source and one.kind != "least" else ""
    return finding(
        subject,
        RULE.id,
        f"{what}: {evidence.words}, and {known}{aside}",
        severity=severity,
        at=one.spot,
        said=one.said,
        remedy=remedy,
        sources=(releases.page(package, first),),
        part=f"{package} {one.version}",
    )


RULE = Rule(
    id="impossible-stack",
    group="environment",
    title="A stated version is older than the model's architecture",
    severity="error",
    why=(
        "A list of versions says what numbers were measured with. When one of them is older than "
        "the first release that can load the model, the numbers were made with something else, and "
        "nobody can repeat them. Such lists are mostly copied from the card of an older model.\n\n"
        "A lower bound that is too low (`transformers>=4.37` for a model of 4.45) is `info`: who "
        "installs the newest release never notices. So is what only the model's name tells."
    ),
    example=(
        "`- Transformers 4.38.2` on a card whose code imports `Qwen2VLForConditionalGeneration`: "
        "the first release with that class is 4.45.0 of 2024-09-25."
    ),
    fix="Print the versions from the environment that ran, rather than typing them.",
    check=check,
    sources=(
        "https://pypi.org/project/transformers/#history",
        "https://pypi.org/project/vllm/#history",
    ),
)
