"""Printed numbers: what a cell of a published table says, in its own words and as values."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from hubq.evaluate.formats.remembering import remembered

State = Literal[
    "measured",
    "oom",
    "timeout",
    "running",
    "pending",
    "failed",
    "infeasible",
    "suspect",
    "missing",
    "text",
]

_WORDS: dict[State, tuple[str, ...]] = {
    "oom": ("oom", "out of memory", "cuda oom", "out-of-memory", "oomed", "oom'd"),
    "timeout": ("timeout", "timed out", "time out", "time-out", "timed-out"),
    "running": ("running", "in progress", "ongoing", "wip"),
    "pending": ("pending", "tbd", "todo", "queued", "coming soon", "to be done", "update later"),
    "failed": ("failed", "fail", "error", "nan", "crash", "crashed"),
    "infeasible": ("not supported", "unsupported", "n/s", "not applicable", "cannot run"),
    "suspect": ("suspect", "(suspect)"),
    "missing": (
        *("", "-", "--", "---", "–", "—", "−", "n/a", "na", "n.a.", "none", "null", "/", "?", "x"),
        *("not available", "not reported", "not tested", "unknown", "✗", "❌"),
    ),
}
_STATES: dict[str, State] = {word: state for state, words in _WORDS.items() for word in words}

_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_SIGNS = "*†‡§¶♣♠"
_TRAILING = re.compile(
    rf"^(?P<text>.*?[^\s{_SIGNS}])\s*(?P<marks>[⁰¹²³⁴⁵⁶⁷⁸⁹{_SIGNS}]+)$", re.DOTALL
)
#: A footnote's number that lost its place above the line: `OOM1`, `running [2]`.
_FLATTENED = re.compile(r"^(?P<text>[^\d\[]*[^\d\s\[])\s*\[?(?P<marks>\d)\]?$")
_ARROWS = re.compile(r"[↑↓▲▼⬆⬇✓✅🔺🔻]\ufe0f?")
_LATEX = re.compile(r"\\(?:mathbf|textbf|bf|text|mathrm|underline)\s*\{([^{}]*)\}")
_LATEX_MARK = re.compile(r"\^\{?\s*(?:\\dagger|\\ddagger|\\ast|\*|†|‡)\s*\}?")

_NUMBER = re.compile(
    r"""^(?P<bound>[<>≤≥~≈]?)\s*
    (?P<sign>[+-]?)\s*
    (?P<digits>\d{1,3}(?:[,\ \u00a0\u2009\u202f]\d{3})+(?:\.\d+)?
        |\d+,\d{1,2}(?!\d)|\d+(?:\.\d*)?|\.\d+)
    (?P<exponent>e[+-]?\d+)?
    (?:\s*(?:±|\+/-|\+-)\s*(?P<error>\d+(?:\.\d+)?|\.\d+))?
    \s*(?P<unit>[%°]|[a-zµ×][a-zµ×/.%\ -]{0,20})?$""",
    re.VERBOSE | re.IGNORECASE,
)
#: `58.5 min`, `2h 56.7 min`, `1 h 3 min 20 s`; a time of one unit is an ordinary number.
_DURATION = re.compile(
    r"""^(?:(?P<hours>\d+(?:\.\d+)?)\s*h(?:ours?|rs?)?[\s,]*)
    (?:(?P<minutes>\d+(?:\.\d+)?)\s*m(?:in(?:utes?)?)?[\s,]*)
    (?:(?P<seconds>\d+(?:\.\d+)?)\s*s(?:ec(?:onds?)?)?)?$""",
    re.VERBOSE | re.IGNORECASE,
)
_RANGE = re.compile(
    r"^(?P<low>\d+(?:\.\d+)?)\s*(?P<unit>[x×%]?)\s*(?:-|to)\s*(?P<high>\d+(?:\.\d+)?)\s*(?P<same>[x×%])$"
)
_ASIDE = re.compile(r"^(?P<main>[^()\[\]]+?)\s*[(\[](?P<aside>[^()\[\]]*)[)\]]$", re.DOTALL)
#: Nobody prints such a number of anything that was measured, and floats no longer count there.
_TOO_LARGE = 1e15
_TOO_FINE = 20
_DASHES = str.maketrans("−–‒﹣－", "-----")
#: Most cells of most tables are such numbers, which need no more than this to be read.
_SIMPLE = re.compile(r"\d{1,6}(?:\.\d{1,8})?", re.ASCII)
_DIGIT = re.compile(r"\d")


class Number(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A number as printed.

    Attributes:
        value: what it says.
        decimals: how many digits stand after the point.
        unit: what follows it: `%`, `pts`, `tokens/s`; empty for nothing.
        bound: `<`, `>` or `~` when it is no plain value.
        error: what follows `±`; none without.
        signed: whether it has a sign, as differences have.
        upper: where a range such as `1.3–1.7x` ends; none for a single number.
    """

    value: float
    decimals: int = 0
    unit: str = ""
    bound: str = ""
    error: float | None = None
    signed: bool = False
    upper: float | None = None


class Printed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a cell says.

    Attributes:
        shown: the cell's text, footnote signs included.
        state: `measured` when there is a number.
        values: the numbers; several where a cell has `0.416 / 0.432`.
        delta: a signed number in brackets behind the value.
        aside: what else stands in brackets.
        marks: the footnotes referred to.
    """

    shown: str
    state: State
    values: tuple[Number, ...] = ()
    delta: Number | None = None
    aside: str = ""
    marks: tuple[str, ...] = ()


def read_cell(text: str, marks: tuple[str, ...] = ()) -> Printed:
    """Return what a cell says.

    Args:
        text: of the cell.
        marks: footnotes that the cell refers to by raised signs.
    """
    return _read_cell(text, marks) if marks else plain_cell(text)


@remembered
def plain_cell(text: str) -> Printed:
    """Return what a cell without raised signs says."""
    return _read_cell(text, ())


def _read_cell(text: str, marks: tuple[str, ...]) -> Printed:
    if _SIMPLE.fullmatch(text):
        number = Number(value=float(text), decimals=len(text.partition(".")[2]))
        return Printed(shown=text, state="measured", values=(number,), marks=marks)
    shown = " ".join(text.split())
    plain, found = _without_marks(_plain(shown))
    every = (*marks, *found)
    state = _STATES.get(plain.lower().strip(" ."))
    if state is not None:
        return Printed(shown=shown, state=state, marks=every)
    values, delta, aside = _values(plain)
    if values:
        return Printed(
            shown=shown, state="measured", values=values, delta=delta, aside=aside, marks=every
        )
    flattened = _FLATTENED.match(plain)
    if flattened and flattened["text"].lower() in _STATES:
        state = _STATES[flattened["text"].lower()]
        return Printed(shown=shown, state=state, marks=(*every, flattened["marks"]))
    return Printed(shown=shown, state="text", marks=every)


@remembered
def read_number(text: str) -> Number | None:
    """Return the number that a text is, with its unit, or none when it is no number."""
    if not _DIGIT.search(text):
        return None
    found = _NUMBER.match(text.translate(_DASHES).strip())
    if found is None:
        return None
    digits = re.sub(r"[\s\u00a0\u2009\u202f]", "", found["digits"])
    digits = digits.replace(",", ".") if re.fullmatch(r"\d+,\d{1,2}", digits) else digits
    digits = digits.replace(",", "")
    value = float(f"{found['sign']}{digits}{found['exponent'] or ''}")
    if abs(value) >= _TOO_LARGE or len(digits.partition(".")[2]) > _TOO_FINE:
        return None
    return Number(
        value=value,
        decimals=len(digits.partition(".")[2]),
        unit=(found["unit"] or "").strip(),
        bound={"≈": "~", "≤": "<", "≥": ">"}.get(found["bound"], found["bound"]),
        error=float(found["error"]) if found["error"] else None,
        signed=bool(found["sign"]),
    )


def _duration(text: str) -> Number | None:
    """Return hours, minutes and seconds as minutes, to the last decimal that is printed."""
    found = _DURATION.match(text)
    if found is None:
        return None
    seconds = found["seconds"] or "0"
    minutes = float(found["hours"]) * 60 + float(found["minutes"]) + float(seconds) / 60
    decimals = len(found["minutes"].partition(".")[2]) or (2 if found["seconds"] else 0)
    return Number(value=round(minutes, decimals), decimals=decimals, unit="min")


def _range(text: str) -> Number | None:
    """Return the range that a text is: of ratios or percents, since others read like dates."""
    found = _RANGE.match(text.translate(_DASHES))
    if found is None or found["unit"] not in ("", found["same"]):
        return None
    decimals = len(found["low"].partition(".")[2])
    low, high = float(found["low"]), float(found["high"])
    return Number(value=low, upper=high, decimals=decimals, unit=found["same"])


def _values(text: str) -> tuple[tuple[Number, ...], Number | None, str]:
    """Return the numbers of a cell, a difference in brackets, and what else stands in them."""
    whole = read_number(text) or _duration(text) or _range(text)
    if whole is not None:
        return (whole,), None, ""
    aside = _ASIDE.match(text)
    if aside is not None:
        values, _, _ = _values(aside["main"].strip())
        inside = read_number(aside["aside"])
        if inside is not None and (inside.signed or inside.value == 0):
            return values, inside, ""
        return values, None, aside["aside"].strip()
    parts = [read_number(part) for part in re.split(r"\s*[/|]\s*", text)]
    numbers = tuple(part for part in parts if part is not None)
    return (numbers if len(numbers) == len(parts) > 1 else ()), None, ""


def _plain(text: str) -> str:
    """Return text without emphasis, arrows and the mark-up of formulas."""
    text = _LATEX_MARK.sub("†", text)
    text = _LATEX.sub(r"\1", text).replace("\\%", "%").replace("\\pm", "±").replace("$", "")
    text = _ARROWS.sub("", text).replace("`", "")
    stripped = text.strip()
    for sign in ("**", "__", "*", "_"):
        if stripped.startswith(sign) and stripped.endswith(sign) and len(stripped) > 2 * len(sign):
            stripped = stripped[len(sign) : -len(sign)].strip()
    return stripped


def _without_marks(text: str) -> tuple[str, tuple[str, ...]]:
    found = _TRAILING.match(text)
    if found is None:
        return text, ()
    return found["text"], (found["marks"].translate(_RAISED),)
