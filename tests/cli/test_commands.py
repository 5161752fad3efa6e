"""Commands print facts to stdout as text or JSON, and change nothing they were not asked to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hubq.cli.main import cli
from hubq.errors import BadInput
from hubq.release.endpoint import local_server
from tests.release.releases import Releases
from tests.release.stand_in import StandInExecutor


def hubq(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments))


def said(*arguments: str) -> str:
    done = hubq(*arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


def release_arguments(releases: Releases) -> list[str]:
    options = releases.options()
    return [
        options.source,
        *("--recipe", str(options.recipe), "--namespace", "acme", "--hub", "local"),
        *("--runs-dir", str(options.runs_dir), "--device", "cpu"),
        *("--interpreter", f"gptqmodel={options.interpreters['gptqmodel']}"),
    ]


def test_environments_are_listed_as_not_built() -> None:
    found = json.loads(said("env", "list", "--format", "json"))
    assert {(e["name"], e["device"], e["state"]) for e in found} == {
        (name, device, "not built")
        for name in (
            *("gptqmodel", "legacy", "llmcompressor", "vllm"),
            *("lm-eval", "lmms-eval", "vlmevalkit"),
        )
        for device in ("cpu", "cuda")
    }
    assert "not built" in said("env", "list")


def test_an_environment_that_is_not_built_cannot_be_described() -> None:
    done = hubq("env", "show", "gptqmodel", "--device", "cpu")
    assert isinstance(done.exception, BadInput)
    assert "hubq env build gptqmodel" in done.exception.remedy


def test_checking_an_environment_that_is_not_built_finds_that() -> None:
    done = hubq("env", "check", "gptqmodel", "--device", "cpu")
    assert done.exit_code == 1
    assert "not built" in done.stderr


def test_a_recipe_is_shown_as_written_and_with_its_defaults() -> None:
    assert "group_size: 128" in said("recipe", "show", "qwen2-vl")
    whole = json.loads(said("recipe", "show", "qwen2-vl", "--format", "json"))
    assert whole["recipe"]["variants"][0]["desc_act"] is False
    assert len(whole["digest"]) == 64


def test_recipes_are_listed() -> None:
    names = {entry["name"] for entry in json.loads(said("recipe", "list", "--format", "json"))}
    assert {"nano", "qwen2-vl"} <= names
    assert "(by name only)" in said("recipe", "list")


def test_the_schema_is_printed_for_editors() -> None:
    assert "$ref" in json.loads(said("recipe", "schema"))


def test_a_copy_is_never_written_over_a_file(tmp_path: Path) -> None:
    target = tmp_path / "mine.yaml"
    assert hubq("recipe", "copy", "nano", str(target)).exit_code == 0
    again = hubq("recipe", "copy", "nano", str(target))
    assert isinstance(again.exception, BadInput)


@pytest.mark.parametrize("command", [["plan"], ["release", "--dry-run"]])
def test_a_plan_is_printed_and_nothing_else_happens(releases: Releases, command: list[str]) -> None:
    arguments = [*command, *release_arguments(releases)]
    text = said(*arguments)
    assert "quantize/AWQ" in text
    assert "acme/Small-AWQ" in text
    plan = json.loads(said(*arguments, "--format", "json"))
    assert plan["repos"]["AWQ"] == "acme/Small-AWQ"
    assert "splits over GPUs" in text
    assert [row["tp"] for row in plan["tensor_parallel"]["AWQ"]] == list(range(1, 9))
    assert {one["variant"] for one in plan["estimates"]} == {"GPTQ-Int8", "AWQ"}
    assert all(one["size_bytes"] > 0 and one["ram_bytes"] > 0 for one in plan["estimates"])
    assert {stage["state"] for stage in plan["stages"]} == {"to run"}
    assert not (releases.folder / "runs").exists()


def test_a_finished_release_says_that_there_is_nothing_to_do(finished: Releases) -> None:
    done = hubq("release", *release_arguments(finished), "--yes")
    assert done.exit_code == 0
    assert "Nothing to do" in done.stderr
    assert "AWQ: local:acme/Small-AWQ" in done.stdout
    report = json.loads(said("release", *release_arguments(finished), "--format", "json"))
    assert report["ran"] == report["looked"] == ["push", "verify"]


@pytest.mark.parametrize("verb", [["quantize"], ["certify"], ["evaluate"], ["bench", "run"]])
def test_a_verb_of_a_finished_release_has_nothing_to_do(
    finished: Releases, verb: list[str]
) -> None:
    done = hubq(*verb, *release_arguments(finished))
    assert done.exit_code == 0
    assert "Nothing to do" in done.stderr


@pytest.mark.long
def test_status_and_show_read_the_runs_folder(releases: Releases) -> None:
    releases.run(StandInExecutor(fail={"bench/sitting": "no timer"}), allow_gaps=True)
    runs = ["--runs-dir", str(releases.folder / "runs")]
    assert "Small" in said("status", *runs)
    assert json.loads(said("status", "--format", "json", *runs))[0]["name"] == "Small"
    assert "no timer" in said("status", "Small", *runs)
    claims = json.loads(said("show", "--variant", "AWQ", "--format", "json", *runs))
    name = next(c["id"] for c in claims if c["id"].startswith("score.AWQ"))
    assert name in said("show", "--variant", "AWQ", *runs)
    assert "agrees" in said("show", name, "--variant", "AWQ", *runs)
    assert json.loads(said("show", name, "--variant", "AWQ", "--format", "json", *runs))["found"]


def test_an_unknown_card_lists_the_ones_there_are(finished: Releases) -> None:
    done = hubq("show", "--variant", "Q4", "--runs-dir", str(finished.folder / "runs"))
    assert isinstance(done.exception, BadInput)
    assert "GPTQ-Int8, AWQ" in done.exception.remedy


def test_a_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    with local_server(tmp_path / "one") as server:
        port = server.url.rpartition(":")[2]
        done = hubq("hub", "serve", "--dir", str(tmp_path / "two"), "--port", port)
    assert isinstance(done.exception, BadInput)
    assert port in done.exception.message


def test_publishing_is_asked_about_where_nobody_can_be_asked(
    releases: Releases, monkeypatch: pytest.MonkeyPatch
) -> None:
    with local_server(releases.folder / "hub2") as server:
        monkeypatch.setenv("HF_TOKEN", server.token)
        arguments = release_arguments(releases)
        arguments[arguments.index("local")] = server.url
        done = hubq("release", *arguments)
    assert done.exit_code == 2
    assert "--yes" in done.output


def test_an_evaluation_prints_scores_and_differences(finished: Releases) -> None:
    text = said("evaluate", *release_arguments(finished))
    assert "task   variant    n   score" in text
    assert "engine: transformers in bfloat16" in text
    found = json.loads(said("evaluate", *release_arguments(finished), "--format", "json"))
    assert [line["variant"] for line in found["lines"]] == ["BF16", "GPTQ-Int8", "AWQ"]
    assert found["lines"][1]["compared"]["test"] == "mcnemar-exact"
