"""The release workflow, its shell steps run for real against an embedded Hub."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from hubq.localhub.server import LocalHub
from hubq.model.stage import Kind
from hubq.plan import ORDER
from tests.fakes import READER, WRITER
from tests.github.conftest import Artifacts
from tests.github.runner import Job, Runner
from tests.release.releases import Releases

pytestmark = pytest.mark.long

REPOS = ("acme/Small-AWQ", "acme/Small-GPTQ-Int8")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LocalHub]:
    with LocalHub(tmp_path / "hub", faults=True, durable=False) as running:
        running.storage.accounts.add("alice", role="write", orgs=("acme",), token=WRITER)
        running.storage.accounts.add("bob", role="read", token=READER)
        yield running


class Actions:
    """The workflow on one runner whose runs folder outlives its jobs."""

    def __init__(self, releases: Releases, server: LocalHub, artifacts: Artifacts) -> None:
        self.releases, self.server, self.artifacts = releases, server, artifacts
        self.count = 0

    def make(self) -> None:
        """Leave in the runs folder what a GPU would have made."""
        kinds = ORDER[: ORDER.index(Kind.PUSH)]
        report = self.releases.run(kinds=kinds, hub=self.server.url)
        assert report.exit_code == 0

    def run(self, done: Mapping[str, Job] = {}, **changes: str) -> dict[str, Job]:
        """Run the workflow once more, but for the jobs that are done."""
        options = self.releases.options()
        self.count += 1
        lasting = {
            "HUBQ_RUNS_DIR": str(options.runs_dir),
            "HUBQ_CACHE": os.environ["HUBQ_CACHE"],
            "HOME": str(self.releases.folder),
        }
        runner = Runner(
            self.releases.folder / f"run-{self.count}",
            actions=self.artifacts.actions(),
            secrets={"HF_READ_TOKEN": READER},
            environments={"hub": {"HF_WRITE_TOKEN": WRITER}},
            environ={"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            instead={"install": lasting},
        )
        inputs = {
            "source": options.source,
            "namespace": "acme",
            "recipe": str(options.recipe),
            "device": "cpu",
            "hub": self.server.url,
            "arguments": f"--interpreter\ngptqmodel={options.interpreters['gptqmodel']}",
        }
        return runner.run("release", inputs | changes, done)

    def sent(self) -> set[str]:
        """Return who asked the Hub to change something."""
        assert self.server.faults is not None
        return {one.method for one in self.server.faults.log()} - {"GET", "HEAD"}


@pytest.fixture
def actions(releases: Releases, server: LocalHub, artifacts: Artifacts) -> Actions:
    return Actions(releases, server, artifacts)


def test_a_family_is_made_looked_at_and_published(actions: Actions, server: LocalHub) -> None:
    actions.make()
    jobs = actions.run()
    assert [job.result for job in jobs.values()] == ["success", "success"], jobs["push"].log
    assert set(json.loads(jobs["push"].outputs["repos"])) == {"AWQ", "GPTQ-Int8"}
    for repo in REPOS:
        stored = server.storage.repo(repo)
        assert "model.safetensors" in stored.files()
        assert repo in jobs["push"].summary
    assert "| Variant |" in jobs["make"].summary
    assert jobs["push"].outputs["collection"].startswith(server.url)
    made, published = (actions.artifacts.folder / f"family-as-{w}" for w in ("made", "published"))
    for folder in (made, published):
        assert (folder / "Small-AWQ" / "hubq.json").is_file()
        assert (folder / "report" / "report.md").is_file()
        assert not list(folder.rglob("*.safetensors"))


def test_the_token_that_may_write_is_in_the_push_job_alone(actions: Actions) -> None:
    actions.make()
    jobs = actions.run()
    assert jobs["make"].step("hubq").environ["HF_TOKEN"] == READER
    assert jobs["push"].step("hubq").environ["HF_TOKEN"] == WRITER
    assert WRITER not in jobs["make"].log + jobs["push"].log
    told = [step.inputs for job in jobs.values() for step in job.steps if "/" in step.name]
    with_token = [inputs for inputs in told if WRITER in inputs.values()]
    assert [inputs["step"] for inputs in with_token] == ["push"]


def test_a_run_again_sends_nothing(actions: Actions, server: LocalHub) -> None:
    actions.make()
    actions.run()
    assert server.faults is not None
    server.faults.clear_log()
    actions.artifacts.folder.rename(actions.artifacts.folder.with_name("before"))
    jobs = actions.run()
    assert jobs["push"].result == "success"
    assert not actions.sent()


def test_the_push_job_makes_nothing(actions: Actions) -> None:
    """On another runner than the make job's, it says so instead of making everything again."""
    jobs = actions.run(done={"make": Job(result="success", steps=[])})
    assert jobs["push"].result == "failure"
    assert "still to be run" in jobs["push"].log
    assert "nothing was published" in jobs["push"].summary
    assert not actions.sent()


def test_what_fails_is_in_the_summary(actions: Actions, server: LocalHub) -> None:
    actions.make()
    jobs = actions.run(visibility="secret")
    assert jobs["make"].result == "failure"
    assert "visibility is public, private or empty" in jobs["make"].log
    assert jobs["push"].result == "skipped"
    jobs = actions.run(recipe="no-such-recipe")
    assert "nothing was made" in jobs["make"].summary
    assert "no-such-recipe" in jobs["make"].log
    assert not actions.sent()
