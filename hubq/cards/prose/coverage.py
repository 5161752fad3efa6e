"""Coverage: what was not measured, why, and what would measure it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from hubq.cards.family import Family
from hubq.cards.footnotes import sentence, state_word
from hubq.cards.prose.wording import listed
from hubq.cards.speeds import (
    VLLM,
    bench_stage,
    benched,
    engines_of,
    missing_cells,
)
from hubq.cards.stacks import ENGINES
from hubq.markdown.escaping import code, escape
from hubq.model.card import CellState
from hubq.model.gap import Gap
from hubq.model.recipe import BASELINE

_NEEDED = {
    CellState.OOM: "It needs more memory, or a smaller `batch_size` in the suite: ",
    CellState.FAILED: "See `hubq status` for its log, then: ",
    CellState.INFEASIBLE: "On a machine that can do it: ",
    CellState.RUNNING: "It is being measured; `hubq card update` adds it. To measure it again: ",
}
_TIMED = {
    CellState.OOM: "It needs more memory, or smaller workloads: ",
    CellState.TIMEOUT: "It needs a larger `limit_seconds` in the workloads, or smaller ones: ",
}
"""What a timing needs, where that is not what answering needs."""
_NARROWING = ("--variant", "--task")


def coverage_of(family: Family, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the coverage gaps of the named variants as Markdown sentences.

    What is missing from a table comes first, each with its state, its reason and the command that
    would measure it; then what the release never set out to measure.
    """
    made = tuple(name for name in names if f"quantize/{name}" in family.results)
    sources = (
        _unmade(family, names),
        _scores(family, (BASELINE, *made)),
        _speeds(family, (BASELINE, *made)),
        _engines(family, names),
        _narrowed(family),
        _controls(family, names),
        _unasked(family),
        _elsewhere(family),
    )
    return tuple(gap for source in sources for gap in source)


def _unmade(family: Family, names: tuple[str, ...]) -> Iterator[str]:
    """Say which variants there are none of, so that nothing of theirs was measured."""
    found: dict[Gap, list[str]] = {}
    for name in names:
        if f"quantize/{name}" not in family.results:
            found.setdefault(family.gap(f"quantize/{name}"), []).append(name)
    for gap, named in found.items():
        yield _told(listed(named), gap, _again(family, "release", tuple(named)))


def _scores(family: Family, names: tuple[str, ...]) -> Iterator[str]:
    """Say which scores are missing, together where they are missing for one reason."""
    found: dict[Gap, dict[str, list[str]]] = {}
    for name in names:
        for task in family.tasks:
            stage = f"score/{name}/{task.name}"
            if stage not in family.results:
                found.setdefault(family.gap(stage), {}).setdefault(name, []).append(task.name)
    for gap, variants in found.items():
        alike: dict[tuple[str, ...], list[str]] = {}
        for name, tasks in variants.items():
            alike.setdefault(tuple(tasks), []).append(name)
        for tasks_, named in alike.items():
            every = len(tasks_) == len(family.tasks) > 1
            what = "every task" if every else listed(tasks_)
            again = _again(family, "evaluate", tuple(named), () if every else tasks_)
            yield _told(f"{listed(named)} on {what}", gap, again)


def _speeds(family: Family, names: tuple[str, ...]) -> Iterator[str]:
    for engine in engines_of(family):
        yield from _untimed(family, names, engine)
    yield from _unserved(family)
    timed = tuple(benched(family))
    if timed and all(facts.get("device") == "cpu" for _, facts in timed):
        yield (
            "**Speed on a GPU** was not measured. On a machine with one: "
            f"{code(_again(family, 'bench run'))}."
        )


def _untimed(family: Family, names: tuple[str, ...], engine: str) -> Iterator[str]:
    """Say which speeds are missing, together where they are missing for one reason."""
    found: dict[Gap, dict[str, tuple[str, ...]]] = {}
    for name in names:
        if bench_stage(name, engine) not in family.results:
            found.setdefault(family.gap(bench_stage(name, engine)), {})[name] = ()
        for place, gap in missing_cells(family, name, engine).items():
            places = found.setdefault(gap, {})
            places[name] = (*places.get(name, ()), place)
    what = f"Speed in {ENGINES[engine]}" if engine else "Speed"
    served = family.loaded.serving if engine else family.loaded.workloads.workloads
    whole = {(), tuple(workload.name for workload in served)}
    for gap, variants in found.items():
        alike: dict[tuple[str, ...], list[str]] = {}
        for name, places_ in variants.items():
            alike.setdefault(places_, []).append(name)
        for places_, named in alike.items():
            where = "" if places_ in whole else f" on {listed(escape(one) for one in places_)}"
            again = _again(family, "bench run", tuple(named))
            yield _told(f"{what} of {listed(named)}{where}", gap, again, _TIMED)


def _unserved(family: Family) -> Iterator[str]:
    """Say why no server was put under load where none was to be."""
    if family.loaded.serving:
        return
    if family.loaded.workloads.serving:
        why = f"the recipe does not list {ENGINES[VLLM]} under `engines`"
    else:
        why = "the recipe's workloads put no server under load"
    yield f"**Serving** was not measured: {why}."


def _engines(family: Family, names: tuple[str, ...]) -> Iterator[str]:
    """Say in which engines nothing was tried, and which variants one could not run."""
    for engine, title in ENGINES.items():
        if engine not in family.loaded.recipe.engines:
            yield (
                f"**{title}**: no variant was tried in it. List it under `engines` in a copy of "
                f"the recipe (`hubq recipe copy`), then: {code(_again(family, 'certify'))}."
            )
            continue
        for name in names:
            stage = f"certify/{name}/{engine}"
            result = family.results.get(stage)
            if result is None and f"quantize/{name}" in family.results:
                again = _again(family, "certify", (name,))
                yield _told(f"{name} in {title}", family.gap(stage), again)
            elif result is not None and result.facts.get("state") == CellState.INFEASIBLE.value:
                why = sentence(str(result.facts.get("reason", "")))
                yield f"**{name} in {title}** (infeasible): {escape(why)}"


def _narrowed(family: Family) -> Iterator[str]:
    """Say what the command itself left out of suite and recipe."""
    words = shlex.split(family.command)
    if "--task" in words:
        yield (
            f"**Other tasks** of the suite were not asked: `--task` chose "
            f"{listed(task.name for task in family.tasks)}."
        )
    if "--variant" in words:
        yield "**Other variants** of the recipe were not made: `--variant` chose those shown."


def _controls(family: Family, names: tuple[str, ...]) -> Iterator[str]:
    if family.controls and not set(family.controls) & set(names):
        yield (
            "**Controls**, variants that are measured to see that damage shows, are not "
            "published; their numbers stand in the family report alone."
        )


def _unasked(family: Family) -> Iterator[str]:
    """Say what the suite itself does not ask for."""
    suite = family.loaded.suite
    if suite.fidelity is None:
        yield "**Fidelity** token by token was not measured: the suite asks for none."
    if suite.repeat is None:
        yield f"**Noise floor**: {BASELINE} was run once; the suite asks for no second run."


def _elsewhere(family: Family) -> Iterator[str]:
    if "vision_config" in family.source.config:
        yield "**The vision tower** is quantized in no variant; what that would cost is not known."
    yield (
        f"**Other models**: the numbers are of {escape(family.source.name)} alone. Other sizes of "
        "the family may lose more or less."
    )


def _told(
    what: str, gap: Gap, again: str, needs: Mapping[CellState, str] = MappingProxyType({})
) -> str:
    needed = needs.get(gap.state) or _NEEDED.get(gap.state, "To measure it: ")
    said = escape(sentence(gap.reason))
    return f"**{what}** ({state_word(gap.state)}): {said} {needed}{code(again)}."


def _again(
    family: Family, verb: str, variants: tuple[str, ...] = (), tasks: tuple[str, ...] = ()
) -> str:
    """Return the release's command narrowed to one verb, some variants and some tasks."""
    words = shlex.split(family.command)
    kept: list[str] = []
    narrow = bool(variants)
    for place, word in enumerate(words):
        chosen = word in _NARROWING or (place and words[place - 1] in _NARROWING)
        if not (narrow and chosen):
            kept.append(word)
    if kept[:2] == ["hubq", "release"]:
        kept[1:2] = verb.split()
    for flag, values in (("--variant", variants), ("--task", tasks)):
        for value in values:
            if value != BASELINE:
                kept += [flag, value]
    return shlex.join(kept)
