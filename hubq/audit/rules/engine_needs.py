"""vLLM releases beside versions of other packages that they do not work with."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.known import engines, releases
from hubq.audit.rule import Rule, finding
from hubq.audit.stack import Stated, stated
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

_PACKAGES = ("torch", "transformers", "compressed-tensors")


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each package beside vLLM that its release does not allow."""
    groups: dict[int, list[Stated]] = {}
    for one in stated(subject.document):
        if one.kind != "least":
            groups.setdefault(one.group, []).append(one)
    for group in groups.values():
        engine = [one for one in group if one.package == "vllm"]
        if len(engine) != 1:
            continue
        for one in group:
            version = engine[0].version.partition("+")[0]
            wanted = engines.pinned(version, one.package) if one.package in _PACKAGES else ""
            if not wanted or one.value.early or engines.allows(wanted, one.value):
                continue
            yield finding(
                subject,
                RULE.id,
                f"vLLM {version} needs {one.package}{wanted}",
                severity="info",
                at=one.spot,
                said=f"{one.said} beside {engine[0].said}",
                remedy="State the versions of one environment, as `pip freeze` prints them.",
                sources=(releases.page("vllm", version),),
                part=f"{version} {one.package} {one.version}",
            )


RULE = Rule(
    id="engine-needs",
    group="environment",
    title="vLLM is stated beside a version that its release does not allow",
    severity="info",
    why=(
        "Each release of vLLM is built against one release of torch and needs others of a certain "
        "age. A list that pairs it with another was put together from two environments, or vLLM "
        "was built from its source, which is worth saying."
    ),
    example="`vLLM 0.6.3` and `torch 2.2.1` in one list: vLLM 0.6.3 needs torch==2.4.0.",
    fix="State the versions of the environment that ran; if vLLM was built there, say so.",
    check=check,
    sources=("https://pypi.org/project/vllm/#history",),
)
