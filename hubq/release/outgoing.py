"""Outgoing files: what a family's repos are to hold, laid into a folder for people to look at."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec

from hubq.errors import BadInput
from hubq.hub.port import Content
from hubq.plan import PUSH, REPORT
from hubq.release.publishing import publishable, wanted_of
from hubq.release.session import Session
from hubq.release.views import finished_view
from hubq.runner import View

_WEIGHTS = (".safetensors", ".bin", ".pt", ".gguf")
_REPORT = "report"


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """What was laid out.

    Attributes:
        folder: where; the family's report lies in `report/` there.
        repos: repo -> the folder with its files.
        weights: repo -> the files that were left out because they are weights.
    """

    folder: str
    repos: dict[str, str]
    weights: dict[str, tuple[str, ...]]


def lay_out(session: Session, folder: Path) -> Outgoing:
    """Write everything that a push would publish into a folder, weights aside; asks no hub.

    Args:
        session: the release, opened.
        folder: made when missing; must be empty.

    Raises:
        BadInput: something is still to be run, or the folder holds something.
        Refused: a guard would refuse the push.
    """
    if folder.exists() and any(folder.iterdir()):
        raise BadInput(f"{folder}: is not empty", remedy="Name a new folder, or empty this one.")
    view, stage = finished_view(session), session.plan.stage(PUSH)
    repos: dict[str, str] = {}
    weights: dict[str, tuple[str, ...]] = {}
    for name in publishable(stage, view):
        wanted = wanted_of(session, name, view, session.progress, signing=False)
        own = folder / wanted.repo.rpartition("/")[2]
        small = {p: content for p, content in wanted.files.items() if not p.endswith(_WEIGHTS)}
        _write(small, own)
        repos[wanted.repo] = str(own)
        weights[wanted.repo] = tuple(sorted(wanted.files.keys() - small.keys()))
    _write(_report(view), folder / _REPORT)
    return Outgoing(folder=str(folder), repos=repos, weights=weights)


def _report(view: View) -> dict[str, Content]:
    if REPORT not in view.results:
        return {}
    return {name: view.folders[REPORT] / name for name in view.results[REPORT].files}


def _write(files: dict[str, Content], folder: Path) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            shutil.copyfile(content, path)
