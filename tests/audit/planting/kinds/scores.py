"""Scores that cannot be, or that say more than they show."""

from __future__ import annotations

import random
from itertools import pairwise

from tests.audit.planting.planting import Planted, body_line, kind, pick, put, spots
from tests.audit.planting.repos import Repo

#: Label of a marked cell -> how many questions its benchmark has.
KNOWN = {"mmmu": 900, "arc": 1172, "gsm8k": 1319, "winogrande": 1267}


def reachable(score: float, n: int) -> bool:
    """Return whether a score with two decimals is some k of n, rounded or cut."""
    return any(
        round(100 * k / n, 2) == score or int(10_000 * k / n) / 100 == score
        for k in range(int(score * n / 100) - 1, int(score * n / 100) + 3)
    )


@kind("scores", "impossible-score", "a score is no number of right answers")
def impossible(repo: Repo, rng: random.Random) -> Planted | None:
    """Move a score by a few hundredths, to where no count of right answers leads."""
    spot = pick(rng, spots(repo, *KNOWN))
    if spot is None:
        return None
    n = KNOWN[spot.label]
    steps = [step / 100 for step in (*range(-6, 0), *range(1, 7))]
    wrong = [one for step in steps if not reachable(one := round(float(spot.text) + step, 2), n)]
    return put(repo, spot, f"{rng.choice(wrong):.2f}", f"score of {n}") if wrong else None


@kind("scores", "above-range", "a percentage is above 100, or a share above 1")
def above(repo: Repo, rng: random.Random) -> Planted | None:
    """Add a hundred to a score."""
    spot = pick(rng, spots(repo, "score", "mmbench", "arc", "fraction"))
    if spot is None:
        return None
    new = f"1{spot.text}" if spot.label != "fraction" else f"4{spot.text[1:]}"
    return put(repo, spot, new, "range")


@kind("scores", "below-range", "a score is below zero")
def below(repo: Repo, rng: random.Random) -> Planted | None:
    """Put a minus before a score."""
    spot = pick(rng, spots(repo, "score", "mmbench", "arc", "fraction"))
    return None if spot is None else put(repo, spot, f"-{spot.text}", "range")


def _tables(repo: Repo) -> list[list[int]]:
    """Return the lines of tables in Markdown: heading, rule, rows."""
    lines = repo.card.split("\n")
    found: list[list[int]] = []
    for number, line in enumerate(lines, start=1):
        if line.startswith("|") and found and found[-1][-1] == number - 1:
            found[-1].append(number)
        elif line.startswith("|"):
            found.append([number])
    return [table for table in found if len(table) > 3]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _rewritten(repo: Repo, rows: dict[int, list[str]], what: str) -> Planted:
    made = repo.copy()
    lines = made.card.split("\n")
    for number, cells in rows.items():
        lines[number - 1] = _line(cells)
    made.card = "\n".join(lines)
    return Planted(made, what, lines=frozenset(rows))


def _number(cell: str) -> bool:
    return cell.replace(".", "", 1).isdigit() and "." in cell


@kind("scores", "doubled-column", "a column holds the numbers of another one")
def doubled(repo: Repo, rng: random.Random) -> Planted | None:
    """Copy a column of scores over its neighbour in a table of three rows or more."""
    found = []
    for table in _tables(repo):
        rows = {number: _cells(repo.card.split("\n")[number - 1]) for number in table[2:]}
        whole = [row for row in rows.values() if any(row[1:])]
        if len(whole) < 3 or not spots(repo, "score", "fraction"):
            continue
        for left, right in pairwise(range(len(whole[0]))):
            columns = [[row[at] for row in whole] for at in (left, right)]
            alike = all(_number(_first(cell)) for column in columns for cell in column)
            if alike and columns[0] != columns[1]:
                found.append((rows, left, right))
    if not found:
        return None
    rows, left, right = rng.choice(found)
    made = {
        number: [*row[:right], row[left], *row[right + 1 :]]
        for number, row in rows.items()
        if any(row[1:])
    }
    heading = min(made) - 2
    planted = _rewritten(repo, made, f"column {right} is column {left}")
    more = frozenset({*planted.lines, heading})
    return Planted(planted.repo, planted.what, lines=more)


@kind("scores", "swapped-cells", "two columns of a row have changed places")
def swapped(repo: Repo, rng: random.Random) -> Planted | None:
    """Exchange two scores of a row, of columns that are far apart in every row."""
    found = []
    for table in _tables(repo):
        rows = [(at, _cells(repo.card.split("\n")[at - 1])) for at in table[2:]]
        rows = [(at, row) for at, row in rows if sum(map(_number, map(_first, row))) > 1]
        for left in range(1, len(rows[0][1]) if len(rows) > 3 else 0):
            for right in range(left + 1, len(rows[0][1])):
                both = [(_first(row[left]), _first(row[right])) for _, row in rows]
                if all(_number(one) and _number(other) for one, other in both):
                    gaps = [float(one) - float(other) for one, other in both]
                    if min(gaps) > 15 or max(gaps) < -15:
                        found += [(at, row, left, right) for at, row in rows]
    if not found:
        return None
    number, row, left, right = rng.choice(found)
    made = list(row)
    made[left], made[right] = row[right], row[left]
    return _rewritten(repo, {number: made}, f"columns {left} and {right} of line {number}")


def _first(cell: str) -> str:
    return cell.strip("*").partition(" ")[0]


@kind("scores", "identical-rows", "two variants have the same numbers in every column")
def identical(repo: Repo, rng: random.Random) -> Planted | None:
    """Copy a row of scores under another variant's name."""
    found = []
    for table in _tables(repo):
        rows = [(at, _cells(repo.card.split("\n")[at - 1])) for at in table[2:]]
        for (_, one), (at, other) in pairwise(rows):
            numbers = sum(_number(_first(cell)) for cell in one[1:])
            both = sum(_number(_first(cell)) for cell in other[1:])
            if numbers == both >= 3 and one[1:] != other[1:]:
                found.append((at, other[0], one))
    if not found:
        return None
    at, name, row = rng.choice(found)
    planted = _rewritten(repo, {at: [name, *row[1:]]}, f"line {at} is the one above it")
    return Planted(planted.repo, planted.what, lines=frozenset({at - 1, at}), texts=planted.texts)


@kind("scores", "two-values", "the same configuration has two values on one card")
def two_values(repo: Repo, rng: random.Random) -> Planted | None:
    """Add a second table that gives a score of the first another value."""
    if not spots(repo, "mmmu") or not spots(repo, "delta"):
        return None
    score = rng.choice(["86.12", "88.71", "89.40", "85.03"])
    made = repo.copy()
    place = made.line(spots(repo, "claims")[0].start)
    table = f"| Quantization | DocVQA_VAL |\n| --- | --- |\n| GPTQ-Int4 | {score} |\n"
    lines = made.insert(place, table)
    more = made.lines("87.21")
    return Planted(made, f"GPTQ-Int4 on DocVQA: 87.21 and {score}", lines=lines | more)


@kind("scores", "mixed-harnesses", "a table sets scores of two harnesses side by side")
def mixed(repo: Repo, rng: random.Random) -> Planted | None:
    """Say that the baseline was measured with another harness."""
    spot = pick(rng, spots(repo, "harness"))
    if spot is None:
        return None
    others = {"VLMEvalKit": "lmms-eval", "lmms-eval": "VLMEvalKit"}
    other = others.get(spot.text, "OpenCompass")
    text = (
        f"The scores of the unquantized model were measured with {other}, "
        f"those of the quantized one with {spot.text}.\n"
    )
    made = repo.copy()
    lines = made.insert(body_line(rng, repo), text)
    return Planted(made, text, lines=lines, texts=(other,))


@kind("scores", "gain", "a variant is above its baseline, and nothing says so")
def gain(repo: Repo, rng: random.Random) -> Planted | None:
    """Raise the MMBench or DocVQA score of a variant above that of BF16, difference and all."""
    if not spots(repo, "mmbench"):
        return None
    cells = {"87.21 (-1.13)": "88.71 (+0.37)", "86.96 (-1.38)": "89.04 (+0.70)"}
    old, new = rng.choice(list(cells.items()))
    made = repo.copy()
    lines = made.replace(made.card.index(old), old, new)
    return Planted(made, f"{old} -> {new}", lines=lines, texts=(new.split()[0],))


@kind("scores", "lossless", "a sentence says that nothing is lost where the table shows a loss")
def lossless(repo: Repo, rng: random.Random) -> Planted | None:
    """Claim that quantization costs nothing."""
    if not spots(repo, "delta", "recovery"):
        return None
    claims = (
        "The quantized model is lossless: there is no degradation on any benchmark.",
        "There is no loss of accuracy compared to the unquantized model.",
        "It outperforms the unquantized model on every benchmark.",
    )
    text = rng.choice(claims)
    made = repo.copy()
    lines = made.insert(body_line(rng, repo), f"{text}\n")
    return Planted(made, text, lines=lines, texts=(text,))
