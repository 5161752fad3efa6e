"""Publishing a family: what its repos are to hold, the guards before it, the checks after it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec

from hubq.errors import BadInput, Infeasible, Refused, RemoteMoved
from hubq.hub.port import Content
from hubq.hub.publication import receipt
from hubq.hub.publication.abort import Aborted, abort
from hubq.hub.publication.ownership import title_of
from hubq.hub.publication.plan import FamilyPlan, Published, Wanted
from hubq.hub.publication.planning import plan_family, same_wish
from hubq.hub.publication.protocol import publish as carry_out
from hubq.hub.publication.protocol import resume, unfinished
from hubq.hub.publication.telling import Tell
from hubq.model.card import CellState
from hubq.model.codec import pretty
from hubq.model.result import Collected
from hubq.model.stage import Stage
from hubq.plan import PUSH
from hubq.release.attesting import attested
from hubq.release.evidence import evidence_files
from hubq.release.readmes import merged_for
from hubq.release.session import Session
from hubq.release.views import finished_view
from hubq.runner import View
from hubq.units import human_size

CHECKPOINT = "checkpoint"
PATCH = "README.diff"
PUBLISHED = "published.json"


def publish(session: Session, stage: Stage, view: View, work: Path, voice: Tell) -> Collected:
    """Bring the family to the Hub and keep what was published with the result.

    A publication that was broken off is gone on with where it wants the same; otherwise it is
    undone first, as far as nobody has seen it.

    Raises:
        Refused: a variant, a number or a snippet is missing or fails, and nobody said that it may.
        RemoteMoved: a repo changed meanwhile; says how.
    """
    variants = publishable(stage, view)
    wanted = tuple(wanted_of(session, name, view, voice) for name in variants)
    hub, folder = session.endpoint.hub, publication_folder(session)
    pending = unfinished(folder)
    try:
        if pending is not None and same_wish(pending, wanted, session.options.terms):
            voice(f"going on with publication {pending.id}")
            plan, published = pending, resume(hub, folder, tell=voice)
        else:
            if pending is not None:
                abort(hub, folder, tell=voice)
            plan = plan_of(session, wanted)
            for remark in remarks(plan):
                voice(remark)
            published = carry_out(hub, plan, folder, tell=voice)
    except RemoteMoved:
        if unfinished(folder) is not None:
            abort(hub, folder, tell=voice)
        raise
    _keep(work, plan, published)
    return Collected(facts=msgspec.to_builtins(published))


def plan_of(session: Session, wanted: tuple[Wanted, ...]) -> FamilyPlan:
    """Return what publishing would do; sends only look-ups.

    Raises:
        BadInput: no permission, or terms that do not fit the repos.
        Refused: a README cannot be edited safely, or a file holds a secret.
        RemoteMoved: another publication is under way.
    """
    return plan_family(
        session.endpoint.hub,
        wanted,
        release=session.name,
        source=session.source.label,
        terms=session.options.terms,
        merge=merged_for,
        receipt=receipt.read(publication_folder(session), session.endpoint.hub.endpoint),
    )


def publication_folder(session: Session) -> Path:
    """Return where a release's publications to one Hub keep their journal and their receipt."""
    hub = hashlib.sha256(session.endpoint.name.encode()).hexdigest()[:12]
    return session.store.root / "publications" / session.name / hub


def publishable(stage: Stage, view: View) -> tuple[str, ...]:
    """Return the variants that can be published.

    Raises:
        Refused: one cannot, or not as it is, and nobody said that this may be.
        Infeasible: none of them can be made on this device.
    """
    found = []
    for name in stage.settings["repos"]:
        gap = next((view.gaps[need] for need in _needs(stage, name) if need in view.gaps), None)
        if gap is None:
            found.append(name)
        elif gap.state is not CellState.INFEASIBLE and not stage.settings["allow_gaps"]:
            raise Refused(
                f"{stage.settings['repos'][name]}: {name} is not fit to be published: {gap.reason}",
                remedy="Mend it and run again, or publish the others with --allow-gaps.",
            )
    if not found:
        raise Infeasible("no variant of the family can be published")
    for name in found:
        refuse_gaps(stage, view, name)
        refuse_snippets(stage, view, name)
    return tuple(found)


def wanted_of(
    session: Session, variant: str, view: View, say: Callable[[str], None], *, signing: bool = True
) -> Wanted:
    """Return what a variant's repo is to hold, with what vouches for it.

    Args:
        session: the release, opened.
        variant: whose repo.
        view: the release's results.
        say: told what is signed.
        signing: false to make no new signature.
    """
    files, known = published_files(session, variant, view)
    wanted = Wanted(
        variant=variant,
        repo=session.plan.repos[variant],
        files=files,
        known=known,
        title=title_of(variant, session.source.label),
        note=_note(variant, view),
    )
    terms = session.options.terms
    return attested(session.store, wanted, terms, say, signing_allowed=signing)


def published_files(
    session: Session, variant: str, view: View
) -> tuple[dict[str, Content], dict[str, str]]:
    """Return path in the repo -> content, and -> SHA-256, of everything a variant's repo holds.

    The README is the card as it was rendered; a publication merges it with the one that is there.
    """
    evidence, hashes = evidence_files(session, view, variant)
    files: dict[str, Content] = dict(evidence)
    known = dict(hashes)
    made, card = f"quantize/{variant}", f"card/{variant}"
    for name, record in view.results[made].files.items():
        if name.startswith(f"{CHECKPOINT}/"):
            path = name.removeprefix(f"{CHECKPOINT}/")
            files[path], known[path] = view.folders[made] / name, record.sha256
    for name, record in view.results[card].files.items():
        files[name], known[name] = view.folders[card] / name, record.sha256
    return files, known


def remarks(plan: FamilyPlan) -> list[str]:
    """Return what a person should know of a plan before it is carried out, one line each."""
    found = [f"{one.repo}: {remark}" for one in plan.repos for remark in one.remarks]
    return found + [f"{one.repo}: by a pull request: {one.why}" for one in plan.repos if one.why]


def refuse_gaps(stage: Stage, view: View, variant: str) -> None:
    """Make sure that a card is whole, or that somebody said that it need not be.

    Raises:
        Refused: it is not.
    """
    gaps = view.results[f"card/{variant}"].facts.get("gaps", {})
    if gaps and not stage.settings["allow_gaps"]:
        first, reason = next(iter(gaps.items()))
        raise Refused(
            f"{stage.settings['repos'][variant]}: {len(gaps)} numbers are missing on its card "
            f"({first}: {reason})",
            remedy="Run again until they are there, or publish as it is with --allow-gaps.",
        )


def refuse_snippets(stage: Stage, view: View, variant: str) -> None:
    """Make sure that a card's snippets ran, or that somebody said that they need not.

    Raises:
        Refused: one failed, or was not run.
    """
    failing = view.results[f"card/{variant}"].facts.get("failing_snippets", [])
    if failing and not stage.settings.get("allow_failing_snippets"):
        first = failing[0]
        raise Refused(
            f"{stage.settings['repos'][variant]}: {len(failing)} snippets of its card fail "
            f"(line {first['line']}, under {first['title']}: {first['said']})",
            remedy="See what they said: hubq card test SOURCE. Mend them, or publish the card as "
            "it is, marked, with --allow-failing-snippets.",
        )


def _needs(stage: Stage, variant: str) -> list[str]:
    """Return the stages without which a variant is not published."""
    names = (need.stage for need in stage.needs)
    return [name for name in names if name.split("/")[1] == variant]


def _note(variant: str, view: View) -> str:
    """Return what stands beside a variant's repo in the collection: how it was quantized."""
    settings = view.results[f"quantize/{variant}"].stage.settings
    group = settings.get("group_size")
    sizes = view.results[f"quantize/{variant}"].files
    weights = sum(record.size for name, record in sizes.items() if name.endswith(".safetensors"))
    grouped = f", group size {group}" if isinstance(group, int) and group > 0 else ""
    how = f"{settings.get('bits')}-bit {settings.get('method')}{grouped}"
    return f"{variant}: {how}, weights {human_size(weights)}"


def _keep(work: Path, plan: FamilyPlan, published: Published) -> None:
    """Write what a publication leaves: what it published, and patches where people edited."""
    (work / PUBLISHED).write_text(pretty(published), encoding="utf-8")
    for one in plan.repos:
        if one.patch:
            (work / one.variant).mkdir()
            patch = one.patch.encode("utf-8", "surrogateescape")
            (work / one.variant / PATCH).write_bytes(patch)


def planned(session: Session) -> FamilyPlan:
    """Return what publishing an otherwise finished release would do; sends only look-ups.

    Raises:
        BadInput: something is still to be run.
        Refused: a guard would refuse.
    """
    view, stage = finished_view(session), session.plan.stage(PUSH)
    names = publishable(stage, view)
    wanted = tuple(
        wanted_of(session, name, view, session.progress, signing=False) for name in names
    )
    pending = unfinished(publication_folder(session))
    if pending is None:
        return plan_of(session, wanted)
    if same_wish(pending, wanted, session.options.terms):
        session.progress(f"publication {pending.id} was broken off; this is what it does")
        return pending
    raise Refused(
        f"{session.name}: publication {pending.id} of something else was broken off",
        remedy=f"Undo it first: hubq push {session.options.source} --abort",
    )


def broken_off(session: Session) -> FamilyPlan:
    """Return the publication of a release that was broken off.

    Raises:
        BadInput: there is none.
    """
    plan = unfinished(publication_folder(session))
    if plan is None:
        raise BadInput(
            f"{session.name}: no publication to {session.endpoint.name} was broken off here",
            remedy=f"Publish: hubq push {session.options.source}",
        )
    return plan


def go_on(session: Session, tell: Tell) -> Published:
    """Go on with a publication that was broken off, as it was planned.

    Raises:
        BadInput: there is none.
        RemoteMoved: a repo changed meanwhile.
    """
    broken_off(session)
    return resume(session.endpoint.hub, publication_folder(session), tell=tell)


def undo(session: Session, tell: Tell) -> Aborted:
    """Undo a publication that was broken off, as far as nobody has seen it.

    Raises:
        BadInput: there is none.
    """
    broken_off(session)
    return abort(session.endpoint.hub, publication_folder(session), tell=tell)
