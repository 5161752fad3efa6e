from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hubq.model.outcome import Done, Failed
from hubq.secrets import keep_secret
from hubq.workers.leaks import cleanse
from hubq.workers.process import WorkerProcess

TOKEN = "hf_" + "aB3" * 12
IN_USE = "leaked-of-no-shape"

_TALKER = f"""
import json, os, sys
for line in sys.stdin:
    job = json.loads(line)
    control = job["control"]
    with open(control + "/log.txt", "a") as log:
        log.write("found {TOKEN}\\n")
    with open(control + "/files/answers.json", "w") as file:
        file.write('"{TOKEN} {IN_USE}"')
    out = {{"state": job["script"], "result": {{"said": "{TOKEN}"}},
           "error": {{"type": "X", "message": "with {TOKEN}", "traceback": "{IN_USE}"}}}}
    with open(control + "/out.json", "w") as file:
        json.dump(out, file)
    said = json.dumps({{"event": "end", "state": job["script"], "control": control}})
    os.write(int(os.environ["HUBQ_EVENTS"]), said.encode() + b"\\n")
"""


def _run(tmp_path: Path, state: str) -> tuple[object, Path]:
    keep_secret(IN_USE)
    main = tmp_path / "main.py"
    main.write_text(_TALKER)
    control = tmp_path / "control"
    process = WorkerProcess(Path(sys.executable), {}, main=main)
    try:
        return process.run(state, {}, control), control
    finally:
        process.close()


@pytest.mark.long
def test_what_a_worker_said_is_rid_of_secrets_when_it_failed(tmp_path: Path) -> None:
    outcome, control = _run(tmp_path, "failed")
    assert isinstance(outcome, Failed)
    assert (outcome.message, outcome.log_tail) == ("with hf***", "found hf***")
    assert outcome.traceback == "***"
    assert (control / "log.txt").read_text() == "found hf***\n"
    assert TOKEN not in (control / "out.json").read_text()


@pytest.mark.long
def test_results_lose_only_the_secrets_in_use(tmp_path: Path) -> None:
    outcome, control = _run(tmp_path, "done")
    assert isinstance(outcome, Done)
    assert outcome.result == {"said": "hf***"}
    assert (control / "files" / "answers.json").read_text() == f'"{TOKEN} ***"'


def test_a_checkpoint_stays_as_it_is(tmp_path: Path) -> None:
    keep_secret(IN_USE)
    checkpoint = tmp_path / "files" / "checkpoint"
    checkpoint.mkdir(parents=True)
    (checkpoint / "config.json").write_text(IN_USE)
    (tmp_path / "files" / "weights.bin").write_text(IN_USE)
    (tmp_path / "files" / "notes.txt").write_text(IN_USE)
    assert cleanse(tmp_path) == ("files/notes.txt",)
    assert (checkpoint / "config.json").read_text() == IN_USE
