"""Planning of one repo: what is there, what differs, whose it is, and how it is to stand."""

from __future__ import annotations

from functools import cached_property

import msgspec

from hubq.errors import BadInput
from hubq.hub.port import MAIN, RepoInfo
from hubq.hub.publication import ownership
from hubq.hub.publication.contents import Contents, Setting, contents_of, release_of
from hubq.hub.publication.ownership import Standing
from hubq.hub.publication.plan import RepoPlan, Wanted
from hubq.hub.publication.receipt import ReceiptRepo
from hubq.hub.remote import PullRequest, Refs


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the terms would change of a repo besides its files; as text, that it is not done."""

    reveal: bool = False
    gate: bool = False
    tag: bool = False

    @property
    def any(self) -> bool:
        """Whether there is anything."""
        return self.reveal or self.gate or self.tag

    def __str__(self) -> str:
        named = {"made public": self.reveal, "gated": self.gate, "tagged": self.tag}
        return " and ".join(f"not {name}" for name, asked in named.items() if asked)


class RepoPlanner:
    """Plans one repo of a family; used once.

    Args:
        setting: what the family shares.
        wanted: what the repo is to hold.
        last: what the last publication left there.
    """

    def __init__(self, setting: Setting, wanted: Wanted, last: ReceiptRepo | None) -> None:
        self._setting, self._wanted, self._last = setting, wanted, last
        self._hub, self._me, self._terms = setting.hub, setting.me, setting.terms
        self._repo = wanted.repo
        self._release = release_of(wanted)
        self._branch_is_new = False

    def plan(self) -> RepoPlan:
        """Return what a publication will do to the repo; only look-ups are sent.

        Raises:
            UserError: as `plan_family` says.
        """
        look = self._look()
        if look is None:
            return self._made_new()
        contents = self._contents(look)
        moves = contents.changed or self._branch_is_new
        asked, remarks = self._asked(look, contents, moves=moves)
        if not moves and not asked.any:
            return self._planned(look, contents, remarks=remarks)
        stands = ownership.standing(self._hub, self._me, look, self._terms, self._last)
        if stands.route == "pull-request":
            if asked.any:
                remarks += (f"{asked}: {stands.why}",)
            if not moves:
                return self._planned(look, contents, remarks=remarks)
            return self._proposed(look, contents, stands, remarks)
        if asked.tag:
            self._check_tag()
        if moves:
            self._check_refs(look)
        return self._planned(look, contents, stands, asked=asked, remarks=remarks)

    @cached_property
    def _refs(self) -> Refs:
        return self._hub.refs(self._repo)

    def _look(self) -> RepoInfo | None:
        """Return the repo at the target branch, or at main where that branch is yet to be made."""
        found = self._info(self._terms.revision)
        if found is None and self._terms.revision != MAIN:
            found = self._info(MAIN)
            self._branch_is_new = True
        return found

    def _info(self, revision: str) -> RepoInfo | None:
        """Return a repo at a branch; none when there is no such repo or branch."""
        try:
            return self._hub.info(self._repo, revision)
        except BadInput:
            if self._hub.head(self._repo, revision) is not None:
                raise
            return None

    def _contents(self, look: RepoInfo | None) -> Contents:
        return contents_of(self._setting, self._release, look, self._last)

    def _made_new(self) -> RepoPlan:
        if not self._me.can_write(self._repo):
            raise ownership.no_way(self._hub, self._me, self._repo)
        asked = _Asked(
            reveal=self._terms.visibility != "private",
            gate=self._terms.gated is not None,
            tag=bool(self._terms.tag),
        )
        return self._planned(None, self._contents(None), asked=asked)

    def _asked(
        self, look: RepoInfo, contents: Contents, *, moves: bool
    ) -> tuple[_Asked, tuple[str, ...]]:
        """Return what the terms change of a repo that is there, and what is to be said of it.

        Raises:
            BadInput: they would hide a repo that everybody sees.
        """
        terms, remarks = self._terms, tuple[str, ...]()
        if terms.visibility == "private" and not look.private:
            raise BadInput(
                f"{self._repo} is public on {self._hub.endpoint}, and hubq hides nothing that "
                "people may use",
                remedy=f"Leave out --private, or hide it by hand: {self._hub.url(self._repo)}"
                "/settings",
            )
        shown = terms.visibility == "public" and look.private
        if shown and contents.kept:
            shown = False
            remarks = (f"stays private: hubq did not put there {', '.join(contents.kept[:3])}",)
        asked = _Asked(
            reveal=shown,
            gate=terms.gated is not None and terms.gated != look.gate,
            tag=bool(terms.tag) and not self._tag_is_there(look, moves=moves),
        )
        return asked, remarks

    def _tag_is_there(self, look: RepoInfo, *, moves: bool) -> bool:
        """Return whether the tag is on the release's commit already."""
        return not moves and self._refs.tags.get(self._terms.tag) == look.commit

    def _check_tag(self) -> None:
        """Make sure that the tag can be put on the release's commit.

        Raises:
            BadInput: it is on another one.
        """
        there = self._refs.tags.get(self._terms.tag)
        if there is not None:
            raise BadInput(
                f"{self._repo}: the tag {self._terms.tag} is on {there[:7]} already, and a tag is "
                "never moved",
                remedy="Choose another --tag.",
            )

    def _check_refs(self, look: RepoInfo) -> None:
        """Make sure that the target is a branch and that nobody else publishes there now.

        Raises:
            BadInput: it is a tag or a commit.
            RemoteMoved: somebody does.
        """
        revision = self._terms.revision
        if not self._branch_is_new and revision not in self._refs.branches:
            raise BadInput(
                f"{self._repo}: {revision} is no branch there",
                remedy="Name a branch with --revision; one that is not there is made.",
            )
        ownership.refuse_other_publications(self._hub, self._repo, self._refs, look.commit)

    def _proposed(
        self, look: RepoInfo, contents: Contents, stands: Standing, remarks: tuple[str, ...]
    ) -> RepoPlan:
        """Return the plan of a pull request: a new one, or our own that is open."""
        ownership.refuse_branch_by_proposal(look, stands.why, self._terms.revision)
        pull = ownership.own_pull_request(self._hub, self._repo, self._me, self._wanted.title)
        if pull is None:
            return self._planned(look, contents, stands, remarks=remarks)
        proposed = self._hub.info(self._repo, pull.ref)
        plan = self._planned(look, self._contents(proposed), stands, remarks=remarks)
        return _updating(plan, pull, proposed.commit)

    def _planned(
        self,
        look: RepoInfo | None,
        contents: Contents,
        stands: Standing | None = None,
        *,
        asked: _Asked | None = None,
        remarks: tuple[str, ...] = (),
    ) -> RepoPlan:
        stands, asked = stands or Standing(), asked or _Asked()
        readme = contents.readme
        return RepoPlan(
            variant=self._wanted.variant,
            repo=self._repo,
            title=self._wanted.title,
            note=self._wanted.note,
            parent=look.commit if look else None,
            target_is_new=self._terms.revision != MAIN if look is None else self._branch_is_new,
            route=stands.route,
            why=stands.why,
            hidden=look.private if look else True,
            reveal=asked.reveal,
            gate=asked.gate,
            tag=asked.tag,
            files=contents.files,
            removed=contents.removed,
            kept=contents.kept,
            readme=readme.facts if readme else {},
            remarks=((*readme.remarks, *remarks) if readme else remarks),
            patch=readme.patch if readme else "",
            rendered=self._release.rendered,
        )


def _updating(plan: RepoPlan, pull: PullRequest, head: str) -> RepoPlan:
    return msgspec.structs.replace(plan, pull_request=pull.num, pull_head=head)
