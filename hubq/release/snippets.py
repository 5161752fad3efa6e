"""The code on a release's cards: what its workers are given to run, and what they found."""

from __future__ import annotations

import functools
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from hubq.cards.family import Family
from hubq.cards.rendering import render_card
from hubq.cards.scripts import Script, SnippetEngine, scripts_of
from hubq.cards.snippets import SNIPPETS_FILE, draft_of
from hubq.errors import BadInput
from hubq.markdown.fences import Fence
from hubq.model.card import CARD_FILE
from hubq.model.gap import Gap
from hubq.model.result import Collected, Measure
from hubq.model.stage import Stage

UNDERSTOOD = "hubq knows this command and its options"
OTHER_ENGINE = "the recipe does not name {} among its engines"
NAMES = {"transformers": "Transformers", "vllm": "vLLM"}
_RUN = ("python", "server")


def draft(family: Family, variant: str, templates: tuple[Path, ...]) -> str:
    """Return the text of a card as far as it is known before anything is measured."""
    files = render_card(draft_of(family, variant), variant, templates, charts=False)
    return files[CARD_FILE].decode()


def scripts_for(text: str, engine: SnippetEngine, engines: Iterable[str]) -> list[Script]:
    """Return the scripts of a card that an engine's stage deals with.

    What is for an engine that the recipe does not name is said by transformers' stage.
    """
    known = set(engines)
    found = []
    for script in scripts_of(text):
        if script.engine in known or script.engine == "transformers":
            found += [script] if script.engine == engine else []
        elif engine == "transformers":
            found.append(_silenced(script, OTHER_ENGINE.format(NAMES[script.engine])))
    return found


def unable(stage: Stage, facts: Mapping[str, Mapping[str, Any]], gaps: Mapping[str, Gap]) -> str:
    """Return why nothing can be run with a stage's engine; empty where it can.

    Args:
        stage: that would run it.
        facts: stage id -> facts of its result.
        gaps: stage id -> why it has no result.
    """
    suffix = "" if stage.backend == "transformers" else f"/{stage.backend}"
    certified = f"certify/{stage.variant}{suffix}"
    if certified in gaps:
        return f"the checkpoint has no certificate: {gaps[certified].reason}"
    found = facts.get(certified, {})
    return str(found["reason"]) if found.get("state") == "infeasible" else ""


def job(
    scripts: Iterable[Script], repos: Mapping[str, Path], *, timeout_s: float, why_not: str = ""
) -> dict[str, Any]:
    """Return the content of the worker's job.json.

    Args:
        scripts: what is to be run.
        repos: repo id -> the folder that stands for it.
        timeout_s: how long a script may take, in seconds.
        why_not: why nothing can be run; empty where it can.
    """
    silenced = [
        _silenced(script, why_not) if why_not and script.kind in _RUN else script
        for script in scripts
    ]
    commands = tuple(dict.fromkeys(words for script in silenced for words in script.commands))
    wrong = dict(zip(commands, check_commands(commands), strict=True))
    return {
        "scripts": [_plain(script, wrong) for script in silenced],
        "repos": {name: str(folder.absolute()) for name, folder in repos.items()},
        "timeout_s": timeout_s,
    }


def collect(work: Path, out: Mapping[str, Any]) -> Collected:
    """Read how long each script took, and each server until it answered.

    Raises:
        BadInput: `snippets.json` is missing or not whole.
    """
    path = work / SNIPPETS_FILE
    try:
        scripts = msgspec.json.decode(path.read_bytes())["scripts"]
    except (FileNotFoundError, msgspec.DecodeError, KeyError) as error:
        raise BadInput(f"{path}: {error}") from error
    measures = []
    for number, script in enumerate(scripts):
        first = script["fences"][0]
        if script["kind"] in _RUN and first["state"] in {"ran", "failed"}:
            measures.append(
                _measure("seconds", number, script["seconds"], f"/scripts/{number}/seconds")
            )
        if script["kind"] == "server" and first["state"] == "ran":
            pointer = f"/scripts/{number}/fences/0/seconds"
            measures.append(_measure("ready", number, first["seconds"], pointer))
    return Collected(measures=tuple(measures), facts={"states": dict(out)})


def _measure(name: str, number: int, seconds: float, pointer: str) -> Measure:
    return Measure(
        name=f"{name}.{number}", value=seconds, unit="s", n=1, file=SNIPPETS_FILE, pointer=pointer
    )


def _silenced(script: Script, why: str) -> Script:
    return msgspec.structs.replace(script, said=why)


def _plain(script: Script, wrong: Mapping[tuple[str, ...], str]) -> dict[str, Any]:
    """Return a script as the worker reads it.

    Args:
        script: the script.
        wrong: command of hubq's -> why it would not be taken.
    """
    fences = [_fence(fence) for fence in script.fences]
    if script.kind == "hubq":
        said = "; ".join(wrong[words] for words in script.commands if wrong[words])
        told = {"state": "failed" if said else "checked", "said": said or UNDERSTOOD}
        return {"kind": "said", "of": script.kind, "fences": fences, **told}
    if script.said:
        told = {"state": "not-run", "said": script.said}
        return {"kind": "said", "of": script.kind, "fences": fences, **told}
    return {
        "kind": script.kind,
        "fences": fences,
        "command": list(script.command),
        "variables": script.variables,
        "requirements": list(script.requirements),
    }


def _fence(fence: Fence) -> dict[str, Any]:
    return {
        "sha256": fence.sha256,
        "language": fence.language,
        "title": fence.title,
        "line": fence.line,
        "code": fence.code,
    }


@functools.lru_cache(maxsize=64)
def check_commands(commands: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """Return for each of hubq's commands why it would not be taken; empty where it would.

    The command line is asked in a process of its own: nothing is done by it.
    """
    if not commands:
        return ()
    done = subprocess.run(
        [sys.executable, "-m", "hubq.cli.parsing"],
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[str] = json.loads(done.stdout)
    return tuple(found)


def program_digest() -> str:
    """Return the digest of what decides what is run: this module; the cards have their own."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
