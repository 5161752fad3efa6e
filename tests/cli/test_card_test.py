"""`hubq card test` on a README: real processes, an interpreter of the user's own."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hubq.cli.main import cli
from hubq.errors import BadInput

pytestmark = pytest.mark.long

README = """---
license: mit
---
# Somebody's model

```bash
pip install no-such-package-here
```

## Use

```python
from huggingface_hub import hf_hub_download

print("config of", open(hf_hub_download("some/body", "config.json")).read())
```

## Serve

```bash
vllm serve some/body
```
"""


@pytest.fixture
def readme(tmp_path: Path) -> Path:
    checkpoint = tmp_path / "checkpoint"
    checkpoint.mkdir()
    (checkpoint / "config.json").write_text("{}")
    path = tmp_path / "README.md"
    path.write_text(README)
    return path


def tried(path: Path, *more: str) -> Result:
    own = f"gptqmodel={sys.executable}"
    words = ["card", "test", str(path), "--device", "cpu", "--interpreter", own, *more]
    return CliRunner().invoke(cli, words)


def told(result: Result) -> dict[str, dict[str, Any]]:
    return {one["title"]: one for one in json.loads(result.stdout)}


def test_the_code_of_any_readme_is_run_against_a_checkpoint(readme: Path) -> None:
    result = tried(readme, "--checkpoint", str(readme.parent / "checkpoint"), "--format", "json")
    found = told(result)
    assert (found["Use"]["state"], found["Use"]["said"]) == ("ran", "config of {}")
    assert found["Use"]["line"] == 12
    assert found["Serve"]["state"] == "not-run"
    assert "--engine vllm" in found["Serve"]["said"]
    assert found["Somebody's model"]["state"] == "failed"
    assert result.exit_code == 1
    assert "is taken for some/body" in result.stderr


def test_only_an_engines_own_code_is_run(readme: Path) -> None:
    own = f"vllm={sys.executable}"
    readme.write_text("# A\n```python\nprint(1)\n```\n# B\n```python\nimport vllm\n```\n")
    checkpoint = str(readme.parent / "checkpoint")
    words = ("--engine", "vllm", "--interpreter", own, "--format", "json")
    found = told(tried(readme, "--checkpoint", checkpoint, *words))
    assert (found["A"]["state"], "--engine transformers" in found["A"]["said"]) == ("not-run", True)
    assert found["B"]["state"] == "failed"
    assert "vllm" in found["B"]["said"]


def test_code_that_runs_is_no_failure_and_is_shown_as_a_table(readme: Path) -> None:
    readme.write_text("# A\n```python\nprint('it runs')\n```\n")
    result = tried(readme, "--checkpoint", str(readme.parent / "checkpoint"))
    assert result.exit_code == 0
    heading, row = result.stdout.splitlines()
    assert heading.split()[:3] == ["card", "line", "under"]
    assert row.split()[:5] == ["README.md", "2", "A", "python", "ran"]
    assert row.endswith("it runs")


def test_a_readme_without_a_checkpoint_is_refused(readme: Path) -> None:
    result = tried(readme)
    assert isinstance(result.exception, BadInput)
    assert "--checkpoint" in result.exception.remedy


def test_a_folder_that_is_no_checkpoint_is_refused(readme: Path, tmp_path: Path) -> None:
    result = tried(readme, "--checkpoint", str(tmp_path))
    assert isinstance(result.exception, BadInput)
    assert "config.json" in result.exception.message
