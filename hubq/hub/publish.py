"""Publishing one variant: create, one commit, compare with the disk, and only then reveal.

Answers get lost: a hub can answer 504 to a commit that it makes all the same. So before a commit is
sent again the remote is compared with what was sent, and a branch that moved to anything else is
never written over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from hubq.errors import RemoteMoved, StageFailed
from hubq.hub.hashes import LocalFile
from hubq.hub.port import MAIN, Hub, RemoteFile, Unavailable
from hubq.hub.push_plan import PushPlan
from hubq.hub.retry import Retries

_PLAN_AGAIN = "Run the same command again: it plans anew and shows what is different."
_FRESH = frozenset({".gitattributes"})

Step = Callable[[str], None]
"""Told what the push does next, in a few words."""


class Mismatch(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is not on the hub as it is on the disk.

    Attributes:
        path: in the repo.
        expected: size and hash on the disk, or `absent`.
        found: size and hash on the hub, or `absent`.
    """

    path: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.path}: expected {self.expected}, found {self.found}"


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """A variant that is on the hub, checked hash by hash.

    Attributes:
        repo: its id.
        commit: the commit that holds it.
        url: its page.
        files: path in the repo -> SHA-256, of every file of the release.
        changed: whether this push made a commit.
        private: whether it is hidden.
    """

    repo: str
    commit: str
    url: str
    files: dict[str, str]
    changed: bool
    private: bool


def push(
    hub: Hub, plan: PushPlan, *, retries: Retries | None = None, step: Step | None = None
) -> Published:
    """Carry out a plan and return what is published.

    Nothing is sent when the repo holds the release already. A repo that is new, or hidden and
    hubq's own, becomes visible after the comparison and not before.

    Raises:
        RemoteMoved: the repo changed since the plan.
        StageFailed: the hub holds other bytes than the disk; the repo is not revealed.
        Unavailable: the hub stopped answering; the same push again goes on from there.
        BadInput: no permission, or the hub refuses a file.
    """
    tell = step or _silent
    commit = plan.parent
    if not plan.empty:
        parent = plan.parent or _create(hub, plan, tell)
        tell(f"sending {len(plan.sent)} files")
        commit = send(hub, plan, parent, retries=retries or Retries())
        tell("comparing with the disk")
        _verify(hub, plan, commit)
    assert commit is not None  # noqa: S101 - an empty plan has a parent
    if plan.reveal:
        tell("making it public")
        hub.set_private(plan.repo, private=False)
    return Published(
        repo=plan.repo,
        commit=commit,
        url=hub.url(plan.repo),
        files={path: file.mark.sha256 for path, file in plan.files.items()},
        changed=commit != plan.parent,
        private=plan.hidden and not plan.reveal,
    )


def send(hub: Hub, plan: PushPlan, parent: str, *, retries: Retries, revision: str = MAIN) -> str:
    """Make the plan's one commit on a branch and return it, answers lost on the way or not.

    Raises:
        RemoteMoved: the branch is neither at `parent` nor at this release.
        Unavailable: the hub stopped answering.
    """
    lost = 0
    while True:
        try:
            return hub.commit(
                plan.repo,
                {path: file.content for path, file in plan.sent.items()},
                message=plan.message,
                parent=parent,
                deletions=plan.removed,
                revision=revision,
                known={path: file.mark.sha256 for path, file in plan.sent.items()},
            )
        except Unavailable as error:
            lost += 1
            retries.wait(lost, error)
        except RemoteMoved:
            if not lost:
                raise
        made = _made_already(hub, plan, parent, revision)
        if made:
            return made


def verify_remote(
    hub: Hub,
    repo: str,
    commit: str,
    files: Mapping[str, LocalFile],
    *,
    absent: tuple[str, ...] = (),
) -> list[Mismatch]:
    """Return the files that a hub does not hold as they are on the disk; empty when all is well.

    Every file is compared by its hash (SHA-256 for LFS, git's blob id otherwise); nothing is
    downloaded.

    Args:
        hub: where.
        repo: which repo.
        commit: at which commit.
        files: what must be there; `local_files` makes them of paths and bytes.
        absent: what must not be there.
    """
    there = hub.tree(repo, commit)
    wrong = [
        Mismatch(
            path=path,
            expected=f"{file.mark.size} bytes, sha256 {file.mark.sha256}",
            found=_shown(there.get(path)),
        )
        for path, file in sorted(files.items())
        if not file.matches(there.get(path))
    ]
    wrong += [
        Mismatch(path=path, expected="absent", found=_shown(there[path]))
        for path in absent
        if path in there
    ]
    return wrong


def _create(hub: Hub, plan: PushPlan, tell: Step) -> str:
    """Create the repo hidden and return the commit it starts with.

    Raises:
        RemoteMoved: somebody else made it since the plan.
    """
    tell("creating the repo, hidden until it is verified")
    hub.create(plan.repo, private=True)
    parent = hub.head(plan.repo)
    if parent is None or not set(hub.tree(plan.repo, parent)) <= _FRESH:
        raise RemoteMoved(
            f"{plan.repo}: somebody else made it on {plan.endpoint} since the plan",
            remedy=_PLAN_AGAIN,
        )
    return parent


def _made_already(hub: Hub, plan: PushPlan, parent: str, revision: str) -> str | None:
    """Return the branch's commit when it holds the release, none when it has not moved.

    Raises:
        RemoteMoved: it moved to something else.
    """
    head = hub.head(plan.repo, revision)
    if head == parent:
        return None
    if head and not verify_remote(hub, plan.repo, head, plan.files, absent=plan.removed):
        return head
    raise RemoteMoved(
        f"{plan.repo}: changed on {plan.endpoint} while it was being sent", remedy=_PLAN_AGAIN
    )


def _verify(hub: Hub, plan: PushPlan, commit: str) -> None:
    wrong = verify_remote(hub, plan.repo, commit, plan.files, absent=plan.removed)
    if wrong:
        raise StageFailed(
            f"{plan.repo}@{commit[:7]} on {plan.endpoint} is not what is on the disk: "
            + "; ".join(map(str, wrong[:3]))
            + (f"; and {len(wrong) - 3} more" if len(wrong) > 3 else ""),
            remedy="Run the same command again: it sends what is different.",
        )


def _shown(file: RemoteFile | None) -> str:
    if file is None:
        return "absent"
    return f"{file.size} bytes, {'sha256' if file.lfs else 'git'} {file.oid}"


def _silent(_: str) -> None:
    """Tell nobody."""
