"""Cases: small repos made for tests of rules."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hubq.audit.headers import Header
from hubq.audit.rule import Rule, lacking
from hubq.audit.subject import Gathered, Subject
from hubq.model.finding import Finding
from hubq.quantize.headers import BITS, Tensor
from hubq.verify.place import Listed


def case(
    card: str | None = None,
    *,
    repo: str = "",
    files: Mapping[str, int | str] | None = None,
    texts: Mapping[str, Any] | None = None,
    headers: Mapping[str, Header] | None = None,
    base: Subject | None = None,
    siblings: tuple[Subject, ...] = (),
    changed: Mapping[str, str] | None = None,
    gated: bool | None = None,
    web: Mapping[str, int] | None = None,
) -> Subject:
    """Return a subject.

    Args:
        card: its README.
        repo: its id.
        files: path -> size, or `SIZE SHA256` as a text for a large file.
        texts: path -> text, or what to write as JSON; they count as files too.
        headers: path -> header of a safetensors file.
        base, siblings: its kin.
        changed: path -> when it was last committed.
        gated: whether terms must be accepted.
        web: address -> status that it was answered with.
    """
    said = {
        path: value if isinstance(value, str) else json.dumps(value)
        for path, value in (texts or {}).items()
    }
    listed = None
    if files is not None or texts is not None or headers is not None:
        listed = {path: Listed(size=len(text.encode())) for path, text in said.items()}
        listed |= {path: Listed(size=one.size) for path, one in (headers or {}).items()}
        listed |= {path: _listed(value) for path, value in (files or {}).items()}
        if card is not None:
            listed["README.md"] = Listed(size=len(card.encode()))
    gathered = Gathered(
        name=repo or "README.md",
        repo=repo,
        card=card,
        files=listed,
        texts=said,
        headers=dict(headers or {}),
        changed=dict(changed or {}),
        gated=gated,
        web=dict(web or {}),
    )
    return Subject(gathered, base=base, siblings=siblings)


def header(tensors: Mapping[str, tuple[str, tuple[int, ...]]], **more: Any) -> Header:
    """Return the header of a file with tensors (name -> type and shape), one after another."""
    end, found = 0, {}
    for name, (dtype, shape) in tensors.items():
        start, size = end, BITS[dtype] // 8
        for length in shape:
            size *= length
        end = start + size
        found[name] = Tensor(dtype=dtype, shape=shape, start=start, end=end)
    about: dict[str, Any] = {"length": 1000, "size": 1008 + end, **more}
    return Header(tensors=found, **about)


def findings(rule: Rule, subject: Subject) -> list[Finding]:
    """Return what a rule finds; what it needs must be there."""
    assert not lacking(subject, rule.needs), lacking(subject, rule.needs)
    return list(rule.check(subject))


def _listed(value: int | str) -> Listed:
    if isinstance(value, int):
        return Listed(size=value)
    size, _, sha256 = value.partition(" ")
    return Listed(size=int(size), sha256=sha256)
