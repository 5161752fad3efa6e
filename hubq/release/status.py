"""What the runs folder knows of its releases, read without opening any of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hubq.errors import BadInput
from hubq.hub.publication.protocol import unfinished
from hubq.model.codec import read_json
from hubq.release.session import Release
from hubq.store import Store


def load_release(runs_dir: Path, name: str) -> Release:
    """Read the index of a release.

    Raises:
        BadInput: there is none of that name; the message lists those there are.
    """
    path = Store(runs_dir).index(name)
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in path.parent.glob("*.json"))) or "none"
        raise BadInput(
            f"no release {name!r} in {runs_dir}; there are: {known}",
            remedy="Start one: hubq release SOURCE",
        )
    return read_json(path, Release)


def releases(runs_dir: Path) -> list[dict[str, Any]]:
    """Return every release with how many of its stages are done."""
    store = Store(runs_dir)
    found = []
    for path in sorted((runs_dir / "releases").glob("*.json")):
        release = read_json(path, Release)
        done = sum(store.has(key) for key in release.plan.keys().values())
        found.append(
            {
                "name": release.name,
                "source": release.source,
                "recipe": release.recipe,
                "stages": len(release.plan.stages),
                "done": done,
            }
        )
    return found


def stage_states(runs_dir: Path, name: str) -> list[dict[str, Any]]:
    """Return each stage of a release: done, running, failed or pending, with times and reasons."""
    release, store = load_release(runs_dir, name), Store(runs_dir)
    keys = release.keys
    states = []
    for stage in release.plan.stages:
        key, gap = keys[stage.id], release.gaps.get(stage.id)
        took, reason = "", ""
        if store.has(key):
            state, took = "done", f"{store.load(key).seconds:.1f} s"
        elif gap is not None:
            state, reason = gap.state.value, gap.reason
        else:
            state = "running" if (store.root / "work" / key).is_dir() else "pending"
        states.append(
            {"stage": stage.id, "state": state, "took": took, "key": key, "reason": reason}
        )
    return states


def publications(runs_dir: Path, name: str) -> list[dict[str, Any]]:
    """Return the publications of a release that were begun here and are not finished."""
    folders = sorted((runs_dir / "publications" / name).glob("*"))
    plans = [plan for folder in folders if (plan := unfinished(folder)) is not None]
    return [
        {"id": plan.id, "hub": plan.endpoint, "repos": [one.repo for one in plan.repos]}
        for plan in plans
    ]
