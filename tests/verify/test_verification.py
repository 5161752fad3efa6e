"""A good release verifies; whatever is tampered with is found, and named."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from hubq.errors import BadInput
from hubq.hub.port import Unavailable
from hubq.markdown.blocks import seal
from hubq.model.codec import digest, pretty
from hubq.verify.place import RepoPlace
from hubq.verify.verification import verify
from tests.verify.publishing import (
    AWQ,
    INT8,
    WORDS,
    Shop,
    errors,
    failed,
    unzipped,
    with_sums,
    zipped,
)

Change = Callable[[Shop], object]
ENTRY = f"evidence/AWQ.zip:{WORDS}/samples.jsonl"
WEIGHTS = "model.safetensors"


def long(value: object) -> Any:
    """Return a value that is tried in the long run only."""
    return pytest.param(value, marks=pytest.mark.long)


def without(key: str) -> Callable[[bytes], bytes]:
    """Return what takes a sample out of a file of samples."""

    def change(raw: bytes) -> bytes:
        lines = raw.splitlines(keepends=True)
        return b"".join(line for line in lines if json.loads(line)["key"] != key)

    return change


def one_better(raw: bytes) -> bytes:
    """Let a wrong answer count as right."""
    return raw.replace(b'"score":0.0', b'"score":1.0', 1)


def flip(shop: Shop) -> None:
    """Flip one bit of the weights."""
    content = bytearray(shop.files[WEIGHTS])
    content[-3] ^= 1
    shop.files[WEIGHTS] = bytes(content)


def in_table(shop: Shop, repo: str = AWQ) -> tuple[int, str]:
    """Raise a score in the table of a card; return the line and what it says now."""
    lines = shop.repos[repo]["README.md"].decode().splitlines(keepends=True)
    number = next(n for n, line in enumerate(lines) if line.startswith("| ") and "83.33" in line)
    lines[number] = lines[number].replace("83.33", "93.33", 1)
    shop.repos[repo]["README.md"] = "".join(lines).encode()
    return number + 1, "93.33"


def test_a_good_release_is_computed_again_whole(shop: Shop) -> None:
    found = shop.verify()
    assert errors(found) == []
    states = {check.name: check.state for check in found.checks}
    skipped = {name for name, state in states.items() if state == "skipped"}
    assert skipped == {"answers", "source", "signature"}
    assert (found.good, found.repo, found.variant) == (True, AWQ, "AWQ")
    assert found.samples == 72
    assert found.recomputed > 200
    assert found.claims == len(shop.evidence().claims)
    assert not [finding for finding in found.findings if finding.severity == "warning"]


def test_every_block_of_the_card_is_rendered_again(shop: Shop) -> None:
    said = {check.name: check.said for check in shop.verify().checks}["card"]
    blocks = len(shop.evidence().blocks)
    assert f"{blocks} blocks, {blocks} of them rendered again" in said


def test_weights_are_fetched_and_hashed_when_asked_for(shop: Shop) -> None:
    hub = shop.hub()
    found = verify(RepoPlace(hub, AWQ), deep=True, siblings=False)
    assert found.good
    assert any(call.startswith("snapshot") for call in map(str, hub.asked))
    assert "as the hub lists" not in {c.name: c.said for c in found.checks}["files"]


@pytest.mark.parametrize("forged", [False, True])
def test_a_digit_of_the_card_is_named_with_its_claim(shop: Shop, forged: bool) -> None:
    line, said = in_table(shop)
    if forged:
        shop.forge()
    wrong = [f for f in shop.verify().findings if f.rule == "number-changed"]
    assert [(f.path, f.line, f.said) for f in wrong] == [("README.md", line, said)]
    assert wrong[0].found.startswith("claim score.")
    assert "is 83.33 percent" in wrong[0].found


@pytest.mark.parametrize("forged", [False, True])
def test_a_number_that_is_no_claim_is_found_too(shop: Shop, forged: bool) -> None:
    shop.edit("README.md", "max_new_tokens=", "max_new_tokens=9")
    if forged:
        shop.forge()
    wrong = [f for f in shop.verify().findings if f.severity == "error"]
    assert [f.rule for f in wrong] == ["number-changed"]
    assert "hubq wrote" in wrong[0].found


def test_words_edited_by_hand_are_only_doubtful(shop: Shop) -> None:
    shop.edit("README.md", "License:", "Licence, says Alice:")
    found = shop.verify()
    assert found.good
    rules = {f.rule: f.severity for f in found.findings}
    assert rules == {"block-edited": "warning", "card-edited": "info"}


def test_a_block_sealed_anew_is_told_from_one_edited_by_hand(shop: Shop) -> None:
    shop.edit("README.md", "License:", "Licence, says Mallory:")
    shop.files["README.md"] = seal(shop.files["README.md"].decode()).encode()
    assert [f.rule for f in shop.verify().findings if f.severity == "error"] == ["block-resealed"]


def test_text_outside_the_blocks_belongs_to_people(shop: Shop) -> None:
    shop.files["README.md"] += b"\n## Mine\n\nIt scores 99.9 for me.\n"
    found = shop.verify()
    assert found.good
    assert [f.rule for f in found.findings] == ["card-edited"]


@pytest.mark.parametrize("forged", [False, True])
def test_a_removed_sample_is_named_by_its_key(shop: Shop, forged: bool) -> None:
    shop.edit_entry(f"{WORDS}/samples.jsonl", without("7"))
    if forged:
        shop.forge()
    found = shop.verify()
    missing = [f for f in found.findings if f.rule == "sample-missing"]
    assert (missing[0].path, missing[0].found) == (ENTRY, "has no sample of question 7 of Words")
    assert "scores" in failed(found)


def test_a_sample_that_is_there_twice_is_named(shop: Shop) -> None:
    shop.edit_entry(f"{WORDS}/samples.jsonl", lambda raw: raw + raw.splitlines(keepends=True)[3])
    shop.forge()
    assert f"{ENTRY}: has more than one sample of question 3 of Words" in "\n".join(
        errors(shop.verify())
    )


def test_a_better_score_of_one_answer_is_found_by_its_answer(shop: Shop) -> None:
    shop.give_answers()
    assert {c.name: c.said for c in shop.verify().checks}["answers"] == "72 answers marked again"
    shop.edit_entry(f"{WORDS}/samples.jsonl", one_better)
    shop.forge()
    found = shop.verify()
    assert {"scores", "answers", "comparison", "siblings"} <= failed(found)
    marked = next(f for f in found.findings if f.rule == "sample-changed")
    assert (marked.path, marked.said) == (f"{ENTRY}#0", "1")
    assert "the answer 'grey' to question 0 of Words scores 0" in marked.found


@pytest.mark.parametrize("forged", [False, True])
@pytest.mark.parametrize("deep", [False, True])
def test_a_flipped_byte_of_a_shard_is_named(shop: Shop, forged: bool, deep: bool) -> None:
    flip(shop)
    if forged:
        shop.forge()
    found = shop.verify(deep=deep)
    wrong = [f for f in found.findings if f.severity == "error"]
    assert [(f.rule, f.path) for f in wrong] == [("file-changed", WEIGHTS)]
    assert ("hubq.json has" in wrong[0].found) is forged


def test_files_that_are_missing_or_were_added_are_named(shop: Shop) -> None:
    del shop.files["config.json"]
    shop.files["modeling_evil.py"] = b"import os\n"
    shop.files["picture.png"] = b"png"
    found = {(f.rule, f.path): f.severity for f in shop.verify().findings}
    assert found["file-missing", "config.json"] == "error"
    assert found["file-added", "modeling_evil.py"] == "error"
    assert found["file-added", "picture.png"] == "info"


def test_a_siblings_table_that_was_changed_is_named(shop: Shop) -> None:
    line, said = in_table(shop, INT8)
    found = shop.verify()
    wrong = [f for f in found.findings if f.severity == "error"]
    assert failed(found) == {"siblings"}
    assert [(f.repo, f.path, f.line, f.said) for f in wrong] == [(INT8, "README.md", line, said)]
    assert "claim score." in wrong[0].found


def test_a_sibling_that_tells_another_number_is_named(shop: Shop) -> None:
    told = json.loads(shop.repos[INT8]["hubq.json"])
    claim = next(c for c in told["claims"] if c["id"] == "score.AWQ.Words")
    claim.update(shown="73.33", value=73.33333)
    shop.repos[INT8]["hubq.json"] = pretty(told).encode()
    text = "\n".join(errors(shop.verify()))
    assert f"{INT8} hubq.json#/claims/" in text
    assert "says 'score.AWQ.Words 73.33 (73.33333)'" in text


def test_a_sibling_that_is_gone_is_named(shop: Shop) -> None:
    del shop.repos[INT8]
    found = shop.verify()
    assert [(f.rule, f.repo) for f in found.findings] == [("sibling-missing", INT8)]
    assert not found.good
    assert shop.verify(siblings=False).good


def test_a_sibling_takes_one_listing_and_few_reads(shop: Shop) -> None:
    hub = shop.hub()
    verify(RepoPlace(hub, AWQ))
    assert len([call for call in map(str, hub.asked) if INT8 in call]) <= 3


@pytest.mark.parametrize("forged", [False, True])
def test_an_edited_comparison_is_named_with_its_claims(shop: Shop, forged: bool) -> None:
    def change(told: dict[str, Any]) -> None:
        told["scores"]["Words"]["variants"]["AWQ"]["delta"] = 0.25

    before = hashlib.sha256(shop.files["comparison.json"]).hexdigest()
    shop.edit_json("comparison.json", change)
    if forged:
        after = hashlib.sha256(shop.files["comparison.json"]).hexdigest()
        shop.edit("hubq.json", before, after, count=-1)
        shop.forge()
    found = shop.verify()
    wrong = next(f for f in found.findings if f.rule == "comparison-wrong")
    assert wrong.path == "comparison.json#/scores/Words/variants/AWQ/delta"
    assert (wrong.said, "on the card: delta.AWQ.Words" in wrong.found) == ("0.25", True)


@pytest.mark.parametrize("forged", [False, True])
def test_edited_settings_make_another_key(shop: Shop, forged: bool) -> None:
    def change(raw: bytes) -> bytes:
        told = json.loads(raw)
        told["stage"]["settings"]["device"] = "cuda"
        return pretty(told).encode()

    shop.edit_entry("generate/AWQ/Words/result.json", change)
    if forged:
        shop.edit_json("hubq.json", lambda told: settle(told, "generate/AWQ/Words"))
        shop.forge()
    wrong = [f for f in shop.verify().findings if f.rule == "key-wrong"]
    assert [f.path for f in wrong] == ["evidence/AWQ.zip:generate/AWQ/Words/result.json"]
    assert "settings, program, environment and inputs make the key" in wrong[0].found


def settle(told: dict[str, Any], stage: str) -> None:
    """Let `hubq.json` tell the same settings as the result."""
    result = next(one for one in told["results"].values() if one["stage"] == stage)
    result["settings"]["device"] = "cuda"


@pytest.mark.parametrize(
    "field", [{"value": 99.0}, {"shown": "99.00"}, {"value": 99.0, "shown": "99.00"}]
)
def test_an_edited_claim_is_named(shop: Shop, field: dict[str, Any]) -> None:
    shop.edit_json("hubq.json", lambda told: told["claims"][0].update(field))
    shop.forge()
    found = shop.verify()
    assert "claims" in failed(found)
    text = "\n".join(errors(found))
    assert f"hubq.json#/claims/0: says '{shop.evidence().claims[0].id}" in text


def test_an_archive_that_is_gone_is_named(shop: Shop) -> None:
    del shop.files["evidence/AWQ.zip"]
    text = errors(shop.verify())
    assert any("evidence/AWQ.zip: is not there; SHA256SUMS lists it" in line for line in text)
    assert any("the score cannot be worked out again" in line for line in text)


@pytest.mark.parametrize("path", ["evidence/AWQ.zip", "evidence/items.zip", "evidence/source.zip"])
@pytest.mark.parametrize("size", [-30, long(0)])
def test_a_broken_archive_is_a_finding(shop: Shop, path: str, size: int) -> None:
    shop.files[path] = shop.files[path][:size]
    found = shop.verify(siblings=False)
    assert ("archive-broken", path) in {(f.rule, f.path.partition(":")[0]) for f in found.findings}


@pytest.mark.parametrize(
    "path",
    [
        "README.md",
        "SHA256SUMS",
        "comparison.json",
        "evidence/CONTENTS.json",
        "evidence/environments.json",
        "hubq.json",
    ],
)
@pytest.mark.parametrize("content", [b"\xff\xfe{", long(b""), long(b"null")])
def test_garbage_is_a_finding_and_no_crash(shop: Shop, path: str, content: bytes) -> None:
    shop.files[path] = content
    found = shop.verify()
    if path != "README.md":
        assert not found.good
    assert any(path in finding.path or path in finding.found for finding in found.findings)


@pytest.mark.parametrize("name", ["result.json", "scores.json", "samples.jsonl"])
@pytest.mark.parametrize("content", [b'{"score": {}}', long(b""), long(b"\xff")])
def test_garbage_in_an_archive_is_a_finding(shop: Shop, name: str, content: bytes) -> None:
    shop.edit_entry(f"{WORDS}/{name}", lambda _: content)
    found = shop.verify(siblings=False)
    assert not found.good
    assert any(f"{WORDS}/{name}" in finding.path for finding in found.findings)


def test_a_repo_that_hubq_did_not_make_is_said_to_be_none(shop: Shop) -> None:
    hub = shop.hub()
    hub.add("acme/Other", {"README.md": b"# Other\n", "config.json": b"{}"})
    with pytest.raises(BadInput, match=r"acme/Other@\w+: no hubq.json: it was not released with"):
        verify(RepoPlace(hub, "acme/Other"))


def test_evidence_of_a_later_hubq_is_read_as_far_as_it_is_known(shop: Shop) -> None:
    shop.edit_json("hubq.json", lambda told: told.update(later={"a": 1}))
    shop.repos[AWQ] = with_sums(shop.files)
    assert errors(shop.verify()) == []


def test_evidence_of_another_schema_is_refused(shop: Shop) -> None:
    shop.edit_json("hubq.json", lambda told: told.update(schema=2))
    with pytest.raises(BadInput, match=r"is of schema 2, written by hubq .*; this hubq reads"):
        shop.verify()


def test_a_hub_that_is_silent_is_no_finding(shop: Shop) -> None:
    hub = shop.hub()
    place = RepoPlace(hub, AWQ)
    hub.fail("read", Unavailable("no answer"), skip=30)
    hub.fail("info", Unavailable("no answer"))
    with pytest.raises(Unavailable):
        verify(place)


def test_a_verification_is_json(shop: Shop) -> None:
    told = msgspec.json.decode(msgspec.json.encode(shop.verify()))
    assert told["schema"] == 1
    assert {"target", "checks", "findings", "recomputed", "samples", "claims"} <= told.keys()


def test_a_claim_pointed_at_another_number_is_found(shop: Shop) -> None:
    def change(told: dict[str, Any]) -> None:
        claim = next(c for c in told["claims"] if c["id"] == "score.AWQ.Words")
        high = 93.32132367136705
        claim.update(pointer="/score/high", value=high, shown="93.32")

    shop.edit_json("hubq.json", change)
    shop.edit("README.md", "83.33", "93.32", count=-1)
    shop.forge()
    found = shop.verify()
    assert {"rendering", "card"} <= failed(found)
    assert "claims" not in failed(found)
    wrong = next(f for f in found.findings if f.rule == "evidence-differs")
    assert wrong.path.startswith("hubq.json#/claims/")
    assert "the results make" in wrong.found


def test_what_follows_from_wrong_numbers_is_not_said_of_the_card(shop: Shop) -> None:
    shop.edit_entry(f"{WORDS}/samples.jsonl", without("7"))
    states = {check.name: check.state for check in shop.verify().checks}
    assert (states["rendering"], states["card"]) == ("skipped", "ok")


def test_a_card_that_another_hubq_would_make_in_other_words_is_not_made_again(shop: Shop) -> None:
    shop.edit_json("hubq.json", lambda told: told.update(templates="0" * 64))
    shop.forge()
    states = {check.name: check.state for check in shop.verify(siblings=False).checks}
    assert states["rendering"] == "ok"
    shop.edit_json("hubq.json", lambda told: told.update(hubq="9.9"))
    shop.forge()
    found = shop.verify(siblings=False)
    assert found.good
    note = next(f for f in found.findings if f.rule == "other-version")
    assert (note.severity, note.remedy.endswith("pip install hubq==9.9")) == ("info", True)
    line, said = in_table(shop)
    wrong = [f for f in shop.verify().findings if f.rule == "number-changed"]
    assert [(f.line, f.said) for f in wrong] == [(line, said)]


def shorten(shop: Shop) -> bytes:
    """Leave the answers of one file out, as a release does that would be too large."""
    archive = "evidence/AWQ.zip"
    entries = unzipped(shop.files[archive])
    whole = entries.pop(f"{WORDS}/samples.jsonl")
    lines = [{**json.loads(line), "output": ""} for line in whole.splitlines()]
    short = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    shop.files[archive] = zipped({**entries, f"{WORDS}/samples-short.jsonl": short})
    note = {
        "archive": archive,
        "stage": WORDS,
        "whole": hashlib.sha256(whole).hexdigest(),
        "short": hashlib.sha256(short).hexdigest(),
    }
    shop.edit_json("evidence/CONTENTS.json", lambda told: told.update(shortened=[note]))
    shop.forge(reseal=False)
    return short


def test_samples_without_answers_make_the_same_scores(shop: Shop) -> None:
    shorten(shop)
    found = shop.verify()
    assert errors(found) == []
    said = {check.name: check.said for check in found.checks}
    assert said["scores"].endswith("answers of 1 file left out for their size")
    assert said["rendering"].startswith("answers were left out")


def test_samples_without_answers_are_known_by_their_hash(shop: Shop) -> None:
    shorten(shop)
    shop.edit_entry(f"{WORDS}/samples-short.jsonl", lambda raw: raw.replace(b" 0.0", b" 1.0", 1))
    shop.forge(reseal=False)
    wrong = {f.rule: f.path for f in shop.verify().findings if f.severity == "error"}
    assert wrong["evidence-changed"] == f"evidence/AWQ.zip:{WORDS}/samples-short.jsonl"
    assert "score-wrong" in wrong


def test_an_edited_recipe_is_known_by_its_digest(shop: Shop) -> None:
    shop.edit_json("hubq.json", lambda told: told["recipe"].update(title="Better"))
    shop.forge()
    assert "recipe-changed" in {f.rule for f in shop.verify().findings}


def test_a_recipe_of_another_hubq_keeps_its_digest(shop: Shop) -> None:
    def change(told: dict[str, Any]) -> None:
        recipe = told["recipe"]
        recipe["later"] = {"a": 1}
        del recipe["explained"]
        rest = {name: value for name, value in recipe.items() if name != "digest"}
        recipe["digest"] = digest(rest)
        told["templates"] = "0" * 64

    shop.edit_json("hubq.json", change)
    shop.forge()
    assert errors(shop.verify(siblings=False)) == []
