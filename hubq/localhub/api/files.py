"""Reading: trees, paths, commits, and the files themselves."""

from __future__ import annotations

import mimetypes
from typing import Any
from urllib.parse import quote, urlsplit

from starlette.responses import FileResponse, RedirectResponse, Response

from hubq.localhub import tree
from hubq.localhub.api.call import Call
from hubq.localhub.problems import BadRequestError, EntryNotFoundError
from hubq.localhub.tree import Folder
from hubq.localhub.values import Commit, FileEntry

_MAX_PATHS = 1000
_OTHER_NAME = {"127.0.0.1": "localhost", "localhost": "127.0.0.1"}
# A repo's files are somebody else's: a browser must show them, never run them.
_SAFE = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "X-Content-Type-Options": "nosniff",
}
_SHOWN_AS_TEXT = ("text/", "application/json", "application/javascript", "application/xml")


class _BlobResponse(FileResponse):
    """A file sent in large pieces; `Range` is understood."""

    chunk_size = 1 << 20


def tree_page(call: Call) -> Any:
    """List a folder, or everything below it."""
    repo = call.repo
    oid = repo.head(call.revision)
    path = call.param("path").strip("/")
    files = repo.files(oid)
    entries = tree.walk(files, path, recursive=call.flag("recursive"))
    changes = repo.last_changes(oid) if call.flag("expand") else None
    items = [_item(name, entry, changes) for name, entry in entries.items()]
    return call.page(items, 50 if changes else call.service.page_size)


def paths_info(call: Call) -> Any:
    """Describe the named paths; those that do not exist are left out."""
    repo = call.repo
    oid = repo.head(call.revision)
    paths = call.form.get("paths", [])
    if call.request.headers.get("content-type", "").startswith("application/json"):
        paths = [str(path) for path in call.json.get("paths", [])]
    if len(paths) > _MAX_PATHS:
        raise BadRequestError(f"At most {_MAX_PATHS} paths at once")
    files = repo.files(oid)
    expand = call.form.get("expand", ["false"])[0].lower() == "true"
    changes = repo.last_changes(oid) if expand else None
    found = [(path, tree.lookup(files, path)) for path in dict.fromkeys(paths)]
    return [_item(path.strip("/"), entry, changes) for path, entry in found if entry is not None]


def commits(call: Call) -> Any:
    """List the history of a revision, newest first."""
    history = call.repo.history(call.revision)
    items = [
        {
            "id": oid,
            "title": commit.title,
            "message": commit.message,
            "authors": [{"user": commit.author}],
            "date": commit.date,
        }
        for oid, commit in history
    ]
    return call.page(items, min(call.number("limit", 50), 1000) or 50)


def resolve(call: Call) -> Response:
    """Send a file; a large one by way of the other loopback name, as a CDN would."""
    repo = call.readable_repo
    oid = repo.head(call.revision)
    path = call.param("path")
    entry = repo.commit(oid).files.get(path)
    if entry is None:
        # The client remembers that this commit has no such file.
        missing = EntryNotFoundError("Entry not found")
        headers = {"X-Repo-Commit": oid, "X-Error-Code": missing.code}
        headers["X-Error-Message"] = missing.message
        return Response(missing.message, status_code=missing.status, headers=headers)
    headers = {"X-Repo-Commit": oid, "ETag": f'"{entry.etag}"'}
    if entry.lfs:
        headers |= {"X-Linked-Etag": f'"{entry.etag}"', "X-Linked-Size": str(entry.size)}
        elsewhere = _elsewhere(call)
        if elsewhere:
            query = call.service.signer.sign("get", oid=entry.blob, name=path.split("/")[-1])
            return RedirectResponse(f"{elsewhere}/_blob?{query}", 302, headers)
    return _file(call, entry.blob, path, headers)


def blob(call: Call) -> Response:
    """Send a content by a signed address."""
    fields = call.service.signer.check("get", dict(call.request.query_params))
    headers = {"ETag": f'"{fields["oid"]}"'}
    return _file(call, fields["oid"], fields["name"], headers)


def _file(call: Call, blob_id: str, name: str, headers: dict[str, str]) -> Response:
    """Send a blob so that a browser shows it and never runs it."""
    guessed, _ = mimetypes.guess_type(name)
    media_type = guessed or "application/octet-stream"
    if media_type.startswith(_SHOWN_AS_TEXT) or name.endswith((".md", ".jinja", ".yml", ".yaml")):
        media_type = "text/plain; charset=utf-8"
    disposition = f"inline; filename*=UTF-8''{quote(name.rsplit('/', maxsplit=1)[-1])}"
    if call.flag("download"):
        disposition = disposition.replace("inline", "attachment")
    headers = headers | _SAFE | {"Content-Disposition": disposition}
    call.storage.blobs.size(blob_id)
    path = call.storage.blobs.path(blob_id)
    return _BlobResponse(path, headers=headers, media_type=media_type)


def _elsewhere(call: Call) -> str:
    """Return this server under its other loopback name, empty when it has none.

    The client must not follow to the same origin: it would look for the commit id there.
    """
    address = urlsplit(call.endpoint)
    other = _OTHER_NAME.get(address.hostname or "")
    return f"{address.scheme}://{other}:{address.port}" if other and address.port else ""


def _item(
    path: str, entry: FileEntry | Folder, changes: dict[str, tuple[str, Commit]] | None
) -> dict[str, Any]:
    """Return an entry of a tree listing."""
    item: dict[str, Any] = {
        "path": path,
        "oid": entry.oid if isinstance(entry, Folder) else entry.git,
    }
    if isinstance(entry, Folder):
        item |= {"type": "directory", "size": 0}
    else:
        item |= {"type": "file", "size": entry.size}
        if entry.lfs:
            item["lfs"] = {
                "oid": entry.blob,
                "size": entry.size,
                "pointerSize": entry.pointer_size,
            }
    if changes is not None:
        below = [
            change
            for name, change in changes.items()
            if name == path or name.startswith(f"{path}/")
        ]
        oid, commit = max(below, key=lambda change: change[1].date)
        item["lastCommit"] = {"id": oid, "title": commit.title, "date": commit.date}
    return item
