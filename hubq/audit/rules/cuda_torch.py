"""CUDA versions against builds of torch and of what is built upon it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hubq.audit.known import cuda
from hubq.audit.known.tables import torch as builds_table
from hubq.audit.rule import Rule, finding
from hubq.audit.stack import Stated, stated
from hubq.audit.subject import Subject
from hubq.model.finding import Finding, Severity

#: Packages with kernels that are linked against the CUDA of the torch that they are built with.
_KERNELS = frozenset(
    {"auto-gptq", "autoawq", "autoawq-kernels", "flash-attn", "exllamav2", "gptqmodel"}
)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield what cannot be, or does not agree, within each list of versions."""
    groups: dict[int, list[Stated]] = {}
    for one in stated(subject.document):
        if one.kind != "least":
            groups.setdefault(one.group, []).append(one)
    for group in groups.values():
        torches = [one for one in group if one.package == "torch" and not one.value.early]
        for torch in torches:
            yield from _no_such_build(subject, torch)
        if len(torches) == 1:
            yield from _other_cuda(subject, torches[0], group)
            yield from _other_kernels(subject, torches[0], group)


def _no_such_build(subject: Subject, torch: Stated) -> Iterator[Finding]:
    made, tag = cuda.builds(torch.value), torch.value.local
    own = cuda.of_tag(tag)
    if own and made and own not in made:
        yield finding(
            subject,
            RULE.id,
            f"PyTorch {_plain(torch)} was published for CUDA {_listed(made)}; there is no "
            f"`{tag}` build",
            severity="warning",
            at=torch.spot,
            said=torch.said,
            remedy="State what `torch.__version__` prints.",
            sources=_sources(),
            part=torch.version,
        )


def _other_cuda(subject: Subject, torch: Stated, group: Sequence[Stated]) -> Iterator[Finding]:
    toolkits = [one for one in group if one.package == "cuda"]
    if len(toolkits) != 1:
        return
    toolkit = toolkits[0]
    stated_cuda = ".".join(toolkit.version.split(".")[:2])
    own, made = cuda.of_tag(torch.value.local), cuda.builds(torch.value)
    if own and own != stated_cuda:
        what = f"PyTorch {torch.version} brings CUDA {own} with it, and does not use {stated_cuda}"
    elif not torch.value.local and made and stated_cuda not in made:
        what = f"PyTorch {torch.version} was published for CUDA {_listed(made)}, not {stated_cuda}"
    else:
        return
    yield finding(
        subject,
        RULE.id,
        what,
        severity="info",
        at=toolkit.spot,
        said=toolkit.said,
        remedy="Say whether this is `torch.version.cuda`, the driver's or the toolkit's version.",
        sources=_sources(),
        part=f"{torch.version} {stated_cuda}",
    )


def _other_kernels(subject: Subject, torch: Stated, group: Sequence[Stated]) -> Iterator[Finding]:
    own = cuda.of_tag(torch.value.local)
    for one in group:
        tag = one.value.local
        theirs = cuda.of_tag(tag)
        if one.package not in _KERNELS or not own or not theirs or theirs == own:
            continue
        severity: Severity = "info"
        what = f"{one.said} was built for CUDA {theirs}, {torch.said} for CUDA {own}"
        if theirs.partition(".")[0] != own.partition(".")[0]:
            severity, what = "warning", f"{what}: its kernels cannot be loaded beside that torch"
        yield finding(
            subject,
            RULE.id,
            what,
            severity=severity,
            at=one.spot,
            said=one.said,
            remedy="State the builds that were installed together.",
            sources=_sources(),
            part=f"{one.package} {one.version} {torch.version}",
        )


def _plain(one: Stated) -> str:
    return one.version.partition("+")[0]


def _listed(versions: Sequence[str]) -> str:
    return " and ".join((", ".join(versions[:-1]), versions[-1])) if versions[1:] else versions[0]


def _sources() -> tuple[str, ...]:
    return ("https://pytorch.org/get-started/previous-versions/", builds_table().source)


RULE = Rule(
    id="cuda-torch",
    group="environment",
    title="Stated CUDA versions do not go together with the builds of torch",
    severity="warning",
    why=(
        "PyTorch's wheels bring their own CUDA, and each release is built for a few versions of "
        "it. A build that was never published, or kernels built for another major version of CUDA "
        "than the torch beside them, were not what ran."
    ),
    example="`Pytorch 2.2.1+cu124`: PyTorch 2.2.1 was published for CUDA 11.8 and 12.1.",
    fix="State what `torch.__version__` and `torch.version.cuda` print.",
    check=check,
    sources=("https://pytorch.org/get-started/previous-versions/",),
)
