"""Small random-weight models of real architectures for tests: what to ask for, where it lies."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from hubq.workers.environments import Environment, EnvironmentStore
from hubq.workers.specs import spec_for
from hubq.workers.variables import worker_environ

PROGRAM = Path(__file__).with_name("make_model.py")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A small model to make; what the fields mean is in `make_model.py`."""

    arch: str
    tied: bool = True
    shards: int = 1
    seed: int = 1
    rows: int = 16


class SmallModel(msgspec.Struct, frozen=True, kw_only=True):
    """A small model that was made.

    Attributes:
        arch: its `model_type`.
        model: the source's folder.
        calibration: a JSONL file of rows.
        items: a prepared folder.
    """

    arch: str
    model: Path
    calibration: Path
    items: Path


def built(name: str = "gptqmodel") -> Environment:
    """Return a CPU environment; skip the test where it is not built."""
    environment = EnvironmentStore().find(spec_for(name, "cpu"))
    if environment is None:
        pytest.skip(f"the {name} environment is not built: hubq env build {name}")
    return environment


def environ(environment: Environment, scratch: Path) -> dict[str, str]:
    """Return the variables of a process with one thread in an environment."""
    return worker_environ(environment.variables, scratch=scratch, threads=1, gpu="")


def make(asked: Sequence[Asked], folder: Path) -> list[SmallModel]:
    """Make small models in the gptqmodel environment, all in one process.

    Args:
        asked: which.
        folder: gets one folder per model.
    """
    environment = built()
    arguments: list[str] = []
    made = []
    for number, wanted in enumerate(asked):
        out = folder / f"{number}-{wanted.arch}"
        arguments += ["--and", wanted.arch, str(out), "--shards", str(wanted.shards)]
        arguments += ["--seed", str(wanted.seed), "--rows", str(wanted.rows)]
        arguments += [] if wanted.tied else ["--untied"]
        made.append(
            SmallModel(
                arch=wanted.arch,
                model=out / "model",
                calibration=out / "calibration.jsonl",
                items=out / "items" / "questions",
            )
        )
    done = subprocess.run(
        [str(environment.interpreter), "-I", str(PROGRAM), *arguments[1:]],
        env=environ(environment, folder / "scratch"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return made
