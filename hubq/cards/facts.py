"""Card facts: everything that a template may say.

Nothing here knows a template, and a template knows nothing but these facts. The same family gives
the same facts; no clock, network or environment variable is read.
"""

from __future__ import annotations

from typing import Any

import msgspec

from hubq.cards.charts.chart import Chart
from hubq.cards.citation import License
from hubq.cards.making import Certificate, Making
from hubq.cards.prose.choice import Choice
from hubq.cards.prose.guidance import Guidance
from hubq.cards.snippets import Outcome
from hubq.cards.stacks import Requirements, StackFacts
from hubq.cards.tables.fidelity import FidelityRow
from hubq.cards.tables.overview import FamilyTables
from hubq.cards.tables.scores import Difference, ScoreTable, Trouble
from hubq.cards.tables.serving import ServingTable
from hubq.cards.tables.sizes import SizeTable
from hubq.cards.tables.speed import SpeedTable
from hubq.model.card import Claim
from hubq.model.recipe import BASELINE, VariantSpec


class SourceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The source as a card names it.

    Attributes:
        name: the last part of its repo id, or the folder's name.
        repo: its repo id; empty for a folder.
        link: the address of that commit's files; empty for a folder.
        commit: 40 digits; empty for a folder.
        digest: what its bytes are.
        vision: whether the model reads images.
    """

    name: str
    repo: str
    link: str
    commit: str
    digest: str
    vision: bool


class TaskFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A task as a card explains it.

    Attributes:
        name: as it stands in tables.
        scorer: how it is scored, in words.
        items: how many the baseline answered; none where it did not.
        note: one line from the suite; empty for none.
        address: where people get its file; empty for none.
    """

    name: str
    scorer: str
    items: Claim | None
    note: str
    address: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the statistics say of one variant, in marked sentences.

    Attributes:
        variant: its name.
        overall: on all tasks together; empty where there is no mean over all of them.
        sentences: on each task.
    """

    variant: str
    overall: str
    sentences: tuple[str, ...]


class CardFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a template may say. Numbers are claims; the rest is text.

    Attributes:
        title: of the page.
        variant: the card's variant; empty on the family report.
        repo: the card's repo id; empty on the family report.
        spec: how the recipe makes the variant; none on the family report.
        metadata: the front matter.
        source: the model the family is made from.
        recipe: the recipe's name; recipe_digest: of the recipe with suite and workloads.
        intro: the recipe's paragraph about the family, Markdown.
        tasks: the benchmarks.
        scores: the family's scores, a table for each harness.
        speed: the family's speed and peak memory; sizes: its weights.
        serving: what servers of the family did; none where the recipe serves nothing.
        tables: the further tables, where there is something to show in them.
        differences: this variant against the baseline; every variant's on the report.
        verdicts: prose on each variant of `differences`.
        fidelity: how near each variant stays to the baseline, token by token.
        choices: the variants as choices: what each costs and was shown to lose.
        guidance: which variant for whom, as far as the statistics tell.
        charts: the pictures; picture_root: what their addresses start with.
        snippets: what became of each snippet when it was run, by the SHA-256 of its code.
        coverage: what was not measured and what would have to be done, Markdown sentences.
        license: the source's, which the variants inherit.
        citation: BibTeX that the source's card asks for, as fenced code; empty where it has none.
        multi_image: whether a question may be about several images.
        video: whether the model reads video.
        compared: how many comparisons Holm's correction runs over.
        level: of the intervals, in percent; alpha: of the tests, in percent.
        making: how each variant was made, by name; this variant's alone on a card.
        certificates: the certificates, by name; none where a variant has none.
        stacks: the environment stacks that the numbers come from.
        hardware: what speed was measured on; empty when unknown.
        margins_text: the losses that the recipe declared to matter, in words.
        requirements: what loading the checkpoint needs.
        troubles: answers that could not be scored as meant.
        caveats: sentences, Markdown.
        command: the hubq command that makes the release again; version: of hubq.
        claims, footnotes: for the evidence; comparison: the bytes of `comparison.json`.
        baseline: what the source itself is called in tables.
    """

    title: str
    variant: str
    repo: str
    spec: VariantSpec | None
    metadata: dict[str, Any]
    source: SourceFacts
    recipe: str
    recipe_digest: str
    intro: str
    tasks: tuple[TaskFacts, ...]
    scores: tuple[ScoreTable, ...]
    speed: SpeedTable
    serving: ServingTable | None
    sizes: SizeTable
    tables: FamilyTables
    differences: tuple[Difference, ...]
    verdicts: tuple[Verdict, ...]
    fidelity: tuple[FidelityRow, ...]
    choices: tuple[Choice, ...]
    guidance: Guidance
    charts: tuple[Chart, ...]
    snippets: dict[str, Outcome]
    coverage: tuple[str, ...]
    license: License
    citation: str
    multi_image: bool
    video: bool
    picture_root: str
    compared: Claim
    level: Claim
    alpha: Claim
    making: dict[str, Making]
    certificates: dict[str, Certificate | None]
    stacks: tuple[StackFacts, ...]
    hardware: str
    margins_text: str
    requirements: Requirements
    troubles: tuple[Trouble, ...]
    caveats: tuple[str, ...]
    command: str
    version: str
    claims: tuple[Claim, ...]
    footnotes: tuple[dict[str, Any], ...]
    comparison: bytes
    baseline: str = BASELINE
