"""Run the scripts of a card: what each one of its fences did, said and took.

A script is what a reader does under one heading: install, run some code, start a server and ask it.
What goes wrong is an outcome of that script and stops nothing else.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import events
import snippet_driver
import snippet_requirements
import snippet_server
from snippet_folder import Folder
from snippet_process import Child, TooLongError, TooMuchError
from snippet_words import Words, first_line, last_line

Outcome = dict[str, Any]

DRIVER = Path(snippet_driver.__file__)
REPLY = "reply.jsonl"
STOPPED = "what stands before it failed"
#: How long a program may take to end once all of its code is done, in seconds.
AFTER_S = 20.0
#: The last line of a traceback, by itself or behind what a logger puts before it.
_RAISED = re.compile(r"(?:^|\] )((?:[\w.]+\.)?[A-Z]\w*(?:Error|Exception): .+)$")


class Runner:
    """Runs the scripts of one card, one after another.

    Args:
        folder: where they run.
        words: what their output is cleaned with.
        limit_s: how long a script may take, and a server until it is ready, in seconds.
    """

    def __init__(self, folder: Folder, words: Words, limit_s: float) -> None:
        self.folder, self.words, self.limit_s = folder, words, limit_s
        self._count = 0

    def run(self, script: Mapping[str, Any]) -> dict[str, Any]:
        """Run a script and return what became of it, fence by fence.

        Raises:
            events.Stop: a stop was asked for.
        """
        began = time.monotonic()
        does = {
            "said": self._said,
            "install": self._install,
            "python": lambda one: self._python(one["fences"]),
            "server": self._server,
        }
        outcomes = does[script["kind"]](script)
        fences = [
            {**{name: fence[name] for name in ("sha256", "language", "title", "line")}, **outcome}
            for fence, outcome in zip(script["fences"], outcomes, strict=True)
        ]
        ran = script["kind"] in {"python", "server"}
        seconds = round(time.monotonic() - began, 3) if ran else 0.0
        return {"kind": script.get("of", script["kind"]), "seconds": seconds, "fences": fences}

    def _said(self, script: Mapping[str, Any]) -> list[Outcome]:
        return [{"state": script["state"], "said": script["said"]} for _ in script["fences"]]

    def _install(self, script: Mapping[str, Any]) -> list[Outcome]:
        try:
            wrong = snippet_requirements.problems(script["requirements"])
        except snippet_requirements.UnreadableError as error:
            return [{"state": "not-run", "said": str(error)}]
        if wrong:
            return [{"state": "failed", "said": "; ".join(wrong)}]
        return [{"state": "checked", "said": "what it asks for is what is installed here"}]

    def _python(self, fences: Sequence[Mapping[str, Any]]) -> list[Outcome]:
        """Run the code of some fences as one program."""
        for name, why in self.folder.missing.items():
            if any(name in fence["code"] for fence in fences):
                return [{"state": "not-run", "said": why} for _ in fences]
        self._count += 1
        work = self.folder.root / f"script-{self._count}"
        work.mkdir()
        spec = self._spec(fences, work)
        began = time.monotonic()
        arguments = [sys.executable, str(DRIVER), str(work / "spec.json")]
        child = Child(arguments, self.folder.environ, self.folder.place, work / "log.txt")
        ended = self._ending(child, work, spec)
        seconds = round(time.monotonic() - began, 3)
        return self._outcomes(work, spec, ended, seconds)

    def _spec(self, fences: Sequence[Mapping[str, Any]], work: Path) -> list[dict[str, Any]]:
        """Write what the driver runs; return where each fence's output goes."""
        program = self.folder.place / "snippet.py"
        program.write_text("".join(fence["code"] for fence in fences), encoding="utf-8")
        spec, line = [], 0
        for number, fence in enumerate(fences):
            files = {to: str(work / f"{to}-{number}.txt") for to in ("out", "err")}
            spec.append({"code": fence["code"], "line": line, **files})
            line += fence["code"].count("\n")
        whole = {"program": str(program), "fences": spec, "reply": str(work / REPLY)}
        (work / "spec.json").write_text(json.dumps(whole), encoding="utf-8")
        return spec

    def _ending(self, child: Child, work: Path, spec: Sequence[Mapping[str, Any]]) -> str:
        """Wait for a program; return why it did not end by itself and well, empty where it did."""
        outputs = [Path(one[to]) for one in spec for to in ("out", "err")]
        until = time.monotonic() + self.limit_s
        try:
            while True:
                try:
                    child.wait(min(AFTER_S, max(0.0, until - time.monotonic())), outputs)
                except TooLongError:
                    if _is_done(work / REPLY, len(spec)):
                        child.end(grace_s=2.0)
                        return ""
                    if time.monotonic() >= until:
                        child.end(grace_s=2.0)
                        return f"it did not end within {self.limit_s:g} s"
                else:
                    status = child.end()
                    return child.died(status) if status else ""
        except TooMuchError:
            child.end(grace_s=2.0)
            return "it writes without end"
        except BaseException:
            child.end(grace_s=2.0)
            raise

    def _outcomes(
        self, work: Path, spec: Sequence[Mapping[str, Any]], ended: str, seconds: float
    ) -> list[Outcome]:
        """Return what became of each fence of a program that has ended.

        Args:
            work: the folder of the driver's files.
            spec: where each fence's output went.
            ended: why the program did not end well; empty where it did.
            seconds: that it took as a whole.
        """
        told = _told(work / REPLY)
        found = [self._outcome(told.get(number), ended, seconds) for number in range(len(spec))]
        for outcome, files in zip(found, spec, strict=True):
            outcome["output"] = self.words.read(Path(files["out"]))
            outcome["errors"] = self.words.read(Path(files["err"]), error=True)
        if not told:
            # The interpreter itself did not come so far; its words are in the log.
            log = self.words.read(work / "log.txt", error=True)
            found[0] |= {"state": "failed", "said": last_line(log) or ended, "errors": log}
        return found

    def _outcome(self, said: Mapping[str, Any] | None, ended: str, seconds: float) -> Outcome:
        """Return what became of a fence, by what the driver said last of it."""
        if said is None:
            return {"state": "not-run", "said": STOPPED, "seconds": 0.0}
        if said["state"] == "began":
            return {"state": "failed", "said": ended, "seconds": seconds}
        seconds = said["seconds"]
        if said["state"] == "failed":
            words = self.words.of_error(said["error"])
            return {"state": "failed", "said": words, "seconds": seconds}
        printed = self.words.clean(said["printed"])
        return {"state": "ran", "said": first_line(printed), "seconds": seconds}

    def _server(self, script: Mapping[str, Any]) -> list[Outcome]:
        """Start a server, run the clients against it, and end it."""
        wrong = script["requirements"] and self._install(script)[0]
        if wrong and wrong["state"] == "failed":
            return [wrong, *({"state": "not-run", "said": STOPPED} for _ in script["fences"][1:])]
        self._count += 1
        log = self.folder.root / f"server-{self._count}.log"
        place = snippet_server.Place(script["command"])
        environ = {**self.folder.environ, **script["variables"]}
        clients = [{**fence, "code": place.moved(fence["code"])} for fence in script["fences"][1:]]
        try:
            with snippet_server.serving(
                script["command"],
                place,
                environ=environ,
                folder=self.folder.place,
                log=log,
                limit_s=self.limit_s,
            ) as (child, seconds):
                events.phase("ask the server")
                asked = self._python(clients) if clients else []
                alive = child.alive
        except snippet_server.NotReadyError as error:
            return self._not_served(script, str(error), log)
        served: Outcome = {"state": "ran", "said": place.said, "seconds": seconds}
        if not alive:
            served |= {"state": "failed", "said": "it ended while it was asked"}
        return [{**served, "errors": self.words.read(log, error=True)}, *asked]

    def _not_served(self, script: Mapping[str, Any], why: str, log: Path) -> list[Outcome]:
        text = self.words.read(log, error=True)
        cause = first_line(self.words.of_error(telling(log)))
        said = f"the server did not come to answer: {why}" + (f" ({cause})" if cause else "")
        failed = {"state": "failed", "said": said, "seconds": 0.0, "errors": text}
        others = [{"state": "not-run", "said": STOPPED} for _ in script["fences"][1:]]
        return [failed, *others]


def telling(log: Path) -> str:
    """Return the line of a log that says most of why a program ended: its first exception's.

    Warnings may tell of exceptions too.
    """
    if not log.is_file():
        return ""
    with log.open(encoding="utf-8", errors="replace") as lines:
        found = (_RAISED.search(line.rstrip()) for line in lines if "WARNING" not in line)
        return next((match[1] for match in found if match), "")


def _is_done(path: Path, fences: int) -> bool:
    """Say whether the driver is through with all fences, or left."""
    told = _told(path)
    left = any(said.get("left") for said in told.values())
    return left or (len(told) == fences and all(said["state"] != "began" for said in told.values()))


def _told(path: Path) -> dict[int, dict[str, Any]]:
    """Return what the driver said last of each fence."""
    if not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    found: dict[int, dict[str, Any]] = {}
    for line in lines:
        try:
            said = json.loads(line)
        except ValueError:  # it was killed while it wrote
            continue
        found[said["fence"]] = said
    return found
