"""Discussions and pull requests."""

from __future__ import annotations

from typing import Any

from hubq.localhub.api.call import Call
from hubq.localhub.discussion import DiscussionLog
from hubq.localhub.problems import BadRequestError, ForbiddenError, NotFoundError
from hubq.localhub.values import Discussion, Event

_PAGE = 50


def listing(call: Call) -> Any:
    """List discussions by author, kind and status, newest first."""
    found = DiscussionLog(call.repo).all()
    kind, status, author = call.query("type"), call.query("status"), call.query("author")
    if kind and kind != "all":
        found = [item for item in found if item.pull_request == (kind == "pull_request")]
    if status and status != "all":
        found = [item for item in found if (item.status in {"open", "draft"}) == (status == "open")]
    if author:
        found = [item for item in found if item.author == author]
    start = call.number("p", 0) * _PAGE
    shown = [_summary(call, item) for item in found[start : start + _PAGE]]
    return {"discussions": shown, "count": len(found), "start": start}


def create(call: Call) -> Any:
    """Open a discussion, or an empty draft of a pull request."""
    log = DiscussionLog(call.repo)
    author, title, text = call.user.name, call.field("title").strip(), call.field("description")
    if not 3 <= len(title) <= 200:
        raise BadRequestError("A title has 3 to 200 characters")
    if call.json.get("pullRequest"):
        made = log.open_pull_request(author=author, title=title, text=text, base="main")
    else:
        made = log.open(author=author, title=title, text=text)
    return _summary(call, made)


def details(call: Call) -> Any:
    """Describe one discussion with its events."""
    log, discussion = DiscussionLog(call.repo), _asked(call)
    answer = _summary(call, discussion) | {"events": [_event(item) for item in discussion.events]}
    if discussion.pull_request:
        answer["changes"] = {"base": f"refs/heads/{discussion.base}"}
        if discussion.merge_commit:
            answer["changes"]["mergeCommitId"] = discussion.merge_commit
        answer["filesWithConflicts"] = log.conflicts(discussion)
        answer["diff"] = _diff(call, discussion)
    return answer


def comment(call: Call) -> Any:
    """Add a comment."""
    text = call.field("comment").strip()
    if not text:
        raise BadRequestError("A comment needs text")
    event = DiscussionLog(call.repo).comment(_asked(call).num, call.user.name, text)
    return {"newMessage": _event(event)}


def rename(call: Call) -> Any:
    """Change the title."""
    discussion = _owned(call)
    event = DiscussionLog(call.repo).rename(discussion.num, call.user.name, call.field("title"))
    return {"newTitle": _event(event)}


def set_status(call: Call) -> Any:
    """Open or close."""
    discussion, status = _owned(call), call.field("status")
    log, text = DiscussionLog(call.repo), call.field("comment")
    if status == "open":
        return {"newStatus": _event(log.set_status(discussion.num, call.user.name, "open", text))}
    if status == "closed":
        return {"newStatus": _event(log.set_status(discussion.num, call.user.name, "closed", text))}
    raise BadRequestError("status must be open or closed")


def merge(call: Call) -> Any:
    """Merge a pull request."""
    repo = call.writable_repo
    DiscussionLog(repo).merge(_asked(call).num, call.user.name, call.field("comment"))
    return {}


def _asked(call: Call) -> Discussion:
    """Return the discussion in the path.

    Raises:
        NotFoundError: there is none.
    """
    number = call.param("num")
    if not number.isdecimal():
        raise NotFoundError(f"Discussion not found: {number}")
    return DiscussionLog(call.repo).get(int(number))


def _owned(call: Call) -> Discussion:
    """Return the discussion in the path, when the caller opened it or may write to the repo.

    Raises:
        ForbiddenError: neither.
    """
    discussion = _asked(call)
    if discussion.author != call.user.name and not call.user.may_write(call.param("ns")):
        raise ForbiddenError("Only its author or somebody with write access may change this")
    return discussion


def _summary(call: Call, discussion: Discussion) -> dict[str, Any]:
    """Return what listings and details hold."""
    return {
        "num": discussion.num,
        "title": discussion.title,
        "status": discussion.status,
        "author": {"name": discussion.author, "type": "user"},
        "createdAt": discussion.date,
        "isPullRequest": discussion.pull_request,
        "pullRequest": discussion.pull_request,
        "numComments": sum(event.type == "comment" for event in discussion.events),
        "repo": {"name": call.repo_id, "type": call.kind},
        "url": f"{call.repo_url()}/discussions/{discussion.num}",
    }


def _event(event: Event) -> dict[str, Any]:
    """Return an event in the client's words."""
    return {
        "id": event.id,
        "type": event.type,
        "createdAt": event.date,
        "author": {"name": event.author, "type": "user"},
        "data": event.data,
    }


def _diff(call: Call, discussion: Discussion) -> str:
    """Return the names of the changed files in the form of a diff's headers."""
    before = call.repo.commit(discussion.base_commit).files
    after = call.repo.commit(f"refs/pr/{discussion.num}").files
    paths = sorted(
        path for path in before.keys() | after.keys() if before.get(path) != after.get(path)
    )
    return "".join(f"diff --git a/{path} b/{path}\n" for path in paths)
