"""The audit workflow, its shell steps run for real."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.github.conftest import Artifacts
from tests.github.runner import Job, Runner

pytestmark = pytest.mark.long

TRUE = "---\nlicense: mit\n---\n# A model\n\nNothing is said here that could be wrong.\n"
FALSE = """# Model-GPTQ-Int4

| Model | ARC-C | GSM8K | Average |
|---|---|---|---|
| Base | 60.0 | 70.0 | 65.0 |
| Quantized | 58.0 | 68.0 | 66.0 |
"""


def audited(
    artifacts: Artifacts,
    folder: Path,
    card: str,
    environ: Mapping[str, str] | None = None,
    /,
    **inputs: str,
) -> Job:
    workspace = folder / "audit" / "workspace"
    workspace.mkdir(parents=True)
    (workspace / "README.md").write_text(card, encoding="utf-8")
    runner = Runner(
        folder,
        actions=artifacts.actions(),
        github={"event_name": "pull_request"},
        environ={
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(folder),
            "HUBQ_CACHE": str(folder / "cache"),
            **(environ or {}),
        },
        instead={"install": {}},
    )
    return runner.run("audit", {"targets": "README.md", **inputs})["audit"]


def test_a_wrong_average_fails_the_job_at_its_line(artifacts: Artifacts, tmp_path: Path) -> None:
    job = audited(artifacts, tmp_path, FALSE)
    assert job.result == "failure"
    assert "::error " in job.log
    assert "file=README.md,line=6" in job.log
    assert "wrong-average" in job.log
    assert "wrong-average" in job.summary
    (sarif,) = [inputs for name, inputs in artifacts.asked if name == "upload-sarif"]
    report = json.loads(Path(sarif["sarif_file"]).read_text(encoding="utf-8"))
    assert report["version"] == "2.1.0"
    found = [one["ruleId"] for one in report["runs"][0]["results"]]
    assert "wrong-average" in found
    assert "<html" in (artifacts.folder / "audit" / "audit.html").read_text(encoding="utf-8")


def test_a_card_with_nothing_wrong_passes(artifacts: Artifacts, tmp_path: Path) -> None:
    job = audited(artifacts, tmp_path, TRUE)
    assert job.result == "success", job.log
    assert "::error" not in job.log
    assert job.summary


def test_findings_can_be_shown_without_failing(artifacts: Artifacts, tmp_path: Path) -> None:
    job = audited(artifacts, tmp_path, FALSE, **{"fail-on": "never"})
    assert job.result == "success"
    assert "wrong-average" in job.summary


@pytest.mark.parametrize(
    ("inputs", "asked"), [({}, False), ({"web": "false"}, False), ({"web": "true"}, True)]
)
def test_other_sites_are_asked_only_on_request(
    artifacts: Artifacts, tmp_path: Path, inputs: dict[str, str], asked: bool
) -> None:
    """Behind a proxy `hubq audit --web` says that it cannot, before it asks anybody."""
    proxy = {"https_proxy": "http://127.0.0.1:1"}
    job = audited(artifacts, tmp_path, TRUE, proxy, **inputs)
    said = "--web asks sites directly, and the environment names a proxy"
    assert (job.result == "failure", said in job.log) == (asked, asked), job.log


def test_the_web_is_asked_for_by_true_or_false(artifacts: Artifacts, tmp_path: Path) -> None:
    job = audited(artifacts, tmp_path, TRUE, web="yes")
    assert job.result == "failure"
    assert "::error::The input web is true or false." in job.log


def test_a_target_that_is_not_there_fails_with_a_word(artifacts: Artifacts, tmp_path: Path) -> None:
    job = audited(artifacts, tmp_path, TRUE, targets="no/such/folder.md")
    assert job.result == "failure"
    assert "no/such/folder.md" in job.log
