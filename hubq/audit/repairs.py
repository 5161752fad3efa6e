"""Repairs: what of a card's front matter can be mended for certain, and how.

A repair takes its value from the base model or from the repo's own configuration, never from a
guess, and touches the lines of its own keys alone. Everything else that was found is no more than
suggested, in words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from hubq.audit.bases import certain_base, is_quantized, stated_bases
from hubq.audit.quantization import CONFIG, quantization_of
from hubq.audit.rule import all_rules
from hubq.audit.subject import Subject
from hubq.cards.inheritance import license_of, pipeline_tag_of_source
from hubq.markdown.escaping import code, escape
from hubq.markdown.header import Header, Uneditable
from hubq.model.finding import Finding

#: Methods whose files transformers loads, where `config.json` says so.
_TRANSFORMERS = frozenset(
    {
        *("aqlm", "auto-round", "awq", "bitsandbytes", "compressed-tensors", "eetq", "fbgemm_fp8"),
        *("fp8", "gptq", "higgs", "hqq", "quanto", "spqr", "torchao", "vptq"),
    }
)
#: Findings by which the base model that is stated may be another one.
_DOUBTED = frozenset({"base-404", "base-differs"})
_SUGGESTED = frozenset({"arithmetic", "scores"})
_MOST = 50
"""Suggestions that are made at most."""


class Repair(msgspec.Struct, frozen=True, kw_only=True):
    """An edit of one key of the front matter.

    Attributes:
        rule: whose finding it mends.
        key: what is added or changed.
        value: that it gets.
        why: what the value was taken from, in words.
        before: the value so far; none for a key that is new.
    """

    rule: str
    key: str
    value: Any
    why: str
    before: Any = None

    @property
    def said(self) -> str:
        """What it does, as one line of Markdown."""
        verb = "add" if self.before is None else f"change {code(self.before)}:"
        return f"{verb} {code(f'{self.key}: {_plain(self.value)}')}, {escape(self.why)}"


def repairs(subject: Subject, findings: Sequence[Finding]) -> tuple[Repair, ...]:
    """Return the edits that mend some findings for certain; none where the card is not editable.

    Args:
        subject: what was audited, with its base model where that was looked up.
        findings: of it; what is not among them is left alone.
    """
    card = subject.gathered.card
    if card is None or subject.document.front.problem:
        return ()
    made: dict[str, Repair] = {}
    found = {one.rule for one in findings}
    for rule in dict.fromkeys(one.rule for one in findings):
        if rule == "base-relation" and found & _DOUBTED:
            continue
        for repair in _MAKERS.get(rule, _nothing)(subject):
            made.setdefault(repair.key, repair)
    edits = tuple(made.values())
    try:
        mended(card, edits)
    except Uneditable:
        return ()
    return edits


def mended(card: str, repairs: Sequence[Repair]) -> str:
    """Return a README with some edits made, all else as it was, byte for byte.

    An edit whose key has its value already changes nothing.

    Raises:
        Uneditable: its front matter cannot be edited without risk.
    """
    header = Header(card)
    for repair in repairs:
        if repair.key not in header.data or header.data[repair.key] != repair.value:
            header.set(repair.key, repair.value)
    return header.text()


def suggestions(subject: Subject, findings: Sequence[Finding]) -> tuple[str, ...]:
    """Return what people should look at themselves, as lines of Markdown.

    Numbers are never edited: what is wrong may be the sum or one of its parts.

    Args:
        subject: what was audited.
        findings: of it; those that `repairs` mends are left out.
    """
    keys = {repair.rule for repair in repairs(subject, findings)}
    groups = {rule.id: rule.group for rule in all_rules()}
    found = []
    for one in findings:
        told = one.severity != "info" or groups.get(one.rule) in _SUGGESTED
        if told and one.rule not in keys:
            found.append(_suggested(one))
    return tuple(dict.fromkeys(found))[:_MOST]


def _suggested(one: Finding) -> str:
    said = f"{code(one.said)}: " if one.said else ""
    remedy = f" {escape(one.remedy)}" if one.remedy else ""
    end = "" if one.found.endswith((".", "!", "?")) else "."
    return f"{escape(one.place)}: {said}{escape(one.found)}{end}{remedy} ({escape(one.rule)})"


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _repair(subject: Subject, rule: str, key: str, value: Any, why: str) -> Repair:
    before = subject.document.front.data.get(key)
    return Repair(rule=rule, key=key, value=value, why=why, before=before)


def _nothing(_: Subject) -> Iterator[Repair]:
    return iter(())


def _base_model(subject: Subject) -> Iterator[Repair]:
    base = certain_base(subject)
    if not base or subject.document.front.data.get("base_model"):
        return
    why = "the model of this name, whose configuration has the same shapes"
    yield _repair(subject, "base-model-missing", "base_model", base, why)
    if not subject.document.front.data.get("base_model_relation"):
        yield _relation(subject, "base-model-missing")


def _base_relation(subject: Subject) -> Iterator[Repair]:
    stated = stated_bases(subject)
    absent = not subject.document.front.data.get("base_model_relation")
    if absent and len(stated) == 1 and stated[0] != subject.repo and is_quantized(subject):
        yield _relation(subject, "base-relation")


def _relation(subject: Subject, rule: str) -> Repair:
    said = next((one for one in quantization_of(subject) if one.method), None)
    why = f"as {said.path} says ({said.method})" if said else "as the repo's name says"
    return _repair(subject, rule, "base_model_relation", "quantized", why)


def _library(subject: Subject) -> Iterator[Repair]:
    config = subject.config or {}
    said = next((one for one in quantization_of(subject) if one.path == CONFIG), None)
    if subject.document.front.data.get("library_name") or said is None:
        return
    if said.method == "mlx":
        why = "config.json is one of mlx"
        yield _repair(subject, "library-name", "library_name", "mlx", why)
    elif (
        said.method in _TRANSFORMERS
        and config.get("transformers_version")
        and config.get("architectures")
        and not config.get("auto_map")
    ):
        why = f"transformers {config['transformers_version']} wrote config.json"
        yield _repair(subject, "library-name", "library_name", "transformers", why)


def _pipeline_tag(subject: Subject) -> Iterator[Repair]:
    base, ours = _base(subject), subject.document.front.data.get("pipeline_tag")
    theirs = pipeline_tag_of_source(base.document.front.data) if base is not None else ""
    sees = isinstance((subject.config or {}).get("vision_config"), dict)
    if base is None or not theirs or theirs == ours or (sees and theirs == "text-generation"):
        return
    why = f"as the base model {base.repo} has it"
    yield _repair(subject, "pipeline-tag", "pipeline_tag", theirs, why)


def _license(subject: Subject) -> Iterator[Repair]:
    yield from _inherited(subject, "license-missing", "license")


def _license_name(subject: Subject) -> Iterator[Repair]:
    base = _base(subject)
    if base is not None and base.document.front.text("license").lower() == "other":
        yield from _inherited(subject, "license-unnamed", "license_name")


def _inherited(subject: Subject, rule: str, wanted: str) -> Iterator[Repair]:
    """Yield the base model's license keys that are not here, where the one wanted is among them."""
    base, ours = _base(subject), subject.document.front.data
    theirs = license_of(base.document.front.data) if base is not None else {}
    if base is None or wanted not in theirs:
        return
    for key, value in theirs.items():
        if not ours.get(key):
            link = _absolute(value, base) if key == "license_link" else value
            yield _repair(subject, rule, key, link, f"as the base model {base.repo} has it")


def _absolute(link: str, base: Subject) -> str:
    """Return a link that leads to the base model's file from anywhere."""
    if "://" in link or link.startswith("/"):
        return link
    return f"https://huggingface.co/{base.repo}/blob/main/{link.removeprefix('./')}"


def _base(subject: Subject) -> Subject | None:
    """Return the base model, if it was looked up and is the one that the card, or all, names."""
    base = subject.base
    if base is None or base.document.front.problem:
        return None
    stated = stated_bases(subject)
    named = stated == (base.repo,) if stated else certain_base(subject) == base.repo
    return base if named and base.repo != subject.repo else None


def _front_matter(subject: Subject) -> Iterator[Repair]:
    """Yield what else is known, for a card that has no front matter yet."""
    if not subject.document.front.present and _base(subject) is not None:
        yield from _library(subject)
        yield from _pipeline_tag(subject)


_MAKERS: Mapping[str, Callable[[Subject], Iterator[Repair]]] = {
    "base-model-missing": _base_model,
    "base-relation": _base_relation,
    "front-matter": _front_matter,
    "library-name": _library,
    "pipeline-tag": _pipeline_tag,
    "license-missing": _license,
    "license-unnamed": _license_name,
}
