"""Downloads from a Hugging Face Hub: small files, whole models, files of datasets."""

from __future__ import annotations

import fnmatch
import glob
from pathlib import Path, PurePosixPath

from hubq.hub import client
from hubq.hub.cache import sources_folder
from hubq.hub.connection import Connection
from hubq.hub.failures import translated
from hubq.hub.port import Progress
from hubq.hub.weights import check_complete, needed
from hubq.model.source import COMMIT


class Downloads(Connection):
    """The part of `HuggingFaceHub` that fetches files, each once for a machine."""

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
        api, call = self._api(), self._call(repo, revision, pattern, noun="dataset")
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
