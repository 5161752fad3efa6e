"""Publishing a release's repos, and checking afterwards that they hold what was made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hubq.errors import Refused, StageFailed
from hubq.hub import publish
from hubq.hub.hashes import local_files
from hubq.hub.port import Content
from hubq.hub.push_plan import plan_push
from hubq.model.codec import pretty
from hubq.model.result import Collected
from hubq.model.stage import Stage
from hubq.release.session import Session
from hubq.runner import View

CHECKPOINT = "checkpoint"
CARD_FILES = ("README.md", "hubq.json", "comparison.json")


def published_files(variant: str, view: View) -> dict[str, Path]:
    """Return path in the repo -> file on the disk, for everything a variant's repo holds."""
    made = view.folders[f"quantize/{variant}"]
    files = {
        name.removeprefix(f"{CHECKPOINT}/"): made / name
        for name in view.results[f"quantize/{variant}"].files
        if name.startswith(f"{CHECKPOINT}/")
    }
    card = view.folders[f"card/{variant}"]
    return files | {name: card / name for name in CARD_FILES if (card / name).is_file()}


def known_hashes(variant: str, view: View) -> dict[str, str]:
    """Return path in the repo -> SHA-256, as kept when the files were made."""
    made = view.results[f"quantize/{variant}"].files
    card = view.results[f"card/{variant}"].files
    known = {
        name.removeprefix(f"{CHECKPOINT}/"): record.sha256
        for name, record in made.items()
        if name.startswith(f"{CHECKPOINT}/")
    }
    return known | {name: card[name].sha256 for name in CARD_FILES if name in card}


def push(
    session: Session, stage: Stage, view: View, work: Path, say: Callable[[str], None]
) -> Collected:
    """Publish one variant's repo in one commit and check it hash by hash.

    Raises:
        Refused: the card has gaps, and nobody said that it may.
        RemoteMoved: the repo changed meanwhile.
    """
    variant, repo = stage.variant, stage.settings["repo"]
    gaps = view.results[f"card/{variant}"].facts.get("gaps", {})
    if gaps and not stage.settings["allow_gaps"]:
        first, reason = next(iter(gaps.items()))
        raise Refused(
            f"{repo}: {len(gaps)} numbers are missing on its card ({first}: {reason})",
            remedy="Run again until they are there, or publish as it is with --allow-gaps.",
        )
    contents: dict[str, Content] = dict(published_files(variant, view))
    message = f"Release {variant} of {session.source.label} with hubq"
    hub, private = session.endpoint.hub, bool(stage.settings["private"])
    plan = plan_push(
        hub, repo, contents, message=message, private=private, known=known_hashes(variant, view)
    )
    published = publish.push(hub, plan, step=say)
    facts = {
        "repo": published.repo,
        "commit": published.commit,
        "files": published.files,
        "private": published.private,
    }
    (work / "published.json").write_text(pretty(facts), encoding="utf-8")
    return Collected(facts=facts)


def verify(session: Session, stage: Stage, view: View, work: Path) -> Collected:
    """Compare a published repo, at the commit that was made, with the files on the disk.

    Raises:
        StageFailed: names the files that differ.
    """
    variant, repo = stage.variant, stage.settings["repo"]
    commit = view.results[f"push/{variant}"].facts["commit"]
    files = local_files(published_files(variant, view), known_hashes(variant, view))
    wrong = publish.verify_remote(session.endpoint.hub, repo, commit, files)
    if wrong:
        raise StageFailed(
            f"{repo}@{commit[:7]}: {len(wrong)} files are not what was made: {wrong[0]}",
            remedy=f"Push again: hubq push {session.options.source}",
        )
    facts = {"repo": repo, "commit": commit, "files": len(files)}
    (work / "verified.json").write_text(pretty(facts), encoding="utf-8")
    return Collected(facts=facts)
