from __future__ import annotations

from hubq.hub.port import Account
from hubq.hub.publication.shelf import shelf_title
from hubq.model.publication import Terms
from tests.fakes import BOB, FakeHub
from tests.hub.publication.wishes import AWQ, INT4, Family, wish

TITLE = "nano quantized with hubq"


def slug_of(hub: FakeHub) -> str:
    return next(iter(hub.state.shelf))


def test_a_title_is_of_the_source_and_short_enough() -> None:
    assert shelf_title("up/nano@1a2b3c4") == TITLE
    assert shelf_title("nano") == TITLE
    long = shelf_title("up/" + "x" * 80)
    assert len(long) == 60
    assert long.endswith("x… quantized with hubq")


def test_none_is_planned_where_none_is_wanted(family: Family, hub: FakeHub) -> None:
    plan = family.plan(terms=Terms(collection=False))
    assert (plan.collection, plan.notes) == ("", {})
    assert not any(line.startswith("collection") for line in hub.asked)


def test_none_is_planned_where_the_token_may_not_write(published: Family, hub: FakeHub) -> None:
    plan = Family(hub.seen_by(BOB), published.folder).plan(wish(AWQ, 2))
    assert (plan.collection, plan.notes) == ("", {})


def test_none_is_planned_by_a_token_for_single_repos(published: Family, hub: FakeHub) -> None:
    narrow = Account(name="alice", role="fineGrained", writable=(AWQ,))
    plan = Family(hub.seen_by(narrow), published.folder).plan(wish(AWQ, 2))
    assert plan.repos[0].route == "direct"
    assert (plan.collection, plan.notes) == ("", {})


def test_one_is_found_by_its_title_without_a_receipt(published: Family, hub: FakeHub) -> None:
    plan = published.plan(receipt=False)
    assert (plan.slug, plan.notes) == (slug_of(hub), {})
    other = published.plan(wish("acme/nano-Int8"), receipt=False)
    assert other.slug == slug_of(hub)
    assert other.notes == {"acme/nano-Int8": "Int8 of nano"}


def test_one_that_was_removed_is_made_again(published: Family, hub: FakeHub) -> None:
    hub.state.shelf.clear()
    plan = published.plan()
    assert (plan.collection, plan.slug) == (TITLE, "")
    assert set(plan.notes) == {AWQ, INT4}
    assert not plan.empty


def test_a_note_of_ours_is_brought_up_to_date(published: Family, hub: FakeHub) -> None:
    wanted = wish(AWQ)
    changed = type(wanted)(
        variant="AWQ", repo=AWQ, files=wanted.files, title=wanted.title, note="now 99 %"
    )
    assert published.plan(changed).notes == {AWQ: "now 99 %"}
    published.push(changed, wish(INT4))
    assert {item.note for item in hub.state.shelf[slug_of(hub)].items} == {
        "now 99 %",
        "Int4 of nano",
    }
    assert published.plan(changed, wish(INT4)).empty


def test_a_note_that_somebody_wrote_is_left_and_said(published: Family, hub: FakeHub) -> None:
    found = hub.state.shelf[slug_of(hub)]
    item = next(one for one in found.items if one.repo == AWQ)
    hub.set_note(found.slug, item, "my favourite")
    plan = published.plan()
    assert plan.notes == {}
    assert plan.repos[0].remarks == (
        "its note in the collection is left: somebody else may have written it",
    )
    hub.set_note(found.slug, item, "")
    assert published.plan().notes == {AWQ: "AWQ of nano"}


def test_a_repo_that_waits_for_a_merge_is_not_put_into_it(published: Family, hub: FakeHub) -> None:
    hub.add("acme/nano-Int8", {"README.md": b"mine"})
    plan = published.plan(wish("acme/nano-Int8"), wish(AWQ))
    assert plan.notes == {}
    assert plan.slug == slug_of(hub)


def test_a_hidden_one_is_shown_with_the_repos(family: Family, hub: FakeHub) -> None:
    family.push(terms=Terms(visibility="private"))
    assert hub.state.shelf[slug_of(hub)].private
    assert not family.plan().show_collection
    plan = family.plan(terms=Terms(visibility="public"))
    assert plan.show_collection
    family.push(terms=Terms(visibility="public"))
    assert not hub.state.shelf[slug_of(hub)].private
    assert not family.plan(wish("acme/nano-Int8"), wish(AWQ)).show_collection
    hub.set_collection_private(slug_of(hub), private=True)
    assert not family.plan().show_collection
