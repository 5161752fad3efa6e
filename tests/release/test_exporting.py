"""Tests of hubq.release.exporting, hubq.release.scores and `hubq export`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from huggingface_hub import parse_eval_result_entries

from hubq.cli.main import cli
from hubq.errors import BadInput
from hubq.evaluate.formats import canonical
from hubq.evaluate.formats.every_eval_ever import schema
from hubq.release.exporting import leaderboard_files
from hubq.release.scores import release_name, release_scores
from hubq.store import Store
from tests.fakes import FakeHub
from tests.release.releases import Releases
from tests.release.stand_in import ITEMS


def export(releases: Releases, *arguments: object) -> Result:
    runs = releases.options().runs_dir
    return CliRunner().invoke(
        cli, ["export", "Small", "--runs-dir", str(runs), *(str(one) for one in arguments)]
    )


def test_the_canonical_files_say_all_that_is_known(finished: Releases, tmp_path: Path) -> None:
    done = export(finished, "--out", tmp_path)
    assert done.exit_code == 0, done.output
    found = canonical.read(tmp_path / "AWQ")
    task = found.results.tasks[0]
    assert (task.name, task.n, task.population, task.form) == ("Words", ITEMS, ITEMS, "text-answer")
    assert task.dataset.name == "words.jsonl"
    assert len(task.dataset.sha256) == 64
    assert (task.identity.harness, task.identity.engine) == ("hubq", "transformers")
    assert (task.metric, task.extraction, task.max_new_tokens) == ("exact", "whole", 4)
    assert set(task.stages) == {"generate", "score"}
    assert found.results.repo == "acme/Small-AWQ"
    assert found.results.source.name == "Small"
    assert len(found.samples["Words"]) == ITEMS
    base = canonical.read(tmp_path / "BF16").results
    assert base.tasks[0].comparison is None


def test_a_score_is_that_of_its_stage(finished: Releases) -> None:
    runs = finished.options().runs_dir
    for scored in release_scores(runs, "Small").values():
        task = scored.results.tasks[0]
        measure = Store(runs).load(task.stages["score"]).measure("score")
        assert (task.score, task.se, task.low) == (measure.value, measure.se, measure.low)


def test_differences_are_those_of_the_cards(finished: Releases) -> None:
    runs = finished.options().runs_dir
    task = release_scores(runs, "Small")["AWQ"].results.tasks[0]
    assert task.comparison is not None
    assert task.comparison.comparable
    assert task.comparison.verdict
    assert task.comparison.non_inferiority


def test_exports_repeat_byte_for_byte(finished: Releases, tmp_path: Path) -> None:
    for to in ("json", "csv", "eee", "model-index"):
        assert export(finished, "--to", to, "--out", tmp_path / "a").exit_code == 0
        assert export(finished, "--to", to, "--out", tmp_path / "b").exit_code == 0
    files = [path for path in (tmp_path / "a").rglob("*") if path.is_file()]
    assert len(files) == 6 + 2 + 6 + 3
    for path in files:
        again = tmp_path / "b" / path.relative_to(tmp_path / "a")
        assert path.read_bytes() == again.read_bytes()


def test_every_eval_ever_gets_questions_only_when_asked(finished: Releases, tmp_path: Path) -> None:
    import jsonschema

    done = export(finished, "--to", "eee", "--variant", "AWQ", "--out", tmp_path / "quiet")
    assert done.exit_code == 0, done.output
    aggregate, lines = (Path(line) for line in done.stdout.splitlines())
    jsonschema.validate(json.loads(aggregate.read_text()), schema("eval"))
    first = json.loads(lines.read_text().splitlines()[0])
    jsonschema.validate(first, schema("instance_level_eval"))
    assert first["input"] == {"raw": "", "reference": []}
    assert first["sample_hash"]
    done = export(finished, "--to", "eee", "--with-items", "--variant", "AWQ", "--out", tmp_path)
    first = json.loads(Path(done.stdout.splitlines()[1]).read_text().splitlines()[0])
    assert first["input"]["reference"] == ["red"]


def test_a_variant_without_scores_is_named(finished: Releases, tmp_path: Path) -> None:
    done = export(finished, "--variant", "FP8", "--out", tmp_path)
    assert isinstance(done.exception, BadInput)
    assert done.exception.message == "no scores of FP8"
    assert "BF16, GPTQ-Int8, AWQ" in done.exception.remedy


def test_a_release_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["export", "acme/Other", "--runs-dir", str(tmp_path)])
    assert isinstance(done.exception, BadInput)
    assert "no release 'Other'" in done.exception.message


def test_a_release_is_found_by_repo_folder_or_name(tmp_path: Path) -> None:
    assert release_name("acme/Small@main") == "Small"
    assert release_name("Small") == "Small"
    assert release_name(str(tmp_path)) == tmp_path.name


def test_leaderboards_have_to_be_named(finished: Releases, tmp_path: Path) -> None:
    done = export(finished, "--to", "eval-results", "--out", tmp_path)
    assert isinstance(done.exception, BadInput)
    assert "--eval-results TASK=DATASET:TASK_ID" in done.exception.remedy
    done = export(
        finished, "--to", "eval-results", "--out", tmp_path, "--eval-results", "Sums=a/b:c"
    )
    assert isinstance(done.exception, BadInput)
    assert "no scores of task 'Sums'" in done.exception.message


def test_a_registered_benchmark_gets_its_file(finished: Releases, tmp_path: Path) -> None:
    hub = FakeHub(tmp_path)
    hub.add("acme/words", {"eval.yaml": b"name: W\ntasks:\n  - id: words\n"})
    family = release_scores(finished.options().runs_dir, "Small")
    texts = leaderboard_files(family, ["Words=acme/words:words"], lambda: hub)
    assert set(texts) == {
        f"{name}/.eval_results/acme_words-words.yaml" for name in ("BF16", "GPTQ-Int8", "AWQ")
    }
    text = texts["AWQ/.eval_results/acme_words-words.yaml"]
    (entry,) = parse_eval_result_entries(yaml.safe_load(text))
    assert (entry.dataset_id, entry.task_id) == ("acme/words", "words")
    assert entry.value == 83.33
    assert entry.notes is not None
    assert "n = 24" in entry.notes
    with pytest.raises(BadInput, match="no task 'words_val'"):
        leaderboard_files(family, ["Words=acme/words:words_val"], lambda: hub)
