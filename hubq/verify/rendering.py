"""Rendering: the card made again from the published evidence, to have what hubq wrote."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from hubq.cards.family import Family
from hubq.cards.rendering import render_card
from hubq.errors import BadInput
from hubq.hub.port import Hub
from hubq.markdown.blocks import BrokenMarkers, find_blocks
from hubq.model.card import CARD_FILE, EVIDENCE_FILE
from hubq.model.evidence import RENDERED_FILE
from hubq.model.finding import Finding
from hubq.resources import bundled
from hubq.verify.card import Wrote
from hubq.verify.checking import UNUSABLE, Checked, counted, skipped, why
from hubq.verify.dossier import Dossier, decoded
from hubq.verify.numbers import Difference, count_numbers, differences

_PROCESSOR = "preprocessor_config.json"
_ELSEWHERE = frozenset({"blocks", "templates"})
"""What `hubq.json` says that is looked at with the card, and of the program that wrote it."""

_PLACES = "places"
"""What it says of each block of the card."""

_QUOTING, _NAMING = "license", "reproduction"
"""The blocks of a card that quote the source's README, and the digest of the recipe.

That digest is taken with the paths of files, which are not published.
"""
_DIGEST = "digest"


def wrote(dossier: Dossier, family: Family, hub: Hub | None) -> Wrote:
    """Return the blocks that hubq wrote, as far as the same hubq can make them again.

    Args:
        dossier: the evidence.
        family: rebuilt from it.
        hub: where the source is, whose README a card quotes; none for not looked for.
    """
    templates, kept = (bundled("card_templates"),), kept_blocks(dossier)
    same = not dossier.is_older
    readme, processor = _source_file(family, hub, CARD_FILE), _processor(dossier, family, hub)
    made = msgspec.structs.replace(
        family,
        readme=(readme or b"").decode("utf-8-sig", "replace"),
        processor=_mapping(processor or b""),
    )
    try:
        files = render_card(made, dossier.evidence.variant, templates, charts=False)
    except UNUSABLE as error:
        return Wrote(kept=kept, problem=why(error) if same else "")
    blocks, evidence = _blocks(files[CARD_FILE]), msgspec.json.decode(files[EVIDENCE_FILE])
    unsure = {_QUOTING} if readme is None else set()
    if evidence["recipe"][_DIGEST] != dossier.evidence.recipe.get(_DIGEST):
        unsure.add(_NAMING)
    again = Wrote(
        blocks=blocks,
        unsure=frozenset(unsure if processor is not None else blocks),
        kept=kept,
        evidence=evidence,
    )
    # What another hubq makes alike is as good; what it makes in other words says nothing.
    return again if same or not list(_different(dossier, again)) else Wrote(kept=kept)


def check_evidence(dossier: Dossier, again: Wrote) -> Checked:
    """Compare `hubq.json` with the one that the published results make.

    So a claim that was pointed at another number is found, and one that was left out.
    """
    version = dossier.evidence.hubq
    if again.skipped:
        return skipped(again.skipped)
    if again.problem:
        found = f"the card cannot be made again from the results: {again.problem}"
        wrong = Finding(rule="evidence-broken", path=EVIDENCE_FILE, found=found)
        return Checked(said="could not be done with what is there", findings=(wrong,))
    if not again.evidence:
        note = Finding(
            rule="other-version",
            severity="info",
            path=EVIDENCE_FILE,
            found=f"was written by hubq {version} or by templates of somebody's own, so that card "
            "and claims cannot be made again here; every other check was done",
            remedy=f"Verify with the hubq that made it: pip install hubq=={version}",
        )
        reason = "another hubq, or other templates, made the card"
        return Checked(said=reason, findings=(note,), skipped=True)
    findings = tuple(_different(dossier, again))
    total = count_numbers(again.evidence)
    return Checked(
        said=f"{counted(total, 'number')} of {EVIDENCE_FILE} made again", findings=findings
    )


def _different(dossier: Dossier, again: Wrote) -> Iterator[Finding]:
    """Yield the parts of `hubq.json` that the results make differently."""
    told = decoded(EVIDENCE_FILE, dossier.place.read(EVIDENCE_FILE))
    for name in sorted(again.evidence.keys() - _ELSEWHERE):
        if dossier.is_older and name not in told:
            continue
        said, found = (_sure(name, one.get(name), again) for one in (told, again.evidence))
        wrong = differences(said, found, more=dossier.is_older)
        yield from _differs(name, list(wrong))


def _sure(name: str, value: Any, again: Wrote) -> Any:
    """Return a part of `hubq.json` without what may rightly be another thing."""
    left = {_DIGEST} if name == "recipe" else again.unsure if name == _PLACES else ()
    if not left or not isinstance(value, dict):
        return value
    return {key: one for key, one in value.items() if key not in left}


def _differs(name: str, wrong: list[Difference]) -> Iterator[Finding]:
    """Yield the first difference of a part of `hubq.json`, and how many more there are."""
    if wrong:
        more = f"; {counted(len(wrong) - 1, 'further value')} too" if wrong[1:] else ""
        yield Finding(
            rule="evidence-differs",
            path=f"{EVIDENCE_FILE}#/{name}{wrong[0].pointer}",
            said=wrong[0].said,
            found=f"the results make {wrong[0].found}{more}",
        )


def kept_blocks(dossier: Dossier) -> dict[str, str]:
    """Return the blocks of the card that lies with the evidence; nothing where it is unreadable."""
    if RENDERED_FILE not in dossier.place.listing():
        return {}
    try:
        return _blocks(dossier.place.read(RENDERED_FILE))
    except (UnicodeDecodeError, BrokenMarkers):
        return {}


def _blocks(card: bytes) -> dict[str, str]:
    return {block.name: block.text for block in find_blocks(card.decode())}


def _processor(dossier: Dossier, family: Family, hub: Hub | None) -> bytes | None:
    """Return the source's processor file, which quantizing copies into the repo."""
    there = dossier.place.listing().get(_PROCESSOR)
    if there is not None and there.size == family.source.files.get(_PROCESSOR):
        return dossier.place.read(_PROCESSOR)
    return _source_file(family, hub, _PROCESSOR)


def _source_file(family: Family, hub: Hub | None, name: str) -> bytes | None:
    """Return a file of the source, empty where it has none; none where it cannot be had."""
    source = family.source
    if name not in source.files:
        return b""
    if hub is None or not source.repo or not source.commit:
        return None
    try:
        return hub.read(source.repo, source.commit, name)
    except BadInput:
        return None


def _mapping(raw: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(raw) if raw else {}
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}
