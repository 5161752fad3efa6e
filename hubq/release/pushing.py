"""Publishing a release's repos, and checking afterwards that they hold what was made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hubq.errors import Refused, RemoteMoved, StageFailed
from hubq.hub import publish
from hubq.hub.hashes import local_files
from hubq.hub.port import Content
from hubq.hub.push_plan import PushPlan, plan_push
from hubq.model.card import CARD_FILE
from hubq.model.codec import pretty
from hubq.model.result import Collected
from hubq.model.stage import Stage
from hubq.release.readmes import Readme, readme_for
from hubq.release.session import Session
from hubq.runner import View

CHECKPOINT = "checkpoint"
PATCH = "README.diff"


def published_files(variant: str, view: View) -> dict[str, Path]:
    """Return path in the repo -> file on the disk, for everything a variant's repo holds.

    The README is the one that was pushed, once it was; before that it is the card's.
    """
    made = view.folders[f"quantize/{variant}"]
    files = {
        name.removeprefix(f"{CHECKPOINT}/"): made / name
        for name in view.results[f"quantize/{variant}"].files
        if name.startswith(f"{CHECKPOINT}/")
    }
    card = view.folders[f"card/{variant}"]
    files |= {name: card / name for name in view.results[f"card/{variant}"].files}
    pushed = view.folders.get(f"push/{variant}")
    if pushed is not None and (pushed / CARD_FILE).is_file():
        files[CARD_FILE] = pushed / CARD_FILE
    return files


def known_hashes(variant: str, view: View) -> dict[str, str]:
    """Return path in the repo -> SHA-256, as kept when the files were made."""
    made = view.results[f"quantize/{variant}"].files
    card = view.results[f"card/{variant}"].files
    known = {
        name.removeprefix(f"{CHECKPOINT}/"): record.sha256
        for name, record in made.items()
        if name.startswith(f"{CHECKPOINT}/")
    }
    known |= {name: record.sha256 for name, record in card.items()}
    pushed = view.results.get(f"push/{variant}")
    if pushed is not None and CARD_FILE in pushed.files:
        known[CARD_FILE] = pushed.files[CARD_FILE].sha256
    return known


def push(
    session: Session, stage: Stage, view: View, work: Path, say: Callable[[str], None]
) -> Collected:
    """Publish one variant's repo in one commit and check it hash by hash.

    A README that is there already is merged with the card (`hubq.release.readmes`); the bytes that
    were pushed, and a patch for the blocks that people edited, are kept with the result.

    Raises:
        Refused: the card has gaps or a snippet of it fails, and nobody said that it may; or the
            README in the repo cannot be edited safely.
        RemoteMoved: the repo changed meanwhile.
    """
    variant, repo = stage.variant, stage.settings["repo"]
    refuse_gaps(stage, view)
    refuse_snippets(stage, view)
    hub, files = session.endpoint.hub, published_files(variant, view)
    readme = readme_for(hub, repo, files[CARD_FILE].read_bytes())
    contents: dict[str, Content] = {**files, CARD_FILE: readme.content}
    known = known_hashes(variant, view)
    del known[CARD_FILE]
    plan = plan_push(
        hub,
        repo,
        contents,
        message=f"Release {variant} of {session.source.label} with hubq",
        private=bool(stage.settings["private"]),
        known=known,
    )
    check_parent(plan, readme)
    for remark in readme.remarks():
        say(remark)
    published = publish.push(hub, plan, step=say)
    facts = {
        "repo": published.repo,
        "commit": published.commit,
        "files": published.files,
        "private": published.private,
        "readme": readme.facts(),
    }
    _keep(work, readme, facts)
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


def check_parent(plan: PushPlan, readme: Readme) -> None:
    """Make sure that a plan starts from the commit that the README was merged with.

    Raises:
        RemoteMoved: somebody changed the repo in between, perhaps its README.
    """
    if plan.parent != readme.parent:
        raise RemoteMoved(
            f"{plan.repo}: changed on {plan.endpoint} while its README was being merged",
            remedy="Run the same command again: it merges anew.",
        )


def refuse_gaps(stage: Stage, view: View) -> None:
    """Make sure that a card is whole, or that somebody said that it need not be.

    Raises:
        Refused: it is not.
    """
    gaps = view.results[f"card/{stage.variant}"].facts.get("gaps", {})
    if gaps and not stage.settings["allow_gaps"]:
        first, reason = next(iter(gaps.items()))
        raise Refused(
            f"{stage.settings['repo']}: {len(gaps)} numbers are missing on its card "
            f"({first}: {reason})",
            remedy="Run again until they are there, or publish as it is with --allow-gaps.",
        )


def refuse_snippets(stage: Stage, view: View) -> None:
    """Make sure that a card's snippets ran, or that somebody said that they need not.

    Raises:
        Refused: one failed, or was not run.
    """
    failing = view.results[f"card/{stage.variant}"].facts.get("failing_snippets", [])
    if failing and not stage.settings.get("allow_failing_snippets"):
        first = failing[0]
        raise Refused(
            f"{stage.settings['repo']}: {len(failing)} snippets of its card fail "
            f"(line {first['line']}, under {first['title']}: {first['said']})",
            remedy="See what they said: hubq card test SOURCE. Mend them, or publish the card as "
            "it is, marked, with --allow-failing-snippets.",
        )


def _keep(work: Path, readme: Readme, facts: dict[str, Any]) -> None:
    """Write what a push leaves: what it published, the README's bytes, a patch where one is due."""
    (work / "published.json").write_text(pretty(facts), encoding="utf-8")
    (work / CARD_FILE).write_bytes(readme.content)
    if readme.patch:
        (work / PATCH).write_bytes(readme.patch.encode("utf-8", "surrogateescape"))
