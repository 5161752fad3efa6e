from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hubq.errors import BadInput, Refused, RemoteMoved
from hubq.hub.manifest import MANIFEST, listed
from hubq.hub.port import Account, Content
from hubq.hub.publication.planning import check_wanted, same_wish
from hubq.model.publication import Terms
from tests.fakes import BOB, FakeHub
from tests.hub.publication.wishes import AWQ, INT4, Family, card, changes, wish, without


def test_a_new_family_is_made_hidden_and_revealed_and_only_looked_for(
    family: Family, hub: FakeHub
) -> None:
    plan = family.plan()
    assert hub.log == []
    assert [one.repo for one in plan.repos] == [AWQ, INT4]
    assert all(one.new and one.hidden and one.reveal and not one.why for one in plan.repos)
    assert set(changes(plan.repos[0])) == {*wish(AWQ).files, MANIFEST}
    assert plan.repos[0].rendered == hashlib.sha256(card("AWQ")).hexdigest()
    assert plan.collection == "nano quantized with hubq"
    assert plan.notes == {AWQ: "AWQ of nano", INT4: "Int4 of nano"}
    assert not plan.slug


def test_the_list_of_files_names_every_file_but_itself(family: Family) -> None:
    plan = family.one(wish(AWQ))
    content = plan.files[MANIFEST].content
    assert isinstance(content, bytes)
    assert listed(content) == {
        path: file.mark.sha256 for path, file in plan.files.items() if path != MANIFEST
    }


def test_two_plans_of_the_same_have_ids_that_differ_in_their_ends(family: Family) -> None:
    first, second, other = family.plan(), family.plan(), family.plan(wish(INT4))
    assert first.id != second.id
    assert first.id[:9] == second.id[:9] != other.id[:9]
    assert first.branch == f"hubq/{first.id}"


def test_an_unchanged_family_costs_one_look_up_a_repo_and_two_for_the_family(
    published: Family, hub: FakeHub
) -> None:
    plan = published.plan()
    assert plan.empty
    slug = next(iter(hub.state.shelf))
    assert hub.asked == ["whoami", f"info {AWQ}", f"info {INT4}", f"collection {slug}"]


def test_without_its_receipt_an_unchanged_family_is_still_known(
    published: Family, hub: FakeHub
) -> None:
    plan = published.plan(receipt=False)
    assert plan.empty
    assert published.merged == []
    assert plan.slug == next(iter(hub.state.shelf))
    assert len(hub.asked) <= 3 * 2 + 3


def test_a_merged_readme_with_its_receipt_is_neither_read_nor_merged_again(
    published: Family, hub: FakeHub
) -> None:
    hub.add(AWQ, {"README.md": card("AWQ") + b"> by hand\n"}, title="Release x of y with hubq")
    published.push(wish(AWQ, 2), wish(INT4))
    assert published.merged == [AWQ]
    assert b"> by hand" in hub.files(AWQ)["README.md"]
    hub.asked.clear()
    plan = published.plan(wish(AWQ, 2), wish(INT4))
    assert plan.empty
    assert published.merged == [AWQ]
    assert not any(line.startswith("read") for line in hub.asked)
    assert plan.repos[0].readme == {"merged": True, "evidence": len(b'{"edition": 1}')}


def test_a_readme_that_a_person_edited_is_merged(published: Family, hub: FakeHub) -> None:
    hub.add(AWQ, {"README.md": b"# Mine\n> by hand\n"})
    plan = published.one(wish(AWQ))
    assert published.merged == [AWQ]
    assert changes(plan) == {"README.md": "changed", MANIFEST: "changed"}
    assert plan.files["README.md"].content == card("AWQ") + b"> by hand\n"
    assert plan.remarks == ("1 lines of people are kept",)


def test_only_what_differs_is_sent(published: Family) -> None:
    plan = published.plan(wish(AWQ, config__json=b"[]"), wish(INT4))
    assert changes(plan.repos[0]) == {"config.json": "changed", MANIFEST: "changed"}
    assert plan.repos[1].empty
    assert plan.repos[0].size < 1000


def test_files_of_an_earlier_release_go_and_files_of_people_stay(
    family: Family, hub: FakeHub
) -> None:
    family.push(wish(AWQ, old__json=b"old", edited__json=b"ours", old__safetensors=b"large"))
    hub.add(AWQ, {"notes.md": b"a person's", "edited.json": b"a person's"})
    plan = family.one(wish(AWQ))
    assert plan.removed == ("old.json", "old.safetensors")
    assert plan.kept == ("edited.json", "notes.md")


def test_a_path_that_a_repo_cannot_hold_is_refused(family: Family) -> None:
    for path in ("../x", "/x", "a//b", "a\\b", ".git/config", MANIFEST):
        wanted = msgspec.structs.replace(wish(AWQ), files={path: b""})
        with pytest.raises(BadInput):
            family.plan(wanted)


def test_a_file_that_is_not_there_is_named(family: Family, tmp_path: Path) -> None:
    files: dict[str, Content] = {"config.json": tmp_path / "nowhere.json"}
    with pytest.raises(BadInput, match="no such file"):
        family.plan(msgspec.structs.replace(wish(AWQ), files=files))


def test_two_variants_of_one_repo_and_an_id_without_a_namespace_are_refused(
    family: Family,
) -> None:
    with pytest.raises(BadInput, match="two variants"):
        family.plan(wish(AWQ), wish(AWQ))
    with pytest.raises(BadInput, match="not a repo id"):
        family.plan(wish("nano-AWQ"))
    with pytest.raises(BadInput, match="no variant"):
        check_wanted([])


def test_a_hash_that_was_kept_is_not_worked_out_again(family: Family) -> None:
    wanted = msgspec.structs.replace(wish(AWQ), known={"model.safetensors": "0" * 64})
    assert family.one(wanted).files["model.safetensors"].mark.sha256 == "0" * 64


def test_a_secret_is_refused_before_anything_is_sent(family: Family, hub: FakeHub) -> None:
    with pytest.raises(Refused, match=r"nano-AWQ/log\.txt holds a Hugging Face token"):
        family.plan(wish(AWQ, log__txt=b"hf_" + b"x" * 34))
    assert hub.log == []


def test_no_token_is_said(hub: FakeHub, publications: Path) -> None:
    with pytest.raises(BadInput, match="no token"):
        Family(hub.seen_by(None), publications).plan()


def test_a_repo_that_can_neither_be_made_nor_proposed_to_is_said(
    hub: FakeHub, publications: Path
) -> None:
    with pytest.raises(BadInput, match="bob's token may not write there") as caught:
        Family(hub.seen_by(BOB), publications).plan()
    assert "--org" in caught.value.remedy


# -- visibility ------------------------------------------------------------------------------


@pytest.mark.parametrize("visibility", [None, "public", "private"])
def test_a_new_repo_is_shown_unless_it_is_to_stay_private(
    family: Family, visibility: str | None
) -> None:
    plan = family.one(wish(AWQ), Terms(visibility=visibility))  # type: ignore[arg-type]
    assert plan.hidden
    assert plan.reveal is (visibility != "private")


def test_a_public_repo_is_never_hidden(published: Family) -> None:
    with pytest.raises(BadInput, match=f"{AWQ} is public") as caught:
        published.plan(terms=Terms(visibility="private"))
    assert f"https://hub.test/{AWQ}/settings" in caught.value.remedy
    assert not published.one(wish(AWQ), Terms(visibility="public")).reveal


def test_a_hidden_repo_of_ours_is_shown_only_when_asked(family: Family) -> None:
    family.push(terms=Terms(visibility="private"))
    assert family.plan().empty
    assert family.plan(terms=Terms(visibility="private")).empty
    plan = family.plan(terms=Terms(visibility="public"))
    assert not plan.empty
    assert all(one.empty and one.reveal for one in plan.repos)


def test_a_hidden_repo_with_files_of_people_is_never_shown(family: Family, hub: FakeHub) -> None:
    family.push(terms=Terms(visibility="private"))
    hub.add(AWQ, {"notes.md": b"a person's"})
    plan = family.one(wish(AWQ), Terms(visibility="public"))
    assert not plan.reveal
    assert plan.remarks == ("stays private: hubq did not put there notes.md",)


def test_a_hidden_repo_of_somebody_else_is_not_shown(family: Family, hub: FakeHub) -> None:
    hub.add(AWQ, {"README.md": card("AWQ")}, private=True)
    plan = family.one(wish(AWQ), Terms(visibility="public"))
    assert (plan.route, plan.reveal) == ("pull-request", False)
    assert plan.remarks == ("not made public: hubq did not make it",)


# -- gate, tag, branch -----------------------------------------------------------------------


def test_a_gate_is_set_where_it_differs(family: Family) -> None:
    assert family.one(wish(AWQ), Terms(gated="manual")).gate
    family.push(terms=Terms(gated="manual"))
    assert not family.one(wish(AWQ), Terms(gated="manual")).gate
    assert not family.one(wish(AWQ)).gate
    plan = family.plan(wish(AWQ), terms=Terms(gated="auto"))
    assert plan.repos[0].gate
    assert not plan.empty


def test_the_gate_of_somebody_elses_repo_is_left(published: Family, hub: FakeHub) -> None:
    reader = Family(hub.seen_by(BOB), published.folder)
    plan = reader.plan(wish(AWQ), terms=Terms(gated="auto", collection=False))
    assert plan.empty
    assert plan.repos[0].remarks == ("not gated: this token may not write there",)


def test_a_tag_is_put_on_what_is_there_already(published: Family, hub: FakeHub) -> None:
    plan = published.plan(terms=Terms(tag="v1"))
    assert all(one.empty and one.tag for one in plan.repos)
    assert not plan.empty
    for one in plan.repos:
        assert one.parent is not None
        hub.create_tag(one.repo, "v1", one.parent, "")
    assert published.plan(terms=Terms(tag="v1")).empty


def test_a_tag_on_another_commit_is_said_before_anything_is_sent(
    published: Family, hub: FakeHub
) -> None:
    commit = hub.head(AWQ)
    assert commit is not None
    hub.create_tag(AWQ, "v1", commit, "")
    with pytest.raises(BadInput, match=f"the tag v1 is on {commit[:7]} already"):
        published.plan(wish(AWQ, 2), terms=Terms(tag="v1"))


def test_another_branch_starts_at_main(published: Family, hub: FakeHub) -> None:
    plan = published.one(wish(AWQ, 2), Terms(revision="next"))
    assert plan.target_is_new
    assert plan.parent == hub.head(AWQ)
    assert set(changes(plan)) == {"README.md", "hubq.json", MANIFEST}
    same = published.one(wish(AWQ), Terms(revision="next"))
    assert not same.sent
    assert not same.empty
    published.push(wish(AWQ, 2), terms=Terms(revision="next"))
    again = published.one(wish(AWQ, 2), Terms(revision="next"))
    assert again.empty
    assert not again.target_is_new


def test_a_new_repo_with_another_branch_gets_that_branch(family: Family) -> None:
    plan = family.one(wish(AWQ), Terms(revision="next"))
    assert plan.new
    assert plan.target_is_new


def test_a_tag_is_no_branch(published: Family, hub: FakeHub) -> None:
    commit = hub.head(AWQ)
    assert commit is not None
    hub.create_tag(AWQ, "v1", commit, "")
    with pytest.raises(BadInput, match="v1 is no branch there"):
        published.plan(wish(AWQ, 2), terms=Terms(revision="v1"))


@pytest.mark.parametrize("revision", ["", "hubq/1", "refs/pr/1", " main", "a..b", "-x", "a/"])
def test_a_release_goes_to_no_branch_of_this_kind(family: Family, revision: str) -> None:
    with pytest.raises(BadInput, match="--revision"):
        family.plan(terms=Terms(revision=revision))


@pytest.mark.parametrize("tag", ["v 1", "v1.lock", ".v1", "a//b", "v^1", "refs/tags/v1"])
def test_a_tag_that_git_does_not_allow_is_said_first(
    family: Family, hub: FakeHub, tag: str
) -> None:
    with pytest.raises(BadInput, match="git allows no such name"):
        family.plan(terms=Terms(tag=tag))
    assert hub.asked == []
    assert family.plan(terms=Terms(tag="release/v1.0-rc_1")).repos[0].tag


# -- other publications, siblings ------------------------------------------------------------


def test_another_publication_under_way_is_named(published: Family, hub: FakeHub) -> None:
    hub.add(AWQ, {"x": b"y"}, revision="hubq/0123abcd-456789", title="Release x of y with hubq")
    with pytest.raises(RemoteMoved) as caught:
        published.plan(wish(AWQ, 2), wish(INT4))
    assert "branch hubq/0123abcd-456789 stands there since 2026-11-21 00:00 UTC" in str(
        caught.value
    )
    for way in ("--resume", "--abort", "hf repos branch delete acme/nano-AWQ hubq/0123abcd-456789"):
        assert way in caught.value.remedy
    assert published.plan().empty


def test_another_publication_that_has_only_begun_is_named(published: Family, hub: FakeHub) -> None:
    commit = hub.head(AWQ)
    assert commit is not None
    hub.create_branch(AWQ, "hubq/0123abcd-456789", commit)
    with pytest.raises(RemoteMoved, match="with nothing on it yet"):
        published.plan(wish(AWQ, 2))


def test_a_link_to_a_sibling_that_is_not_there_is_refused(family: Family, hub: FakeHub) -> None:
    linked = card("AWQ") + b"[8 bits](https://hub.test/acme/nano-Int8/tree/main)\n"
    with pytest.raises(Refused, match=r"links to /acme/nano-Int8, and acme/nano-Int8 is neither"):
        family.plan(wish(AWQ, README__md=linked))
    hub.add("acme/nano-Int8")
    assert family.plan(wish(AWQ, README__md=linked)).repos


def test_links_to_what_is_published_together_and_to_the_source_are_not_looked_up(
    family: Family, hub: FakeHub
) -> None:
    linked = card("AWQ") + b"[other](/acme/nano-Int4) [source](/up/nano/tree/1a2b3c4)\n"
    family.plan(wish(AWQ, README__md=linked), wish(INT4))
    assert f"head {INT4}" in hub.asked
    assert hub.asked.count(f"head {INT4}") == 1
    assert "head up/nano" not in hub.asked


def test_links_of_a_card_that_is_there_already_are_not_looked_up(
    family: Family, hub: FakeHub
) -> None:
    linked = wish(AWQ, README__md=card("AWQ") + b"[8 bits](/acme/nano-Int8)\n")
    hub.add("acme/nano-Int8")
    family.push(linked)
    del hub.repos["acme/nano-Int8"]
    assert family.plan(linked).empty


# -- wishes ----------------------------------------------------------------------------------


def test_a_publication_that_was_broken_off_is_known_by_what_it_wants(family: Family) -> None:
    pending = family.plan()
    wanted = [wish(INT4), wish(AWQ)]
    assert same_wish(pending, wanted, Terms())
    assert not same_wish(pending, wanted, Terms(tag="v1"))
    assert not same_wish(pending, wanted[:1], Terms())
    assert not same_wish(pending, [wish(INT4, 2), wish(AWQ)], Terms())
    assert not same_wish(pending, [wish(INT4, config__json=b"[]"), wish(AWQ)], Terms())
    assert not same_wish(pending, [without(wish(INT4), "config.json"), wish(AWQ)], Terms())
    renamed = msgspec.structs.replace(wish(AWQ), note="another")
    assert not same_wish(pending, [wish(INT4), renamed], Terms())


def test_a_wish_stays_the_same_whatever_readme_it_is_merged_with(
    published: Family, hub: FakeHub
) -> None:
    hub.add(AWQ, {"README.md": b"> by hand\n"}, title="Release x of y with hubq")
    pending = published.plan(wish(AWQ, 2))
    assert same_wish(pending, [wish(AWQ, 2)], Terms())


def test_a_release_without_a_card_is_planned_too(family: Family) -> None:
    wanted = without(wish(AWQ), "README.md")
    plan = family.plan(wanted)
    assert plan.repos[0].rendered == ""
    assert same_wish(plan, [wanted], Terms())


def test_an_owner_of_an_embedded_hub_may_write_everywhere(hub: FakeHub, publications: Path) -> None:
    owner = Account(name="owner", role="admin")
    assert Family(hub.seen_by(owner), publications).plan().repos[0].new


# -- whatever people do ----------------------------------------------------------------------

_PATHS = st.sampled_from(["a.json", "b/c.json", "d.safetensors"])
_CONTENTS = st.binary(min_size=1, max_size=8)
_FILES = st.dictionaries(_PATHS, _CONTENTS)
_HUMAN = st.dictionaries(st.sampled_from(["notes.md", "mine/x.json"]), _CONTENTS)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(editions=st.lists(st.tuples(_FILES, _HUMAN, st.booleans()), min_size=1, max_size=3))
def test_a_second_plan_is_empty_and_what_people_wrote_is_there(
    fast: None,
    tmp_path_factory: pytest.TempPathFactory,
    editions: list[tuple[dict[str, bytes], dict[str, bytes], bool]],
) -> None:
    folder = tmp_path_factory.mktemp("any")
    hub = FakeHub(folder / "snapshots")
    family, theirs = Family(hub, folder / "publications"), dict[str, bytes]()
    for number, (files, human, knows) in enumerate(editions):
        wanted = wish(AWQ, number)
        wanted = msgspec.structs.replace(wanted, files={**wanted.files, **files})
        terms = Terms(direct=True)
        family.push(wanted, terms=terms)
        there = hub.files(AWQ)
        assert {path: there[path] for path in files} == files
        assert set(there) == {*wanted.files, *theirs, MANIFEST, ".gitattributes"}
        assert {path: there[path] for path in theirs} == theirs
        assert there["README.md"].count(b"> by hand") == min(number, 1)
        assert family.plan(wanted, terms=terms, receipt=knows).empty
        theirs |= human
        readme = there["README.md"] if number else there["README.md"] + b"> by hand\n"
        hub.add(AWQ, {**human, "README.md": readme})
