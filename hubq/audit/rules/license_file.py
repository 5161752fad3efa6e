"""Files that a license demands of whoever passes a model on, and that the repo has not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from hubq.audit import licenses
from hubq.audit.bases import is_quantized, stated_bases
from hubq.audit.licenses import Terms
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

_LICENSE = re.compile(r"licen[sc]e|copying|agreement|terms", re.IGNORECASE)
_NOTICE = re.compile(r"(?:^|[-_.])notice", re.IGNORECASE)
_POLICY = re.compile(r"use[-_ ]?policy", re.IGNORECASE)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for a repo without the files that its license demands."""
    front = subject.document.front
    stated = licenses.stated(front) or next(map(licenses.of_model, stated_bases(subject)), "")
    terms = licenses.TERMS.get(stated)
    if terms is not None:
        # Whoever gives a license is not bound by it.
        given = subject.owner.lower() in terms.owners
        if not given and (is_quantized(subject) or stated_bases(subject)):
            yield from _demanded(subject, terms)
    elif subject.base is not None and subject.base.has_files and front.data.get("license"):
        yield from _left_out(subject, subject.base)


def _demanded(subject: Subject, terms: Terms) -> Iterator[Finding]:
    absent, remedies = [], []
    if not _has(subject.files, _LICENSE) and not _quotes(subject, terms):
        absent.append(f"a copy of it (section {terms.copy})")
        remedies.append("Copy the base model's license file.")
    if not _has(subject.files, _NOTICE):
        absent.append(f"a text file named Notice (section {terms.notice})")
        remedies.append(f"Add a file NOTICE with: {terms.line}")
    if not absent:
        return
    policy = subject.base and subject.base.has_files and _has(subject.base.files, _POLICY)
    if policy and not _has(subject.files, _POLICY):
        remedies.insert(0, "Take the base model's use policy along.")
    yield finding(
        subject,
        RULE.id,
        f"under the {terms.name}, whoever passes the model on gives {' and '.join(absent)} with "
        f"it; the repo has {'neither' if len(absent) > 1 else 'none'}",
        severity="warning",
        at=subject.document.key_spot("license"),
        said=terms.id,
        remedy=" ".join(remedies),
        sources=(terms.source,),
    )


def _left_out(subject: Subject, base: Subject) -> Iterator[Finding]:
    """Yield a finding for legal files of the base model that were not taken along."""
    for pattern, name in ((_LICENSE, "license"), (_NOTICE, "notice")):
        theirs = [path for path in base.files if "/" not in path and pattern.search(path)]
        if theirs and not _has(subject.files, pattern):
            yield finding(
                subject,
                RULE.id,
                f"the base model {base.name} carries {', '.join(sorted(theirs))}, this repo no "
                f"{name} file",
                severity="info",
                at=subject.document.key_spot("license"),
                remedy="Copy it: most licenses ask for a copy with every copy of the model.",
                sources=("https://www.apache.org/licenses/LICENSE-2.0#redistribution",),
            )
            return


def _has(files: Mapping[str, Any], pattern: re.Pattern[str]) -> bool:
    return any(pattern.search(path.rpartition("/")[2]) for path in files)


def _quotes(subject: Subject, terms: Terms) -> bool:
    """Return whether the card itself holds the agreement, as in the text of a gate."""
    text = " ".join(subject.document.text.lower().split())
    return len(text) > 5000 and any(mark in text for mark in terms.marks)


RULE = Rule(
    id="license-file",
    group="metadata",
    title="A file that the license demands is missing",
    severity="warning",
    why="The licenses of Llama, Gemma and some Qwen models allow to pass quantized models on if a "
    "copy of the agreement and a text file named Notice with a given sentence go with them. "
    "Without these files the license does not hold for the repo.",
    example="A repo with `license: llama3.1` that holds weights and tokenizer, and no LICENSE and "
    "no NOTICE.",
    fix="Copy LICENSE (and the use policy) from the base model, and add a file `NOTICE` with the "
    "sentence that the agreement gives.",
    check=check,
    needs=("card", "files"),
    sources=tuple(dict.fromkeys(one.source for one in licenses.TERMS.values())),
)
