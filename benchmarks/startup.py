"""Start-up: CPU time of `hubq --help` against `python -c "import click"`, as ratios in one run.

    python benchmarks/startup.py [--runs 15]

The two commands take turns, so that a machine whose speed drifts does not favour either.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys

OURS = [sys.executable, "-c", "from hubq.cli.main import main; main()", "--help"]
BARE = [sys.executable, "-c", "import click"]


def cpu_seconds(command: list[str]) -> float:
    """Return user and system time of one run of a command, in seconds."""
    before = os.times()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    after = os.times()
    children = after.children_user - before.children_user
    return children + after.children_system - before.children_system


def main() -> None:
    """Time both and print the median of the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    cpu_seconds(OURS)
    pairs = [(cpu_seconds(OURS), cpu_seconds(BARE)) for _ in range(runs)]
    ours, bare = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"hubq --help {ours:.3f} s, import click {bare:.3f} s, ratio {ratio:.2f} (budget 1.30)")


if __name__ == "__main__":
    main()
