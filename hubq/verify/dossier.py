"""Dossiers: the evidence of one published variant, read once and handed to every check."""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from hubq.cards.digest import templates_digest
from hubq.errors import BadInput
from hubq.model.card import CARD_FILE, EVIDENCE_FILE, EVIDENCE_SCHEMA, Claim, Evidence
from hubq.model.evidence import (
    CONTENTS_FILE,
    CONTENTS_SCHEMA,
    EVIDENCE_FOLDER,
    ITEMS_ARCHIVE,
    Contents,
    variant_archive,
)
from hubq.model.finding import Finding
from hubq.model.result import FileRecord, Result
from hubq.model.workload import SITTING
from hubq.resources import bundled
from hubq.verify.archives import unpack
from hubq.verify.checking import UNUSABLE, why
from hubq.verify.place import Place

RESULT = "result.json"


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a result, as an archive holds it.

    Attributes:
        place: where it is, for findings: `evidence/AWQ.zip:score/AWQ/Words/scores.json`.
        content: its bytes.
    """

    place: str
    content: bytes

    @property
    def sha256(self) -> str:
        """The SHA-256 of its bytes."""
        return hashlib.sha256(self.content).hexdigest()


class _Told(msgspec.Struct, frozen=True):
    """What `hubq.json` must say of a result for any check to look at it."""

    stage: str
    files: dict[str, FileRecord]


class _Source(msgspec.Struct, frozen=True):
    """What it must say of the source."""

    repo: str | None = None
    commit: str | None = None
    files: dict[str, int] = {}


class Dossier:
    """What the checks look at.

    Args:
        place: where the variant lies.
        evidence: its `hubq.json`; none where that could not be read.
        scratch: an empty folder for files that must be on a disk to be read.

    Attributes:
        files: key of a result -> file -> what the archives hold.
        results: key -> its `result.json`, where it could be read.
        items: name -> content of the files about the questions.
        contents: the table of contents of the evidence; none where it could not be read.
        stray: files in the archives that belong to no result.
        findings: what could not be read.
    """

    def __init__(self, place: Place, evidence: Evidence | None, scratch: Path) -> None:
        self.place, self._evidence, self.scratch = place, evidence, scratch
        self.files: dict[str, dict[str, Kept]] = {}
        self.results: dict[str, Result] = {}
        self.items: dict[str, bytes] = {}
        self.contents: Contents | None = None
        self.findings: list[Finding] = []
        self.stray: list[str] = []
        self._documents: dict[tuple[str, str], Any] = {}

    @property
    def evidence(self) -> Evidence:
        """The variant's `hubq.json`.

        Raises:
            BadInput: it could not be read.
        """
        if self._evidence is None:
            raise BadInput(f"{EVIDENCE_FILE} cannot be read")
        return self._evidence

    @property
    def has_evidence(self) -> bool:
        """Whether `hubq.json` could be read."""
        return self._evidence is not None

    @cached_property
    def is_older(self) -> bool:
        """Whether another hubq made the card, so that this one may work out more than it says."""
        return self.evidence.templates != templates_digest((bundled("card_templates"),))

    def key_of(self, stage: str) -> str:
        """Return the key of a stage's result; empty where the evidence has none."""
        for key, told in self.evidence.results.items():
            if told.get("stage") == stage:
                return key
        return ""

    def stage_of(self, key: str) -> str:
        """Return the stage of a result; empty for a key that the evidence does not know."""
        return str(self.evidence.results.get(key, {}).get("stage", ""))

    def where(self, key: str, file: str) -> str:
        """Return where a file of a result is, or should be, for findings."""
        kept = self.files.get(key, {}).get(file)
        if kept is not None:
            return kept.place
        stage = self.stage_of(key)
        return f"{archive_of(stage)}:{stage}/{file}"

    def document(self, key: str, file: str) -> Any:
        """Return a JSON file of a result; lines are a list.

        Raises:
            BadInput: it is not there, or no JSON.
        """
        if (key, file) not in self._documents:
            kept = self.files.get(key, {}).get(file)
            if kept is None:
                raise BadInput(f"{self.where(key, file)} is missing")
            self._documents[key, file] = decoded(kept.place, kept.content)
        return self._documents[key, file]

    def folder(self, key: str) -> Path:
        """Return a folder with the files of a result, written when first asked for."""
        folder = self.scratch / hashlib.sha256(key.encode()).hexdigest()
        if not folder.is_dir():
            folder.mkdir(parents=True)
            for name, kept in self.files.get(key, {}).items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(kept.content)
        return folder

    def readme(self) -> str:
        """Return the card as it stands there."""
        return self.place.read(CARD_FILE).decode("utf-8", "surrogateescape")

    def resting(self, key: str, file: str) -> tuple[Claim, ...]:
        """Return the claims that rest on a file of a result."""
        return tuple(c for c in self.evidence.claims if c.key == key and c.file == file)


def archive_of(stage: str) -> str:
    """Return the path of the archive that holds a stage's files; sittings are nobody's alone."""
    variant = stage.split("/")[1] if "/" in stage else ""
    return variant_archive("" if variant == SITTING else variant)


def decoded(where: str, content: bytes) -> Any:
    """Return the value of a JSON file; lines are a list.

    Raises:
        BadInput: it is no JSON.
    """
    try:
        if where.endswith(".jsonl"):
            return [msgspec.json.decode(line) for line in content.splitlines() if line]
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"{where}: no JSON: {error}") from error


def read_evidence(place: Place) -> Evidence:
    """Return a variant's `hubq.json`; keys that a later hubq added are passed over.

    Raises:
        BadInput: it is missing, no evidence, or of a schema that this hubq cannot read.
    """
    content = place.read(EVIDENCE_FILE)
    document = decoded(EVIDENCE_FILE, content)
    if not isinstance(document, dict) or "claims" not in document:
        raise BadInput(f"{EVIDENCE_FILE}: not the evidence of a card")
    schema = document.get("schema", EVIDENCE_SCHEMA)
    if not isinstance(schema, int) or schema > EVIDENCE_SCHEMA:
        raise NewerEvidence(place.label, schema, str(document.get("hubq", "")))
    try:
        evidence = msgspec.json.decode(content, type=Evidence)
        msgspec.convert(evidence.results, dict[str, _Told])
        msgspec.convert(evidence.source, _Source)
    except msgspec.ValidationError as error:
        raise BadInput(f"{EVIDENCE_FILE}: {error}") from error
    return evidence


class NoEvidence(BadInput):
    """A repo or folder that holds no evidence of hubq's.

    Args:
        label: of the place.
    """

    def __init__(self, label: str) -> None:
        super().__init__(
            f"{label}: no {EVIDENCE_FILE}: it was not released with hubq, or its evidence is gone",
            remedy="Look at a repo that hubq published; its card ends with how it was made.",
        )


class NewerEvidence(BadInput):
    """Evidence of a schema that this hubq cannot read.

    Args:
        label: of the place.
        schema: that the evidence has.
        version: of the hubq that wrote it.
    """

    def __init__(self, label: str, schema: object, version: str) -> None:
        super().__init__(
            f"{label}: {EVIDENCE_FILE} is of schema {schema!r}, written by hubq {version or '?'}; "
            f"this hubq reads schema {EVIDENCE_SCHEMA}",
            remedy="Install a newer hubq: pip install --upgrade hubq",
        )


def open_dossier(place: Place, scratch: Path) -> Dossier:
    """Read the evidence of a variant.

    Raises:
        NoEvidence: there is none at all.
        NewerEvidence: it was written by a hubq that is too new.
    """
    if EVIDENCE_FILE not in place.listing():
        raise NoEvidence(place.label)
    try:
        evidence = read_evidence(place)
    except NewerEvidence:
        raise
    except BadInput as error:
        broken = Dossier(place, None, scratch)
        broken.findings.append(
            Finding(rule="evidence-broken", path=EVIDENCE_FILE, found=error.message)
        )
        return broken
    dossier = Dossier(place, evidence, scratch)
    for path in sorted(place.listing()):
        if PurePosixPath(path).parent.as_posix() == EVIDENCE_FOLDER and path.endswith(".zip"):
            _take(dossier, path)
    _read_results(dossier)
    _read_contents(dossier)
    return dossier


def _take(dossier: Dossier, path: str) -> None:
    unpacked = unpack(path, dossier.place.read(path))
    dossier.findings.extend(unpacked.findings)
    if path == ITEMS_ARCHIVE:
        dossier.items = unpacked.files
        return
    stages = {told.get("stage", ""): key for key, told in dossier.evidence.results.items()}
    for name, content in unpacked.files.items():
        parts = name.split("/")
        heads = ("/".join(parts[:n]) for n in range(len(parts) - 1, 0, -1))
        stage = next((head for head in heads if head in stages), None)
        if stage is None:
            dossier.stray.append(f"{path}:{name}")
            continue
        kept = Kept(place=f"{path}:{name}", content=content)
        dossier.files.setdefault(stages[stage], {})[name.removeprefix(f"{stage}/")] = kept


def _read_results(dossier: Dossier) -> None:
    for key, files in dossier.files.items():
        if RESULT not in files:
            continue
        try:
            dossier.results[key] = msgspec.json.decode(files[RESULT].content, type=Result)
        except UNUSABLE as error:
            place = files[RESULT].place
            dossier.findings.append(Finding(rule="evidence-broken", path=place, found=why(error)))


def _read_contents(dossier: Dossier) -> None:
    if CONTENTS_FILE not in dossier.place.listing():
        dossier.findings.append(
            Finding(rule="evidence-missing", path=CONTENTS_FILE, found="is not there")
        )
        return
    try:
        content = dossier.place.read(CONTENTS_FILE)
        found = msgspec.json.decode(content, type=Contents)
    except UNUSABLE as error:
        dossier.findings.append(
            Finding(rule="evidence-broken", path=CONTENTS_FILE, found=why(error))
        )
        return
    if found.schema <= CONTENTS_SCHEMA:
        dossier.contents = found
