"""Any digit of a card that is another one is found, whoever made the hashes follow."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hubq.markdown.blocks import block_hashes, find_blocks, seal
from hubq.model.card import Claim, Evidence
from hubq.verify.card import Wrote, check_card
from hubq.verify.printing import against, all_stand, misprinted
from tests.rows import each_row
from tests.verify.publishing import AWQ, Repos


def card(repos: Repos) -> tuple[str, Evidence]:
    """Return a card and its evidence."""
    files = repos[AWQ]
    return files["README.md"].decode(), msgspec.json.decode(files["hubq.json"], type=Evidence)


def digits(text: str) -> list[int]:
    """Return where the digits stand that are inside blocks."""
    return [
        block.text_start + found.start()
        for block in find_blocks(text)
        for found in re.finditer(r"\d", block.text)
    ]


def blocks_of(text: str) -> dict[str, str]:
    return {block.name: block.text for block in find_blocks(text)}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_digit_that_is_changed_is_found(repos: Repos, data: st.DataObject) -> None:
    text, evidence = card(repos)
    wrote = Wrote(kept=blocks_of(text))
    at = data.draw(st.sampled_from(digits(text)))
    new = data.draw(st.sampled_from([d for d in "0123456789" if d != text[at]]))
    edited = text[:at] + new + text[at + 1 :]
    how = data.draw(st.sampled_from(["plain", "sealed", "forged"]))
    if how != "plain":
        edited = seal(edited)
    if how == "forged":
        evidence = msgspec.structs.replace(evidence, blocks=block_hashes(edited))
    found = check_card(edited, evidence, wrote)
    assert found.state == "failed"
    lines = {finding.line for finding in found.findings if finding.rule == "number-changed"}
    assert lines == {text.count("\n", 0, at) + 1}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_digit_of_a_claim_is_found_without_the_card_as_it_was(
    repos: Repos, data: st.DataObject
) -> None:
    text, evidence = card(repos)
    shown = {claim.id: claim.shown for claim in evidence.claims}
    places = [
        (block.text_start + offset, claim)
        for block in find_blocks(text)
        for offset, claim in evidence.places.get(block.name, ())
    ]
    start, claim = data.draw(st.sampled_from(places))
    at = start + data.draw(st.integers(0, len(shown[claim].lstrip("+\N{MINUS SIGN}")) - 1))
    if not text[at].isdecimal():
        return
    new = data.draw(st.sampled_from([d for d in "0123456789" if d != text[at]]))
    edited = seal(text[:at] + new + text[at + 1 :])
    forged = msgspec.structs.replace(evidence, blocks=block_hashes(edited))
    for told in (evidence, forged):
        found = check_card(edited, told)
        assert found.state == "failed"
        assert any(f"claim {claim} is" in finding.found for finding in found.findings)


def test_a_number_put_in_between_is_found(repos: Repos) -> None:
    text, evidence = card(repos)
    edited = text.replace("max_new_tokens=", "max_new_tokens=9", 1)
    assert edited != text
    assert check_card(edited, evidence).state == "ok"
    assert check_card(edited, evidence, Wrote(kept=blocks_of(text))).state == "failed"
    edited = seal(edited)
    forged = msgspec.structs.replace(evidence, blocks=block_hashes(edited))
    assert [f.rule for f in check_card(edited, forged).findings] == ["block-changed"]


def test_line_ends_are_nobodys_edit(repos: Repos) -> None:
    text, evidence = card(repos)
    assert check_card(text.replace("\n", "\r\n"), evidence).findings == ()


def test_broken_markers_are_named_with_their_line(repos: Repos) -> None:
    text, evidence = card(repos)
    edited = text.replace("<!-- hubq:end scores -->\n", "", 1)
    found = check_card(edited, evidence)
    assert [f.rule for f in found.findings] == ["card-broken"]
    assert found.findings[0].line > 1


def test_a_block_that_a_person_removed_is_doubtful(repos: Repos) -> None:
    text, evidence = card(repos)
    block = next(b for b in find_blocks(text) if b.name == "license")
    found = check_card(text[: block.start] + text[block.end :], evidence)
    assert [(f.rule, f.severity) for f in found.findings] == [("block-removed", "warning")]


def test_a_block_of_another_release_is_doubtful(repos: Repos) -> None:
    text, evidence = card(repos)
    foreign = "\n<!-- hubq:begin mine sha256:0123456789abcdef -->\n5 of 6\n<!-- hubq:end mine -->\n"
    found = check_card(text + foreign, evidence)
    assert [(f.rule, f.severity) for f in found.findings] == [("block-unknown", "warning")]


@pytest.mark.parametrize(
    ("old", "new", "severity"),
    [("value: 83.33", "value: 93.33", "error"), ("- en", "- de", "info")],
)
def test_the_front_matter_is_compared(repos: Repos, old: str, new: str, severity: str) -> None:
    text, evidence = card(repos)
    found = check_card(text.replace(old, new, 1), evidence)
    assert [(f.rule, f.severity) for f in found.findings] == [("metadata-changed", severity)]
    assert text.splitlines()[found.findings[0].line - 1].strip() == old


def claim(name: str, shown: str) -> Claim:
    return Claim(
        id=name, shown=shown, value=0.0, unit="", key="k", file="f", pointer="/p", sha256=""
    )


CLAIMS = {"a": claim("a", "1.20"), "b": claim("b", "\N{MINUS SIGN}3"), "c": claim("c", "1,024")}
PLACES = ((4, "a"), (16, "b"), (23, "c"))
TEXT = "got 1.20, loses 3 over 1,024 items; Int4"


@each_row(
    ("text", "said"),
    [
        (TEXT, []),
        (TEXT.replace("1.20", "1.21"), ["1.21"]),
        (TEXT.replace("1.20", "1.205"), ["1.205"]),
        (TEXT.replace("1.20", "11.20"), ["11.20"]),
        (TEXT.replace("1,024", "1,124"), ["1,124"]),
        (TEXT.replace("loses 3", "loses 4"), ["4"]),
        (TEXT.replace("1.20, ", ""), [""]),
        (TEXT.replace("Int4", "Int8"), []),
    ],
)
def test_claims_are_looked_for_at_their_places_or_in_their_order(
    text: str, said: list[str]
) -> None:
    found = misprinted(text, PLACES, CLAIMS)
    assert len(found) == len(said)
    assert all(one.said in (text_, "3") for one, text_ in zip(found, said, strict=True))
    assert all_stand(text, PLACES, CLAIMS) is (text in (TEXT, TEXT.replace("Int4", "Int8")))


def test_a_claim_that_is_nowhere_is_a_misprint() -> None:
    found = misprinted("got 1.20", [(4, "zz")], CLAIMS)
    assert [(one.claim, one.wrote) for one in found] == [("zz", "")]


def test_numbers_that_were_put_in_or_taken_out_are_told_apart() -> None:
    gone = against("got , loses 3 over 1,024 items; Int4", TEXT, PLACES)
    assert [(one.said, one.wrote, one.claim) for one in gone] == [("", "1.20", "a")]
    more = against(TEXT + " in 7 days", TEXT, PLACES)
    assert [(one.said, one.wrote, one.claim) for one in more] == [("7", "", "")]
    name = against(TEXT.replace("Int4", "Int8"), TEXT, PLACES)
    assert [(one.said, one.wrote, one.claim) for one in name] == [("8", "4", "")]
