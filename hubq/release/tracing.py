"""Claims of a release's cards, found in the runs folder and read again where they came from."""

from __future__ import annotations

from pathlib import Path

from hubq.cards.ledger import SELF
from hubq.cards.show import Trace, trace
from hubq.errors import BadInput
from hubq.model.card import EVIDENCE_FILE, Claim, Evidence
from hubq.model.codec import read_json
from hubq.plan import REPORT
from hubq.release.session import Release
from hubq.release.status import load_release
from hubq.store import Store


def claims_of(runs_dir: Path, name: str | None, variant: str) -> tuple[Claim, ...]:
    """Return every claim on a card, or in the family report when no variant is named."""
    return _evidence(runs_dir, name, variant)[0].claims


def trace_claim(runs_dir: Path, name: str | None, variant: str, claim: str) -> Trace:
    """Read a claim's number again where it came from.

    Raises:
        BadInput: no such release, card or claim.
    """
    evidence, folder = _evidence(runs_dir, name, variant)
    store = Store(runs_dir)

    def folder_of(key: str) -> Path | None:
        if key == SELF:
            return folder
        return store.folder(key) if store.has(key) else None

    return trace(evidence, claim, folder_of)


def _evidence(runs_dir: Path, name: str | None, variant: str) -> tuple[Evidence, Path]:
    """Return a card's evidence and the folder it lies in."""
    release = _release(runs_dir, name)
    stage = f"card/{variant}" if variant else REPORT
    store = Store(runs_dir)
    key = release.keys.get(stage, "")
    if not key or not store.has(key):
        cards = [s.variant for s in release.plan.stages if s.id == f"card/{s.variant}"]
        raise BadInput(
            f"release {release.name} has no card {variant or '(family report)'} yet",
            remedy=f"Its variants: {', '.join(cards)}. Render: hubq card render SOURCE",
        )
    folder = store.folder(key)
    return read_json(folder / EVIDENCE_FILE, Evidence), folder


def _release(runs_dir: Path, name: str | None) -> Release:
    if name is not None:
        return load_release(runs_dir, name)
    found = sorted((runs_dir / "releases").glob("*.json"))
    if len(found) != 1:
        known = ", ".join(path.stem for path in found) or "none"
        raise BadInput(
            f"{runs_dir} holds {len(found)} releases: {known}", remedy="Name one: --release"
        )
    return load_release(runs_dir, found[0].stem)
