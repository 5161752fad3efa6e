"""Collections, and what the hub in memory and the real adapter refuse alike."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hubq.errors import BadInput
from hubq.hub.port import Hub
from hubq.hub.remote import CollectionItem

pytest.importorskip("starlette")

from tests.hub.worlds import NOBODY, NUMBERS, World


def test_a_collection_is_made_once_and_holds_each_repo_once(world: World, model: str) -> None:
    title = f"A family {next(NUMBERS)}"
    made = world.alice.create_collection("acme", title, description="Of one", private=True)
    assert made.slug.startswith("acme/a-family-")
    assert world.alice.create_collection("acme", title) == made
    assert (made.private, made.items, made.description) == (True, (), "Of one")
    assert made.url == f"{world.alice.endpoint}/collections/{made.slug}"
    for _ in range(2):
        world.alice.add_item(made.slug, model, "4 bits")
    found = world.alice.collection(made.slug)
    assert found
    (item,) = found.items
    assert (item.repo, item.note) == (model, "4 bits")
    world.alice.set_note(made.slug, item, "8 bits")
    assert world.bob.collections("acme", model) == ()
    assert world.bob.collection(made.slug) is None
    world.alice.set_collection_private(made.slug, private=False)
    (seen,) = world.bob.collections("acme", model)
    assert (seen.slug, seen.title, seen.items[0].note) == (made.slug, title, "8 bits")
    assert seen.url == made.url
    assert made.slug in [one.slug for one in world.bob.collections("acme")]
    assert world.bob.collections("acme", NOBODY) == ()
    assert world.alice.collection("acme/none-" + "0" * 24) is None


def test_texts_of_collections_have_a_length(world: World, model: str) -> None:
    title = f"Long {next(NUMBERS)}"
    with pytest.raises(BadInput):
        world.alice.create_collection("acme", title, description="x" * 151)
    made = world.alice.create_collection("acme", title, description="x" * 150)
    with pytest.raises(BadInput):
        world.alice.add_item(made.slug, model, "x" * 501)
    world.alice.add_item(made.slug, model, "x" * 500)


LOOK_UPS: list[Callable[[Hub, str], object]] = [
    lambda hub, repo: hub.info(repo),
    lambda hub, repo: hub.tree(repo),
    lambda hub, repo: hub.refs(repo),
    lambda hub, repo: hub.history(repo),
    lambda hub, repo: hub.pull_requests(repo, author="alice"),
    lambda hub, repo: hub.read(repo, "0" * 40, "README.md"),
]
CHANGES: list[Callable[[Hub, str, str], object]] = [
    lambda hub, repo, _: hub.set_private(repo, private=True),
    lambda hub, repo, _: hub.set_gate(repo, "auto"),
    lambda hub, repo, head: hub.create_branch(repo, "b", head),
    lambda hub, repo, _: hub.delete_branch(repo, "main"),
    lambda hub, repo, head: hub.create_tag(repo, "t", head, "T"),
    lambda hub, repo, head: hub.commit(repo, {"x": b"x"}, message="x", parent=head),
    lambda hub, repo, _: hub.upload(repo, {"x.bin": b"x"}, known={}),
    lambda hub, repo, _: hub.delete(repo),
]


@pytest.mark.parametrize("ask", LOOK_UPS)
def test_an_unknown_repo_is_named(world: World, ask: Callable[[Hub, str], object]) -> None:
    with pytest.raises(BadInput, match=f"{NOBODY}.*: no such|{NOBODY}: no such"):
        ask(world.alice, NOBODY)


@pytest.mark.parametrize("change", CHANGES[:-1])
def test_an_unknown_repo_cannot_be_changed(
    world: World, change: Callable[[Hub, str, str], object]
) -> None:
    with pytest.raises(BadInput, match=f"{NOBODY}: no such model"):
        change(world.alice, NOBODY, "0" * 40)


@pytest.mark.parametrize("change", CHANGES)
def test_who_may_only_read_changes_nothing(
    world: World, model: str, change: Callable[[Hub, str, str], object]
) -> None:
    head = world.alice.head(model)
    assert head
    with pytest.raises(BadInput, match=f"{model}: no permission to"):
        change(world.bob, model, head)
    assert world.alice.head(model) == head
    assert not world.alice.info(model).private
    with pytest.raises(BadInput, match="no permission to create"):
        world.bob.create("acme/of-bob", private=True)


def test_who_may_only_read_makes_no_collection(world: World) -> None:
    made = world.alice.create_collection("acme", f"Closed {next(NUMBERS)}")
    with pytest.raises(BadInput, match="no permission to"):
        world.bob.create_collection("acme", "Mine")
    stranger = CollectionItem(key="0", repo=NOBODY)
    changes: list[Callable[[], object]] = [
        lambda: world.bob.add_item(made.slug, NOBODY, ""),
        lambda: world.bob.set_note(made.slug, stranger, "x"),
        lambda: world.bob.set_collection_private(made.slug, private=True),
    ]
    for change in changes:
        with pytest.raises(BadInput, match="no permission to"):
            change()


def test_an_unknown_collection_is_named(world: World, model: str) -> None:
    slug = "acme/none-" + "0" * 24
    with pytest.raises(BadInput, match=f"{slug}: no such collection"):
        world.alice.add_item(slug, model, "")
