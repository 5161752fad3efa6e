"""Crashes: faults of hubq itself in one place of a sweep, written down while the rest goes on."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from hubq.audit.rule import Rule
from hubq.audit.subject import Subject
from hubq.errors import UserError
from hubq.model.finding import Finding
from hubq.resources import cache_folder
from hubq.secrets import redact
from hubq.version import version


class Crashes:
    """What went wrong in hubq itself.

    Args:
        folder: where reports go; hubq's cache folder by default.

    Attributes:
        files: the reports so far; one fault has one, however often it is met.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._said: list[str] = []
        self._known: dict[tuple[object, ...], str] = {}
        self.files: list[str] = []

    def note(self, error: BaseException, doing: str) -> str:
        """Write a report of an error, where that is a new one, and return where it is.

        Args:
            error: with its traceback.
            doing: what was being done.
        """
        text = f"hubq {version()}, {doing}\n\n{''.join(traceback.format_exception(error))}"
        folder = self._folder or cache_folder() / "crashes"
        frames = traceback.extract_tb(error.__traceback__)
        key = (type(error), *((one.filename, one.lineno) for one in frames[-3:]))
        with self._lock:
            if key in self._known:
                return self._known[key]
            folder.mkdir(parents=True, exist_ok=True)
            stamp = time.strftime("%Y%m%d-%H%M%S")
            path = folder / f"audit-{stamp}-{len(self.files) + 1}.txt"
            path.write_text(redact(text), encoding="utf-8")
            self._known[key] = str(path)
            self.files.append(str(path))
        return str(path)

    def guarded(self, rule: Rule) -> Rule:
        """Return a rule whose faults are written down and end only itself."""

        def check(subject: Subject) -> Iterator[Finding]:
            try:
                yield from rule.check(subject)
            except UserError as error:  # evidence that a hub does not give
                self._said.append(f"{rule.id} could not be applied: {error.message}")
            except Exception as error:  # noqa: BLE001 - one repo's rule must not end a sweep
                path = self.note(error, f"rule {rule.id} on {subject.name}")
                self._said.append(f"{rule.id} failed, which is a fault of hubq: see {path}")

        return msgspec.structs.replace(rule, check=check)

    def about(self, name: str) -> About:
        """Return what collects the faults of auditing one thing."""
        self._said.clear()
        return About(self, name, self._said)


class About:
    """The faults of auditing one thing, within a `with` block; none of them leaves it.

    Attributes:
        said: them, in words.
    """

    def __init__(self, crashes: Crashes, name: str, said: list[str]) -> None:
        self._crashes, self._name, self.said = crashes, name, said

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        del kind, trace
        if not isinstance(error, Exception) or isinstance(error, UserError):
            return False
        path = self._crashes.note(error, f"auditing {self._name}")
        self.said.append(f"auditing it failed, which is a fault of hubq: see {path}")
        return True
