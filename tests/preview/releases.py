"""A made-up nano family as a release in a runs folder, and pages of a preview read over HTTP."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Self

import httpx2
import msgspec

from hubq.cards.rendering import render_card, render_report
from hubq.model.card import CellState
from hubq.model.codec import pretty
from hubq.model.gap import Gap
from hubq.model.result import Result
from hubq.model.stage import Kind, Plan, Stage
from hubq.plan import PUSH, REPORT
from hubq.release.session import Release
from hubq.release.status import load_release
from hubq.resources import bundled
from hubq.store import Store
from tests.cards.factory import Factory

NAME = "nano-qwen2-vl"
TEMPLATES = (bundled("card_templates"),)
COMMAND = "hubq release hubq/nano-qwen2-vl --recipe nano"


def write_nano(folder: Path) -> None:
    """Write the nano release: its results, its rendered cards and its index."""
    factory = Factory(folder).everything()
    family = factory.family()
    source = msgspec.structs.replace(family.source, path="")
    stages = [_resolved(factory, msgspec.to_builtins(source))]
    stages += [result.stage for result in family.results.values()]
    keys = {name: result.key for name, result in family.results.items()}
    for variant in ("", *family.published):
        files = (
            render_card(family, variant, TEMPLATES, charts=False)
            if variant
            else render_report(family, TEMPLATES, charts=False)
        )
        stages.append(_rendered(factory, variant, files))
    push = Stage(
        id=PUSH,
        kind=Kind.PUSH,
        backend="hubq",
        settings={"endpoint": "local", "repos": family.repos},
    )
    release = Release(
        name=NAME,
        source=source.label,
        recipe="recipes/nano.yaml",
        plan=Plan(name=NAME, stages=(*stages, push), repos=family.repos),
        keys={**keys, **{stage.id: _key(stage.id) for stage in stages}},
    )
    factory.store.write_index(NAME, pretty(release))


def lose(runs: Path, stage: str) -> None:
    """Let a stage of the nano release have run out of memory."""
    release = load_release(runs, NAME)
    keys = {name: key for name, key in release.keys.items() if name != stage}
    gaps = {stage: Gap(state=CellState.OOM, reason="the batch was too large")}
    Store(runs).write_index(NAME, pretty(msgspec.structs.replace(release, keys=keys, gaps=gaps)))


def _key(stage: str) -> str:
    return hashlib.sha256(stage.encode()).hexdigest()


def _resolved(factory: Factory, source: dict[str, Any]) -> Stage:
    stage = Stage(id="resolve", kind=Kind.RESOLVE, backend="hubq", settings={})
    _commit(factory, stage, {}, {"source": source})
    return stage


def _rendered(factory: Factory, variant: str, files: dict[str, bytes]) -> Stage:
    stage = Stage(
        id=f"card/{variant}" if variant else REPORT,
        kind=Kind.CARD,
        backend="hubq",
        variant=variant,
        settings={"command": COMMAND, "site": "https://huggingface.co"},
    )
    _commit(factory, stage, files, {})
    return stage


def _commit(factory: Factory, stage: Stage, files: dict[str, bytes], facts: dict[str, Any]) -> None:
    key = _key(stage.id)
    work = factory.store.work(key)
    for name, content in files.items():
        (work / name).write_bytes(content)
    result = Result(
        key=key,
        stage=stage,
        inputs={},
        measures=(),
        files={},
        started="2026-11-21T08:00:00Z",
        ended="2026-11-21T08:00:07Z",
        seconds=7.0,
        facts=facts,
    )
    factory.store.commit(work, result)


class Pages:
    """Reads the pages of a preview.

    Args:
        url: of the preview.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.client = httpx2.Client()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def get(self, path: str, **headers: str) -> httpx2.Response:
        """Return an answer, whatever it is."""
        return self.client.get(self.url + path, headers=headers)

    def text(self, path: str) -> str:
        """Return the text of a page that is there."""
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.text)
        return answer.text
