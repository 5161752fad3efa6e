"""Certifying a checkpoint of any make, with and without its source."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hubq.errors import BadInput, StageFailed
from hubq.model.stage import Plan
from hubq.release.certifying import Certified, Wanted, certify, is_checkpoint
from hubq.runner import Observer
from tests.release.releases import Releases
from tests.release.stand_in import StandInExecutor, write_source


@pytest.fixture
def releases(tmp_path: Path) -> Releases:
    return Releases(tmp_path)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A folder that looks like a GPTQ checkpoint to everything but a backend."""
    folder = write_source(tmp_path / "Small-GPTQ-Int4")
    config = json.loads((folder / "config.json").read_text())
    config["quantization_config"] = {
        "quant_method": "gptq",
        "bits": 4,
        "group_size": 128,
        "desc_act": False,
        "sym": True,
    }
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@contextlib.contextmanager
def watching(_: Plan) -> Iterator[Observer]:
    yield lambda _: None


def certified(
    releases: Releases, checkpoint: Path, executor: StandInExecutor, **wanted: Any
) -> Certified:
    options = releases.options(source=str(checkpoint))
    return certify(options, Wanted(**wanted), watching, releases.said.append, lambda *_: executor)


def test_a_good_checkpoint_is_good_and_the_second_look_runs_nothing(
    releases: Releases, checkpoint: Path
) -> None:
    executor = StandInExecutor()
    found = certified(releases, checkpoint, executor, source=str(releases.source))
    assert found.good
    assert found.source == "Small"
    assert found.measures["kl"]["value"] == pytest.approx(0.01)
    assert certified(releases, checkpoint, executor, source=str(releases.source)) == found
    assert executor.started == ["certify/Small-GPTQ-Int4"]


def test_a_refused_one_says_why_and_is_no_failure(releases: Releases, checkpoint: Path) -> None:
    executor = StandInExecutor(kl=0.9)
    found = certified(releases, checkpoint, executor, source=str(releases.source), max_kl=0.5)
    assert not found.good
    assert "KL 0.9" in found.engines["transformers"]["refusal"]


def test_another_source_or_another_limit_is_another_certificate(
    releases: Releases, checkpoint: Path
) -> None:
    executor = StandInExecutor()
    certified(releases, checkpoint, executor)
    certified(releases, checkpoint, executor, max_kl=0.5)
    certified(releases, checkpoint, executor, source=str(releases.source))
    assert len(executor.started) == 3


def test_a_worker_that_ends_early_is_said_with_its_words(
    releases: Releases, checkpoint: Path
) -> None:
    executor = StandInExecutor(fail={"certify/Small-GPTQ-Int4": "no such kernel"})
    with pytest.raises(StageFailed, match="no such kernel"):
        certified(releases, checkpoint, executor)


def test_a_source_and_a_checkpoint_are_told_apart(releases: Releases, checkpoint: Path) -> None:
    assert is_checkpoint(releases.options(source=str(checkpoint)))
    assert not is_checkpoint(releases.options(source=str(releases.source)))
    with pytest.raises(BadInput, match="neither a folder nor a Hub id"):
        is_checkpoint(releases.options(source="nothing"))
    with pytest.raises(BadInput, match="not quantized"):
        certified(releases, releases.source, StandInExecutor())
