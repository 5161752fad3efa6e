"""What a card says differently when cells of it were measured since: numbers, footnotes, lines.

A card is a pure function of results and templates. So when neither the templates nor what was
measured before has changed, each difference follows from what was measured since; `changes` says
which, and what else there is.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from difflib import SequenceMatcher
from typing import Any

import msgspec

from hubq.cards.footnotes import superscript
from hubq.cards.ledger import SELF
from hubq.model.card import Claim, Evidence
from hubq.model.marks import unmark

_MARKER = re.compile(r"^(<!-- hubq:begin [^\s>]+).*-->$")
_ALONE = "(?<![⁰¹²³⁴⁵⁶⁷⁸⁹†‡§¶]){}(?![⁰¹²³⁴⁵⁶⁷⁸⁹†‡§¶])"
_SAME = {
    "hubq": "another version of hubq",
    "repo": "another repo",
    "variant": "another variant",
    "source": "another source",
    "recipe": "another recipe",
    "templates": "other templates, or another program that fills them in",
}
"""What two cards have in common when one is an update of the other, and what is said if not."""


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A card as it was made.

    Attributes:
        text: of `README.md` or `report.md`; with marks around its claims where they are known.
        evidence: what `hubq.json` beside it says.
    """

    text: str
    evidence: Evidence


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A number, a state or a footnote that is another one now.

    Attributes:
        name: the claim's id, or `footnote ²` by the sign that it had, or has when it is new.
        before, after: as printed, or the state; empty where there was, or is, none.
    """

    name: str
    before: str
    after: str


class Lines(msgspec.Struct, frozen=True, kw_only=True):
    """Lines that stand together and are others now.

    Attributes:
        number: of the first of them in the new text, from 1.
        before, after: the lines.
        because: the claims and footnotes on them that changed; empty for words that follow from
            them, such as the head of a table that has its first row now.
    """

    number: int
    before: tuple[str, ...]
    after: tuple[str, ...]
    because: tuple[str, ...]


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What is new on a card.

    Attributes:
        measured: the stages that have a result now.
        cells: cells that had a state, or have one now; and new numbers of what was measured.
        derived: what was worked out from them, and numbers that are printed since.
        footnotes: those that came, went or have another number.
        charts: the names of charts that draw or say something else.
        lines: every difference between the texts, in order.
        unexplained: why these are not the same card, a cell further: one line each.
    """

    measured: tuple[str, ...]
    cells: tuple[Change, ...]
    derived: tuple[Change, ...]
    footnotes: tuple[Change, ...]
    charts: tuple[str, ...]
    lines: tuple[Lines, ...]
    unexplained: tuple[str, ...]

    def __bool__(self) -> bool:
        """Whether a reader would see a difference."""
        return bool(self.lines or self.charts)


def changes(old: Made, new: Made) -> Changes:
    """Compare a card with what it was.

    Args:
        old: as it was made before.
        new: made from the same family later; best with marks, which say exactly which claims a
            line prints.
    """
    text, spots = unmark(new.text)
    before, after = _Side(old.evidence), _Side(new.evidence)
    found = _numbers(before, after)
    cells = [change for change, derived in found if not derived]
    derived = [change for change, derived in found if derived]
    notes = _footnotes(before, after)
    ends = [found.start() for found in re.finditer("\n", text)]
    printed: dict[int, set[str]] = {}
    for spot in spots:
        printed.setdefault(bisect_left(ends, spot.start), set()).add(spot.claim)
    lines = _lines(unmark(old.text)[0], text, _Reasons(tuple(cells + derived), notes, printed))
    return Changes(
        measured=tuple(sorted(after.stages.keys() - before.stages.keys())),
        cells=tuple(cells),
        derived=tuple(derived),
        footnotes=notes,
        charts=_charts(old.evidence, new.evidence, {change.name for change, _ in found}),
        lines=lines,
        unexplained=_unexplained(old.evidence, new.evidence, lines),
    )


class _Side:
    """One card's claims, states and results, by name."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.claims: dict[str, Claim] = {claim.id: claim for claim in evidence.claims}
        self.states: dict[str, str] = {
            cell: note["state"] for note in evidence.footnotes for cell in note["cells"]
        }
        self.notes: dict[tuple[str, str], str] = {
            (note["state"], note["text"]): note.get("sign") or superscript(note["number"])
            for note in evidence.footnotes
        }
        self.stages: dict[str, str] = {
            result["stage"]: key for key, result in evidence.results.items()
        }

    def shows(self, name: str) -> str:
        """Return what stands in the place of a claim: its number, its state, or both."""
        claim, state = self.claims.get(name), self.states.get(name, "")
        if claim is None:
            return state
        return f"{claim.shown} ({state})" if state else claim.shown


def _numbers(before: _Side, after: _Side) -> list[tuple[Change, bool]]:
    """Return every number and state that changed, and whether it was only worked out."""
    names = dict.fromkeys([*before.claims, *before.states, *after.claims, *after.states])
    known = before.evidence.results.keys()
    found = []
    for name in names:
        change = Change(name=name, before=before.shows(name), after=after.shows(name))
        if change.before == change.after:
            continue
        claim = after.claims.get(name) or before.claims.get(name)
        if claim is None:
            derived = False
        elif claim.key == SELF:
            derived = True
        else:
            had_state = (name in before.states) != (name in after.states)
            derived = claim.key in known and not had_state
        found.append((change, derived))
    return found


def _footnotes(before: _Side, after: _Side) -> tuple[Change, ...]:
    """Return the footnotes that came, went or were renumbered."""
    found = []
    for reason in dict.fromkeys([*before.notes, *after.notes]):
        old, new = before.notes.get(reason, ""), after.notes.get(reason, "")
        if old == new:
            continue
        said = [f"{sign} {reason[1]}" if sign else "" for sign in (old, new)]
        found.append(Change(name=f"footnote {old or new}", before=said[0], after=said[1]))
    return tuple(found)


def _charts(old: Evidence, new: Evidence, changed: set[str]) -> tuple[str, ...]:
    """Return the charts that are new, gone, say something else or draw a claim that changed."""
    told: list[dict[str, dict[str, Any]]] = [
        {chart["name"]: chart for chart in evidence.charts} for evidence in (old, new)
    ]
    return tuple(
        name
        for name in dict.fromkeys([*told[0], *told[1]])
        if told[0].get(name) != told[1].get(name) or changed & set(told[1][name]["claims"])
    )


class _Reasons:
    """Why a line may be another one now.

    Args:
        numbers: the numbers and states that changed.
        notes: the footnotes that changed.
        printed: line of the new text, from 0 -> the claims that it prints.
    """

    def __init__(
        self, numbers: tuple[Change, ...], notes: tuple[Change, ...], printed: dict[int, set[str]]
    ) -> None:
        self.names = {change.name for change in numbers}
        self.printed = printed
        self.before = {
            change.name: re.compile(rf"(?<![\w.,]){re.escape(shown)}(?![\w,]|\.\d)")
            for change in numbers
            if (shown := change.before.partition(" ")[0])
        }
        self.notes = [(note, [_sign(note.before), _sign(note.after)]) for note in notes]

    def of_new(self, number: int, line: str) -> set[str]:
        """Return what changed on a line of the new text, from 0."""
        return (self.names & self.printed.get(number, set())) | self._noted(line, 1)

    def of_old(self, line: str) -> set[str]:
        """Return what a line of the old text may have printed that is no longer so."""
        shown = {name for name, pattern in self.before.items() if pattern.search(line)}
        return shown | self._noted(line, 0)

    def _noted(self, line: str, side: int) -> set[str]:
        return {
            note.name
            for note, signs in self.notes
            if signs[side] and re.search(_ALONE.format(signs[side]), line)
        }


def _sign(footnote: str) -> str:
    return footnote.partition(" ")[0]


def _lines(old: str, new: str, reasons: _Reasons) -> tuple[Lines, ...]:
    """Return the differences between two texts with what changed on them."""
    before = [_MARKER.sub(r"\1 -->", line) for line in old.split("\n")]
    after = [_MARKER.sub(r"\1 -->", line) for line in new.split("\n")]
    found = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        because: set[str] = set()
        for number in range(j1, j2):
            because |= reasons.of_new(number, after[number])
        for line in before[i1:i2]:
            because |= reasons.of_old(line)
        found.append(
            Lines(
                number=j1 + 1,
                before=tuple(before[i1:i2]),
                after=tuple(after[j1:j2]),
                because=tuple(sorted(because)),
            )
        )
    return tuple(found)


def _unexplained(old: Evidence, new: Evidence, lines: tuple[Lines, ...]) -> tuple[str, ...]:
    """Return why one card is no update of the other; nothing when every difference follows."""
    before = {result["stage"]: key for key, result in old.results.items()}
    after = {result["stage"]: key for key, result in new.results.items()}
    lost = sorted(before.keys() - after.keys())
    again = sorted(
        stage
        for stage in before.keys() & after.keys()
        if before[stage] != after[stage]
        if not _follows(old.results[before[stage]], new.results[after[stage]], old, new)
    )
    found = [f"{stage}: its result is on the card and is not there now" for stage in lost]
    found += [f"{stage}: it was measured again, with other inputs" for stage in again]
    other = [said for name, said in _SAME.items() if getattr(old, name) != getattr(new, name)]
    if not other:
        return tuple(found)
    found.append(f"the last card was made with {'; '.join(other)}")
    for part in lines:
        if not part.because and any(line.strip() for line in (*part.before, *part.after)):
            said = next(line for line in (*part.after, *part.before) if line.strip())
            found.append(f"line {part.number}: {said}")
    return tuple(found)


def _follows(before: dict[str, Any], after: dict[str, Any], old: Evidence, new: Evidence) -> bool:
    """Say whether a result is another one only since something is there that was missing.

    All variants are timed in one sitting, so that one that could not be made at first has it held
    again.
    """
    if any(before[part] != after[part] for part in ("settings", "environment", "program")):
        return False
    needed: dict[str, str] = before["inputs"]
    others = [stage for stage, was in needed.items() if was != after["inputs"].get(stage)]
    return bool(others) and all(
        needed[stage].startswith("missing:") or _needed(stage, before, after, old, new)
        for stage in others
    )


def _needed(
    stage: str, before: dict[str, Any], after: dict[str, Any], old: Evidence, new: Evidence
) -> bool:
    was = old.results.get(before["inputs"][stage])
    now = new.results.get(after["inputs"].get(stage, ""))
    return was is not None and now is not None and _follows(was, now, old, new)
