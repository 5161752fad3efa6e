"""Cards: claims, cells with states, and the facts a template gets."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from hubq.model.marks import mark

EVIDENCE_SCHEMA = 1
CARD_FILE, EVIDENCE_FILE = "README.md", "hubq.json"
"""The names of a card and of its evidence, in a repo and in a card's result."""


class CellState(StrEnum):
    """What a cell of a table holds, or why it holds nothing."""

    MEASURED = "measured"
    RUNNING = "running"
    PENDING = "pending"
    NOT_RUN = "not-run"
    OOM = "oom"
    TIMEOUT = "timeout"
    FAILED = "failed"
    INFEASIBLE = "infeasible"
    FLOOR = "floor"
    SUSPECT = "suspect"
    NOT_COMPARABLE = "not-comparable"
    STALE = "stale"


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A number as printed on a card, tied to its measure.

    Attributes:
        id: unique on the card, such as `score.GPTQ-Int4.DocVQA_VAL`.
        shown: the characters on the card.
        value: the number before rounding.
        unit: of the value.
        key: the key of the result it was read from.
        file: the file in that result.
        pointer: the JSON pointer to the number in that file.
        sha256: of that file.
        scale: what the number in the file is multiplied by to give `value` (100 for percent).
    """

    id: str
    shown: str
    value: float
    unit: str
    key: str
    file: str
    pointer: str
    sha256: str
    scale: float = 1.0

    def __str__(self) -> str:
        """Return the characters on the card, marked with the claim's id (`hubq.model.marks`)."""
        return mark(self.id, self.shown)

    @property
    def size(self) -> str:
        """The characters without a sign, marked: for sentences that say `loses` or `above`."""
        return mark(self.id, self.shown.lstrip("+\N{MINUS SIGN}"))


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """A measure's place in a table.

    Attributes:
        state: what the cell holds.
        claim: the number, when there is one.
        delta: its difference from the baseline, when it is comparable.
        note: the number of the footnote that explains the state; 0 for none.
        mark: a sign after the number, such as a star for a significant difference.
    """

    state: CellState
    claim: Claim | None = None
    delta: Claim | None = None
    note: int = 0
    mark: str = ""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What `hubq.json` beside a card says: every claim and what it rests on.

    Attributes:
        hubq: the version of hubq that wrote it.
        repo: the repo the card is for.
        variant: the variant the card is for.
        source: repo id, commit and digest of the source.
        recipe: the recipe as used, `suite` and `workloads` in it; its `digest` is that of all else
            there (`hubq.model.codec.digest`).
        claims: every number on the card.
        results: key -> what the result is (stage, files with hashes, environment).
        footnotes: the machine-readable twin of the card's footnotes.
        environments: stage kind -> environment stack; `certify/vllm` for an engine's.
        certificates: engine -> what its certificate says: every check with what was seen.
        templates: the digest of the templates and the program that wrote the card.
        blocks: block of the card -> SHA-256 of its text, in order.
        metadata: the front matter of the card, by which a later release knows its own keys again.
        charts: each chart's files, finding and claims.
        snippets: each snippet of the card with what became of it when it was run.
        places: block of the card -> (offset in characters of the block's text, claim's id) of each
            number printed there, in their order; `` (no name) for what stands outside blocks,
            counted from the text's start. What is printed is the claim's `shown`, or that without
            its sign.
        family: variant -> repo, for the variants that are published.
        gaps: stage without a result -> `state`, `reason`, and `because`, the stage that failed
            first where it is another one.
        overlaps: variant -> what its calibration rows share with the evaluation sets.
        command: the hubq command that makes the release again.
        site: the address that the card's links to repos start with; empty for links from the root.
    """

    hubq: str
    repo: str
    variant: str
    source: dict[str, Any]
    recipe: dict[str, Any]
    claims: tuple[Claim, ...]
    results: dict[str, Any]
    footnotes: tuple[dict[str, Any], ...] = ()
    environments: dict[str, Any] = {}
    certificates: dict[str, Any] = {}
    templates: str = ""
    blocks: dict[str, str] = {}
    metadata: dict[str, Any] = {}
    charts: tuple[dict[str, Any], ...] = ()
    snippets: tuple[dict[str, Any], ...] = ()
    places: dict[str, tuple[tuple[int, str], ...]] = {}
    family: dict[str, str] = {}
    gaps: dict[str, dict[str, str]] = {}
    overlaps: dict[str, dict[str, Any]] = {}
    command: str = ""
    site: str = ""
    schema: int = EVIDENCE_SCHEMA
