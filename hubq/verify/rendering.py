"""Rendering: the card made again from the published evidence, to have what hubq wrote."""

from __future__ import annotations

from typing import Any

import msgspec

from hubq.cards.family import Family
from hubq.cards.rendering import render_card, templates_digest
from hubq.errors import BadInput
from hubq.hub.port import Hub
from hubq.markdown.blocks import BrokenMarkers, find_blocks
from hubq.model.card import CARD_FILE, EVIDENCE_FILE, Evidence
from hubq.model.evidence import RENDERED_FILE
from hubq.resources import bundled
from hubq.verify.card import Wrote
from hubq.verify.checking import UNUSABLE
from hubq.verify.dossier import Dossier

_PROCESSOR = "preprocessor_config.json"
_QUOTING = "license"
"""The block of a card that quotes the source's README."""


def wrote(dossier: Dossier, family: Family, hub: Hub | None) -> Wrote:
    """Return the blocks that hubq wrote, as far as the same hubq can make them again.

    Args:
        dossier: the evidence.
        family: rebuilt from it.
        hub: where the source is, whose README a card quotes; none for not looked for.
    """
    templates, kept = (bundled("card_templates"),), _kept(dossier)
    if dossier.evidence.templates != templates_digest(templates):
        return Wrote(kept=kept)
    readme, processor = _source_file(family, hub, CARD_FILE), _processor(dossier, family, hub)
    made = msgspec.structs.replace(
        family,
        readme=(readme or b"").decode("utf-8-sig", "replace"),
        processor=_mapping(processor or b""),
    )
    try:
        files = render_card(made, dossier.evidence.variant, templates, charts=False)
    except UNUSABLE:
        return Wrote(kept=kept)
    blocks = _blocks(files[CARD_FILE])
    unsure = frozenset({_QUOTING} if readme is None else ())
    return Wrote(
        blocks=blocks,
        unsure=unsure if processor is not None else frozenset(blocks),
        kept=kept,
        metadata=msgspec.json.decode(files[EVIDENCE_FILE], type=Evidence).metadata,
    )


def _kept(dossier: Dossier) -> dict[str, str]:
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
