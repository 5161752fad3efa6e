"""Branches, tags and squashing."""

from __future__ import annotations

from typing import Any

from hubq.localhub.api.call import Call
from hubq.localhub.problems import BadRequestError, ForbiddenError
from hubq.localhub.repository import RefKind


def listing(call: Call) -> Any:
    """List branches and tags, and pull requests when asked for."""
    repo = call.repo

    def of(kind: RefKind, prefix: str) -> list[dict[str, str]]:
        return [
            {"name": name, "ref": f"{prefix}{name}", "targetCommit": oid}
            for name, oid in repo.refs(kind).items()
        ]

    answer: dict[str, Any] = {
        "branches": of("heads", "refs/heads/"),
        "tags": of("tags", "refs/tags/"),
        "converts": [],
    }
    if call.flag("include_prs"):
        pulls = [(name, oid) for name, oid in repo.refs("pr").items()]
        answer["pullRequests"] = [
            {"name": f"refs/pr/{name}", "ref": f"refs/pr/{name}", "targetCommit": oid}
            for name, oid in pulls
        ]
    return answer


def create_branch(call: Call) -> Any:
    """Make a branch from a revision, `main` unless told."""
    repo = call.writable_repo
    start = repo.head(call.field("startingPoint") or "main")
    repo.add_ref("heads", call.revision, start)
    return {}


def delete_branch(call: Call) -> Any:
    """Delete a branch; `main` stays."""
    repo = call.writable_repo
    if call.revision == "main":
        raise ForbiddenError("The branch main cannot be deleted")
    repo.delete_ref("heads", call.revision)
    return {}


def create_tag(call: Call) -> Any:
    """Tag a revision."""
    repo = call.writable_repo
    tag = call.field("tag")
    if not tag:
        raise BadRequestError("A tag needs a name")
    repo.add_ref("tags", tag, repo.head(call.revision))
    return {}


def delete_tag(call: Call) -> Any:
    """Delete a tag."""
    call.writable_repo.delete_ref("tags", call.revision)
    return {}


def super_squash(call: Call) -> Any:
    """Replace a branch's history by one commit."""
    repo = call.writable_repo
    message = call.field("message") or f"Squash {call.revision}"
    return {"commitOid": repo.squash(call.revision, author=call.user.name, message=message)}
