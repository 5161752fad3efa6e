"""Benchmarks that the prose promises and no table shows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hubq.audit.document import Document
from hubq.audit.lowered import holds_any
from hubq.audit.parts import Spot
from hubq.audit.prose import Sentence, sentences
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

#: Well-known benchmarks, in the plainest spelling; longer names go first.
_NAMES = (
    *("MMLU-Pro", "MMLU", "CMMLU", "MMMU", "MMBench", "MMStar", "MMVet", "MME", "MathVista"),
    *("MathVision", "DocVQA", "InfoVQA", "InfographicVQA", "TextVQA", "ChartQA", "VQAv2", "AI2D"),
    *("OCRBench", "RealWorldQA", "ScienceQA", "SEEDBench", "HallusionBench", "POPE", "GQA"),
    *("GSM8K", "GSM-8K", "MGSM", "HellaSwag", "WinoGrande", "TruthfulQA", "ARC-Challenge"),
    *("ARC-Easy", "ARC-C", "ARC-E", "PIQA", "SIQA", "BoolQ", "OpenBookQA", "CommonsenseQA"),
    *("TriviaQA", "NaturalQuestions", "HumanEval+", "HumanEval", "MBPP+", "MBPP", "LiveCodeBench"),
    *("IFEval", "BBH", "GPQA", "MuSR", "AGIEval", "C-Eval", "CEval", "MT-Bench", "AlpacaEval"),
    *("LAMBADA", "WikiText", "AIME", "SQuAD", "DROP", "RACE", "XNLI", "COPA", "LongBench"),
)
_NAME = re.compile(
    r"(?<![A-Za-z0-9])(?:" + "|".join(re.escape(one) for one in _NAMES) + r")(?![A-Za-z0-9+])",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"\b(?:(?:evaluat|measur|test|benchmark|scor|compar)ed\b|we (?:evaluate|test|measure|report"
    r"|compare)\b|evaluations? (?:\w+ )?(?:on|with)\b|(?:scores|results|accuracy)(?: \w+)? (?:on"
    r"|for|of)\b|(?:shows?|reports?|gives?|lists?) )",
    re.IGNORECASE,
)
#: What a sentence has among its letters if that matches.
_WORDS = (
    *("evaluat", "measur", "test", "benchmark", "scor", "compar", "report", "result", "accuracy"),
    *("show", "give", "list"),
)
_PLAIN = tuple(name.lower() for name in _NAMES)
_LEAST = 3
"""Benchmarks that make a list."""
_ELSEWHERE = re.compile(
    r"\btrain|\bfine-?tun|\bcalibrat|\bdatasets? (?:include|used)"
    r"|\bnot\b|\bexcept|\bwill\b|\bsuch as\b"
    r"|state-of-the-art|\bsota\b|\betc\b|\bfuture\b|\bpaper\b|\bblog\b|\bnormali[sz]ed|\bgroup",
    re.IGNORECASE,
)
#: One of these is in each text that it finds.
_ELSEWHERE_WORDS = (
    *("train", "tun", "calibrat", "dataset", "not", "except", "will", "such as", "state-of"),
    *("sota", "etc", "future", "paper", "blog", "normali", "group"),
)
_NOISE = re.compile(r"[^a-z0-9+]")
_NOISES = re.compile(r"[^a-z0-9+\n]+")
_SAME = {
    "arcc": "arcchallenge",
    "arce": "arceasy",
    "ceval": "ceval",
    "infographicvqa": "infovqa",
    "naturalquestions": "nq",
    "obqa": "openbookqa",
    "csqa": "commonsenseqa",
}


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each list of benchmarks of which the tables show only a part."""
    document = subject.document
    shown = ""
    for sentence in sentences(document):
        places = _benchmarks(sentence)
        if len(places) < _LEAST:
            continue
        shown = shown or _shown(document)
        missing = [name for name in places if not _stands(name, shown)]
        there = len(places) - len(missing)
        if missing and there >= 2 and there > len(missing):
            yield _finding(subject, sentence, places, missing)


def _finding(
    subject: Subject, sentence: Sentence, places: dict[str, int], missing: list[str]
) -> Finding:
    line = sentence.line_of(places[missing[0]])
    words = [sentence.written[places[one] :] for one in missing]
    names = [found[0] for word in words if (found := _NAME.match(word))]
    spot = subject.document.find(names[0], line, line)
    listed = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
    plural = "no table shows them" if len(names) > 1 else "no table shows it"
    return finding(
        subject,
        RULE.id,
        f"the text promises {listed}, and {plural}; the other "
        f"{len(places) - len(missing)} benchmarks of the sentence are there",
        severity="warning" if 3 * len(missing) <= len(places) else "info",
        at=spot if spot.line else Spot(line, 1),
        said=sentence.text[:200],
        remedy="Add the scores, or take the benchmark out of the sentence.",
    )


def _benchmarks(sentence: Sentence) -> dict[str, int]:
    """Return plain name -> where it stands in a sentence that lists what was measured."""
    if len(sentence.text) > 2_000:
        return {}
    low = sentence.lower
    if not holds_any(low, _WORDS) or not _may_list(low):
        return {}
    elsewhere = holds_any(low, _ELSEWHERE_WORDS) and _ELSEWHERE.search(sentence.text)
    if elsewhere or not _ABOUT.search(sentence.text):
        return {}
    found: dict[str, int] = {}
    for one in _NAME.finditer(sentence.written):
        found.setdefault(_plain(one[0]), one.start())
    return found


def _may_list(low: str) -> bool:
    count = 0
    for name in _PLAIN:
        count += name in low
        if count == _LEAST:
            return True
    return False


def _plain(name: str) -> str:
    bare = _NOISE.sub("", name.lower())
    return _SAME.get(bare, bare)


def _shown(document: Document) -> str:
    """Return the words of all tables, each cell's in plain letters, parted by line ends."""
    cells = {cell.text for grid in document.grids for row in grid.rows for cell in row}
    heads = {grid.heading for grid in document.grids}
    headings = {one.text for one in document.passages if one.level}
    every = "\n".join(text.replace("\n", "") for text in cells | heads | headings)
    return _NOISES.sub("", every.lower())


def _stands(name: str, shown: str) -> bool:
    spellings = (name, *(short for short, whole in _SAME.items() if whole == name))
    return any(one in shown for one in spellings)


RULE = Rule(
    id="promised-benchmark",
    group="prose",
    title="The text promises a benchmark that no table shows",
    severity="warning",
    why="Scores that were measured and are not shown are often the worse ones; or the sentence is "
    "from another card, and then other parts of it may be as well.",
    example="""`It was evaluated on MMLU, GSM8K, HellaSwag and IFEval.`, over a table with columns
for MMLU, GSM8K and HellaSwag: `the text promises IFEval, and no table shows it`

Only sentences are read that list three or more benchmarks of which most are there.""",
    fix="Show every benchmark that was run, or list those that are shown.",
    check=check,
)
