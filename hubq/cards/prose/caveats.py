"""Caveats: what a reader must know before using the numbers, worked out from the run itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hubq.cards.family import Family
from hubq.cards.ledger import COUNT, DELTA, LEVEL, PERCENT, POINTS, Ledger, escape_pointer
from hubq.cards.prose.wording import grouped, listed
from hubq.cards.tables.scores import Trouble
from hubq.evaluate.scoring import SCORES
from hubq.model.card import CellState
from hubq.model.recipe import BASELINE
from hubq.model.suite import HUBQ

_CEILING = 0.98
"""A baseline score from which on a task has next to no items left to lose."""

_TROUBLE_WORDS = {
    "unparsed": "could not be parsed and count as wrong",
    "empty": "were empty and count as wrong",
    "truncated": "were cut at the token limit",
}


def caveats_of(
    family: Family,
    ledger: Ledger,
    names: tuple[str, ...],
    shown: tuple[str, ...],
    found: Sequence[Trouble],
) -> tuple[str, ...]:
    """Return the caveats of a card, those on scores first; each is one or two sentences.

    Args:
        family: what the card speaks of.
        ledger: where the numbers in the caveats are entered.
        names: the variants in the card's tables, without the baseline.
        shown: those whose small differences matter: the card's own one, or all published ones.
        found: the answers that could not be scored as meant.
    """
    sources = (
        _missing(family, names),
        _subsets(family, ledger),
        _small(family, ledger, shown),
        _floors(family, ledger),
        _ceilings(family, ledger),
        _troubles(found),
        _harness(family),
        _judged(family, ledger),
        _precision(family, ledger),
        _noise(family, ledger),
        _thin(family, ledger, shown),
        _calibration(family, names),
        _overlap(family, ledger, names),
        _speed(family),
    )
    return tuple(caveat for source in sources for caveat in source)


def _missing(family: Family, names: tuple[str, ...]) -> Iterator[str]:
    stages = [f"bench/{name}" for name in (BASELINE, *names)]
    stages += [f"score/{n}/{t.name}" for n in (BASELINE, *names) for t in family.tasks]
    gaps = [family.gap(stage) for stage in stages if stage not in family.results]
    if gaps:
        states = dict.fromkeys(
            "OOM" if gap.state is CellState.OOM else gap.state.value for gap in gaps
        )
        yield (
            f"**Not everything was measured.** Cells that say {listed(states)} hold no number; "
            "their footnotes say why."
        )


def _subsets(family: Family, ledger: Ledger) -> Iterator[str]:
    counts = []
    for task in family.tasks:
        stage = f"score/{BASELINE}/{task.name}"
        if task.limit is not None and stage in family.results:
            items = ledger.items(f"n.{task.name}", stage, "score")
            counts.append((str(items), task.name))
    drawn = grouped(counts)
    if drawn:
        draws = listed(f"{items} items of {listed(names)}" for items, names in drawn.items())
        yield (
            f"**Subsets.** Scores are on seeded draws ({draws}), not on whole sets; they are not "
            "comparable with scores on whole sets."
        )


def _small(family: Family, ledger: Ledger, shown: tuple[str, ...]) -> Iterator[str]:
    weak = []
    for task in family.tasks:
        entry = ledger.document["scores"][task.name]
        pairs = {name: entry["variants"].get(name, {}) for name in shown}
        seen = {n: p["detectable"] for n, p in pairs.items() if p.get("detectable")}
        worst = max(seen, key=lambda name: (seen[name], name), default="")
        if worst and seen[worst] > entry["margin"]:
            task_place, place = escape_pointer(task.name), escape_pointer(worst)
            claim = ledger.own(
                f"detectable.{worst}.{task.name}",
                f"/scores/{task_place}/variants/{place}/detectable",
                POINTS,
            )
            weak.append(f"{claim} points on {task.name}")
    if weak:
        power = ledger.own("power", "/power", LEVEL)
        yield (
            f"**Small sets.** A true difference smaller than {listed(weak)} is found with a "
            f"probability below {power} %; a missing mark is no proof of equality."
        )


def _floors(family: Family, ledger: Ledger) -> Iterator[str]:
    floors = []
    for task in family.tasks:
        if ledger.document["scores"][task.name]["floor"]:
            place = f"/scores/{escape_pointer(task.name)}/chance"
            chance = ledger.own(f"chance.{task.name}", place, PERCENT)
            floors.append(f"{task.name} (guessing scores {chance})")
    if floors:
        yield (
            f"**Floor.** {BASELINE} is within reach of guessing on {listed(floors)}. Such a task "
            "cannot show a loss; it is left out of averages."
        )


def _ceilings(family: Family, ledger: Ledger) -> Iterator[str]:
    for task in family.tasks:
        stage = f"score/{BASELINE}/{task.name}"
        result = family.results.get(stage)
        if result is not None and result.measure("score").value >= _CEILING:
            score = ledger.measure(f"score.{BASELINE}.{task.name}", stage, "score", PERCENT)
            yield (
                f"**Ceiling.** {BASELINE} scores {score} on {task.name}: the task is all but "
                "solved, and small damage does not show on it."
            )


def _troubles(found: Sequence[Trouble]) -> Iterator[str]:
    for kind, words in _TROUBLE_WORDS.items():
        rates = [f"{t.rate} % for {t.variant} on {t.task}" for t in found if t.kind == kind]
        if rates:
            yield f"**Answers.** Some answers {words}: {listed(rates)}."


def _harness(family: Family) -> Iterator[str]:
    own = [task for task in family.tasks if task.harness == HUBQ]
    if own:
        with_ = _identity(family, own[0].name)
        engine = with_.get("engine", "transformers")
        dtype = with_.get("dtype", family.loaded.suite.dtype)
        yield (
            "**Harness.** Scores come from hubq's own runner "
            f"({engine}, {dtype}, greedy decoding, batched), the same for every row. "
            "Do not set them beside scores from another harness."
        )
    for harness in dict.fromkeys(t.harness for t in family.tasks if t.harness != HUBQ):
        names = [task.name for task in family.tasks if task.harness == harness]
        version = _identity(family, names[0]).get("version", "")
        yield (
            f"**Harness.** {listed(names)} {'is' if len(names) == 1 else 'are'} from "
            f"{' '.join(filter(None, (harness, version)))}, run unmodified in an environment of "
            "its own; its scores are not comparable with those of hubq's runner."
        )


def _judged(family: Family, ledger: Ledger) -> Iterator[str]:
    """Say how much of a score a judge model read, and what the rules alone give."""
    for task in family.tasks:
        stage = f"score/{BASELINE}/{task.name}"
        if task.judge is None or stage not in family.results:
            continue
        place, name = "/judge", task.name
        asked = ledger.record(f"judge_asked.{name}", stage, f"{place}/asked", COUNT, SCORES)
        failed = ledger.record(f"judge_failed.{name}", stage, f"{place}/failures", COUNT, SCORES)
        unread = ledger.record(f"judge_unread.{name}", stage, f"{place}/unreadable", COUNT, SCORES)
        rules = ledger.record(f"by_rules.{name}", stage, "/by_rules/score/value", PERCENT, SCORES)
        yield (
            f"**Judge.** On {name}, {task.judge.model} ({task.judge.kind}) was asked about {asked} "
            f"answers of {BASELINE} that rules could not read; {unread} of its replies held no "
            f"answer, {failed} requests had to be sent again. By rules alone {BASELINE} scores "
            f"{rules}. A judge's readings may change from day to day."
        )


def _identity(family: Family, task: str) -> dict[str, str]:
    result = family.results.get(f"score/{BASELINE}/{task}")
    found: dict[str, str] = result.facts.get("identity", {}) if result else {}
    return found


def _precision(family: Family, ledger: Ledger) -> Iterator[str]:
    """Say what the baseline scores in its own precision, where the family was run in another."""
    told = []
    for task in family.tasks:
        if ledger.document["scores"][task.name].get("native"):
            place = f"/scores/{escape_pointer(task.name)}/native"
            score = ledger.own(f"native.{task.name}", f"{place}/score", PERCENT)
            delta = ledger.own(f"native_delta.{task.name}", f"{place}/delta", DELTA)
            told.append(f"{score} on {task.name} ({delta})")
    if told:
        yield (
            "**Precision.** A kernel of a variant needs float16, so all rows were run in it. In "
            f"its own {family.loaded.suite.dtype} {BASELINE} scores {listed(told)}; in "
            "parentheses stands the difference from its row."
        )


def _noise(family: Family, ledger: Ledger) -> Iterator[str]:
    """Say what a second run of the baseline, in batches of another size, moved."""
    counts = []
    moved = 0.0
    for task in family.tasks:
        if ledger.document["scores"][task.name].get("noise"):
            place = f"/scores/{escape_pointer(task.name)}/noise"
            flips = ledger.own(f"noise_flips.{task.name}", f"{place}/measured/flips", COUNT)
            items = ledger.own(f"noise_items.{task.name}", f"{place}/measured/n", COUNT)
            counts.append((f"{flips} of {items} questions of", task.name))
            moved += flips.value
    told = grouped(counts)
    if told:
        yield (
            f"**Noise floor.** Run again in batches of another size, {BASELINE} itself changed its "
            f"score on {listed(f'{count} {listed(names)}' for count, names in told.items())}."
            + (" So many flips of a variant say nothing." if moved else "")
        )


def _thin(family: Family, ledger: Ledger, shown: tuple[str, ...]) -> Iterator[str]:
    """Say which intervals rest on too little to be exact."""
    thin = [
        f"{name} on {task.name}"
        for task in family.tasks
        for name in shown
        if ledger.document["scores"][task.name]["variants"].get(name, {}).get("warning")
    ]
    if thin:
        yield (
            "**Thin data.** Few items differ, or few images carry them, for "
            f"{listed(thin)}; these intervals are approximate."
        )


def _calibration(family: Family, names: tuple[str, ...]) -> Iterator[str]:
    if "vision_config" not in family.source.config:
        return
    shared = family.loaded.recipe.calibration
    blind = [n for n in names if (family.spec(n).calibration or shared).modality == "text"]
    if blind:
        whose = "" if len(blind) == len(names) else f" of {listed(blind)}"
        yield (
            f"**Calibration.** The calibration rows{whose} held no images, although the model "
            "reads images."
        )


def _overlap(family: Family, ledger: Ledger, names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        if name in family.overlaps:
            place = f"/overlap/{escape_pointer(name)}"
            rows = ledger.own(f"overlap_rows.{name}", f"{place}/rows", COUNT)
            items = ledger.own(f"overlap_items.{name}", f"{place}/items", COUNT)
            tasks = listed(family.overlaps[name]["by_task"])
            yield (
                f"**Overlap.** Calibration rows of {name} that stand in the evaluation sets too: "
                f"{rows}; questions concerned: {items}, of {tasks}. Its scores there may be too "
                "high."
            )


def _speed(family: Family) -> Iterator[str]:
    benched = [result for stage, result in family.results.items() if stage.startswith("bench/")]
    if not benched:
        return
    if all(result.stage.settings.get("device") == "cpu" for result in benched):
        yield (
            "**Speed.** Speed was measured on a CPU. Quantized kernels differ between CPU and "
            "GPU, so the order of the variants may be another one on a GPU."
        )
    yield (
        "**Engine.** Speed is that of plain transformers generation, not of a serving engine, "
        "which batches requests and has kernels of its own."
    )
