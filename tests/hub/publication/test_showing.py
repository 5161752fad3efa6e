from __future__ import annotations

import json

import msgspec

from hubq.hub.publication.showing import facts, lines
from hubq.model.publication import Terms
from tests.fakes import BOB, FakeHub
from tests.hub.publication.wishes import AWQ, INT4, Family, card, wish


def test_a_new_family(family: Family) -> None:
    assert lines(family.plan()) == [
        "nano: 2 repos on https://hub.test",
        "",
        "acme/nano-AWQ (new, made public once verified)",
        "  + README.md  38 B",
        "  + SHA256SUMS  401 B",
        "  + config.json  2 B",
        "  + hubq.json  14 B",
        "  + model.safetensors  377 B",
        "",
        "acme/nano-Int4 (new, made public once verified)",
        "  + README.md  39 B",
        "  + SHA256SUMS  401 B",
        "  + config.json  2 B",
        "  + hubq.json  14 B",
        "  + model.safetensors  377 B",
        "",
        "collection: nano quantized with hubq (new, 2 entries to write)",
        "to send: 1.7 kB in 10 files to 2 repos, one commit each",
    ]


def test_a_family_that_is_there(published: Family, hub: FakeHub) -> None:
    head = hub.head(AWQ)
    assert head is not None
    shown = lines(published.plan())
    assert f"acme/nano-AWQ (at {head[:7]}, public)" in shown
    assert shown.count("  nothing to send: every file is there already") == 2
    assert shown[-2:] == [
        "collection: nano quantized with hubq (there)",
        "nothing to do: the family is there as it is to be",
    ]


def test_changes_removals_and_other_peoples_files(family: Family, hub: FakeHub) -> None:
    family.push(wish(AWQ, old__json=b"old"))
    hub.add(AWQ, {"notes.md": b"mine"}, title="Release a of b with hubq")
    shown = lines(family.plan(wish(AWQ, config__json=b"[]")))
    for line in (
        "  ~ config.json  2 B",
        "  - old.json",
        "  = 3 files unchanged",
        "  left alone: notes.md",
    ):
        assert line in shown
    assert shown[-1] == "to send: 403 B in 2 files to 1 repo, one commit each"


def test_many_files_of_others_are_counted(family: Family, hub: FakeHub) -> None:
    hub.add(AWQ, {f"{number:02}.txt": b"x" for number in range(12)})
    shown = lines(family.plan(wish(AWQ)))
    assert shown[-1].startswith("to send")
    kept = next(line for line in shown if line.startswith("  left alone: "))
    assert kept.endswith("06.txt, 07.txt and 4 more")


def test_terms_are_shown_with_each_repo(family: Family, published: Family) -> None:
    terms = Terms(visibility="private", gated="manual", tag="v1", revision="next")
    new = wish("acme/nano-Int8")
    assert (
        "acme/nano-Int8 (new, new branch next, stays private, gated: manual, tagged v1)"
        in lines(family.plan(new, terms=terms))
    )
    shown = lines(published.plan(terms=Terms(tag="v1")))
    assert shown[-1] == "no file to send"


def test_a_pull_request_says_why(family: Family, hub: FakeHub) -> None:
    hub.add(AWQ, {"README.md": b"> by hand\n"})
    terms = Terms(collection=False)
    shown = lines(family.plan(wish(AWQ), terms=terms))
    assert "  by a new pull request: hubq did not make it (--direct writes to it)" in shown
    assert "  note: 1 lines of people are kept" in shown
    forced = lines(family.plan(wish(AWQ), terms=Terms(direct=True)))
    assert "  straight, as --direct asks: hubq did not make it" in forced
    reader = Family(hub.seen_by(BOB), family.folder)
    reader.push(wish(AWQ), terms=terms)
    shown = lines(reader.plan(wish(AWQ), terms=terms))
    why = "this token may not write there"
    assert f"  by pull request #1, which is open and up to date: {why}" in shown
    assert f"  by pull request #1: {why}" in lines(reader.plan(wish(AWQ, 2), terms=terms))


def test_programs_get_every_file_with_its_hash_and_no_content(family: Family) -> None:
    plan = family.plan(terms=Terms(tag="v1", gated="auto"))
    shown = facts(plan)
    assert json.loads(msgspec.json.encode(shown)) == shown
    assert (shown["schema"], shown["id"], shown["empty"]) == (1, plan.id, False)
    repo = shown["repos"][0]
    assert (repo["repo"], repo["new"], repo["parent"]) == (AWQ, True, None)
    assert (repo["private_now"], repo["private_afterwards"]) == (True, False)
    assert (repo["gate"], repo["tag"]) == ("auto", "v1")
    assert repo["files"]["README.md"] == {
        "size": len(card("AWQ")),
        "sha256": plan.repos[0].rendered,
        "change": "added",
    }
    assert shown["size"] == sum(one.size for one in plan.repos)
    assert shown["collection"]["notes"] == {AWQ: "AWQ of nano", INT4: "Int4 of nano"}
