"""Repos of a Hugging Face Hub: what they hold, their settings, branches and tags.

What changes something is tried again like everything else, because each of these requests says the
same thing twice without harm: what stands already, or is gone already, is no error.
"""

from __future__ import annotations

from typing import Any

from hubq.errors import RemoteMoved, UserError
from hubq.hub.connection import Connection
from hubq.hub.port import MAIN, RemoteFile, RepoInfo, Unavailable
from hubq.hub.remote import Past, PullRequest, Refs
from hubq.model.publication import Gate


class Repos(Connection):
    """The part of `HuggingFaceHub` that is about repos as wholes."""

    def info(self, repo: str, revision: str = MAIN) -> RepoInfo:
        """Return what a repo holds at a branch, tag or commit.

        Raises:
            BadInput: no such repo or revision, or no access.
        """
        api = self._api()
        found = self._ask(
            lambda: api.model_info(
                repo, revision=revision, files_metadata=True, timeout=self._timeout
            ),
            self._call(repo, revision),
        )
        return RepoInfo(
            repo=repo,
            commit=str(found.sha),
            files={file.rfilename: _sibling(file) for file in found.siblings or ()},
            card=dict(found.card_data.to_dict()) if found.card_data else {},  # type: ignore[no-untyped-call]
            private=bool(found.private),
            gated=bool(found.gated),
            gate=found.gated or None,
        )

    def head(self, repo: str, revision: str = MAIN) -> str | None:
        """Return the commit a branch stands at; none when there is no such repo or branch."""
        from huggingface_hub.errors import (
            GatedRepoError,
            RepositoryNotFoundError,
            RevisionNotFoundError,
        )

        api = self._api()

        def ask() -> str | None:
            try:
                return api.model_info(repo, revision=revision, timeout=self._timeout).sha
            except GatedRepoError:
                raise
            except (RepositoryNotFoundError, RevisionNotFoundError):
                return None

        return self._ask(ask, self._call(repo, revision))

    def tree(self, repo: str, revision: str = MAIN) -> dict[str, RemoteFile]:
        """Return every file of a repo, by path."""
        from huggingface_hub.hf_api import RepoFile

        api = self._api()
        entries = self._ask(
            lambda: list(api.list_repo_tree(repo, recursive=True, revision=revision)),
            self._call(repo, revision),
        )
        return {entry.path: _listed(entry) for entry in entries if isinstance(entry, RepoFile)}

    def refs(self, repo: str) -> Refs:
        """Return where a repo's branches and tags stand; one request."""
        api = self._api()
        found = self._ask(lambda: api.list_repo_refs(repo), self._call(repo))
        return Refs(
            branches={ref.name: ref.target_commit for ref in found.branches},
            tags={ref.name: ref.target_commit for ref in found.tags},
        )

    def history(self, repo: str, revision: str = MAIN) -> tuple[Past, ...]:
        """Return the commits of a branch, newest first."""
        api = self._api()
        found = self._ask(
            lambda: api.list_repo_commits(repo, revision=revision), self._call(repo, revision)
        )
        return tuple(
            Past(
                commit=past.commit_id,
                title=past.title,
                message=past.message,
                authors=tuple(past.authors),
                date=past.created_at.isoformat(),
            )
            for past in found
        )

    def pull_requests(self, repo: str, *, author: str) -> tuple[PullRequest, ...]:
        """Return the open pull requests of one author, newest first."""
        api = self._api()
        found = self._ask(
            lambda: list(
                api.get_repo_discussions(
                    repo,
                    author=author,
                    discussion_type="pull_request",
                    discussion_status="open",
                )
            ),
            self._call(repo),
        )
        return tuple(
            PullRequest(
                num=pull.num,
                title=pull.title,
                author=pull.author,
                ref=str(pull.git_reference),
                url=f"{self.url(repo)}/discussions/{pull.num}",
            )
            for pull in sorted(found, key=lambda pull: pull.num, reverse=True)
            # Hubs that do not know a filter pass over it.
            if pull.author == author and pull.is_pull_request and pull.status in {"open", "draft"}
        )

    def create(self, repo: str, *, private: bool) -> str:
        """Create a model repo and return its address; one that exists is left as it is."""
        api = self._api()
        created = self._ask(
            lambda: api.create_repo(
                repo, visibility="private" if private else "public", exist_ok=True
            ),
            self._call(repo, doing="create"),
        )
        return str(created)

    def delete(self, repo: str) -> None:
        """Delete a repo and everything in it; one that is gone already is no error."""
        api = self._api()
        self._ask(lambda: api.delete_repo(repo, missing_ok=True), self._call(repo, doing="delete"))

    def set_private(self, repo: str, *, private: bool) -> None:
        """Hide a repo or make it visible to everybody."""
        self._set(repo, visibility="private" if private else "public")

    def set_gate(self, repo: str, gate: Gate | None) -> None:
        """Give a repo's files only to those who ask, or to everybody."""
        self._set(repo, gated=gate or False)

    def create_branch(self, repo: str, branch: str, commit: str) -> None:
        """Make a branch that stands at a commit; one that stands there already is no error.

        Raises:
            RemoteMoved: there is one of this name that stands elsewhere.
        """
        api = self._api()
        try:
            self._ask(
                lambda: api.create_branch(repo, branch=branch, revision=commit),
                self._call(repo, doing="make a branch of"),
            )
        except RemoteMoved:
            # A listing may be a moment behind.
            there = self.refs(repo).branches.get(branch) or self.head(repo, branch)
            if there != commit:
                raise RemoteMoved(
                    f"{repo}: there is a branch {branch} on {self._endpoint} already, and it "
                    f"stands at {_short(there)}, not at {_short(commit)}",
                    remedy=f"See {self.url(repo)}/tree/{branch}: another publication may be at it.",
                ) from None

    def delete_branch(self, repo: str, branch: str) -> None:
        """Delete a branch; one that is gone already is no error."""
        api = self._api()
        try:
            self._ask(
                lambda: api.delete_branch(repo, branch=branch),
                self._call(repo, doing="delete a branch of"),
            )
        except Unavailable:
            raise
        except UserError:
            # Hubs say in several ways that it is gone already, and list it for a while after.
            if branch in self.refs(repo).branches and self.head(repo, branch):
                raise

    def create_tag(self, repo: str, tag: str, commit: str, message: str) -> None:
        """Tag a commit; a tag that is on it already is no error.

        Raises:
            RemoteMoved: the tag is on another commit.
        """
        api = self._api()
        try:
            self._ask(
                lambda: api.create_tag(repo, tag=tag, tag_message=message, revision=commit),
                self._call(repo, doing="tag"),
            )
        except RemoteMoved:
            there = self.refs(repo).tags.get(tag) or self.head(repo, tag)
            if there != commit:
                raise RemoteMoved(
                    f"{repo}: the tag {tag} on {self._endpoint} is on {_short(there)}, not on "
                    f"{_short(commit)}",
                    remedy="Choose another --tag, or delete that one on the Hub.",
                ) from None

    def _set(self, repo: str, **settings: Any) -> None:
        """Change a repo's settings."""
        api = self._api()
        self._ask(
            lambda: api.update_repo_settings(repo, repo_type="model", **settings),
            self._call(repo, doing="change the settings of"),
        )


def _short(commit: str | None) -> str:
    return commit[:7] if commit else "no commit"


def _sibling(file: Any) -> RemoteFile:
    if file.lfs is not None:
        return RemoteFile(size=file.lfs.size, oid=file.lfs.sha256, lfs=True)
    return RemoteFile(size=file.size or 0, oid=file.blob_id or "", lfs=False)


def _listed(entry: Any) -> RemoteFile:
    if entry.lfs is not None:
        return RemoteFile(size=entry.lfs.size, oid=entry.lfs.sha256, lfs=True)
    return RemoteFile(size=entry.size, oid=entry.blob_id, lfs=False)
