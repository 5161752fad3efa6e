"""Fixing: what can be mended for certain, as one pull request for each repo, or in the file itself.

Only `hubq/audit/repairs.py` decides what is mended: lines of the front matter. Everything else that
was found stands in the pull request's text, for people to look at.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from hubq.audit.repairs import mended, repairs, suggestions
from hubq.audit.subject import CARD, Subject
from hubq.errors import BadInput, RemoteMoved
from hubq.hub.port import Hub, Unavailable
from hubq.hub.remote import PullRequest
from hubq.markdown.escaping import escape
from hubq.model.finding import Finding

TITLE = "Repairs of the model card's metadata (hubq audit)"
"""By which our own pull requests are known again."""


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """What would be mended of one card.

    Attributes:
        name: as the audit names it.
        repo, commit: whose card it is, and as of when; empty for a file.
        path: of the file; empty for a repo.
        before, after: the README.
        said: what is mended, a line each, Markdown.
        suggestions: what people should look at themselves, a line each, Markdown.
    """

    name: str
    before: str
    after: str
    repo: str = ""
    commit: str = ""
    path: str = ""
    said: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()

    @property
    def difference(self) -> str:
        """The edit as a unified diff."""
        before, after = (text.splitlines(keepends=True) for text in (self.before, self.after))
        names = (f"a/{self.name}", f"b/{self.name}")
        return "".join(difflib.unified_diff(before, after, *names, n=2))

    @property
    def description(self) -> str:
        """The pull request's text, Markdown."""
        lines = ["This edits the front matter of the model card and nothing else:", ""]
        lines += [f"- {line}" for line in self.said]
        if self.suggestions:
            lines += ["", "Not edited, but worth a look:", ""]
            lines += [f"- {line}" for line in self.suggestions]
        lines += ["", f"Found by `hubq audit {escape(self.repo)}` at {self.commit[:7]}."]
        return "\n".join(lines) + "\n"


class Fixed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a fix.

    Attributes:
        name: as the audit names it.
        did: what was done, in a few words.
        url: of the pull request; empty for a file, and where nothing had to be done.
    """

    name: str
    did: str
    url: str = ""


def fix_of(subject: Subject, findings: Sequence[Finding], path: str = "") -> Fix | None:
    """Return what can be mended of a card; none where that is nothing.

    Args:
        subject: what was audited.
        findings: that are not accepted.
        path: of the file, where it lies on this machine.
    """
    gathered = subject.gathered
    made = repairs(subject, findings)
    if gathered.card is None or not made or "\ufffd" in gathered.card:
        return None
    after = mended(gathered.card, made)
    if after == gathered.card:
        return None
    return Fix(
        name=gathered.name,
        repo="" if path else gathered.repo,
        commit="" if path else gathered.commit,
        path=path,
        before=gathered.card,
        after=after,
        said=tuple(one.said for one in made),
        suggestions=suggestions(subject, findings),
    )


def write(fix: Fix) -> Fixed:
    """Mend a README on this machine; it is replaced at once or not at all.

    Raises:
        BadInput: it was changed since it was read, or cannot be written.
    """
    path = Path(fix.path)
    try:
        if path.read_bytes() != fix.before.encode():
            raise BadInput(f"{path}: changed since it was read", remedy="Run the command again.")
        draft = path.with_name(f".{path.name}.hubq")
        draft.write_bytes(fix.after.encode())
        draft.chmod(path.stat().st_mode)
        draft.replace(path.resolve())
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None
    return Fixed(name=fix.name, did="edited")


def propose(hub: Hub, fix: Fix) -> Fixed:
    """Open a pull request with a repo's fix, or bring our own open one up to date.

    Raises:
        RemoteMoved: the card was changed since it was read, or somebody works on our pull request.
        BadInput: there is no token, or it may not.
        HubProblem: the hub does not answer.
    """
    ours = _ours(hub, fix.repo)
    if ours is not None:
        return _update(hub, fix, ours)
    if hub.head(fix.repo) != fix.commit:
        raise RemoteMoved(
            f"{fix.repo}: its main branch is not at {fix.commit[:7]}, which was audited",
            remedy="Audit the main branch again: only that is mended.",
        )
    try:
        made = hub.propose(
            fix.repo,
            {CARD: fix.after.encode()},
            title=TITLE,
            base=fix.commit,
            description=fix.description,
        )
    except Unavailable:
        # The answer may have got lost on its way; the pull request is there then.
        found = _ours(hub, fix.repo)
        if found is None:
            raise
        made = found
    return Fixed(name=fix.name, did="opened", url=made.url)


def _ours(hub: Hub, repo: str) -> PullRequest | None:
    """Return the open pull request that an earlier run opened; none where there is none."""
    pulls = hub.pull_requests(repo, author=hub.whoami().name)
    return next((pull for pull in pulls if pull.title == TITLE), None)


def _update(hub: Hub, fix: Fix, pull: PullRequest) -> Fixed:
    """Bring our pull request up to date, where nobody else has worked on it."""
    head, *_ = hub.history(fix.repo, pull.ref)
    if head.authors and hub.whoami().name not in head.authors:
        raise RemoteMoved(
            f"{fix.repo}: {', '.join(head.authors)} changed our pull request {pull.num}",
            remedy=f"See {pull.url}: merge it or close it first.",
        )
    content = fix.after.encode()
    if hub.read_range(fix.repo, head.commit, CARD) == content:
        return Fixed(name=fix.name, did="already open", url=pull.url)
    hub.commit(
        fix.repo,
        {CARD: content},
        message=TITLE,
        description=fix.description,
        parent=head.commit,
        revision=pull.ref,
    )
    return Fixed(name=fix.name, did="brought up to date", url=pull.url)
