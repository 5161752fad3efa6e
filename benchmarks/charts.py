"""Charts: CPU time that a large family's take to draw, in a process that has to import everything.

    python benchmarks/charts.py [--runs 5]

Eight variants on nine tasks, their Pareto front, and their latencies under load: nine files.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import time

VARIANTS = tuple(f"Variant-{number}" for number in range(1, 9))
TASKS = tuple(f"Task{number}_VAL" for number in range(1, 10))


def draw_once() -> None:
    """Draw made-up charts and print seconds and bytes."""
    started = time.process_time()
    from hubq.cards.charts.chart import Chart
    from hubq.cards.charts.collection import draw
    from hubq.cards.charts.figures import (
        Band,
        Deltas,
        Estimate,
        Front,
        Number,
        Place,
        Rates,
        Row,
        Series,
        Step,
    )

    numbers = random.Random(1)  # noqa: S311 - made-up data

    def made_up(value: float, half: float) -> Estimate:
        parts = (Number(value=v, shown="", claim="") for v in (value, value - half, value + half))
        return Estimate(**dict(zip(("value", "low", "high"), parts, strict=True)))

    looks = tuple(enumerate(VARIANTS, 1))
    bands = tuple(
        Band(
            task=task,
            rows=tuple(
                Row(variant=name, look=look, delta=made_up(numbers.gauss(-1, 2), 1.0))
                for look, name in looks
            ),
            margin=Number(value=1.0, shown="", claim=""),
        )
        for task in TASKS
    )
    places = tuple(
        Place(
            variant=name,
            look=look,
            score=made_up(76 - look / 2, 1.5),
            weights=made_up(10.0 - look, 0.0),
            speed=made_up(30.0 + look, 1.0),
        )
        for look, name in looks
    )
    lines = tuple(
        Series(
            variant=name,
            look=look,
            steps=tuple(
                Step(
                    rate=Number(value=float(rate), shown=str(rate), claim=""),
                    latency=made_up(10 + look + rate * rate / 6, 0.5),
                )
                for rate in (1, 2, 4, 8, 16)
            ),
        )
        for look, name in looks
    )
    drawings = {
        "deltas": Deltas(baseline="BF16", bands=bands),
        "pareto": Front(places=places, unit="GB"),
        "rates-1": Rates(measure="time between tokens", unit="ms", series=lines),
    }
    files = draw(
        tuple(
            Chart(name=name, alt="", caption="", drawing=drawing)
            for name, drawing in drawings.items()
        )
    )
    print(time.process_time() - started, sum(map(len, files.values())))


def main() -> None:
    """Draw in fresh processes and print the median."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.once:
        draw_once()
        return
    command = [sys.executable, __file__, "--once"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    found = [
        subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
        for _ in range(given.runs)
    ]
    seconds = statistics.median(float(line.split()[0]) for line in found)
    print(
        f"charts of 8 variants on 9 tasks: {seconds:.2f} s (budget 3), {found[0].split()[1]} bytes"
    )


if __name__ == "__main__":
    main()
