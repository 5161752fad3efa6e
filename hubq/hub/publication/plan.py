"""Plans of publications: what will be done to each repo of a family, worked out from look-ups."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from hubq.hub.hashes import LocalFile
from hubq.hub.port import Content
from hubq.model.publication import Terms

Change = Literal["added", "changed", "unchanged"]
Route = Literal["direct", "pull-request"]

PREFIX = "hubq/"
"""What the names of hubq's own branches start with; what follows is the publication's id."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What one repo is to hold.

    Attributes:
        variant: whose repo it is.
        repo: `namespace/name`.
        files: path in the repo -> content; the README as it was rendered is among them.
        known: path in the repo -> SHA-256, for files whose hash was kept when they were made.
        title: of the commit, and of a pull request: one line.
        note: what stands beside the repo in the family's collection.
    """

    variant: str
    repo: str
    files: Mapping[str, Content]
    known: Mapping[str, str] = {}
    title: str
    note: str = ""


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """A README put together from the card and from the one that is there.

    Attributes:
        content: its bytes.
        facts: what a publication remembers of it, as JSON has it.
        remarks: what people should know, one line each.
        patch: what would make it the card as rendered, where people edited it; else empty.
    """

    content: bytes
    facts: dict[str, Any] = {}
    remarks: tuple[str, ...] = ()
    patch: str = ""


Merge = Callable[[str, bytes, bytes, bytes], Merged]
"""Gives the README of a repo: of its id, the README there, the `hubq.json` there (`{}` for none),
and the card as rendered. Raises Refused when the README there cannot be edited safely."""


class PlannedFile(LocalFile, frozen=True, kw_only=True):
    """A file of the release, and what sending it does to the repo."""

    change: Change


class RepoPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a publication will do to one repo.

    Attributes:
        variant, repo, title, note: as wanted.
        parent: the commit the target branch stands at; none when the repo is new.
        target_is_new: whether the target branch is another than main and does not exist yet; it
            will start at `parent`.
        route: straight to the branch, or by a pull request.
        why: why by a pull request, or what would have asked for one had the terms not said
            `direct`; empty for a repo that is ours.
        pull_request: the number of our own open one that will be brought up to date; 0 for none.
            What is added, changed and removed is then told from what that pull request holds.
        pull_head: the commit that pull request stands at, which the new commit goes on top of.
        hidden: whether only members see the repo now; a new repo is made hidden.
        reveal: whether it will be made visible once everything is verified.
        gate: whether its gate will be changed to what the terms ask.
        tag: whether the terms' tag will be put on the commit that holds the release.
        files: every file of the release, by path in the repo.
        removed: files of an earlier release of hubq's that this one no longer has.
        kept: files in the repo that hubq did not put there and leaves alone.
        readme: what became of the README (`Merged.facts`); remarks on it; the patch.
        rendered: the SHA-256 of the card as rendered, before it was merged.
    """

    variant: str
    repo: str
    title: str
    note: str = ""
    parent: str | None
    target_is_new: bool = False
    route: Route = "direct"
    why: str = ""
    pull_request: int = 0
    pull_head: str = ""
    hidden: bool
    reveal: bool
    gate: bool = False
    tag: bool = False
    files: dict[str, PlannedFile]
    removed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    readme: dict[str, Any] = {}
    remarks: tuple[str, ...] = ()
    patch: str = ""
    rendered: str = ""

    @property
    def new(self) -> bool:
        """Whether the repo does not exist yet."""
        return self.parent is None

    @property
    def sent(self) -> dict[str, PlannedFile]:
        """The files that have to be sent."""
        return {path: file for path, file in self.files.items() if file.change != "unchanged"}

    @property
    def empty(self) -> bool:
        """Whether the repo holds exactly this release already."""
        return not (self.new or self.target_is_new or self.sent or self.removed)

    @property
    def size(self) -> int:
        """The bytes of the files that have to be sent."""
        return sum(file.mark.size for file in self.sent.values())


class FamilyPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a publication will do.

    Attributes:
        id: of the publication: a digest of what it publishes and of the commits it starts from, and
            a few random digits, so that a branch of this name is of this publication alone.
        release: the name of the release.
        source: what the family was made from, as people name it.
        endpoint: of the hub.
        terms: as asked.
        repos: in the order in which they are done, sorted by id: two publications of one family
            meet at the first repo, and the one that comes second stops there.
        collection: the title of the family's collection; empty for none.
        slug: of that collection, where it is known to exist.
        notes: repo -> what will be written beside it there; only those that change.
        show_collection: whether the collection is hidden and will be made visible, since repos of
            the family are.
    """

    id: str
    release: str
    source: str
    endpoint: str
    terms: Terms
    repos: tuple[RepoPlan, ...]
    collection: str = ""
    slug: str = ""
    notes: dict[str, str] = {}
    show_collection: bool = False

    @property
    def branch(self) -> str:
        """The branch that everything is brought to before main is moved."""
        return f"{PREFIX}{self.id}"

    @property
    def empty(self) -> bool:
        """Whether everything on the hub is as it is to be."""
        return not self.notes and all(
            one.empty and not (one.reveal or one.gate or one.tag) for one in self.repos
        )


class PublishedRepo(msgspec.Struct, frozen=True, kw_only=True):
    """A variant that is on the hub, checked hash by hash.

    Attributes:
        commit: the commit that holds it: of the target branch, or of the pull request.
        url: of the repo, or of the pull request.
        files: path in the repo -> SHA-256, of every file of the release.
        changed: whether this publication made a commit.
        private: whether it is hidden.
        route: how it got there.
        way: how large files went: `Xet`, `LFS`, or empty when none was sent.
    """

    variant: str
    repo: str
    commit: str
    url: str
    files: dict[str, str]
    changed: bool
    private: bool
    route: Route = "direct"
    way: str = ""
    readme: dict[str, Any] = {}


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """A family that is on the hub.

    Attributes:
        id: of the publication.
        repos: as planned.
        collection: its address; empty for none.
    """

    id: str
    repos: tuple[PublishedRepo, ...]
    collection: str = ""
