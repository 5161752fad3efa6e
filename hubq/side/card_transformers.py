"""Run the snippets of a card against the checkpoint, as a reader would after it is published."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import checkpoint_files
import events
from snippet_folder import Folder
from snippet_scripts import Runner
from snippet_words import Words

SCHEMA = 1
RECORD = "snippets.json"


def run(job: dict[str, Any], work: Path) -> dict[str, Any]:
    """Run the scripts of one card.

    Args:
        job: `scripts` (`kind`, `fences`, and what its kind needs), `repos` (repo id -> folder) and
            `timeout_s`.
        work: gets `snippets.json`.

    Returns:
        How many fences came to each state.

    Raises:
        events.Stop: a stop was asked for.
    """
    scratch = Path.cwd() / "snippets"
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        scripts = run_all(job, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    checkpoint_files.write_json(work / RECORD, {"schema": SCHEMA, "scripts": scripts})
    states = [fence["state"] for script in scripts for fence in script["fences"]]
    return {state: states.count(state) for state in sorted(set(states))}


def run_all(job: Mapping[str, Any], scratch: Path) -> list[dict[str, Any]]:
    """Run the scripts of one card in a folder and return what became of each."""
    codes = [fence["code"] for script in job["scripts"] for fence in script["fences"]]
    folder = Folder(scratch, job["repos"], codes)
    known = dict.fromkeys(job["repos"].values(), "the checkpoint")
    words = Words({**known, str(scratch): "the folder"})
    runner = Runner(folder, words, job["timeout_s"])
    found = []
    for number, script in enumerate(job["scripts"]):
        events.progress(number, len(job["scripts"]), "scripts")
        found.append(runner.run(script))
    events.progress(len(found), len(job["scripts"]), "scripts")
    return found
