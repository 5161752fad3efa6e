"""The Hugging Face Hub, or a server that speaks its HTTP API, behind the port."""

from __future__ import annotations

import fnmatch
import glob
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar

from hubq.errors import BadInput
from hubq.hub import client
from hubq.hub.accounts import account
from hubq.hub.cache import sources_folder
from hubq.hub.failures import Call, translated
from hubq.hub.port import (
    MAIN,
    Account,
    Content,
    Hub,
    Progress,
    RemoteFile,
    RepoInfo,
)
from hubq.hub.retry import Retries
from hubq.hub.weights import check_complete, needed
from hubq.model.source import COMMIT

if TYPE_CHECKING:
    from huggingface_hub import HfApi

T = TypeVar("T")


class HuggingFaceHub(Hub):
    """The adapter to the real client library, which is imported when first used.

    Args:
        endpoint: the address, such as `https://huggingface.co`.
        token: the embedded Hub's token; none for the user's own (`HF_TOKEN`, `hf auth login`).
        retries: how patient to be with requests that may be repeated.
        timeout: seconds without a byte after which a request is given up.
    """

    def __init__(
        self,
        endpoint: str = client.HUGGING_FACE,
        token: str | None = None,
        *,
        retries: Retries | None = None,
        timeout: float = client.TIMEOUT,
    ) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._given = token
        self._retries = retries or Retries()
        self._timeout = timeout
        self._client: HfApi | None = None
        self._token: str | None = None
        self._account: Account | None = None

    def __repr__(self) -> str:
        return f"HuggingFaceHub({self._endpoint!r})"

    @property
    def endpoint(self) -> str:
        """The address without a final slash."""
        return self._endpoint

    def whoami(self) -> Account:
        """Return whose token is used; asked once, since the Hub limits this request strictly.

        Raises:
            BadInput: there is no token, or the hub does not know it.
        """
        if self._account is None:
            api = self._api()
            if self._token is None:
                raise BadInput(
                    f"no token for {self._endpoint}",
                    remedy="Run `hf auth login`, or set HF_TOKEN to a token that may write.",
                )
            answer = self._ask(api.whoami, self._call())
            self._account = account(answer, self._endpoint)
        return self._account

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
        )

    def read(self, repo: str, commit: str, path: str) -> bytes:
        """Return a small file's content, from the cache where it was read before.

        Raises:
            BadInput: no such file, or the repo is gated.
        """
        api = self._api()
        file = self._ask(
            lambda: api.hf_hub_download(
                repo, path, revision=commit, cache_dir=self._cache(), etag_timeout=self._timeout
            ),
            self._call(repo, commit, path),
        )
        return Path(file).read_bytes()

    def snapshot(self, repo: str, commit: str, progress: Progress | None = None) -> Path:
        """Return a folder with every file of a model that hubq needs, fetched where missing.

        Raises:
            BadInput: the repo has no safetensors, or is gated.
        """
        api = self._api()
        cached = self._cached(repo, commit)
        if cached is not None:
            return cached
        files = self.tree(repo, commit)
        check_complete(files, lambda path: self.read(repo, commit, path), f"{repo}@{commit[:7]}")
        wanted = needed(files)
        total = sum(files[path].size for path in wanted)
        folder = self._ask(
            lambda: api.snapshot_download(
                repo,
                revision=commit,
                cache_dir=self._cache(),
                allow_patterns=[glob.escape(path) for path in wanted],
                tqdm_class=client.meter(progress, total),
                etag_timeout=self._timeout,
            ),
            self._call(repo, commit),
        )
        if progress is not None:
            progress(total, total)
        return Path(folder)

    def dataset(
        self, repo: str, revision: str, pattern: str, progress: Progress | None = None
    ) -> Path:
        """Return a folder with the files of a dataset that match a pattern, fetched if missing.

        A single file of a commit that is on this machine is returned without any request.

        Raises:
            BadInput: no such dataset, revision or file, or no access.
        """
        del progress
        api, call = self._api(), self._call(repo, revision, pattern)
        commit, names = revision, [pattern]
        if glob.has_magic(pattern) or not COMMIT.match(revision):
            found = self._ask(
                lambda: api.dataset_info(repo, revision=revision, timeout=self._timeout), call
            )
            commit = str(found.sha)
            listed = [file.rfilename for file in found.siblings or ()]
            names = fnmatch.filter(listed, pattern) or [pattern]
        for name in names:
            path = self._ask(
                lambda name=name: api.hf_hub_download(  # type: ignore[misc]
                    repo,
                    name,
                    repo_type="dataset",
                    revision=commit,
                    cache_dir=self._cache(),
                    etag_timeout=self._timeout,
                ),
                call,
            )
        return Path(path).parents[len(PurePosixPath(names[-1]).parts) - 1]

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
        """Return every file of a repo, by path; the client tries each page again by itself."""
        from huggingface_hub.hf_api import RepoFile

        api = self._api()
        with translated(self._call(repo, revision)):
            return {
                entry.path: _listed(entry)
                for entry in api.list_repo_tree(repo, recursive=True, revision=revision)
                if isinstance(entry, RepoFile)
            }

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

    def set_private(self, repo: str, *, private: bool) -> None:
        """Hide a repo or make it visible to everybody."""
        api = self._api()
        self._ask(
            lambda: api.update_repo_settings(
                repo, visibility="private" if private else "public", repo_type="model"
            ),
            self._call(repo, doing="change the settings of"),
        )

    def commit(
        self,
        repo: str,
        files: Mapping[str, Content],
        *,
        message: str,
        parent: str | None,
        deletions: Sequence[str] = (),
        revision: str = MAIN,
        known: Mapping[str, str] = {},
    ) -> str:
        """Add and remove files in exactly one commit and return it; never tried again here.

        Raises:
            RemoteMoved: the branch does not stand at `parent`.
            Unavailable: no answer; the commit may have been made all the same.
        """
        api = self._api()
        operations = _operations(files, deletions, known)
        with translated(self._call(repo, doing="write to")), client.committing(self._endpoint):
            made = api.create_commit(
                repo,
                operations,
                commit_message=message,
                parent_commit=parent,
                revision=revision,
            )
        return str(made.oid)

    def _api(self) -> HfApi:
        """Return the client library's object, made on first use.

        It keeps the token in the clear: never log it.
        """
        if self._client is None:
            client.prepare(self._endpoint, self._timeout)
            from huggingface_hub import HfApi

            self._token = self._given or client.find_token(self._endpoint)
            self._client = HfApi(
                endpoint=self._endpoint, token=self._token or False, library_name="hubq"
            )
        return self._client

    def _ask(self, action: Callable[[], T], call: Call) -> T:
        """Return what a repeatable request returns, with hubq's errors and retries."""

        def once() -> T:
            with translated(call):
                return action()

        return self._retries.call(once)

    def _call(
        self, repo: str = "", revision: str = "", path: str = "", *, doing: str = "read"
    ) -> Call:
        return Call(
            endpoint=self._endpoint,
            repo=repo,
            revision="" if revision == MAIN else revision[:40],
            path=path,
            doing=doing,
            token=self._token,
        )

    def _cache(self) -> Path | None:
        """Return where downloads are kept; none for the client's own cache."""
        if self._endpoint == client.HUGGING_FACE:
            return None
        return sources_folder(self._endpoint)

    def _cached(self, repo: str, commit: str) -> Path | None:
        """Return the folder of a commit that is complete on this machine, without any request."""
        from huggingface_hub import get_cached_repo_tree, snapshot_download
        from huggingface_hub.errors import CachedRepoTreeNotFoundError, LocalEntryNotFoundError

        with translated(self._call(repo, commit)):
            try:
                listing = get_cached_repo_tree(repo, revision=commit, cache_dir=self._cache())
                wanted = needed(file.path for file in listing)
                folder = snapshot_download(
                    repo,
                    revision=commit,
                    cache_dir=self._cache(),
                    allow_patterns=[glob.escape(path) for path in wanted],
                    local_files_only=True,
                )
            except (CachedRepoTreeNotFoundError, LocalEntryNotFoundError):
                return None
        sizes = {file.path: file.size for file in listing}
        broken = [path for path in wanted if (Path(folder) / path).stat().st_size != sizes[path]]
        for path in broken:
            # The client takes whatever lies there for whole; both the link and the blob must go.
            (Path(folder) / path).resolve().unlink()
            (Path(folder) / path).unlink(missing_ok=True)
        return None if broken or not wanted else Path(folder)


def _operations(
    files: Mapping[str, Content], deletions: Sequence[str], known: Mapping[str, str]
) -> list[Any]:
    """Return the client library's operations, with the hashes that are known filled in."""
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    operations: list[Any] = []
    for path, content in sorted(files.items()):
        addition = CommitOperationAdd(path_in_repo=path, path_or_fileobj=content)
        if path in known:
            addition.upload_info.sha256 = bytes.fromhex(known[path])
        operations.append(addition)
    return [*operations, *(CommitOperationDelete(path, is_folder=False) for path in deletions)]


def _sibling(file: Any) -> RemoteFile:
    if file.lfs is not None:
        return RemoteFile(size=file.lfs.size, oid=file.lfs.sha256, lfs=True)
    return RemoteFile(size=file.size or 0, oid=file.blob_id or "", lfs=False)


def _listed(entry: Any) -> RemoteFile:
    if entry.lfs is not None:
        return RemoteFile(size=entry.lfs.size, oid=entry.lfs.sha256, lfs=True)
    return RemoteFile(size=entry.size, oid=entry.blob_id, lfs=False)
