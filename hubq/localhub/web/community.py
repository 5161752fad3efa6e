"""The pages of discussions and pull requests."""

from __future__ import annotations

from typing import Any

from hubq.localhub.api.call import Call, repo_path
from hubq.localhub.discussion import DiscussionLog
from hubq.localhub.problems import NotFoundError
from hubq.localhub.values import Event
from hubq.localhub.web.page import Page, page_of
from hubq.localhub.web.repo import changes_between, frame
from hubq.markdown import markup


def discussions(call: Call) -> Page:
    """Show a repo's discussions and pull requests, newest first."""
    return Page("discussions.html.j2", frame(call, "community") | {"found": _all(call)})


def discussion(call: Call) -> Page:
    """Show one discussion with its events; a pull request also with the files it changes."""
    number, repo = call.param("num"), call.repo
    if not number.isdecimal():
        raise NotFoundError("There is no such discussion.")
    log = DiscussionLog(repo)
    found = log.get(int(number))
    place = markup.Place(
        repo_path=repo_path(call.repo_id, call.kind), revision="main", page_of=page_of(call)
    )
    changes: list[tuple[str, str, int]] = []
    if found.pull_request:
        after = repo.commit(f"refs/pr/{found.num}").files
        changes = changes_between(repo.commit(found.base_commit).files, after)
    values = frame(call, "community") | {
        "found": found,
        "events": [_event(event, place) for event in found.events],
        "changes": changes,
        "conflicts": log.conflicts(found),
    }
    return Page("discussion.html.j2", values)


def _all(call: Call) -> list[Any]:
    """Return the discussions of the repo in the path."""
    return list(DiscussionLog(call.repo).all())


def _event(event: Event, place: markup.Place) -> dict[str, str]:
    """Return an event in words: who, when, what, and the text of a comment as HTML."""
    data = event.data
    what = {
        "comment": "wrote",
        "commit": f"pushed {data.get('subject', '')} ({str(data.get('oid', ''))[:7]})",
        "status-change": f"set the status to {data.get('status', '')}",
        "title-change": f"changed the title to {data.get('to', '')}",
    }[event.type]
    html = ""
    if event.type == "comment":
        html = markup.to_html(str(data["latest"]["raw"]), place)
        what = what if html else "opened this"
    return {"author": event.author, "date": event.date, "what": what, "html": html}
