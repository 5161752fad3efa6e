"""Speed: how often a difference is reported where there is none, and how well figures repeat.

    python benchmarks/speed.py aa [--runs 20] [--variants 2] [--model FOLDER]
    python benchmarks/speed.py repeat FOLDER... [--times 5] [--model FOLDER]

Both run hubq's own worker in hubq's own environment, by default on the nano model with the bundled
nano workloads; each run is a sitting of its own, with processes of its own. Nothing else should
work on the machine meanwhile; what was seen of others stands beside each run.

`aa`: baseline and variants are all the same checkpoint. A run reports a difference as a card does:
where the p of a speed relative to the baseline's, corrected for all variants and workloads (Holm),
is at most 5 %, or 0.1 % where rounds ended at their cap. At most 3 of 20 runs may, and none by more
than 2 %. It also says how far loads of the model move its speed, beyond what rounds show.

`repeat`: the whole benchmark again and again, of the baseline and of the checkpoints that are
given. Of all cells and all pairs of runs, the 95 % intervals of the ratio should overlap in at
least 95 %.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec
import yaml

from hubq.bench import job
from hubq.bench.asked import asked_of
from hubq.bench.paired import relative_of, rounds_of, typical_of
from hubq.bench.sitting import CAPPED, Sitting, read_samples, read_sitting
from hubq.model.outcome import Done
from hubq.model.workload import Workloads
from hubq.resources import bundled
from hubq.stats import ALPHA, CAPPED_ALPHA, holm, student_95
from hubq.stats.rounds import Relative, Typical
from hubq.workers.environments import EnvironmentStore
from hubq.workers.process import WorkerProcess
from hubq.workers.specs import spec_for
from hubq.workers.variables import spec_environ

SPEED = "tokens_per_second"
NANO = bundled("examples") / "nano-qwen2-vl" / "model"
#: What the issue asks of 20 runs.
MOST_REPORTS, MOST_REPORTED, LEAST_OVERLAP = 3, 0.02, 0.95


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """A variant's speed under a workload; `alone` is the ratio as rounds alone give it."""

    position: int
    place: str
    speed: Typical
    ratio: Relative
    alone: Relative


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What a sitting came to."""

    seconds: float
    sitting: Sitting
    cells: tuple[Cell, ...]

    def adjusted(self) -> list[float]:
        """Return the p of each cell, corrected for their number."""
        return holm([1.0 if cell.ratio.p is None else cell.ratio.p for cell in self.cells])

    def reported(self) -> list[bool]:
        """Return of each cell whether a card would say that it is faster or slower."""
        stopped = [self.sitting.rounds[cell.place].stopped for cell in self.cells]
        levels = [CAPPED_ALPHA if why == CAPPED else ALPHA for why in stopped]
        return [p <= level for p, level in zip(self.adjusted(), levels, strict=True)]


def main() -> None:
    """Run one of the two and print what was found."""
    said = _arguments()
    models = (
        [said.model] * (1 + said.variants) if said.what == "aa" else [said.model, *said.folders]
    )
    count = said.runs if said.what == "aa" else said.times
    settings = _settings(said)
    print(f"rounds {settings['rounds']}, warm-up {settings['warm_up']}, {said.threads} thread(s)")
    runs = []
    for number, run in enumerate(_runs(models, settings, count, said.threads)):
        _print_run(number, run)
        runs.append(run)
    _judge_aa(runs) if said.what == "aa" else _judge_repeats(runs)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    kinds = parser.add_subparsers(dest="what", required=True)
    aa, repeat = kinds.add_parser("aa"), kinds.add_parser("repeat")
    aa.add_argument("--runs", type=int, default=20)
    aa.add_argument("--variants", type=int, default=2)
    repeat.add_argument("folders", type=Path, nargs="+", help="checkpoints of variants")
    repeat.add_argument("--times", type=int, default=5)
    for kind in (aa, repeat):
        kind.add_argument("--model", type=Path, default=NANO, help="the baseline")
        kind.add_argument(
            "--workloads", type=Path, default=bundled("recipes") / "workloads" / "nano.yaml"
        )
        kind.add_argument("--threads", type=int, default=1)
        for name in ("least", "most", "processes"):
            kind.add_argument(f"--{name}", type=int, help="of the rounds")
        for name in ("precision", "load-spread"):
            kind.add_argument(f"--{name}", type=float, help="of the rounds")
    return parser.parse_args()


def _settings(said: argparse.Namespace) -> dict[str, Any]:
    """Return the settings of a sitting's stage."""
    found = msgspec.convert(yaml.safe_load(said.workloads.read_text()), Workloads)
    told: dict[str, Any] = msgspec.to_builtins(found)
    names = ("least", "most", "precision", "processes", "load_spread")
    other = {name: getattr(said, name) for name in names if getattr(said, name) is not None}
    kept = {name: told[name] for name in ("workloads", "warm_up", "limit_seconds", "dtype")}
    return {**kept, "rounds": told["rounds"] | other, "device": "cpu", "round": 0}


def _runs(
    models: Sequence[Path], settings: dict[str, Any], count: int, threads: int
) -> Iterator[Run]:
    spec = spec_for("gptqmodel", "cpu")
    interpreter = Path(EnvironmentStore().build(spec).interpreter)
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        for number in range(count):
            worker = WorkerProcess(
                interpreter, spec_environ(spec, scratch=at / "scratch", threads=threads)
            )
            asked = job.job(settings, [model.resolve() for model in models], at / f"p{number}")
            began = time.monotonic()
            try:
                outcome = worker.run("bench_transformers", asked, at / f"c{number}")
            finally:
                worker.close()
            if not isinstance(outcome, Done):
                raise SystemExit(
                    f"{outcome}\n{(at / f'c{number}' / 'log.txt').read_text()[-3000:]}"
                )
            yield _read(at / f"c{number}" / "files", settings, time.monotonic() - began)


def _read(folder: Path, settings: dict[str, Any], seconds: float) -> Run:
    sitting, samples = read_sitting(folder), list(read_samples(folder))
    cells = []
    for asked in asked_of(settings):
        for position in range(1, len(sitting.subjects)):
            rounds = rounds_of(asked, samples, position, {})
            if rounds:
                place, spread = asked.place, asked.load_spread
                speed = typical_of(rounds, spread)[SPEED]
                ratio, alone = relative_of(rounds, spread)[SPEED], relative_of(rounds)[SPEED]
                cells.append(
                    Cell(position=position, place=place, speed=speed, ratio=ratio, alone=alone)
                )
    return Run(seconds=seconds, sitting=sitting, cells=tuple(cells))


def _print_run(number: int, run: Run) -> None:
    busy = " ".join(run.sitting.conditions.busy) or "quiet"
    print(f"\nrun {number}: {run.seconds:.0f} s, {run.sitting.processes} loads; {busy}")
    for cell, p, told in zip(run.cells, run.adjusted(), run.reported(), strict=True):
        ratio, counted = cell.ratio, run.sitting.rounds[cell.place]
        print(
            f"  {cell.position} {cell.place:14} {cell.speed.value:9.2f} tokens/s"
            f"  ratio {ratio.ratio:.4f} ({ratio.low or 0:.4f} to {ratio.high or math.inf:.4f})"
            f"  p {p:.3f}  {counted.rounds} rounds, {counted.stopped}"
            f"{'  <- reported' if told else ''}",
            flush=True,
        )


def _judge_aa(runs: Sequence[Run]) -> None:
    reported = [
        [abs(cell.ratio.ratio - 1) for cell, told in zip(run.cells, run.reported(), strict=True)
         if told]
        for run in runs
    ]  # fmt: skip
    count, worst = (
        sum(map(bool, reported)),
        max((far for some in reported for far in some), default=0),
    )
    logs = [math.log(cell.ratio.ratio) for run in runs for cell in run.cells]
    missed = [not _holds(cell.ratio) for run in runs for cell in run.cells]
    fine = count <= MOST_REPORTS * max(1, len(runs) / 20) and worst <= MOST_REPORTED
    print(f"\nruns that report a difference: {count} of {len(runs)}; the largest: {worst:.2%}")
    print(f"all {len(logs)} ratios: typically {_typical_size(logs):.2%} from 1")
    print(f"single intervals without 1: {sum(missed)} of {len(missed)} (5 % would be exact)")
    for place in dict.fromkeys(cell.place for cell in runs[0].cells):
        cells = [cell for run in runs for cell in run.cells if cell.place == place]
        print(f"{place}: loads move speed by {_load_spread(cells):.2%} (standard deviation)")
    print(f"seconds of a run: {sum(run.seconds for run in runs) / len(runs):.0f}")
    print("as asked" if fine else "NOT as asked")


def _load_spread(cells: Sequence[Cell]) -> float:
    """Return how far loads of one checkpoint move its speed: what rounds leave unexplained."""
    found = [
        math.log(cell.alone.ratio) ** 2
        - (math.log((cell.alone.high or 1) / cell.alone.ratio) / student_95(cell.alone.n - 1)) ** 2
        for cell in cells
    ]
    # A ratio has two loads in it.
    return math.sqrt(max(0.0, math.fsum(found) / len(found)) / 2)


def _judge_repeats(runs: Sequence[Run]) -> None:
    pairs = [
        (one.ratio, other.ratio)
        for before, after in combinations(runs, 2)
        for one, other in zip(before.cells, after.cells, strict=True)
    ]
    overlapping = sum(_overlap(one, other) for one, other in pairs)
    share = overlapping / max(1, len(pairs))
    print(f"\nintervals that overlap: {overlapping} of {len(pairs)} ({share:.1%})")
    for cells in zip(*(run.cells for run in runs), strict=True):
        ratios = [cell.ratio.ratio for cell in cells]
        print(
            f"  {cells[0].position} {cells[0].place:14} ratios {min(ratios):.4f} to"
            f" {max(ratios):.4f}: {max(ratios) / min(ratios) - 1:.2%} apart"
        )
    print(f"seconds of a run: {sum(run.seconds for run in runs) / len(runs):.0f}")
    print("as asked" if share >= LEAST_OVERLAP else "NOT as asked")


def _holds(ratio: Relative) -> bool:
    return ratio.low is None or ratio.high is None or ratio.low <= 1 <= ratio.high


def _overlap(one: Relative, other: Relative) -> bool:
    if None in (one.low, one.high, other.low, other.high):
        return True
    return bool(max(one.low or 0, other.low or 0) <= min(one.high or 0, other.high or 0))


def _typical_size(logs: Sequence[float]) -> float:
    return math.sqrt(math.fsum(log * log for log in logs) / len(logs)) if logs else 0.0


if __name__ == "__main__":
    main()
