"""Collections of a Hugging Face Hub: titled lists of repos, each with a note."""

from __future__ import annotations

from typing import Any

from hubq.hub.connection import Connection
from hubq.hub.remote import Collection, CollectionItem


class Collections(Connection):
    """The part of `HuggingFaceHub` that is about collections."""

    def collections(self, owner: str, repo: str = "") -> tuple[Collection, ...]:
        """Return the collections of a namespace, those that hold a repo when one is named.

        Their items may be incomplete: the Hub lists four of each.
        """
        api = self._api()
        item = f"models/{repo}" if repo else None
        found = self._ask(
            lambda: list(api.list_collections(owner=owner, item=item)),
            self._call(owner, noun="namespace"),
        )
        return tuple(self._shown(one) for one in found)

    def collection(self, slug: str) -> Collection | None:
        """Return a collection with all its items; none when it is gone."""
        from huggingface_hub.errors import HfHubHTTPError

        api = self._api()

        def ask() -> Any:
            try:
                return api.get_collection(slug)
            except HfHubHTTPError as error:
                if error.response.status_code == 404:
                    return None
                raise

        found = self._ask(ask, self._call(slug, noun="collection"))
        return None if found is None else self._shown(found)

    def create_collection(
        self, owner: str, title: str, *, description: str = "", private: bool = False
    ) -> Collection:
        """Make a collection; where the owner has one of this title, return that one."""
        api = self._api()
        made = self._ask(
            lambda: api.create_collection(
                title,
                namespace=owner,
                description=description or None,
                private=private,
                exists_ok=True,
            ),
            self._call(owner, doing="make a collection in", noun="namespace"),
        )
        return self._shown(made)

    def add_item(self, slug: str, repo: str, note: str) -> None:
        """Put a repo into a collection; one that is in it already is left as it is."""
        api = self._api()
        self._ask(
            lambda: api.add_collection_item(
                slug, item_id=repo, item_type="model", note=note or None, exists_ok=True
            ),
            self._changing(slug),
        )

    def set_note(self, slug: str, item: CollectionItem, note: str) -> None:
        """Change what stands beside a repo in a collection."""
        api = self._api()
        self._ask(
            lambda: api.update_collection_item(slug, item.key, note=note), self._changing(slug)
        )

    def set_collection_private(self, slug: str, *, private: bool) -> None:
        """Hide a collection or make it visible to everybody."""
        api = self._api()
        self._ask(
            lambda: api.update_collection_metadata(slug, private=private), self._changing(slug)
        )

    def _changing(self, slug: str) -> Any:
        return self._call(slug, doing="change", noun="collection")

    def _shown(self, found: Any) -> Collection:
        return Collection(
            slug=found.slug,
            title=found.title,
            items=tuple(
                CollectionItem(key=item.item_object_id, repo=item.item_id, note=item.note or "")
                for item in found.items
                if item.item_type == "model"
            ),
            description=found.description or "",
            private=found.private,
            url=f"{self._endpoint}/collections/{found.slug}",
        )
