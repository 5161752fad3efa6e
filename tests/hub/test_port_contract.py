"""What the hub in memory and the real adapter have in common: the port's promises."""

from __future__ import annotations

import pytest

from hubq.errors import BadInput, HubProblem, RemoteMoved
from hubq.hub.port import Content
from tests.fakes import safetensors

pytest.importorskip("starlette")

from tests.hub.worlds import MODEL, NUMBERS, World

WEIGHTS = "model.safetensors"


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


def test_a_commit_says_who_made_it_and_why(world: World, model: str) -> None:
    made = world.alice.commit(
        model,
        {"notes.md": b"x"},
        message="Add notes",
        description="Because.\n\nhubq-publication: 1",
        parent=world.alice.head(model),
        deletions=["generation_config.json"],
    )
    human = world.write(model, "notes.md", b"better")
    newest, ours, *_ = world.alice.history(model)
    assert (newest.commit, newest.title, newest.authors) == (human, "By hand", ("carol",))
    assert (ours.commit, ours.title) == (made, "Add notes")
    assert ours.message == "Because.\n\nhubq-publication: 1"
    assert newest.date > ours.date
    assert set(world.alice.tree(model, made)) == {".gitattributes", "notes.md", *MODEL} - {
        "generation_config.json"
    }
    assert world.alice.read(model, human, "notes.md") == b"better"


def test_a_commit_that_changes_nothing_is_not_made(world: World, model: str) -> None:
    head = world.alice.head(model)
    assert world.alice.commit(model, MODEL, message="Again", parent=head) == head
    assert len(world.alice.history(model)) == 2


@pytest.mark.parametrize("content", [b"other", MODEL["config.json"]])
def test_a_commit_on_a_stale_parent_is_refused(world: World, model: str, content: Content) -> None:
    stale = world.alice.head(model)
    moved = world.write(model, "notes.md", b"by hand")
    with pytest.raises(RemoteMoved, match=f"{model}: changed on"):
        world.alice.commit(model, {"config.json": content}, message="Stale", parent=stale)
    assert world.alice.head(model) == moved


def test_a_staged_release_moves_to_main_without_a_byte_of_its_weights(
    world: World, model: str
) -> None:
    alice, parent = world.alice, world.alice.head(model)
    assert parent
    alice.create_branch(model, "hubq/one", parent)
    new: dict[str, Content] = {WEIGHTS: safetensors(seed=9), "config.json": b"{}"}
    staged = alice.commit(
        model, new, message="Stage", parent=parent, revision="hubq/one", deletions=["README.md"]
    )
    assert alice.head(model) == parent
    assert alice.head(model, "hubq/one") == staged
    made = alice.commit(
        model,
        {"config.json": b"{}"},
        message="Release",
        parent=parent,
        deletions=["README.md"],
        copies={WEIGHTS: staged},
    )
    assert made not in {parent, staged}
    assert alice.tree(model) == alice.tree(model, staged)
    alice.delete_branch(model, "hubq/one")
    assert alice.refs(model).branches == {"main": made}


def test_what_is_not_there_cannot_be_copied(world: World, model: str) -> None:
    head = world.alice.head(model)
    assert head
    with pytest.raises(BadInput):
        world.alice.commit(
            model, {}, message="Copy", parent=head, copies={"gone.safetensors": head}
        )
    assert world.alice.head(model) == head


def test_branches_are_made_and_deleted_again_and_again(world: World, model: str) -> None:
    head = world.alice.head(model)
    assert head
    for _ in range(2):
        world.alice.create_branch(model, "hubq/two", head)
    assert world.alice.refs(model).branches == {"main": head, "hubq/two": head}
    moved = world.write(model, "notes.md", b"x")
    with pytest.raises(RemoteMoved, match="there is a branch hubq/two"):
        world.alice.create_branch(model, "hubq/two", moved)
    for _ in range(2):
        world.alice.delete_branch(model, "hubq/two")
    assert world.alice.head(model, "hubq/two") is None


def test_a_tag_and_a_branch_of_one_name_are_told_apart(world: World, model: str) -> None:
    first = world.alice.head(model)
    assert first
    world.alice.create_tag(model, "v1", first, "First")
    moved = world.write(model, "notes.md", b"x")
    world.alice.create_branch(model, "v1", moved)
    for _ in range(2):
        world.alice.create_tag(model, "v1", first, "First")
        world.alice.create_branch(model, "v1", moved)
    refs = world.alice.refs(model)
    assert (refs.tags, refs.branches) == ({"v1": first}, {"main": moved, "v1": moved})


def test_tags_stay_where_they_are(world: World, model: str) -> None:
    head = world.alice.head(model)
    assert head
    for _ in range(2):
        world.alice.create_tag(model, "v1", head, "First")
    moved = world.write(model, "notes.md", b"x")
    with pytest.raises(RemoteMoved, match="the tag v1"):
        world.alice.create_tag(model, "v1", moved, "First")
    assert world.alice.refs(model).tags == {"v1": head}
    assert world.alice.head(model, "v1") == head == world.alice.info(model, "v1").commit


def test_a_gate_lets_members_through_and_says_so(world: World, model: str) -> None:
    commit = world.alice.pin(model)
    for gate in ("auto", "manual", None):
        world.alice.set_gate(model, gate)
        info = world.bob.info(model)
        assert (info.gate, info.gated) == (gate, gate is not None)
        assert world.alice.read(model, commit, "config.json") == MODEL["config.json"]
        if gate:
            with pytest.raises(BadInput, match="gated on"):
                world.bob.read(model, commit, "README.md")
    assert world.bob.read(model, commit, "README.md") == MODEL["README.md"]


def test_a_deleted_repo_is_gone(world: World, model: str) -> None:
    for _ in range(2):
        world.alice.delete(model)
    assert world.alice.head(model) is None


def test_large_files_are_brought_once(world: World, model: str) -> None:
    told: dict[str, tuple[int, int]] = {}

    def tell(path: str, done: int, total: int) -> None:
        told[path] = (done, total)

    content = safetensors(seed=next(NUMBERS) % 200, size=300)
    files: dict[str, Content] = {"new.safetensors": content, "small.json": b"{}"}
    head = world.alice.head(model)
    assert world.alice.upload(model, files, known={}, progress=tell) == "LFS"
    assert told == {"new.safetensors": (len(content), len(content))}
    assert world.alice.head(model) == head
    assert world.alice.upload(model, files, known={}) == ""
    made = world.alice.commit(model, files, message="More", parent=head)
    assert world.alice.tree(model, made)["new.safetensors"].lfs


def test_who_may_only_read_proposes(world: World, model: str) -> None:
    base = world.alice.head(model)
    assert base
    new: dict[str, Content] = {WEIGHTS: safetensors(seed=3), "config.json": b"[1]"}
    assert world.bob.upload(model, new, known={}, propose=True) == "LFS"
    pull = world.bob.propose(
        model, new, title="Release", base=base, description="Why", deletions=["README.md"]
    )
    assert (pull.num, pull.ref, pull.author) == (1, "refs/pr/1", "bob")
    assert pull.url == f"{world.alice.url(model)}/discussions/1"
    assert world.bob.pull_requests(model, author="bob") == (pull,)
    assert world.bob.pull_requests(model, author="alice") == ()
    first = world.bob.head(model, pull.ref)
    assert first != base == world.alice.head(model)
    again: dict[str, Content] = {"config.json": b"[2]"}
    second = world.bob.commit(model, again, message="More", parent=first, revision=pull.ref)
    assert world.bob.info(model, pull.ref).commit == second
    assert "README.md" not in world.bob.tree(model, pull.ref)
    assert [past.title for past in world.bob.history(model, pull.ref)][:2] == ["More", "Release"]
    assert world.bob.read(model, second, "config.json") == b"[2]"
    with pytest.raises(RemoteMoved):
        world.bob.commit(model, new, message="Stale", parent=first, revision=pull.ref)


def test_a_pull_request_takes_commits_of_its_author_and_of_writers_only(
    world: World, model: str
) -> None:
    base = world.alice.head(model)
    assert base
    ours = world.alice.propose(model, {"x": b"1"}, title="Ours", base=base)
    theirs = world.bob.propose(model, {"y": b"1"}, title="Theirs", base=base)
    assert (ours.num, theirs.num) == (1, 2)
    with pytest.raises(BadInput, match="no permission to write"):
        world.bob.commit(model, {"x": b"2"}, message="No", parent=None, revision=ours.ref)
    made = world.alice.commit(model, {"y": b"2"}, message="Yes", parent=None, revision=theirs.ref)
    assert world.bob.head(model, theirs.ref) == made
    assert world.alice.refs(model).branches == {"main": base}


def test_a_proposal_starts_where_it_was_planned(world: World, model: str) -> None:
    base = world.alice.head(model)
    assert base
    world.write(model, "notes.md", b"meanwhile")
    pull = world.bob.propose(model, {"hubq.json": b"{}"}, title="Release", base=base)
    assert "notes.md" not in world.bob.tree(model, pull.ref)
    world.merge(model, pull.num)
    assert {"notes.md", "hubq.json"} <= set(world.alice.tree(model))
    assert world.bob.pull_requests(model, author="bob") == ()
    assert world.alice.history(model)[0].title == "Release (#1)"


def test_there_is_no_proposal_of_nothing(world: World, model: str) -> None:
    base = world.alice.head(model)
    assert base
    with pytest.raises(HubProblem, match="nothing to propose"):
        world.bob.propose(model, MODEL, title="Release", base=base)
    assert world.bob.pull_requests(model, author="bob") == ()
