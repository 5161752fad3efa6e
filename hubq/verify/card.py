"""The card: every block of a README, and every number in it, held against what hubq wrote."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from hubq.markdown.blocks import Block, BrokenMarkers, find_blocks, text_hash
from hubq.markdown.frontmatter import parse
from hubq.model.card import CARD_FILE, Evidence
from hubq.model.finding import Finding
from hubq.verify.checking import Checked, counted
from hubq.verify.numbers import differences
from hubq.verify.printing import Misprint, against, all_stand, count_numbers, misprinted

_NEWLINE = re.compile(r"\r\n|\r")
_OWN_KEYS = ("base_model", "base_model_relation", "model-index")


class Wrote(msgspec.Struct, frozen=True, kw_only=True):
    """What hubq wrote, as far as it can be had again.

    Attributes:
        blocks: block -> its text, rendered again from the evidence by the program that wrote it.
        unsure: the blocks for which something was not at hand, so that another text in `hubq.json`
            may be right.
        kept: block -> its text in the card that lies with the evidence.
        evidence: `hubq.json`, made again; empty where it was not.
        skipped: why nobody tried; empty where somebody did.
        problem: why the results do not make a card; empty where they do, or nobody tried.
    """

    blocks: dict[str, str] = {}
    unsure: frozenset[str] = frozenset()
    kept: dict[str, str] = {}
    evidence: dict[str, Any] = {}
    skipped: str = ""
    problem: str = ""


def check_card(text: str, evidence: Evidence, wrote: Wrote = Wrote()) -> Checked:  # noqa: B008
    """Compare a README with the evidence beside it.

    Args:
        text: the README.
        evidence: its `hubq.json`.
        wrote: the blocks rendered again.
    """
    try:
        blocks = {block.name: block for block in find_blocks(text)}
    except BrokenMarkers as error:
        found = Finding(
            rule="card-broken",
            path=CARD_FILE,
            line=error.line,
            found=f"{error.what}: no block can be compared with what was written",
        )
        return Checked(said="the blocks cannot be told apart", findings=(found,))
    findings = [*_front(text, evidence)]
    for name in evidence.blocks:
        if name in blocks:
            findings += _block(blocks[name], evidence, wrote)
        else:
            findings.append(
                Finding(
                    rule="block-removed",
                    severity="warning",
                    path=CARD_FILE,
                    found=f"block {name} was removed by hand",
                )
            )
    findings += _foreign(blocks, evidence)
    printed = sum(len(evidence.places.get(name, ())) for name in evidence.blocks if name in blocks)
    numbers = sum(count_numbers(blocks[name].text) for name in evidence.blocks if name in blocks)
    again = sum(text_hash(found) == evidence.blocks.get(n) for n, found in wrote.blocks.items())
    rendered = f", {again} of them rendered again" if again else ""
    return Checked(
        said=f"{counted(len(blocks), 'block')}{rendered}; {counted(printed, 'number')} printed as "
        f"claimed, {max(0, numbers - printed)} in names, versions and code",
        findings=tuple(findings),
        read=printed,
    )


def _block(block: Block, evidence: Evidence, wrote: Wrote) -> Iterator[Finding]:
    name, text = block.name, _NEWLINE.sub("\n", block.text)
    known, places = evidence.blocks[name], evidence.places.get(name, ())
    claims = {claim.id: claim for claim in evidence.claims}
    again = None if name in wrote.unsure else wrote.blocks.get(name)
    texts = [one for one in (again, wrote.kept.get(name)) if one is not None]
    if block.hash != known:
        original = next((one for one in texts if text_hash(one) == known), None)
    else:
        # The hash was made to follow the text, or the text is what hubq wrote.
        original = next((one for one in texts if text_hash(one) != known), None)
    if original is not None:
        misprints = against(text, original, places)
    else:
        misprints = misprinted(text, places, claims)
    yield from (_misprint(block, text, one, claims) for one in misprints)
    if not misprints and block.hash != known:
        yield _edited(block)
    elif not misprints and (original is not None or not all_stand(text, places, claims)):
        yield Finding(
            rule="block-changed",
            path=CARD_FILE,
            line=block.line,
            found=f"block {block.name} is not what the evidence makes, in its words",
        )


def _edited(block: Block) -> Finding:
    """Return that a block was edited; nobody but hubq renews the hash in its marker."""
    if block.is_as_written():
        return Finding(
            rule="block-resealed",
            path=CARD_FILE,
            line=block.line,
            found=f"block {block.name} is not the one that hubq.json has the hash of, though its "
            "marker carries the hash of its text",
        )
    return Finding(
        rule="block-edited",
        severity="warning",
        path=CARD_FILE,
        line=block.line,
        found=f"block {block.name} was edited by hand; the numbers of its claims still stand",
    )


def _misprint(block: Block, text: str, one: Misprint, claims: Mapping[str, Any]) -> Finding:
    line = block.line + 1 + text.count("\n", 0, one.offset)
    claim = claims.get(one.claim)
    if one.claim and claim is None:
        found = f"block {block.name} prints claim {one.claim}, which hubq.json does not have"
    elif claim is not None:
        found = f"claim {one.claim} is {claim.shown} {claim.unit}".rstrip()
    elif one.wrote:
        found = f"hubq wrote {one.wrote!r} here, in block {block.name}"
    else:
        found = f"hubq wrote no number here, in block {block.name}"
    return Finding(
        rule="number-changed",
        path=CARD_FILE,
        line=line,
        said=one.said or "(nothing)",
        found=found,
    )


def _foreign(blocks: Mapping[str, Block], evidence: Evidence) -> Iterator[Finding]:
    for name, block in blocks.items():
        if name not in evidence.blocks and not block.is_blank:
            yield Finding(
                rule="block-unknown",
                severity="warning",
                path=CARD_FILE,
                line=block.line,
                found=f"block {name} is none of this release; its numbers have no evidence",
            )


def _front(text: str, evidence: Evidence) -> Iterator[Finding]:
    """Compare the keys of the front matter that are hubq's."""
    there = parse(text)
    if there.problem:
        yield Finding(
            rule="card-broken", path=CARD_FILE, line=1, found=f"front matter: {there.problem}"
        )
        return
    for key, value in evidence.metadata.items():
        for one in differences(there.data.get(key), value, f"/{key}"):
            own = key in _OWN_KEYS
            yield Finding(
                rule="metadata-changed",
                severity="error" if own else "info",
                path=CARD_FILE,
                line=_line(text, one.said),
                said=f"{one.pointer.lstrip('/')}: {one.said}",
                found=f"hubq wrote {one.found}" + ("" if own else "; edited by hand"),
            )


def _line(text: str, said: str) -> int:
    """Return the line of the front matter that holds a value; the first where none does."""
    value = said.strip('"')
    for number, line in enumerate(text.splitlines(), 1):
        if number > 1 and line.startswith("---"):
            break
        if value and line.rstrip().endswith((value, f"'{value}'", f'"{value}"')):
            return number
    return 1
