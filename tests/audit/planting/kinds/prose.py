"""Sentences that the rest of the card does not bear out, and text that was never finished."""

from __future__ import annotations

import random

from tests.audit.planting.planting import Planted, body_line, kind, pick, put, spots
from tests.audit.planting.repos import Repo


@kind("prose", "promised-length", "a sentence promises an input length that no table has")
def promised_length(repo: Repo, rng: random.Random) -> Planted | None:
    """Add a length or two to those that were run."""
    spot = pick(rng, spots(repo, "lengths"))
    more = rng.choice(["63488", "129024", "63488, 129024"])
    return (
        None
        if spot is None
        else put(repo, spot, spot.text.replace(" and ", f", {more} and "), "lengths", more)
    )


@kind("prose", "missing-length", "a table lacks the rows of an input length that was promised")
def missing_length(repo: Repo, rng: random.Random) -> Planted | None:
    """Take the rows of one length away."""
    if not spots(repo, "lengths"):
        return None
    length = rng.choice(["6144", "14336", "30720"])
    made = repo.copy()
    kept = [line for line in made.card.split("\n") if not line.startswith(f"| {length} |")]
    made.card = "\n".join(kept)
    return Planted(made, f"without {length}", lines=made.lines("30720 tokens"), texts=(length,))


@kind("prose", "promised-benchmark", "a sentence promises a benchmark that no table has")
def promised_benchmark(repo: Repo, rng: random.Random) -> Planted | None:
    """Add a benchmark to those that were run."""
    spot = pick(rng, spots(repo, "benchmarks"))
    more = rng.choice(["OCRBench", "HumanEval", "TextVQA", "BBH"])
    if spot is None:
        return None
    return put(repo, spot, spot.text.replace(" and ", f", {more} and "), "benchmarks", more)


@kind("prose", "missing-row", "a benchmark that the prose names has no row or column")
def missing_row(repo: Repo, rng: random.Random) -> Planted | None:
    """Take the row of a benchmark away, averages right for what is left or not."""
    rows = {"Hellaswag": "| Hellaswag (", "Winogrande": "| Winogrande ("}
    found = [name for name, start in rows.items() if start in repo.card]
    if not found or not spots(repo, "benchmarks"):
        return None
    name = rng.choice(found)
    made = repo.copy()
    lines = made.card.split("\n")
    made.card = "\n".join(line for line in lines if not line.startswith(rows[name]))
    carried = made.lines(name) | made.lines("**Average**")
    return Planted(made, f"without {name}", lines=carried, texts=(name,))


_UNFINISHED = {
    "placeholder-braces": ("unrendered braces", ["{{ model_name }}", "{{base_model}}"]),
    "placeholder-repo": ("an unrendered id", ["{REPO_ID}", "{MODEL_ID}"]),
    "to-be-filled": ("a cell or line that was to be filled", ["To be filled", "To be filled in"]),
    "more-information": ("the template's own words", ["[More Information Needed]"]),
}


def _unfinished(name: str, what: str, texts: list[str]) -> None:
    @kind("prose", name, f"{what} was left in the card")
    def plant(repo: Repo, rng: random.Random) -> Planted | None:
        text = rng.choice(texts)
        line = rng.choice([f"Evaluation: {text}.\n", f"The results are in {text}\n", f"{text}\n"])
        made = repo.copy()
        return Planted(made, text, lines=made.insert(body_line(rng, repo), line), texts=(text,))

    assert plant is not None


for _name, (_what, _texts) in _UNFINISHED.items():
    _unfinished(_name, _what, _texts)


@kind("prose", "question-mark", "a number was to be filled in: `?x`, `?%`")
def question_mark(repo: Repo, rng: random.Random) -> Planted | None:
    """Put a question mark where a ratio or reduction was."""
    spot = pick(rng, spots(repo, "ratio", "reduction"))
    return (
        None
        if spot is None
        else put(repo, spot, f"?{spot.text[-1]}", "question mark", f"?{spot.text[-1]}")
    )


@kind("prose", "self-correction", "a claim corrects itself in the middle")
def self_correction(repo: Repo, rng: random.Random) -> Planted | None:
    """Put a correction of the kind that language models make into the text."""
    texts = (
        "GPTQ-Int4 preserves more of MMBench (70.87 vs 71.64 - wait, AWQ leads here).",
        "The weights take half of the memory. Wait, let me recompute: a quarter.",
        "As an AI language model, I cannot run the benchmark myself.",
    )
    text = rng.choice(texts)
    made = repo.copy()
    return Planted(made, text, lines=made.insert(body_line(rng, repo), f"{text}\n"), texts=(text,))


@kind("prose", "sizes", "the sizes of the family differ from those that a sibling tells")
def sizes(repo: Repo, rng: random.Random) -> Planted | None:
    """Say 8 of 7 billion."""
    spot = pick(rng, spots(repo, "sizes") if repo.siblings else [])
    return (
        None
        if spot is None
        else put(repo, spot, rng.choice(["2, 8 and 72", "2, 7 and 70"]), "sizes")
    )


@kind("prose", "own-size", "a sentence gives the model another size than its name")
def own_size(repo: Repo, rng: random.Random) -> Planted | None:
    """Say that this repo holds a model of another size."""
    size = next((one for one in ("2B", "7B", "8B") if f"-{one}-" in repo.model), None)
    if size is None:
        return None
    other = rng.choice([one for one in ("13B", "32B", "72B") if one != size])
    text = f"This repo contains the quantized version of the instruction-tuned {other} model.\n"
    made = repo.copy()
    return Planted(made, text, lines=made.insert(body_line(rng, repo), text), texts=(other,))


@kind("prose", "broken-heading", "a cell of a table in HTML is not closed")
def broken_heading(repo: Repo, rng: random.Random) -> Planted | None:
    """Spoil a closing tag: `<th>Recovery (%)th>`."""
    spot = pick(rng, spots(repo, "heading"))
    return None if spot is None else put(repo, spot, "th>", "tag")


@kind("prose", "broken-row", "a row has more cells than the table has columns")
def broken_row(repo: Repo, rng: random.Random) -> Planted | None:
    """Add a cell to a row."""
    lines = repo.card.split("\n")
    rows = [
        number
        for number, line in enumerate(lines, start=1)
        if line.startswith("| ") and lines[number - 2].startswith("|") and "---" not in line
    ]
    if not rows:
        return None
    number = rng.choice(rows)
    made = repo.copy()
    lines[number - 1] += f" {rng.choice(['1.00', 'x'])} |"
    made.card = "\n".join(lines)
    return Planted(made, "a cell more", lines=frozenset({number}))


@kind("prose", "open-fence", "a block of code is never closed")
def open_fence(repo: Repo, rng: random.Random) -> Planted | None:
    """Take the last closing fence away."""
    del rng
    lines = repo.card.split("\n")
    fences = [number for number, line in enumerate(lines) if line.startswith("```")]
    if len(fences) < 2 or len(fences) % 2:
        return None
    made = repo.copy()
    del lines[fences[-1]]
    made.card = "\n".join(lines)
    return Planted(made, "open fence", lines=frozenset(range(fences[-2] + 1, len(lines) + 1)))
