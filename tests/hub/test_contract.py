"""What the hub in memory and the real adapter have in common: the port's promises."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from hubq.errors import BadInput, HubProblem, RemoteMoved
from hubq.hub.huggingface import HuggingFaceHub
from hubq.hub.port import Content, Hub
from hubq.hub.remote import CollectionItem
from tests.fakes import BOB, READER, FakeHub, model_files, safetensors

pytest.importorskip("starlette")

from hubq.localhub.discussion import DiscussionLog
from hubq.localhub.server import LocalHub

NUMBERS = itertools.count(1)
NOBODY = "acme/nobody-made-this"
WEIGHTS = "model.safetensors"


class World:
    """A hub as two accounts see it, and a person who works on it in a browser."""

    def __init__(self, alice: Hub, bob: Hub) -> None:
        self.alice = alice
        self.bob = bob

    def write(self, repo: str, path: str, content: bytes) -> str:
        """Let a person change a file."""
        raise NotImplementedError

    def merge(self, repo: str, num: int) -> None:
        """Let a person merge a pull request."""
        raise NotImplementedError


class Memory(World):
    def __init__(self, folder: Path) -> None:
        self._hub = FakeHub(folder)
        super().__init__(self._hub, self._hub.seen_by(BOB))

    def write(self, repo: str, path: str, content: bytes) -> str:
        return self._hub.add(repo, {path: content}, author="carol", title="By hand")

    def merge(self, repo: str, num: int) -> None:
        self._hub.merge(repo, num)


class Served(World):
    def __init__(self, server: LocalHub, alice: Hub, bob: Hub) -> None:
        self._storage = server.storage
        super().__init__(alice, bob)

    def write(self, repo: str, path: str, content: bytes) -> str:
        entry = self._storage.store_file(content)
        stored = self._storage.repo(repo)
        return stored.advance("main", {path: entry}, author="carol", title="By hand")

    def merge(self, repo: str, num: int) -> None:
        DiscussionLog(self._storage.repo(repo)).merge(num, "alice")


@pytest.fixture(params=["memory", "served"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    if request.param == "memory":
        return Memory(tmp_path)
    alice, bob = (request.getfixturevalue(name) for name in ("alice", "bob"))
    return Served(request.getfixturevalue("server"), alice, bob)


@pytest.fixture
def repo(world: World) -> str:
    """A public repo of acme's that holds a model."""
    name = f"acme/contract-{next(NUMBERS)}"
    world.alice.create(name, private=False)
    world.alice.commit(name, MODEL, message="A model", parent=world.alice.head(name))
    return name


MODEL: dict[str, Content] = dict(model_files())


def test_a_new_repo_has_one_commit_and_is_made_once(world: World) -> None:
    repo = f"acme/new-{next(NUMBERS)}"
    assert world.alice.head(repo) is None
    assert world.alice.create(repo, private=True) == world.alice.url(repo)
    world.alice.create(repo, private=False)
    info = world.alice.info(repo)
    assert info.private
    assert set(info.files) == {".gitattributes"}
    (first,) = world.alice.history(repo)
    assert (first.title, first.commit, first.authors) == ("initial commit", info.commit, ("alice",))
    assert world.bob.head(repo) is None


def test_a_commit_says_who_made_it_and_why(world: World, repo: str) -> None:
    made = world.alice.commit(
        repo,
        {"notes.md": b"x"},
        message="Add notes",
        description="Because.\n\nhubq-publication: 1",
        parent=world.alice.head(repo),
        deletions=["generation_config.json"],
    )
    human = world.write(repo, "notes.md", b"better")
    newest, ours, *_ = world.alice.history(repo)
    assert (newest.commit, newest.title, newest.authors) == (human, "By hand", ("carol",))
    assert (ours.commit, ours.title) == (made, "Add notes")
    assert ours.message == "Because.\n\nhubq-publication: 1"
    assert newest.date > ours.date
    assert set(world.alice.tree(repo, made)) == {".gitattributes", "notes.md", *MODEL} - {
        "generation_config.json"
    }
    assert world.alice.read(repo, human, "notes.md") == b"better"


def test_a_commit_that_changes_nothing_is_not_made(world: World, repo: str) -> None:
    head = world.alice.head(repo)
    assert world.alice.commit(repo, MODEL, message="Again", parent=head) == head
    assert len(world.alice.history(repo)) == 2


@pytest.mark.parametrize("content", [b"other", MODEL["config.json"]])
def test_a_commit_on_a_stale_parent_is_refused(world: World, repo: str, content: Content) -> None:
    stale = world.alice.head(repo)
    moved = world.write(repo, "notes.md", b"by hand")
    with pytest.raises(RemoteMoved, match=f"{repo}: changed on"):
        world.alice.commit(repo, {"config.json": content}, message="Stale", parent=stale)
    assert world.alice.head(repo) == moved


def test_a_staged_release_moves_to_main_without_a_byte_of_its_weights(
    world: World, repo: str
) -> None:
    alice, parent = world.alice, world.alice.head(repo)
    assert parent
    alice.create_branch(repo, "hubq/one", parent)
    new: dict[str, Content] = {WEIGHTS: safetensors(seed=9), "config.json": b"{}"}
    staged = alice.commit(
        repo, new, message="Stage", parent=parent, revision="hubq/one", deletions=["README.md"]
    )
    assert alice.head(repo) == parent
    assert alice.head(repo, "hubq/one") == staged
    made = alice.commit(
        repo,
        {"config.json": b"{}"},
        message="Release",
        parent=parent,
        deletions=["README.md"],
        copies={WEIGHTS: staged},
    )
    assert made not in {parent, staged}
    assert alice.tree(repo) == alice.tree(repo, staged)
    alice.delete_branch(repo, "hubq/one")
    assert alice.refs(repo).branches == {"main": made}


def test_what_is_not_there_cannot_be_copied(world: World, repo: str) -> None:
    head = world.alice.head(repo)
    assert head
    with pytest.raises(BadInput):
        world.alice.commit(repo, {}, message="Copy", parent=head, copies={"gone.safetensors": head})
    assert world.alice.head(repo) == head


def test_branches_are_made_and_deleted_again_and_again(world: World, repo: str) -> None:
    head = world.alice.head(repo)
    assert head
    for _ in range(2):
        world.alice.create_branch(repo, "hubq/two", head)
    assert world.alice.refs(repo).branches == {"main": head, "hubq/two": head}
    moved = world.write(repo, "notes.md", b"x")
    with pytest.raises(RemoteMoved, match="there is a branch hubq/two"):
        world.alice.create_branch(repo, "hubq/two", moved)
    for _ in range(2):
        world.alice.delete_branch(repo, "hubq/two")
    assert world.alice.head(repo, "hubq/two") is None


def test_tags_stay_where_they_are(world: World, repo: str) -> None:
    head = world.alice.head(repo)
    assert head
    for _ in range(2):
        world.alice.create_tag(repo, "v1", head, "First")
    moved = world.write(repo, "notes.md", b"x")
    with pytest.raises(RemoteMoved, match="the tag v1"):
        world.alice.create_tag(repo, "v1", moved, "First")
    assert world.alice.refs(repo).tags == {"v1": head}
    assert world.alice.head(repo, "v1") == head == world.alice.info(repo, "v1").commit


def test_a_gate_lets_members_through_and_says_so(world: World, repo: str) -> None:
    commit = world.alice.pin(repo)
    for gate in ("auto", "manual", None):
        world.alice.set_gate(repo, gate)
        info = world.bob.info(repo)
        assert (info.gate, info.gated) == (gate, gate is not None)
        assert world.alice.read(repo, commit, "config.json") == MODEL["config.json"]
        if gate:
            with pytest.raises(BadInput, match="gated on"):
                world.bob.read(repo, commit, "README.md")
    assert world.bob.read(repo, commit, "README.md") == MODEL["README.md"]


def test_a_deleted_repo_is_gone(world: World, repo: str) -> None:
    for _ in range(2):
        world.alice.delete(repo)
    assert world.alice.head(repo) is None


def test_large_files_are_brought_once(world: World, repo: str) -> None:
    told: dict[str, tuple[int, int]] = {}

    def tell(path: str, done: int, total: int) -> None:
        told[path] = (done, total)

    content = safetensors(seed=next(NUMBERS) % 200, size=300)
    files: dict[str, Content] = {"new.safetensors": content, "small.json": b"{}"}
    head = world.alice.head(repo)
    assert world.alice.upload(repo, files, known={}, progress=tell) == "LFS"
    assert told == {"new.safetensors": (len(content), len(content))}
    assert world.alice.head(repo) == head
    assert world.alice.upload(repo, files, known={}) == ""
    made = world.alice.commit(repo, files, message="More", parent=head)
    assert world.alice.tree(repo, made)["new.safetensors"].lfs


def test_who_may_only_read_proposes(world: World, repo: str) -> None:
    base = world.alice.head(repo)
    assert base
    new: dict[str, Content] = {WEIGHTS: safetensors(seed=3), "config.json": b"[1]"}
    assert world.bob.upload(repo, new, known={}, propose=True) == "LFS"
    pull = world.bob.propose(
        repo, new, title="Release", base=base, description="Why", deletions=["README.md"]
    )
    assert (pull.num, pull.ref, pull.author) == (1, "refs/pr/1", "bob")
    assert pull.url == f"{world.alice.url(repo)}/discussions/1"
    assert world.bob.pull_requests(repo, author="bob") == (pull,)
    assert world.bob.pull_requests(repo, author="alice") == ()
    first = world.bob.head(repo, pull.ref)
    assert first != base == world.alice.head(repo)
    again: dict[str, Content] = {"config.json": b"[2]"}
    second = world.bob.commit(repo, again, message="More", parent=first, revision=pull.ref)
    assert world.bob.info(repo, pull.ref).commit == second
    assert "README.md" not in world.bob.tree(repo, pull.ref)
    assert [past.title for past in world.bob.history(repo, pull.ref)][:2] == ["More", "Release"]
    assert world.bob.read(repo, second, "config.json") == b"[2]"
    with pytest.raises(RemoteMoved):
        world.bob.commit(repo, new, message="Stale", parent=first, revision=pull.ref)


def test_a_proposal_starts_where_it_was_planned(world: World, repo: str) -> None:
    base = world.alice.head(repo)
    assert base
    world.write(repo, "notes.md", b"meanwhile")
    pull = world.bob.propose(repo, {"hubq.json": b"{}"}, title="Release", base=base)
    assert "notes.md" not in world.bob.tree(repo, pull.ref)
    world.merge(repo, pull.num)
    assert {"notes.md", "hubq.json"} <= set(world.alice.tree(repo))
    assert world.bob.pull_requests(repo, author="bob") == ()
    assert world.alice.history(repo)[0].title == "Release (#1)"


def test_there_is_no_proposal_of_nothing(world: World, repo: str) -> None:
    base = world.alice.head(repo)
    assert base
    with pytest.raises(HubProblem, match="nothing to propose"):
        world.bob.propose(repo, MODEL, title="Release", base=base)
    assert world.bob.pull_requests(repo, author="bob") == ()


def test_a_collection_is_made_once_and_holds_each_repo_once(world: World, repo: str) -> None:
    title = f"A family {next(NUMBERS)}"
    made = world.alice.create_collection("acme", title, description="Of one", private=True)
    assert made.slug.startswith("acme/a-family-")
    assert world.alice.create_collection("acme", title) == made
    assert (made.private, made.items, made.description) == (True, (), "Of one")
    assert made.url == f"{world.alice.endpoint}/collections/{made.slug}"
    for _ in range(2):
        world.alice.add_item(made.slug, repo, "4 bits")
    found = world.alice.collection(made.slug)
    assert found
    (item,) = found.items
    assert (item.repo, item.note) == (repo, "4 bits")
    world.alice.set_note(made.slug, item, "8 bits")
    assert world.bob.collections("acme", repo) == ()
    assert world.bob.collection(made.slug) is None
    world.alice.set_collection_private(made.slug, private=False)
    (seen,) = world.bob.collections("acme", repo)
    assert (seen.slug, seen.title, seen.items[0].note) == (made.slug, title, "8 bits")
    assert seen.url == made.url
    assert made.slug in [one.slug for one in world.bob.collections("acme")]
    assert world.bob.collections("acme", NOBODY) == ()
    assert world.alice.collection("acme/none-" + "0" * 24) is None


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
    world: World, repo: str, change: Callable[[Hub, str, str], object]
) -> None:
    head = world.alice.head(repo)
    assert head
    with pytest.raises(BadInput, match=f"{repo}: no permission to"):
        change(world.bob, repo, head)
    assert world.alice.head(repo) == head
    assert not world.alice.info(repo).private
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


def test_an_unknown_collection_is_named(world: World, repo: str) -> None:
    slug = "acme/none-" + "0" * 24
    with pytest.raises(BadInput, match=f"{slug}: no such collection"):
        world.alice.add_item(slug, repo, "")


def test_both_know_the_reader_by_name(world: World) -> None:
    assert READER.startswith("hf_")
    assert world.bob.whoami().name == "bob"
    assert not world.bob.can_write("acme")


def test_the_adapter_is_a_hub(alice: HuggingFaceHub) -> None:
    assert isinstance(alice, Hub)
