"""A folder that holds a Hub: repos, contents, accounts and collections.

    DIR/accounts.json                   users and tokens, mode 0600
    DIR/signing.key                     signs upload and download addresses, mode 0600
    DIR/blobs/ab/<sha256>               contents; DIR/uploads holds parts on their way
    DIR/repos/<kind>/<ns>/<name>/       repo.json, commits/, refs/, lfs/, discussions/
    DIR/collections/<ns>/<slug>.json

Reading needs no server, takes no lock and creates nothing.
"""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec

from hubq.localhub import disk
from hubq.localhub.accounts import Account, Accounts
from hubq.localhub.blobs import BlobStore
from hubq.localhub.collection import CollectionShelf
from hubq.localhub.disk import Disk
from hubq.localhub.problems import BadRequestError, ConflictError, RepoNotFoundError
from hubq.localhub.repository import Repository, now
from hubq.localhub.signing import KEY_BYTES, new_key
from hubq.localhub.values import KINDS, FileEntry, Kind, RepoRecord, git_oid

_RESERVED = frozenset({"api", "collections", "datasets", "models", "spaces"})
_NAME = re.compile(r"(?!.*(--|\.\.))[A-Za-z0-9_][A-Za-z0-9._-]{0,95}(?<![.-])")
_LARGE = """
*.7z *.arrow *.bin *.bz2 *.ckpt *.ftz *.gguf *.gz *.h5 *.joblib *.lfs.* *.mlmodel *.model *.msgpack
*.npy *.npz *.onnx *.ot *.parquet *.pb *.pickle *.pkl *.pt *.pth *.rar *.safetensors
saved_model/**/* *.tar.* *.tar *.tflite *.tgz *.wasm *.xz *.zip *.zst *tfevents*
"""
GIT_ATTRIBUTES = "".join(f"{item} filter=lfs diff=lfs merge=lfs -text\n" for item in _LARGE.split())


class Storage:
    """The Hub in a folder.

    Args:
        directory: where it lies; made by the first write.
        durable: whether writes survive a power cut; without, they survive a kill only.
    """

    def __init__(self, directory: Path, *, durable: bool = True) -> None:
        writes = Disk(durable=durable)
        self.directory = Path(directory)
        self.lock = threading.RLock()
        self.blobs = BlobStore(self.directory, writes)
        self.accounts = Accounts(self.directory / "accounts.json", writes)
        self.collections = CollectionShelf(self.directory / "collections", self.lock, writes)

    def writer_token(self) -> str:
        """Return the token of the account `local`; the account is made at the first call."""
        return self.writer().token

    def writer(self) -> Account:
        """Return the account `local`, made at the first call."""
        with self.lock:
            return self.accounts.writer()

    def signing_key(self) -> bytes:
        """Return the key of signed addresses, made at the first call.

        It is kept, so that an address outlives the server that gave it: an upload of many parts
        goes on where a restart broke it off.
        """
        path = self.directory / "signing.key"
        with self.lock:
            try:
                key = path.read_bytes()
            except FileNotFoundError:
                key = b""
            if len(key) != KEY_BYTES:
                key = new_key()
                self.blobs.disk.write_bytes(path, key, mode=0o600)
            return key

    def repos(self, kind: Kind = "model") -> list[Repository]:
        """Return all repos of a kind, sorted by id."""
        return list(self._repos(kind))

    def repo(self, repo_id: str, kind: Kind = "model") -> Repository:
        """Return one repo.

        Raises:
            RepoNotFoundError: there is none of this id and kind.
        """
        folder = self._folder(repo_id, kind)
        if folder is None or not (folder / "repo.json").is_file():
            raise RepoNotFoundError(f"Repository not found: {repo_id}")
        return Repository(folder, self.blobs, self.lock)

    def namespaces(self) -> list[str]:
        """Return every namespace that holds a repo, sorted."""
        return sorted({repo.id.split("/")[0] for kind in KINDS for repo in self._repos(kind)})

    def create_repo(
        self,
        repo_id: str,
        kind: Kind = "model",
        *,
        author: str,
        private: bool = False,
        sdk: str = "",
    ) -> Repository:
        """Make a repo whose `main` holds a `.gitattributes`, as the Hub does.

        Raises:
            BadRequestError: the id is not `namespace/name` in the Hub's alphabet.
            ConflictError: it exists.
        """
        folder = self._folder(repo_id, kind)
        if folder is None:
            raise BadRequestError(f"{repo_id!r} is not a valid repo id")
        with self.lock:
            if (folder / "repo.json").is_file():
                raise ConflictError(f"You already created this {kind} repo")
            shutil.rmtree(folder, ignore_errors=True)
            repo = Repository(folder, self.blobs, self.lock)
            entry = self.store_file(GIT_ATTRIBUTES.encode())
            oid = repo.save_commit(
                {".gitattributes": entry}, parents=(), author=author, title="initial commit"
            )
            repo.set_ref("heads", "main", oid)
            # Last: a repo exists for readers from the moment its record does.
            repo.save_record(
                RepoRecord(
                    id=repo_id, kind=kind, author=author, created=now(), private=private, sdk=sdk
                )
            )
            return repo

    def delete_repo(self, repo_id: str, kind: Kind = "model") -> None:
        """Delete a repo; the contents stay, other repos may use them.

        Raises:
            RepoNotFoundError: there is none.
        """
        with self.lock:
            disk.remove_tree(self.repo(repo_id, kind).folder)

    def move_repo(self, repo_id: str, new_id: str, kind: Kind = "model") -> None:
        """Give a repo another namespace or name.

        Raises:
            RepoNotFoundError: there is none.
            BadRequestError: the new id is not valid.
            ConflictError: the new id is taken.
        """
        with self.lock:
            repo = self.repo(repo_id, kind)
            target = self._folder(new_id, kind)
            if target is None:
                raise BadRequestError(f"{new_id!r} is not a valid repo id")
            if target.exists():
                raise ConflictError(f"{new_id} exists")
            target.parent.mkdir(parents=True, exist_ok=True)
            record = msgspec.structs.replace(repo.record, id=new_id)
            repo.folder.rename(target)
            Repository(target, self.blobs, self.lock).save_record(record)

    def store_file(self, content: bytes) -> FileEntry:
        """Store a small file's content and return its entry."""
        blob = self.blobs.put(content)
        return FileEntry(blob=blob, git=git_oid(content), size=len(content))

    def _repos(self, kind: Kind) -> Iterator[Repository]:
        for namespace in disk.listing(self.directory / "repos" / kind):
            for folder in disk.listing(namespace):
                if (folder / "repo.json").is_file():
                    yield Repository(folder, self.blobs, self.lock)

    def _folder(self, repo_id: str, kind: Kind) -> Path | None:
        """Return where a repo lies or would lie; None when the id is not valid."""
        namespace, _, name = repo_id.partition("/")
        if kind not in KINDS or namespace in _RESERVED:
            return None
        if not _NAME.fullmatch(namespace) or not _NAME.fullmatch(name):
            return None
        return self.directory / "repos" / kind / namespace / name
