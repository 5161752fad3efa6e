"""Showing: a plan as people read it, and as programs do."""

from __future__ import annotations

from typing import Any

from hubq.hub.publication.ownership import NOT_WRITABLE
from hubq.hub.publication.plan import Change, FamilyPlan, RepoPlan
from hubq.model.publication import Terms
from hubq.units import human_size

SCHEMA = 1

_KEPT = 8
_SIGNS: dict[Change, str] = {"added": "+", "changed": "~", "unchanged": "="}


def lines(plan: FamilyPlan) -> list[str]:
    """Return a plan for people: the family, each repo with what changes, and what is sent."""
    head = f"{plan.release}: {_count(len(plan.repos), 'repo')} on {plan.endpoint}"
    shown = [head]
    for one in plan.repos:
        shown += ["", *_repo(one, plan.terms)]
    return [*shown, "", *_family(plan)]


def facts(plan: FamilyPlan) -> dict[str, Any]:
    """Return a plan for programs, as JSON has it; no contents are in it."""
    return {
        "schema": SCHEMA,
        "id": plan.id,
        "release": plan.release,
        "source": plan.source,
        "endpoint": plan.endpoint,
        "empty": plan.empty,
        "revision": plan.terms.revision,
        "tag": plan.terms.tag,
        "size": sum(one.size for one in plan.repos),
        "repos": [_repo_facts(one, plan.terms) for one in plan.repos],
        "collection": {
            "title": plan.collection,
            "slug": plan.slug,
            "notes": plan.notes,
            "made_public": plan.show_collection,
        },
    }


def _repo_facts(plan: RepoPlan, terms: Terms) -> dict[str, Any]:
    return {
        "repo": plan.repo,
        "variant": plan.variant,
        "title": plan.title,
        "new": plan.new,
        "parent": plan.parent,
        "new_branch": plan.target_is_new,
        "route": plan.route,
        "why": plan.why,
        "pull_request": plan.pull_request or None,
        "empty": plan.empty,
        "private_now": plan.hidden,
        "private_afterwards": plan.hidden and not plan.reveal,
        "gate": terms.gated if plan.gate else None,
        "tag": terms.tag if plan.tag else None,
        "size": plan.size,
        "files": {
            path: {"size": file.mark.size, "sha256": file.mark.sha256, "change": file.change}
            for path, file in plan.files.items()
        },
        "removed": list(plan.removed),
        "kept": list(plan.kept),
        "readme": plan.readme,
        "remarks": list(plan.remarks),
        "patch": bool(plan.patch),
    }


def _repo(plan: RepoPlan, terms: Terms) -> list[str]:
    shown = [f"{plan.repo} ({_state(plan, terms)})", *_route(plan)]
    sent = sorted(plan.sent.items())
    shown += [
        f"  {_SIGNS[file.change]} {path}  {human_size(file.mark.size)}" for path, file in sent
    ]
    shown += [f"  - {path}" for path in plan.removed]
    unchanged = len(plan.files) - len(sent)
    if not sent and not plan.removed:
        shown.append("  nothing to send: every file is there already")
    elif unchanged:
        shown.append(f"  = {_count(unchanged, 'file')} unchanged")
    if plan.kept:
        more = len(plan.kept) - _KEPT
        tail = f" and {more} more" if more > 0 else ""
        shown.append(f"  left alone: {', '.join(plan.kept[:_KEPT])}{tail}")
    return [*shown, *(f"  note: {remark}" for remark in plan.remarks)]


def _state(plan: RepoPlan, terms: Terms) -> str:
    state = [f"at {plan.parent[:7]}" if plan.parent else "new"]
    if plan.target_is_new:
        state.append(f"new branch {terms.revision}")
    elif terms.revision != "main":
        state.append(f"branch {terms.revision}")
    if plan.hidden:
        state.append("made public once verified" if plan.reveal else "stays private")
    else:
        state.append("public")
    if plan.gate:
        state.append(f"gated: {terms.gated}")
    if plan.tag:
        state.append(f"tagged {terms.tag}")
    return ", ".join(state)


def _route(plan: RepoPlan) -> list[str]:
    if plan.route == "direct":
        return [f"  straight, as --direct asks: {plan.why}"] if plan.why else []
    way = f"pull request #{plan.pull_request}" if plan.pull_request else "a new pull request"
    if plan.empty:
        return [f"  by {way}, which is open and up to date: {plan.why}"]
    hint = " (--direct writes to it)" if plan.why != NOT_WRITABLE else ""
    return [f"  by {way}: {plan.why}{hint}"]


def _family(plan: FamilyPlan) -> list[str]:
    shown = []
    if plan.collection:
        state = "there" if plan.slug else "new"
        noted = f", {_count(len(plan.notes), 'entry', 'entries')} to write" if plan.notes else ""
        opened = ", made public" if plan.show_collection else ""
        shown.append(f"collection: {plan.collection} ({state}{noted}{opened})")
    sent = [one for one in plan.repos if not one.empty]
    if plan.empty:
        return [*shown, "nothing to do: the family is there as it is to be"]
    if not sent:
        return [*shown, "no file to send"]
    files = sum(len(one.sent) for one in sent)
    size = human_size(sum(one.size for one in sent))
    where = _count(len(sent), "repo")
    return [*shown, f"to send: {size} in {_count(files, 'file')} to {where}, one commit each"]


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
