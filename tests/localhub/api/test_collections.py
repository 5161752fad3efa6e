from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from huggingface_hub import Collection, HfApi
from huggingface_hub.errors import HfHubHTTPError

Client = Callable[[str], HfApi]


@pytest.fixture
def collection(api: HfApi) -> Iterator[Collection]:
    made = api.create_collection("A family, quantized", namespace="acme", description="All of it")
    yield made
    api.delete_collection(made.slug, missing_ok=True)


def test_a_collection_is_made_once(api: HfApi, collection: Collection) -> None:
    namespace, _, name = collection.slug.partition("/")
    assert namespace == "acme"
    assert name.startswith("a-family-quantized-")
    assert len(name.rsplit("-", 1)[1]) == 24
    again = api.create_collection(collection.title, namespace="acme", exists_ok=True)
    assert again.slug == collection.slug
    with pytest.raises(HfHubHTTPError) as caught:
        api.create_collection(collection.title, namespace="acme")
    assert caught.value.response.status_code == 409


def test_items_are_added_noted_moved_and_removed(
    api: HfApi, collection: Collection, repo_id: str
) -> None:
    slug = collection.slug
    api.create_repo("acme/second-item", exist_ok=True)
    api.add_collection_item(slug, repo_id, "model", note="Int4")
    api.add_collection_item(slug, "acme/second-item", "model")
    api.add_collection_item(slug, repo_id, "model", exists_ok=True)
    with pytest.raises(HfHubHTTPError):
        api.add_collection_item(slug, repo_id, "model")
    with pytest.raises(HfHubHTTPError):
        api.add_collection_item(slug, "acme/none", "model")
    first, second = api.get_collection(slug).items
    assert (first.item_id, first.note, second.note) == (repo_id, "Int4", None)
    api.update_collection_item(slug, second.item_object_id, note="The other", position=0)
    assert [item.item_id for item in api.get_collection(slug).items] == [
        "acme/second-item",
        repo_id,
    ]
    api.delete_collection_item(slug, second.item_object_id)
    api.delete_collection_item(slug, second.item_object_id, missing_ok=True)
    assert [item.item_id for item in api.get_collection(slug).items] == [repo_id]


def test_collections_are_found_by_owner_and_item(
    api: HfApi, collection: Collection, repo_id: str
) -> None:
    api.add_collection_item(collection.slug, repo_id, "model")
    found = [item.slug for item in api.list_collections(item=f"models/{repo_id}")]
    assert found == [collection.slug]
    assert collection.slug in [item.slug for item in api.list_collections(owner="acme")]
    assert list(api.list_collections(owner="nobody")) == []


def test_a_collection_can_be_changed_and_hidden(
    api: HfApi, client: Client, collection: Collection
) -> None:
    changed = api.update_collection_metadata(
        collection.slug, title="New title", description="Short", private=True, theme="green"
    )
    assert (changed.title, changed.private, changed.theme) == ("New title", True, "green")
    with pytest.raises(HfHubHTTPError):
        client("nobody").get_collection(collection.slug)
    assert client("alice").get_collection(collection.slug).title == "New title"


def test_only_members_change_a_collection(
    client: Client, collection: Collection, repo_id: str
) -> None:
    for name in ("bob", "nobody"):
        with pytest.raises(HfHubHTTPError):
            client(name).add_collection_item(collection.slug, repo_id, "model")
        with pytest.raises(HfHubHTTPError):
            client(name).delete_collection(collection.slug)
    client("alice").delete_collection(collection.slug)


def test_texts_have_the_hubs_lengths(api: HfApi, collection: Collection, repo_id: str) -> None:
    with pytest.raises(HfHubHTTPError):
        api.create_collection("x", namespace="acme", description="x" * 151)
    with pytest.raises(HfHubHTTPError):
        api.add_collection_item(collection.slug, repo_id, "model", note="x" * 501)


def test_a_listing_shows_four_items_and_the_collection_all(
    api: HfApi, collection: Collection
) -> None:
    names = [f"acme/listed-{number}" for number in range(6)]
    for name in names:
        api.create_repo(name, exist_ok=True)
        api.add_collection_item(collection.slug, name, "model")
    (found,) = [one for one in api.list_collections(owner="acme") if one.slug == collection.slug]
    assert [item.item_id for item in found.items] == names[:4]
    assert [item.item_id for item in api.get_collection(collection.slug).items] == names


def test_a_hidden_repo_is_hidden_in_a_collection_too(
    api: HfApi, client: Client, collection: Collection
) -> None:
    api.create_repo("acme/hidden-item", visibility="private", exist_ok=True)
    api.add_collection_item(collection.slug, "acme/hidden-item", "model")
    assert [item.item_id for item in client("alice").get_collection(collection.slug).items]
    assert client("bob").get_collection(collection.slug).items == []
