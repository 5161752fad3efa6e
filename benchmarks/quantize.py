"""Quantizing: time and peak memory of hubq's worker to a bare script of the same library and rows.

    python benchmarks/quantize.py [--pairs 7]

Two decoder layers of Qwen2-0.5B's shape are quantized to 4 bits by GPTQModel, each time in a fresh
process; the two take turns, so that a machine whose speed drifts does not favour either. Time is
that of the whole process, imports among it; memory is the peak that the kernel counted for it. The
interval of a ratio is Student's t on the logarithms of the pairs' ratios.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from scipy.stats import t as student

from hubq.workers.environments import Environment, EnvironmentStore
from hubq.workers.specs import SIDE, spec_for
from hubq.workers.variables import worker_environ

HERE = Path(__file__).resolve().parent / "quantizing"
SETTINGS = {
    "method": "gptq",
    "bits": 4,
    "group_size": 128,
    "desc_act": False,
    "sym": True,
    "damp": 0.05,
    "alpha": None,
    "calibration": {"samples": 16, "length": 2048, "min_length": 1, "seed": 0, "modality": "text"},
    "device": "cpu",
}


def main() -> None:
    """Run the pairs and print both ratios with their intervals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=7)
    pairs = parser.parse_args().pairs
    environment = EnvironmentStore().build(spec_for("gptqmodel", "cpu"), progress=lambda _: None)
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        run(environment, at, [str(HERE / "layers.py"), str(at)])
        ours(environment, at / "warm", at)
        found = []
        for number in range(pairs):
            mine = ours(environment, at / f"ours{number}", at)
            other = bare(environment, at / f"bare{number}", at)
            found.append((mine, other))
            print(f"pair {number + 1}: hubq {mine[0]:.1f} s {mine[1] / 2**20:.0f} MiB, "
                  f"bare {other[0]:.1f} s {other[1] / 2**20:.0f} MiB", flush=True)  # fmt: skip
    for position, name in enumerate(("time", "peak memory")):
        ratio, low, high = interval([mine[position] / other[position] for mine, other in found])
        print(f"{name}: ratio {ratio:.3f}, 95 % CI {low:.3f} to {high:.3f} "
              f"({pairs} pairs; budget 1.05, upper bound 1.10)")  # fmt: skip


def ours(environment: Environment, control: Path, at: Path) -> tuple[float, int]:
    """Quantize with hubq's worker; return seconds and peak bytes."""
    control.mkdir()
    paths = {"model": str(at / "model"), "calibration": str(at / "rows.jsonl")}
    (control / "job.json").write_text(json.dumps({"settings": SETTINGS, "paths": paths}))
    used = run(
        environment, control, ["-I", str(SIDE / "main.py"), "quantize_gptqmodel", str(control)]
    )
    state = json.loads((control / "out.json").read_text())["state"]
    if state != "done":
        raise SystemExit(f"hubq's worker: {state}; see {control / 'log.txt'}")
    return used


def bare(environment: Environment, out: Path, at: Path) -> tuple[float, int]:
    """Quantize with the bare script; return seconds and peak bytes."""
    return run(
        environment,
        at,
        [str(HERE / "bare.py"), str(at / "model"), str(at / "rows.jsonl"), str(out)],
    )


def run(environment: Environment, folder: Path, arguments: list[str]) -> tuple[float, int]:
    """Run the environment's Python to its end; return wall seconds and peak resident bytes."""
    scratch = Path(tempfile.mkdtemp(dir=folder))
    environ = worker_environ(environment.variables, scratch=scratch, threads=1, gpu="")
    started = time.monotonic()
    with (scratch / "log.txt").open("w") as log:
        process = subprocess.Popen(
            [str(environment.interpreter), *arguments],
            cwd=scratch,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - started
    if status != 0:
        raise SystemExit((scratch / "log.txt").read_text()[-2000:])
    return seconds, usage.ru_maxrss * 1024


def interval(ratios: list[float]) -> tuple[float, float, float]:
    """Return the geometric mean of ratios and its 95 % interval."""
    logs = [math.log(ratio) for ratio in ratios]
    mean, error = statistics.fmean(logs), statistics.stdev(logs) / math.sqrt(len(logs))
    reach = float(student.ppf(0.975, len(logs) - 1)) * error
    return math.exp(mean), math.exp(mean - reach), math.exp(mean + reach)


if __name__ == "__main__":
    main()
