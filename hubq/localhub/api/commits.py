"""Writing: what goes where (preupload), and the commit itself."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

import msgspec

from hubq.localhub import attributes
from hubq.localhub.api.call import Call
from hubq.localhub.discussion import DiscussionLog
from hubq.localhub.problems import BadRequestError, EntryNotFoundError, TooLargeError
from hubq.localhub.repository import Repository, check_path
from hubq.localhub.values import Discussion, FileEntry, git_oid, lfs_pointer
from hubq.markdown import frontmatter

_REGULAR_BYTES = 10 * 1000 * 1000
_MAX_FILES = 256
_MAX_OPERATIONS = 25_000
_MAX_BYTES = 10**9
Changes = dict[str, FileEntry | None]


class _File(msgspec.Struct, frozen=True, kw_only=True):
    """A file that the client is about to upload."""

    path: str
    size: int
    sample: str = ""


class _Preupload(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The question how files are to be uploaded."""

    files: list[_File]
    git_ignore: str = ""


class _Header(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The first line of a commit."""

    summary: str
    description: str = ""
    parent_commit: str = ""


def preupload(call: Call) -> Any:
    """Answer for each file whether it goes into the commit or to LFS, and what is there now."""
    repo = call.repo
    _may_commit(call, repo, create_pr=call.flag("create_pr"))
    try:
        asked = msgspec.json.decode(call.body, type=_Preupload)
    except msgspec.DecodeError as error:
        raise BadRequestError(f"Invalid request: {error}") from None
    if len(asked.files) > _MAX_FILES:
        raise BadRequestError(f"At most {_MAX_FILES} files at once")
    files = repo.files(call.revision)
    rules = ""
    if ".gitattributes" in files:
        rules = repo.blobs.read(files[".gitattributes"].blob).decode(errors="replace")
    return {
        "files": [
            _upload_mode(file, files.get(file.path), rules, asked.git_ignore)
            for file in asked.files
        ]
    }


def commit(call: Call) -> Any:
    """Make one commit on a branch, or on a new pull request.

    One that changes nothing is made too: it is the client that does not send such commits.
    """
    repo = call.repo
    create_pr = call.flag("create_pr")
    _may_commit(call, repo, create_pr=create_pr)
    if len(call.body) > _MAX_BYTES:
        raise TooLargeError("A commit holds at most 1 GB of regular files")
    lines = list(_lines(call.body))
    if len(lines) > _MAX_OPERATIONS + 1:
        raise BadRequestError(f"At most {_MAX_OPERATIONS} files in a commit")
    if not lines or lines[0][0] != "header":
        raise BadRequestError("The first line of a commit must be its header")
    try:
        header = msgspec.convert(lines[0][1], _Header)
    except msgspec.ValidationError as error:
        raise BadRequestError(f"Invalid header: {error}") from None
    if not header.summary.strip():
        raise BadRequestError("A commit needs a summary")
    base = repo.commit(
        header.parent_commit if create_pr and header.parent_commit else call.revision
    )
    changes = _changes(call, repo, base.files, lines[1:])
    author = call.user.name
    if create_pr:
        pull = DiscussionLog(repo).open_pull_request(
            author=author,
            title=header.summary,
            text=header.description,
            base=call.revision,
            base_commit=header.parent_commit,
            changes=changes,
        )
        return _made(call, repo.head(f"refs/pr/{pull.num}"), pull)
    oid = repo.advance(
        call.revision,
        changes,
        author=author,
        title=header.summary,
        message=header.description,
        parent=header.parent_commit,
    )
    pull_number = _pull_number(call.revision)
    if pull_number:
        DiscussionLog(repo).commit(pull_number, author, header.summary, oid)
    return _made(call, oid)


def _made(call: Call, oid: str, pull: Discussion | None = None) -> dict[str, Any]:
    """Return the answer to a commit."""
    url = call.repo_url()
    answer = {"success": True, "commitOid": oid, "commitUrl": f"{url}/commit/{oid}"}
    answer["hookOutput"] = ""
    if pull is not None:
        answer["pullRequestUrl"] = f"{url}/discussions/{pull.num}"
    return answer


def _may_commit(call: Call, repo: Repository, *, create_pr: bool) -> None:
    """Allow writers everything, others only new pull requests and their own.

    Raises:
        UnauthorizedError: nobody in particular asks.
        ForbiddenError: the caller may not commit here.
    """
    if create_pr and call.user:
        return
    number = _pull_number(call.revision)
    if number and DiscussionLog(repo).get(number).author == call.user.name:
        return
    call.require_write(call.param("ns"))


def _pull_number(revision: str) -> int:
    """Return N of `refs/pr/N`, 0 for any other revision."""
    number = revision.removeprefix("refs/pr/")
    return int(number) if number != revision and number.isdecimal() else 0


def _upload_mode(
    file: _File, present: FileEntry | None, rules: str, gitignore: str
) -> dict[str, Any]:
    """Return how one file is to be uploaded."""
    large = file.size > _REGULAR_BYTES or attributes.is_large(file.path, rules)
    answer: dict[str, Any] = {
        "path": file.path,
        "uploadMode": "lfs" if large else "regular",
        "shouldIgnore": attributes.is_ignored(file.path, gitignore),
    }
    if present is not None:
        answer["oid"] = present.etag
    return answer


def _lines(body: bytes) -> Iterator[tuple[str, Any]]:
    """Yield key and value of each line of a commit.

    Raises:
        BadRequestError: a line is no JSON object with `key` and `value`.
    """
    for line in body.splitlines():
        if not line.strip():
            continue
        try:
            item = msgspec.json.decode(line)
            yield str(item["key"]), item["value"]
        except (msgspec.DecodeError, KeyError, TypeError):
            raise BadRequestError("A line of the commit is not a key with a value") from None


def _changes(
    call: Call, repo: Repository, files: dict[str, FileEntry], lines: list[tuple[str, Any]]
) -> Changes:
    """Return what a commit's lines change; deletions come first, whatever their order.

    Raises:
        BadRequestError: a line is malformed, or its content is refused.
        EntryNotFoundError: a path to delete is not there.
    """
    changes: Changes = {}
    for key, value in lines:
        path = check_path(str(value.get("path", "")).rstrip("/"))
        if key == "deletedFile":
            if path not in files:
                raise EntryNotFoundError(f"A file with this name doesn't exist: {path}")
            changes[path] = None
        elif key == "deletedFolder":
            below = [name for name in files if name.startswith(f"{path}/")]
            if not below:
                raise EntryNotFoundError(f"A folder with this name doesn't exist: {path}")
            changes |= dict.fromkeys(below)
    for key, value in lines:
        path = str(value.get("path", ""))
        if key == "file":
            changes[path] = _regular(call, path, value)
        elif key == "lfsFile":
            changes[path] = _large(repo, path, value)
        elif key not in {"deletedFile", "deletedFolder"}:
            raise BadRequestError(f"Unknown operation {key}")
    return changes


def _regular(call: Call, path: str, value: dict[str, Any]) -> FileEntry:
    """Store a small file that came inside the commit.

    Raises:
        BadRequestError: it is not base64, too large, holds a token, or is an invalid card.
    """
    try:
        content = base64.b64decode(value["content"], validate=True)
    except (KeyError, TypeError, binascii.Error):
        raise BadRequestError(f"{path}: the content is not base64") from None
    if len(content) > _REGULAR_BYTES:
        raise BadRequestError(f"{path}: files larger than 10 MB must be uploaded through LFS")
    if any(account.token.encode() in content for account in call.storage.accounts.all()):
        raise BadRequestError(f"{path}: holds a valid access token of this Hub")
    if path == "README.md":
        errors, _ = frontmatter.check(content.decode("utf-8", errors="replace"))
        if errors:
            raise BadRequestError(f"Invalid metadata in README.md: {'; '.join(errors)}")
    return call.storage.store_file(content)


def _large(repo: Repository, path: str, value: dict[str, Any]) -> FileEntry:
    """Return the entry of a file uploaded before, to this repo.

    Raises:
        BadRequestError: it was not uploaded, or has another size.
    """
    oid = str(value.get("oid", ""))
    if value.get("algo", "sha256") != "sha256" or not repo.owns(oid):
        raise BadRequestError(f"{path}: LFS object {oid} was not uploaded to this repo")
    size = repo.blobs.size(oid)
    if value.get("size", size) != size:
        raise BadRequestError(f"{path}: LFS object {oid} has {size} bytes")
    return FileEntry(blob=oid, git=git_oid(lfs_pointer(oid, size)), size=size, lfs=True)
