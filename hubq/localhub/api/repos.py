"""Users, and repos as wholes: create, delete, settings, listings, descriptions."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec

from hubq.localhub.api.call import KIND_OF, Call, reply
from hubq.localhub.problems import BadRequestError, ConflictError, NotFoundError, RepoNotFoundError
from hubq.localhub.profile import Profile, children, eval_results, profile
from hubq.localhub.repository import Repository
from hubq.localhub.values import FileEntry, Kind, RepoRecord
from hubq.markdown import frontmatter


def whoami(call: Call) -> dict[str, Any]:
    """Answer who the token belongs to."""
    user = call.user
    orgs = call.storage.namespaces() if user.role == "admin" else list(user.orgs)
    role = "read" if user.role == "read" else "write"
    return {
        "type": "user",
        "id": _object_id(user.name),
        "name": user.name,
        "fullname": user.name,
        "isPro": False,
        "orgs": [
            {"type": "org", "id": _object_id(org), "name": org, "roleInOrg": role}
            for org in orgs
            if org != user.name
        ],
        "auth": {
            "type": "access_token",
            "accessToken": {"displayName": "local", "role": user.role},
        },
    }


def create(call: Call) -> Any:
    """Make a repo; a repo that exists answers 409 with its address, as the client expects."""
    name, kind = call.field("name"), _kind(call.field("type", "model"))
    namespace = call.field("organization") or call.user.name
    repo_id = f"{namespace}/{name}"
    call.require_write(namespace)
    try:
        call.storage.create_repo(
            repo_id,
            kind,
            author=call.user.name,
            private=_private(call, default=False),
            sdk=call.field("sdk"),
        )
    except ConflictError as error:
        raise ConflictError(error.message, extra={"url": call.repo_url(repo_id, kind)}) from None
    return {"url": call.repo_url(repo_id, kind), "name": repo_id, "id": _object_id(repo_id)}


def delete(call: Call) -> Any:
    """Delete a repo."""
    kind = _kind(call.field("type", "model"))
    namespace = call.field("organization") or call.user.name
    repo_id = f"{namespace}/{call.field('name')}"
    repo = call.storage.repo(repo_id, kind)
    if not call.may_see(repo.record):
        raise RepoNotFoundError(f"Repository not found: {repo_id}")
    call.require_write(namespace)
    call.storage.delete_repo(repo_id, kind)
    return {}


def move(call: Call) -> Any:
    """Give a repo another id."""
    old, new = call.field("fromRepo"), call.field("toRepo")
    for repo_id in (old, new):
        call.require_write(repo_id.split("/")[0])
    call.storage.move_repo(old, new, _kind(call.field("type", "model")))
    return {}


def settings(call: Call) -> Any:
    """Change who sees a repo and who may download it."""
    repo = call.writable_repo
    with call.storage.lock:
        record = repo.record
        gated = call.json.get("gated", record.gated)
        if gated not in {"auto", "manual", "", False}:
            raise BadRequestError("gated must be auto, manual or false")
        changed = msgspec.structs.replace(
            record, private=_private(call, default=record.private), gated=gated or ""
        )
        repo.save_record(changed)
    return {"private": changed.private, "gated": changed.gated or False}


def grant_access(call: Call) -> Any:
    """Let a user download a gated repo."""
    repo = call.writable_repo
    with call.storage.lock:
        record = repo.record
        granted = tuple(dict.fromkeys([*record.granted, call.field("user")]))
        repo.save_record(msgspec.structs.replace(record, granted=granted))
    return {}


def auth_check(call: Call) -> Any:
    """Answer whether the caller may download the repo's files."""
    return {"id": call.readable_repo.id}


def auth_check_write(call: Call) -> Any:
    """Answer whether the caller may write to the repo."""
    return {"id": call.writable_repo.id}


def validate_yaml(call: Call) -> Any:
    """Check the front matter of a README.md."""
    errors, warnings = frontmatter.check(call.field("content"))
    body = {
        "errors": [{"message": message} for message in errors],
        "warnings": [{"message": message} for message in warnings],
    }
    return reply(body, 400 if errors else 200)


def info(call: Call) -> dict[str, Any]:
    """Describe a repo at a revision."""
    repo = call.repo
    described = profile(repo, call.revision)
    blobs = call.flag("blobs")
    answer = _summary(described) | {
        "siblings": [
            _sibling(path, entry, blobs=blobs)
            for path, entry in sorted(described.commit.files.items())
        ],
        "cardData": described.card.data,
        "config": described.config,
        "usedStorage": described.size,
        "spaces": [],
    }
    if described.kind == "space":
        answer["sdk"] = repo.record.sdk
    if described.kind == "model":
        answer |= _lineage(call, repo, described)
    return _expanded(call, answer)


def listing(call: Call) -> Any:
    """List the repos of a kind that the caller may see."""
    profiles = visible(call, call.kind)
    author, search = call.query("author").lower(), call.query("search").lower()
    wanted = [tag for tag in call.request.query_params.getlist("filter") if tag]
    wanted += [tag for tag in [call.query("pipeline_tag")] if tag]
    found = [
        item
        for item in profiles
        if (not author or item.id.split("/")[0].lower() == author)
        and all(word in item.id.lower() for word in search.split())
        and set(wanted) <= set(item.tags)
    ]
    if call.query("sort") == "createdAt":
        found.sort(key=lambda item: item.created, reverse=True)
    size = min(call.number("limit", call.service.page_size), call.service.page_size)
    return call.page([_listed(call, item) for item in found], max(size, 1))


def nothing(call: Call) -> None:
    """Refuse an address of the API that does not exist.

    Raises:
        RepoNotFoundError: it looks like a repo's.
        NotFoundError: it looks like nothing.
    """
    first, *rest = call.param("rest").split("/")
    # An id without a namespace; a repo's own addresses are looked up before this.
    missing = RepoNotFoundError if first in KIND_OF and len(rest) == 1 else NotFoundError
    raise missing("Sorry, we can't find the page you are looking for.")


def visible(call: Call, kind: Kind = "model") -> list[Profile]:
    """Return the repos that the caller may see, last changed first."""
    found = []
    for record in records(call, kind):
        # It may be deleted while we are looking.
        with contextlib.suppress(NotFoundError):
            found.append(profile(call.storage.repo(record.id, kind)))
    return sorted(found, key=lambda item: item.commit.date, reverse=True)


def records(call: Call, kind: Kind) -> Iterator[RepoRecord]:
    """Yield the records of the repos that the caller may see."""
    for repo in call.storage.repos(kind):
        with contextlib.suppress(RepoNotFoundError):
            record = repo.record
            if call.may_see(record):
                yield record


def _summary(item: Profile) -> dict[str, Any]:
    """Return what both the listing and the description of a repo hold."""
    answer: dict[str, Any] = {
        "_id": _object_id(item.id),
        "id": item.id,
        "author": item.id.split("/")[0],
        "sha": item.oid,
        "lastModified": item.commit.date,
        "createdAt": item.created,
        "private": item.private,
        "gated": item.gated or False,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "tags": item.tags,
    }
    if item.kind == "model":
        answer["modelId"] = item.id
        named = {"pipeline_tag": item.pipeline_tag, "library_name": item.library}
        answer |= {key: value for key, value in named.items() if value}
    return answer


def _listed(call: Call, item: Profile) -> dict[str, Any]:
    """Return a repo's entry in a listing."""
    answer = _summary(item)
    if call.flag("full"):
        paths = sorted(item.commit.files)
        answer["siblings"] = [{"rfilename": path} for path in paths]
    if call.flag("cardData") or call.flag("full"):
        answer["cardData"] = item.card.data
    if call.flag("config"):
        answer["config"] = item.config
    return _expanded(call, answer)


def _lineage(call: Call, repo: Repository, item: Profile) -> dict[str, Any]:
    """Return where a model comes from, what comes from it, and its scores."""
    others = [other for other in visible(call) if other.id != item.id]
    answer: dict[str, Any] = {
        "childrenModelCount": sum(len(group) for group in children(others, item.id).values())
    }
    if item.base_models:
        models = [{"_id": _object_id(name), "id": name} for name in item.base_models]
        answer["baseModels"] = {"relation": item.relation, "models": models}
    results = eval_results(repo, item.commit)
    if results:
        answer["evalResults"] = results
    if "model-index" in item.card.data:
        answer["model-index"] = item.card.data["model-index"]
    return answer


def _expanded(call: Call, answer: dict[str, Any]) -> dict[str, Any]:
    """Return only the keys asked for by `expand`, or everything."""
    wanted = call.request.query_params.getlist("expand")
    if not wanted:
        return answer
    return {key: value for key, value in answer.items() if key in {"_id", "id", *wanted}}


def _sibling(path: str, entry: FileEntry, *, blobs: bool) -> dict[str, Any]:
    """Return one file of a repo's description."""
    if not blobs:
        return {"rfilename": path}
    sibling: dict[str, Any] = {"rfilename": path, "size": entry.size, "blobId": entry.git}
    if entry.lfs:
        sibling["lfs"] = {
            "sha256": entry.blob,
            "size": entry.size,
            "pointerSize": entry.pointer_size,
        }
    return sibling


def _kind(text: str) -> Kind:
    """Return a kind of repo.

    Raises:
        BadRequestError: it is none this Hub keeps.
    """
    kinds: dict[str, Kind] = {"model": "model", "dataset": "dataset", "space": "space"}
    if text not in kinds:
        raise BadRequestError(f"{text!r} is not a repo type of this Hub")
    return kinds[text]


def _private(call: Call, *, default: bool) -> bool:
    """Return the visibility that a request asks for.

    Raises:
        BadRequestError: it is none that this Hub knows.
    """
    if "visibility" in call.json:
        visibility = call.json["visibility"]
        if visibility not in {"public", "private"}:
            raise BadRequestError("visibility must be public or private")
        return bool(visibility == "private")
    return bool(call.json.get("private", default))


def _object_id(text: str) -> str:
    """Return 24 hexadecimal digits that stand for a name, as the Hub's database ids do."""
    return hashlib.sha256(text.encode()).hexdigest()[:24]
