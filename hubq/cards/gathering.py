"""Gathering: the facts of a card or of the report, worked out from a family."""

from __future__ import annotations

from typing import Any

from hubq.cards.abilities import reads_several_images, reads_video
from hubq.cards.charts.collection import charts_of
from hubq.cards.citation import citation_of, fenced, license_of
from hubq.cards.comparison import compare
from hubq.cards.facts import CardFacts, SourceFacts, TaskFacts, Verdict
from hubq.cards.family import Family
from hubq.cards.footnotes import Footnotes
from hubq.cards.ledger import COUNT, LEVEL, POINTS, Ledger, escape_pointer
from hubq.cards.making import certificate_of, making_of
from hubq.cards.metadata import is_vision, metadata_of
from hubq.cards.prose.caveats import caveats_of
from hubq.cards.prose.choice import choices_of
from hubq.cards.prose.coverage import coverage_of
from hubq.cards.prose.guidance import guidance_of
from hubq.cards.prose.verdicts import overall, verdicts
from hubq.cards.prose.wording import grouped, listed
from hubq.cards.snippets import outcomes_of
from hubq.cards.stacks import (
    hardware_of,
    requirements_of,
    stacks_of,
)
from hubq.cards.tables.fidelity import fidelity_rows
from hubq.cards.tables.overview import family_tables
from hubq.cards.tables.scores import (
    differences,
    score_tables,
    troubles,
)
from hubq.cards.tables.serving import serving_table
from hubq.cards.tables.sizes import size_table
from hubq.cards.tables.speed import speed_table
from hubq.errors import BadInput
from hubq.markdown.escaping import escape, one_line
from hubq.model.codec import pretty
from hubq.model.recipe import BASELINE
from hubq.model.suite import HUBQ, TaskSpec
from hubq.recipes import recipe_digest

_SCORERS = {
    "anls": "short answers, ANLS",
    "choice": "multiple choice, accuracy",
    "number": "numeric answers, accuracy",
    "exact": "text answers, accuracy",
    "relaxed": "short answers, relaxed accuracy (numbers within 5 %)",
    "vqa": "short answers, VQA accuracy",
    "ned": "recognised text, 1 - normalised edit distance",
    "contains": "recognised text, right when it is in the answer",
    "mathvista": "MathVista's answers by rules, without a judge model",
    "ocrbench-v2": "OCRBench v2, each kind of question by its own metric",
}
_CIRCULAR = "multiple choice, right only when right in every rotation"


def card_facts(family: Family, variant: str) -> CardFacts:
    """Return the facts of a published variant's card.

    Raises:
        BadInput: there is no such variant, it is not published, or it was not quantized.
    """
    family.spec(variant)
    if variant not in family.published:
        raise BadInput(
            f"{variant}: a control is measured and never published",
            remedy="Its numbers are in the family report: hubq card render --report",
        )
    if f"quantize/{variant}" not in family.results:
        raise BadInput(
            f"{variant}: no card without a checkpoint: {family.gap(f'quantize/{variant}').reason}",
            remedy="See its log: hubq status",
        )
    return _facts(family, family.published, variant)


def report_facts(family: Family) -> CardFacts:
    """Return the facts of the family report, which shows the controls too."""
    return _facts(family, (*family.published, *family.controls), "")


def _facts(family: Family, names: tuple[str, ...], variant: str) -> CardFacts:
    comparison = pretty(compare(family, names)).encode()
    ledger, notes = Ledger(family, comparison), Footnotes()
    parts = {
        "scores": score_tables(family, ledger, notes, names, variant),
        "tables": family_tables(family, ledger, notes, names, variant),
        "speed": speed_table(family, ledger, notes, names, variant),
        "serving": serving_table(family, ledger, notes, names, variant),
        "sizes": size_table(family, ledger, notes, names, variant),
        **_statistics(family, ledger, names, variant),
        **_making(family, ledger, (variant,) if variant else names),
    }
    recipe, source = family.loaded.recipe, _source(family)
    return CardFacts(
        title=_title(family, variant),
        variant=variant,
        repo=family.repos.get(variant, ""),
        spec=family.spec(variant) if variant else None,
        metadata=metadata_of(family, variant, ledger.document) if variant else {},
        source=source,
        recipe=recipe.name,
        recipe_digest=recipe_digest(family.loaded),
        intro=recipe.card.intro.strip(),
        snippets=outcomes_of(family, variant, ledger) if variant else {},
        coverage=coverage_of(family, names),
        license=license_of(family.source.card, source.link),
        citation=fenced(citation_of(family.readme)),
        multi_image=reads_several_images(family.source.config),
        video=reads_video(family.source.config),
        picture_root=_picture_root(family, variant),
        command=one_line(family.command),
        version=family.version,
        claims=ledger.claims,
        footnotes=notes.twins(),
        comparison=comparison,
        **parts,
    )


def _statistics(
    family: Family, ledger: Ledger, names: tuple[str, ...], variant: str
) -> dict[str, Any]:
    """Return what the facts say of scores besides the table."""
    shown = (variant,) if variant else names
    found = troubles(family, ledger, shown)
    published = tuple(name for name in shown if name in family.published)
    return {
        "tasks": _tasks(family, ledger),
        "differences": tuple(d for name in shown for d in differences(family, ledger, name)),
        "verdicts": tuple(_verdict(family, ledger, name) for name in shown),
        "fidelity": fidelity_rows(ledger, names),
        "choices": choices_of(family, ledger, family.published, variant),
        "guidance": guidance_of(family, ledger, family.published, variant),
        "charts": charts_of(family, ledger),
        "compared": ledger.own("compared", "/compared", COUNT),
        "level": ledger.own("level", "/level", LEVEL),
        "alpha": ledger.own("alpha", "/alpha", LEVEL),
        "margins_text": _margins(family, ledger),
        "troubles": found,
        "caveats": caveats_of(family, ledger, names, published, found),
    }


def _making(family: Family, ledger: Ledger, shown: tuple[str, ...]) -> dict[str, Any]:
    """Return what the facts say of how variants were made, checked and run."""
    made = [name for name in shown if f"quantize/{name}" in family.results]
    return {
        "making": {name: making_of(family, ledger, name) for name in made},
        "certificates": {name: certificate_of(family, ledger, name) for name in made},
        "stacks": stacks_of(family, (*shown, BASELINE)),
        "hardware": hardware_of(family, "bench", BASELINE),
        "requirements": requirements_of(family, shown[0] if shown else BASELINE),
    }


def _source(family: Family) -> SourceFacts:
    source = family.source
    return SourceFacts(
        name=source.name,
        repo=source.repo or "",
        link=f"{family.link(source.repo)}/tree/{source.commit}" if source.repo else "",
        commit=source.commit or "",
        digest=source.digest,
        vision=is_vision(source.config),
    )


def _verdict(family: Family, ledger: Ledger, name: str) -> Verdict:
    found = differences(family, ledger, name)
    return Verdict(
        variant=name,
        overall=overall(ledger, name),
        sentences=verdicts(ledger, name, found),
    )


def _tasks(family: Family, ledger: Ledger) -> tuple[TaskFacts, ...]:
    facts = []
    for task in family.tasks:
        stage = f"score/{BASELINE}/{task.name}"
        measured = stage in family.results
        facts.append(
            TaskFacts(
                name=task.name,
                scorer=_scorer(task),
                items=ledger.items(f"n.{task.name}", stage, "score") if measured else None,
                note=task.note or "",
                address=task.address or "",
            )
        )
    return tuple(facts)


def _scorer(task: TaskSpec) -> str:
    """Return how a task is scored, in words."""
    if task.harness != HUBQ:
        return f"{task.harness}'s {task.harness_task}"
    words = _CIRCULAR if task.form == "circular-multiple-choice" else _SCORERS[task.scoring]
    if task.judge is None:
        return words
    rules = words.replace(", without a judge model", "")
    judge = f"{escape(task.judge.model)} ({escape(task.judge.kind)})"
    return f"{rules}; what rules cannot read is read by {judge}"


def _margins(family: Family, ledger: Ledger) -> str:
    """Return the margins in words: `1.00 points`, or `1.00 points on A and 2.00 points on B`."""
    claims = {
        task.name: ledger.own(
            f"margin.{task.name}", f"/scores/{escape_pointer(task.name)}/margin", POINTS
        )
        for task in family.tasks
    }
    texts = grouped((f"{claim} points", name) for name, claim in claims.items())
    if len(texts) == 1:
        return next(iter(texts))
    return listed(f"{text} on {listed(names)}" for text, names in texts.items())


def _picture_root(family: Family, variant: str) -> str:
    """Return what the addresses of a card's pictures start with; empty beside the report.

    They are whole addresses, since only those are followed in each place that a card is shown.
    """
    repo = family.repos.get(variant, "")
    return f"{family.link(repo)}/resolve/main/" if repo else ""


def _title(family: Family, variant: str) -> str:
    if not variant:
        return f"{family.source.name}: the family"
    return family.repos.get(variant, f"{family.source.name}-{variant}").rsplit("/", 1)[-1]
