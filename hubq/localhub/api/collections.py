"""Collections."""

from __future__ import annotations

from typing import Any

from hubq.localhub.api.call import Call
from hubq.localhub.problems import BadRequestError, NotFoundError, RepoNotFoundError
from hubq.localhub.repository import now
from hubq.localhub.values import Collection, CollectionItem, Kind

_LISTED_ITEMS = 4


def listing(call: Call) -> Any:
    """List the collections the caller may see, by owner and by item, each with four items."""
    owners = call.request.query_params.getlist("owner")
    items = {item.split("/", 1)[-1] for item in call.request.query_params.getlist("item")}
    found = [
        collection
        for collection in call.storage.collections.all()
        if may_see(call, collection)
        and (not owners or collection.namespace in owners)
        and (not items or items & {item.id for item in collection.items})
    ]
    # The client numbers the collections of a listing itself.
    shown = [_json(call, item) for item in found]
    for item in shown:
        del item["position"]
        del item["items"][_LISTED_ITEMS:]
    size = call.service.page_size
    return call.page(shown, min(call.number("limit", size), size) or 1)


def create(call: Call) -> Any:
    """Make an empty collection, or one with a first item."""
    namespace = call.field("namespace") or call.user.name
    call.require_write(namespace)
    shelf = call.storage.collections
    made = shelf.create(
        namespace,
        call.field("title"),
        description=call.field("description"),
        private=bool(call.json.get("private", False)),
    )
    return _json(call, made)


def get(call: Call) -> Any:
    """Describe one collection."""
    return _json(call, _asked(call))


def update(call: Call) -> Any:
    """Change a collection's own fields."""
    slug = _owned(call).slug
    kinds: dict[str, type] = {
        "title": str,
        "description": str,
        "theme": str,
        "private": bool,
        "position": int,
    }
    changes = {key: value for key, value in call.json.items() if value is not None}
    for key, value in changes.items():
        if key not in kinds or type(value) is not kinds[key]:
            raise BadRequestError(f"{key} cannot be set to {value!r}")
    return {"success": True, "data": _json(call, call.storage.collections.update(slug, **changes))}


def delete(call: Call) -> Any:
    """Delete a collection."""
    call.storage.collections.delete(_owned(call).slug)
    return {"success": True}


def add_item(call: Call) -> Any:
    """Add a repo with a note."""
    slug, item = _owned(call).slug, call.json.get("item")
    if not isinstance(item, dict) or item.get("type") not in {"model", "dataset", "space"}:
        raise BadRequestError("An item is a model, a dataset or a space")
    repo = call.storage.repo(str(item.get("id")), item["type"])
    if not call.may_see(repo.record):
        raise NotFoundError(f"Repository not found: {item['id']}")
    changed = call.storage.collections.add_item(slug, repo.id, item["type"], call.field("note"))
    return _json(call, changed)


def update_item(call: Call) -> Any:
    """Change an item's note or place."""
    slug, position = _owned(call).slug, call.json.get("position")
    note = call.field("note") if "note" in call.json else None
    if position is not None and not isinstance(position, int):
        raise BadRequestError("position must be a number")
    shelf = call.storage.collections
    shelf.update_item(slug, call.param("item"), note=note, position=position)
    return {"success": True}


def delete_item(call: Call) -> Any:
    """Take an item out."""
    call.storage.collections.delete_item(_owned(call).slug, call.param("item"))
    return {"success": True}


def may_see(call: Call, collection: Collection) -> bool:
    """Return whether the caller may know that a collection exists."""
    if not collection.private:
        return True
    return call.account is not None and call.account.belongs_to(collection.namespace)


def _asked(call: Call) -> Collection:
    """Return the collection in the path.

    Raises:
        NotFoundError: there is none, or it is hidden from the caller.
    """
    slug = f"{call.param('ns')}/{call.param('slug')}"
    collection = call.storage.collections.get(slug)
    if not may_see(call, collection):
        raise NotFoundError(f"Collection not found: {slug}")
    return collection


def _owned(call: Call) -> Collection:
    """Return the collection in the path, when the caller may change it."""
    collection = _asked(call)
    call.require_write(collection.namespace)
    return collection


def _json(call: Call, collection: Collection) -> dict[str, Any]:
    """Return a collection in the client's words."""
    user = call.storage.accounts.by_name(collection.namespace)
    return {
        "slug": collection.slug,
        "title": collection.title,
        "description": collection.description,
        "owner": {"name": collection.namespace, "type": "user" if user else "org"},
        "items": [
            _item(item, place)
            for place, item in enumerate(collection.items)
            if _may_see_item(call, item)
        ],
        "lastUpdated": collection.updated or now(),
        "position": collection.position,
        "private": collection.private,
        "theme": collection.theme,
        "upvotes": 0,
        "shareUrl": f"{call.endpoint}/collections/{collection.slug}",
    }


def _may_see_item(call: Call, item: CollectionItem) -> bool:
    """Return whether the caller may know of a repo in a collection; one that is gone is shown."""
    kinds: dict[str, Kind] = {"model": "model", "dataset": "dataset", "space": "space"}
    if item.type not in kinds:
        return True
    try:
        return call.may_see(call.storage.repo(item.id, kinds[item.type]).record)
    except RepoNotFoundError:
        return True


def _item(item: CollectionItem, place: int) -> dict[str, Any]:
    """Return an item in the client's words."""
    answer: dict[str, Any] = {
        "_id": item.key,
        "id": item.id,
        "type": item.type,
        "repoType": item.type,
        "position": place,
    }
    if item.note:
        answer["note"] = {"text": item.note, "html": ""}
    return answer
