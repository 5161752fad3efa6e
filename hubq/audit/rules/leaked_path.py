"""Names and paths of the machine where a model was made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from hubq.audit.quantization import declared, spot_of
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

_PATH = re.compile(
    r"^(?:file://)?(?:/(?:home|Users|root|mnt|data\d*|tmp|workspace|scratch|nfs|gpfs|share|shared"
    r"|opt|var|content|kaggle|project|projects|cluster|lustre|ssd\d*|disk\d*|raid)/\S"
    r"|[A-Za-z]:\\\S|~/\S|\.\.?/\S)"
)
_HOME = re.compile(r"/(?:home|Users)/(?!user/|ubuntu/|runner/)[^/]+/")
_NAME_KEYS = ("_name_or_path", "name_or_path")
_ID = re.compile(r"^[\w.-]+/[\w.-]+$")
_DEEPEST = 6
_MOST = 20_000
"""Values of one file that are looked at."""


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each path of a machine, and for names of repos that nobody can see."""
    for path in sorted(subject.gathered.texts):
        if not path.endswith("config.json"):
            continue
        told: set[str] = set()
        for keys, value in _values(subject.json(path)):
            if value in told or len(value) > 400:
                continue
            if _PATH.match(value):
                told.add(value)
                yield _finding(subject, path, keys[-1], value, "a path of the machine that made it")
            elif keys[-1] in _NAME_KEYS and _internal(subject, value):
                told.add(value)
                found = "another repo than the card's base model; is it an internal name?"
                yield _finding(subject, path, keys[-1], value, found)
    yield from _calibration(subject)


def _values(config: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield (keys, text) over all texts of a file, down to a depth."""
    stack: list[tuple[tuple[str, ...], Any]] = [((), config)]
    seen = 0
    while stack and seen < _MOST:
        keys, value = stack.pop()
        seen += 1
        if isinstance(value, str) and keys:
            yield keys, value
        elif isinstance(value, dict) and len(keys) < _DEEPEST:
            stack += [((*keys, str(key)), inner) for key, inner in value.items()]
        elif isinstance(value, list) and keys and len(keys) < _DEEPEST:
            stack += [((*keys, keys[-1]), inner) for inner in value[:100]]


def _internal(subject: Subject, value: str) -> bool:
    """Say whether a name is a longer one of the base's, which the card names otherwise nowhere."""
    if not _ID.match(value) or value == subject.repo:
        return False
    card = subject.gathered.card or ""
    bases = subject.document.front.data.get("base_model") if card else None
    named = [bases] if isinstance(bases, str) else bases if isinstance(bases, list) else []
    known = {str(name) for name in named} | ({subject.base.repo} if subject.base else set())
    if not known or value in known or value in card:
        return False
    return value.startswith(tuple(f"{name}{joint}" for name in known for joint in "-_"))


def _calibration(subject: Subject) -> Iterator[Finding]:
    """Yield a finding where the texts that a model was calibrated on stand in its configuration."""
    one = declared(subject)
    texts = one.raw.get("dataset") if one is not None else None
    if one is None or not isinstance(texts, list):
        return
    size = sum(len(text) for text in texts if isinstance(text, str))
    if size > 1000:
        yield finding(
            subject,
            RULE.id,
            f"the {len(texts)} texts of the calibration stand in it, {size:,} characters",
            severity="info",
            at=spot_of(subject, one.path, "dataset"),
            path=one.path,
            said="dataset",
            remedy="Name the dataset instead.",
            part="dataset",
        )


def _finding(subject: Subject, path: str, key: str, value: str, found: str) -> Finding:
    private = bool(_HOME.search(value))
    return finding(
        subject,
        RULE.id,
        f"{key} is {found}",
        severity="warning" if private else "info",
        at=spot_of(subject, path, key),
        path=path,
        said=value,
        remedy=f"Write the base model's id, or delete {key}.",
        part=value,
    )


RULE = Rule(
    id="leaked-path",
    group="weights",
    title="A configuration names paths or models of the machine that made it",
    severity="warning",
    why="transformers writes into `_name_or_path` where a model was loaded from, and gptqmodel "
    "writes where it offloaded to. Home folders tell people's names, internal names tell of models "
    "that were never published, and neither helps anybody to make the model again.",
    example='`"_name_or_path": "/home/jane/models/llama-ft-3"` in `config.json`.',
    fix="Write the base model's id in its place, or delete the key.",
    check=check,
    needs=("files",),
    sources=("https://huggingface.co/docs/transformers/main_classes/configuration",),
)
