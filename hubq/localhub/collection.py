"""Collections: titled lists of repos, one JSON file each."""

from __future__ import annotations

import re
import secrets
import threading
from pathlib import Path

import msgspec

from hubq.localhub import disk
from hubq.localhub.disk import Disk
from hubq.localhub.problems import BadRequestError, ConflictError, NotFoundError
from hubq.localhub.repository import now
from hubq.localhub.values import Collection, CollectionItem

_NOTE_LENGTH = 500
_DESCRIPTION_LENGTH = 150


class CollectionShelf:
    """All collections of a Hub folder."""

    def __init__(self, folder: Path, lock: threading.RLock, writes: Disk) -> None:
        self._folder = folder
        self._disk = writes
        self._lock = lock

    def all(self) -> list[Collection]:
        """Return every collection, last changed first."""
        files = [file for owner in disk.listing(self._folder) for file in disk.listing(owner)]
        found = [msgspec.json.decode(file.read_bytes(), type=Collection) for file in files]
        return sorted(found, key=lambda collection: collection.updated, reverse=True)

    def get(self, slug: str) -> Collection:
        """Return one collection by slug (`namespace/title-<24 hex digits>`).

        Raises:
            NotFoundError: there is none.
        """
        try:
            return msgspec.json.decode(self._path(slug).read_bytes(), type=Collection)
        except FileNotFoundError:
            raise NotFoundError(f"Collection not found: {slug}") from None

    def create(
        self, namespace: str, title: str, *, description: str = "", private: bool = False
    ) -> Collection:
        """Make an empty collection.

        Raises:
            BadRequestError: no title, or the description is longer than 150 characters.
            ConflictError: the namespace has one of this title; its `slug` is in the answer.
        """
        if not title.strip() or len(description) > _DESCRIPTION_LENGTH:
            raise BadRequestError("A title, and a description of at most 150 characters, please")
        with self._lock:
            for other in self.all():
                if (other.namespace, other.title) == (namespace, title):
                    raise ConflictError("Collection already exists", extra={"slug": other.slug})
            words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "collection"
            collection = Collection(
                slug=f"{namespace}/{words}-{secrets.token_hex(12)}",
                title=title,
                namespace=namespace,
                description=description,
                private=private,
                updated=now(),
            )
            return self._save(collection)

    def update(self, slug: str, **changes: str | int | bool) -> Collection:
        """Change title, description, privacy, theme or position.

        Raises:
            NotFoundError: there is none.
        """
        with self._lock:
            return self._save(msgspec.structs.replace(self.get(slug), **changes, updated=now()))

    def delete(self, slug: str) -> None:
        """Delete a collection, not its repos.

        Raises:
            NotFoundError: there is none.
        """
        with self._lock:
            self.get(slug)
            self._path(slug).unlink()

    def add_item(self, slug: str, item_id: str, kind: str, note: str = "") -> Collection:
        """Append a repo.

        Raises:
            NotFoundError: there is no such collection.
            BadRequestError: the note is longer than 500 characters.
            ConflictError: the repo is in it.
        """
        if len(note) > _NOTE_LENGTH:
            raise BadRequestError("A note has at most 500 characters")
        with self._lock:
            collection = self.get(slug)
            if any((item.id, item.type) == (item_id, kind) for item in collection.items):
                raise ConflictError(f"{item_id} is in the collection")
            item = CollectionItem(key=secrets.token_hex(12), id=item_id, type=kind, note=note)
            return self._with_items(collection, (*collection.items, item))

    def update_item(
        self, slug: str, key: str, *, note: str | None = None, position: int | None = None
    ) -> Collection:
        """Change an item's note or its place.

        Raises:
            NotFoundError: there is no such collection or item.
        """
        with self._lock:
            collection = self.get(slug)
            item = _item(collection, key)
            items = [other for other in collection.items if other.key != key]
            place = collection.items.index(item) if position is None else position
            if note is not None:
                item = msgspec.structs.replace(item, note=note)
            items.insert(place, item)
            return self._with_items(collection, tuple(items))

    def delete_item(self, slug: str, key: str) -> Collection:
        """Take an item out.

        Raises:
            NotFoundError: there is no such collection or item.
        """
        with self._lock:
            collection = self.get(slug)
            _item(collection, key)
            items = tuple(item for item in collection.items if item.key != key)
            return self._with_items(collection, items)

    def _with_items(self, collection: Collection, items: tuple[CollectionItem, ...]) -> Collection:
        return self._save(msgspec.structs.replace(collection, items=items, updated=now()))

    def _save(self, collection: Collection) -> Collection:
        self._disk.write_json(self._path(collection.slug), collection)
        return collection

    def _path(self, slug: str) -> Path:
        namespace, _, name = slug.partition("/")
        return self._folder / disk.file_name(namespace) / (disk.file_name(name) + ".json")


def _item(collection: Collection, key: str) -> CollectionItem:
    """Return an item by its key.

    Raises:
        NotFoundError: there is none.
    """
    for item in collection.items:
        if item.key == key:
            return item
    raise NotFoundError(f"No item {key} in {collection.slug}")
