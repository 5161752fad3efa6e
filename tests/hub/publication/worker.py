"""A process that publishes: forked from one that has imported everything, so that it starts fast.

Reads one job a line; writes the child's process id, then how it ended (`Popen.returncode`).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import traceback
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Self

import huggingface_hub.hf_api
import huggingface_hub.utils._http as library
import msgspec

from hubq.errors import UserError
from hubq.hub.huggingface import HuggingFaceHub
from hubq.hub.publication.abort import abort
from hubq.hub.publication.protocol import publish, resume, unfinished
from hubq.hub.retry import Retries
from tests.hub.publication.families import plan_of

ROOT = Path(__file__).parents[3]
INTERRUPTED = 130
IMPORTED = huggingface_hub.hf_api.HfApi
"""What takes long to import, for the children to find imported."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What a process is to publish, where to, and where its journal and its files lie."""

    url: str
    token: str
    folder: str
    files: str
    edition: int
    number: int = 1
    abort: bool = False


def push(job: Job, timeout: float = 120.0) -> None:
    """Give up or go on with what is under way, or plan and publish."""
    patient = Retries(sleep=lambda _: None)
    hub = HuggingFaceHub(job.url, job.token, retries=patient, timeout=timeout)
    folder = Path(job.folder)
    if job.abort:
        abort(hub, folder)
        return
    if unfinished(folder):
        resume(hub, folder, retries=patient)
        return
    plan = plan_of(hub, job.edition, number=job.number, folder=Path(job.files))
    publish(hub, plan, folder, retries=patient)


def hurried() -> SimpleNamespace:
    """A clock for the client library whose waits cost nothing."""
    return SimpleNamespace(sleep=lambda _: None)


def child(job: Job) -> None:
    """Publish, and end with hubq's exit code."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    code = 0
    try:
        push(job)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except UserError as error:
        Path(job.folder).with_suffix(".said").write_text(str(error))
        code = error.exit_code
    except BaseException:  # noqa: BLE001 - a bug in a forked process must be seen, not inherited
        traceback.print_exc()
        code = 99
    os._exit(code)


class Workers:
    """The template process, as a test sees it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.hub.publication.worker"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_DISABLE_XET": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def start(self, job: Job) -> int:
        """Fork a process for a job and return its id."""
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(job).decode() + "\n")
        self._process.stdin.flush()
        return self._number()

    def wait(self) -> int:
        """Wait for the process started last and return how it ended."""
        return self._number()

    def run(self, job: Job) -> int:
        """Do a job and return how it ended."""
        self.start(job)
        return self.wait()

    def _number(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())


def main() -> None:
    """Fork a child for every line."""
    vars(library)["time"] = hurried()
    for line in sys.stdin:
        job = msgspec.json.decode(line, type=Job)
        pid = os.fork()
        if not pid:
            child(job)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
