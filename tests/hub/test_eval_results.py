"""Tests of hubq.hub.eval_results."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from huggingface_hub import parse_eval_result_entries

from hubq.errors import BadInput
from hubq.hub.eval_results import Benchmark, Entry, as_yaml, look_up, parse_benchmark
from tests.fakes import FakeHub
from tests.rows import each_row

DECLARED = """
name: Sums
description: Sums of two numbers.
evaluation_framework: math-arena
tasks:
  - id: sums
  - id: acme/sums_hard
    split: test
"""


class Benchmarks(FakeHub):
    """A hub with one data set, whose eval.yaml is given."""

    declared: str | None = DECLARED

    def dataset(
        self, repo: str, revision: str, pattern: str, progress: object | None = None
    ) -> Path:
        if repo != "acme/benchmark" or self.declared is None:
            raise BadInput(f"no such data set {repo}")
        assert (revision, pattern) == ("main", "eval.yaml")
        folder = self.folder / ("d" * 40)
        folder.mkdir(exist_ok=True)
        (folder / "eval.yaml").write_text(self.declared)
        return folder

    folder: Path


@pytest.fixture
def hub(tmp_path: Path) -> Benchmarks:
    made = Benchmarks(tmp_path)
    made.folder = tmp_path
    return made


def test_a_registered_task_is_pinned_to_the_commit_it_was_found_at(hub: Benchmarks) -> None:
    found = look_up(hub, parse_benchmark("acme/benchmark:acme/sums_hard"))
    assert found == Benchmark(dataset="acme/benchmark", task="acme/sums_hard", revision="d" * 40)


def test_an_invented_task_is_refused(hub: Benchmarks) -> None:
    with pytest.raises(BadInput, match="has no task 'sums_val'") as refused:
        look_up(hub, parse_benchmark("acme/benchmark:sums_val"))
    assert "sums, acme/sums_hard" in refused.value.remedy


def test_a_data_set_that_is_no_benchmark_is_refused(hub: Benchmarks) -> None:
    with pytest.raises(BadInput, match="not registered as a benchmark"):
        look_up(hub, parse_benchmark("acme/other:sums"))
    hub.declared = "tasks: [: :"
    with pytest.raises(BadInput, match="not registered as a benchmark"):
        look_up(hub, parse_benchmark("acme/benchmark:sums"))


@each_row("text", ["sums", "acme/benchmark", "benchmark:sums", "a/b:", "a/b:c d"])
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(BadInput, match="expected DATASET:TASK_ID"):
        parse_benchmark(text)


def test_the_hubs_own_library_reads_what_is_written() -> None:
    benchmark = Benchmark(dataset="acme/benchmark", task="sums", revision="d" * 40)
    entry = Entry(
        benchmark=benchmark,
        value=41.33,
        date="2026-11-21",
        source_url="https://example.org",
        notes="hubq 0.1.0; percent; n = 900",
    )
    (read,) = parse_eval_result_entries(yaml.safe_load(as_yaml([entry])))
    assert (read.dataset_id, read.task_id, read.value) == ("acme/benchmark", "sums", 41.33)
    assert (read.dataset_revision, read.source_name) == ("d" * 40, "hubq")
    (plain,) = parse_eval_result_entries(
        yaml.safe_load(as_yaml([Entry(benchmark=benchmark, value=1.0)]))
    )
    assert (plain.source_url, plain.notes) == (None, None)
