"""Testing the code of cards: those of a release, or any README against a checkpoint."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from hubq.cards.scripts import Script, SnippetEngine, repos_named, scripts_of
from hubq.cards.snippets import SNIPPETS, SNIPPETS_FILE, SnippetState
from hubq.errors import BadInput, StageFailed
from hubq.executors.port import Executor
from hubq.markdown.fences import fences
from hubq.model.outcome import Done, Failed, Infeasible, Oom
from hubq.model.stage import Kind, Plan, Stage
from hubq.plan.snippets import SNIPPET_S
from hubq.release import snippets
from hubq.release.machine import Machine
from hubq.release.options import Options
from hubq.release.run import Report, Watching, local_executor, run_session
from hubq.release.session import Session
from hubq.workers.host import WorkerHost
from hubq.workers.registry import worker_for

README = "README.md"
OTHER = {
    "transformers": "it is for Transformers: try it with --engine transformers",
    "vllm": "it is for vLLM: try it with --engine vllm",
}


class Tested(msgspec.Struct, frozen=True, kw_only=True):
    """A snippet and what became of it.

    Attributes:
        card: the variant, or the file.
        line, title, language: of its fence; the line is the draft's where no card is rendered yet.
        state: `ran`, `failed`, `checked` or `not-run`.
        said: the first line that it printed, or why it failed or was not run.
        seconds: how long it ran.
        output, errors: what was written while it ran, shortened.
    """

    card: str
    line: int
    title: str
    language: str
    state: SnippetState
    said: str
    seconds: float = 0.0
    output: str = ""
    errors: str = ""


class Against(msgspec.Struct, frozen=True, kw_only=True):
    """What the code of a README is run against.

    Attributes:
        checkpoint: the folder that stands for every repo that the code names.
        engine: whose code is run.
        environment: where; empty for the one that hubq runs this engine in.
        timeout_s: how long a script may take, in seconds.
    """

    checkpoint: Path
    engine: SnippetEngine = "transformers"
    environment: str = ""
    timeout_s: float = SNIPPET_S


def try_release(
    session: Session,
    watching: Watching,
    executor: Callable[[Session], Executor] = local_executor,
) -> tuple[tuple[Tested, ...], Report]:
    """Run the code on the cards of an opened release, as far as it was not run yet.

    Args:
        session: the release, opened for its cards; its plan is cut down to what is needed.
        watching: gives the observer that is told what happens.
        executor: makes what the workers run in.
    """
    stages = [stage for stage in session.plan.stages if _is_snippets(stage)]
    session.plan = _needed(session.plan, {stage.id for stage in stages})
    report = run_session(session, watching, executor)
    keys = session.plan.keys(
        {name: f"{gap.state.value}: {gap.reason}" for name, gap in report.gaps.items()}
    )
    done = [stage for stage in stages if stage.id not in report.gaps]
    places = {stage.variant: _places(session, stage.variant) for stage in done}
    return tuple(
        tested
        for stage in done
        for tested in _read(
            session.store.folder(keys[stage.id]), stage.variant, places[stage.variant]
        )
    ), report


def _places(session: Session, variant: str) -> dict[str, int]:
    """Return SHA-256 of code -> line on a card as it was rendered last; empty where it was not.

    What is run stands on a draft of the card, with other lines.
    """
    key = session.whole.keys().get(f"card/{variant}", "")
    path = session.store.folder(key) / README
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    return {fence.sha256: fence.line for fence in fences(text)}


def _is_snippets(stage: Stage) -> bool:
    return stage.kind is Kind.CARD and stage.id.startswith(f"card/{stage.variant}/{SNIPPETS}")


def _needed(plan: Plan, wanted: set[str]) -> Plan:
    """Return the part of a plan that some stages need, those included."""
    for stage in reversed(plan.stages):
        if stage.id in wanted:
            wanted |= {need.stage for need in stage.needs}
    kept = tuple(stage for stage in plan.stages if stage.id in wanted)
    return msgspec.structs.replace(plan, stages=kept)


def try_readme(
    path: Path, against: Against, options: Options, progress: Callable[[str], None]
) -> tuple[Tested, ...]:
    """Run the code of a README, ours or not, against a checkpoint.

    Args:
        path: of the README.
        against: what it is run against.
        options: device and interpreters are used.
        progress: told what is being done.

    Raises:
        BadInput: the README cannot be read, or the folder is no checkpoint.
        StageFailed: the worker ended without a result.
    """
    text = _text(path)
    if not (against.checkpoint / "config.json").is_file():
        raise BadInput(f"{against.checkpoint}: no model folder: it has no config.json")
    repos = dict.fromkeys(repos_named(text), against.checkpoint)
    if repos:
        progress(f"{against.checkpoint} is taken for {', '.join(repos)}")
    scripts = list(_for_engine(scripts_of(text), against.engine))
    job = snippets.job(scripts, repos, timeout_s=against.timeout_s)
    machine, worker = Machine(options), worker_for(Kind.CARD.value, against.engine)
    environment = machine.environment(against.environment or worker.environment, progress)
    gpu = "0" if machine.device == "cuda" else None
    with tempfile.TemporaryDirectory(prefix="hubq-card-") as folder, WorkerHost() as host:
        control = Path(folder) / "job"
        control.mkdir()
        with host.lease(environment, worker.role, gpu=gpu, fresh=True) as process:
            outcome = process.run(worker.script, job, control)
        if not isinstance(outcome, Done):
            raise _failed(path, outcome)
        return tuple(_read(control / "files", path.name, {}))


def _for_engine(scripts: Iterable[Script], engine: SnippetEngine) -> Iterable[Script]:
    """Yield the scripts of a README; what another engine's environment is for is only said."""
    for script in scripts:
        fits = script.engine == engine or script.kind in {"hubq", "said"}
        told = msgspec.structs.replace(script, said=OTHER[script.engine])
        yield script if fits else told


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from error


def _read(folder: Path, card: str, places: Mapping[str, int]) -> Iterable[Tested]:
    """Yield what became of each snippet, in the order in which they stand on the card.

    Args:
        folder: of the result.
        card: what the card is called.
        places: SHA-256 of code -> line, where it is known better than the result does.
    """
    document: dict[str, Any] = msgspec.json.decode((folder / SNIPPETS_FILE).read_bytes())
    fences = [fence for script in document["scripts"] for fence in script["fences"]]
    for fence in sorted(fences, key=lambda fence: int(fence["line"])):
        said = {name: fence[name] for name in Tested.__struct_fields__ if name in fence}
        line = places.get(fence["sha256"], fence["line"])
        yield msgspec.convert({"card": card, **said, "line": line}, Tested)


def _failed(path: Path, outcome: object) -> StageFailed:
    match outcome:
        case Failed():
            why, tail = f"{outcome.error}: {outcome.message}", outcome.log_tail
        case Oom() | Infeasible():
            why, tail = outcome.message, outcome.log_tail
        case _:
            why, tail = "it was stopped", ""
    return StageFailed(f"{path}: its code was not run: {why}", remedy=tail[-2000:])
