"""Conditions: what of the way in which numbers came about a reader must know before using them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from hubq.cards.family import Family
from hubq.cards.ledger import COUNT, DELTA, PERCENT, Ledger, escape_pointer
from hubq.cards.locks import own_lock
from hubq.cards.prose.wording import grouped, listed
from hubq.cards.speeds import benched
from hubq.cards.stacks import TITLES
from hubq.evaluate.scoring import SCORES
from hubq.markdown.escaping import code, escape
from hubq.model.environment import EnvironmentStack
from hubq.model.recipe import BASELINE
from hubq.model.suite import HUBQ, TaskSpec

_PLAIN_TORCH = frozenset({"TorchLinear", "AwqTorchLinear", "TorchQuantLinear"})
"""Kernels that unpack weights with plain PyTorch operations at every call."""
_TASK = "/stage/settings/task"
_UNPACKED = "Linear ("
"""How a layer is named that unpacked itself as it was loaded: `Linear (pack-quantized)`."""
_DECIDING = ("transformers", "torch", "gptqmodel", "vllm", "lm-eval", "lmms-eval")
"""Packages whose versions decide answers; their names are those in locks and stacks."""


def conditions_of(family: Family, ledger: Ledger, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return caveats on how the named variants were made, run and timed.

    Args:
        family: what the card speaks of.
        ledger: where the numbers in the caveats are entered.
        names: the variants in the card's tables, without the baseline.
    """
    sources = (
        _scope(family),
        _harness(family),
        _pictures(family, ledger),
        _judged(family, ledger),
        _precision(family, ledger),
        _kernels(family, names),
        _versions(family, names),
        _calibration(family, names),
        _overlap(family, ledger, names),
        _speed(family),
    )
    return tuple(caveat for source in sources for caveat in source)


def _scope(family: Family) -> Iterator[str]:
    if "vision_config" in family.source.config:
        yield (
            "**Scope.** Only the linear layers of the language model are quantized. The vision "
            "tower works on every picture as it does in the source, which bounds what "
            "quantizing saves in time and memory."
        )


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


def _pictures(family: Family, ledger: Ledger) -> Iterator[str]:
    """Say on which tasks pictures were scaled to other limits than the source's own."""
    told = []
    for task in family.tasks:
        limits = _limits(family, ledger, task) if _other_limits(family, task) else ()
        if limits:
            told.append((f"{' and '.join(limits)} pixels", task.name))
    if told:
        limited = listed(f"{said} on {listed(names)}" for said, names in grouped(told).items())
        yield (
            f"**Pictures.** They were scaled to {limited}, as the suite says; the source's own "
            "processor has other limits. Scores with other limits are not comparable with these."
        )


def _limits(family: Family, ledger: Ledger, task: TaskSpec) -> tuple[str, ...]:
    """Return the pixel limits that a task was run with; none where it was not run with any."""
    stage = f"generate/{BASELINE}/{task.name}"
    result = family.results.get(stage)
    settings = result.stage.settings.get("task", {}) if result else {}
    return tuple(
        f"{words} {ledger.record(f'{field}.{task.name}', stage, f'{_TASK}/{field}', COUNT)}"
        for field, words in (("min_pixels", "at least"), ("max_pixels", "at most"))
        if isinstance(settings, dict) and settings.get(field) is not None
    )


def _other_limits(family: Family, task: TaskSpec) -> bool:
    """Say whether a task's limits differ from those of the source's processor."""
    size = family.processor.get("size")
    own = size if isinstance(size, dict) else {}
    places = (("min_pixels", "shortest_edge"), ("max_pixels", "longest_edge"))
    for field, edge in places:
        asked = getattr(task, field)
        known = family.processor.get(field) or own.get(edge)
        if asked is not None and asked != known:
            return True
    return False


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
        judge = f"{escape(task.judge.model)} ({escape(task.judge.kind)})"
        yield (
            f"**Judge.** On {name}, {judge} was asked about {asked} answers of {BASELINE} that "
            f"rules could not read; {unread} of its replies held no answer, {failed} requests had "
            f"to be sent again. By rules alone {BASELINE} scores {rules}. A judge's readings may "
            "change from day to day."
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


def _kernels(family: Family, names: tuple[str, ...]) -> Iterator[str]:
    """Say which variants ran without a kernel that works on packed weights."""
    plain: list[tuple[str, str]] = []
    unpacked = []
    for name in names:
        kernels = _kernels_of(family, name)
        plain += [(kernel, name) for kernel in kernels if kernel in _PLAIN_TORCH]
        if any(kernel.startswith(_UNPACKED) for kernel in kernels):
            unpacked.append(name)
    for kernel, found in grouped(plain).items():
        yield (
            f"**Kernels.** {listed(found)} ran on {code(kernel)}, which unpacks the weights with "
            "plain PyTorch operations at every call. Where a fused kernel runs (Marlin or Triton "
            "on a GPU), speed is another, and answers may differ by rounding."
        )
    if unpacked:
        yield (
            f"**Kernels.** {listed(unpacked)} unpacked its weights before the first answer, so "
            "speed and memory here are those of weights that are not quantized. A serving engine "
            "keeps them packed."
        )


def _kernels_of(family: Family, name: str) -> list[str]:
    """Return the classes that a variant's linear layers ran as, wherever it was loaded."""
    stages = (f"certify/{name}", f"bench/{name}")
    found = [family.results[stage].facts for stage in stages if stage in family.results]
    return list(dict.fromkeys(kernel for facts in found for kernel in facts.get("kernels", {})))


def _versions(family: Family, names: tuple[str, ...]) -> Iterator[str]:
    """Say which packages differ from those of the locks that hubq and its harnesses ran with."""
    told: dict[str, None] = {}
    for stage_id, raw in sorted(family.environments.items()):
        kind, _, rest = stage_id.partition("/")
        if kind not in ("generate", "bench") or rest.partition("/")[0] not in (BASELINE, *names):
            continue
        stack = msgspec.convert(raw, EnvironmentStack)
        lock = own_lock(stack.name, stack.device)
        for package in _DECIDING if lock and stack.external else ():
            found = _public(stack.installed.version(package))
            known = _public(lock.versions.get(package, "")) if lock else ""
            if found and known and found != known:
                age = "newer" if _order(found) > _order(known) else "older"
                title = TITLES.get(package, package)
                told[f"{title} {code(found)} ({age} than {code(known)})"] = None
    if told:
        yield (
            f"**Environment.** Numbers were measured with {listed(told)}; in parentheses stands "
            "the version that hubq and its harnesses were checked with. Other versions may give "
            "other answers."
        )


def _public(version: str) -> str:
    return version.partition("+")[0]


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


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
    found = tuple(benched(family))
    if not found:
        return
    if all(facts.get("device") == "cpu" for _, facts in found):
        yield (
            "**Speed.** Speed was measured on a CPU. Quantized kernels differ between CPU and "
            "GPU, so the order of the variants may be another one on a GPU."
        )
    if not any(engine for engine, _ in found):
        yield (
            "**Engine.** Speed is that of plain transformers generation, not of a serving engine, "
            "which batches requests and has kernels of its own."
        )
