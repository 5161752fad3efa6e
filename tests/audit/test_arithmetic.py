"""Arithmetic over hostile text, and on cards of others."""

from __future__ import annotations

from pathlib import Path

import pytest

from hubq.audit.arithmetic import held
from hubq.audit.document import Document
from hubq.audit.rule import all_rules
from hubq.audit.statements import statements
from tests.audit.cases import case, findings
from tests.audit.fuzzing import limit

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "cards"
MINE = [rule for rule in all_rules() if rule.group in {"arithmetic", "scores"}]

_HEAD = "| Model | MMLU | GSM8K | Avg | Recovery | Δ | Speed (tokens/s) | Speedup |\n|{}\n"
HOSTILE = {
    "pipes": "|" * 100_000,
    "digits": f"{_HEAD.format('---|' * 8)}| BF16 | {'9' * 50_000} | 0.{'1' * 50_000} |\n",
    "fine": f"{_HEAD.format('---|' * 8)}| A | 0.{'1' * 30} | 1e-300 | 1e300 | 0 | -0 | 0 | 0x |\n",
    "zeros": f"{_HEAD.format('---|' * 8)}| BF16 | 0 | 0 | 0 | 0 | 0 | 0 | 0 |\n| AWQ | 0 | 0 | 0 "
    "| 0 | 0 | 0 | 0 |\n",
    "prose": "from 1.0 to 2.0 (3%) average recovers 5.5% " * 5000,
    "words": f"lossless {'a' * 200_000} quantized",
    "spaces": f"no{' ' * 100_000}loss of quantized accuracy. " + "\n \n" * 20_000,
    "rows": _HEAD.format("---|" * 8)
    + "| AWQ | 50.1 | 60.2 | 55.1 | 99% | -1.0 | 20.1 | 1.1x |\n" * 800,
    "columns": f"| Model {'| Avg ' * 300}|\n{'|---' * 301}|\n| BF16 {'| 50.1 ' * 300}|\n",
    "averages": f"| Model {'| MMLU | Avg ' * 150}|\n{'|---' * 301}|\n| A {'| 50.1 ' * 300}|\n",
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_text_is_read_without_a_hang(name: str) -> None:
    card = f"{HOSTILE[name]}\n\nAWQ is lossless, with an average score of 50.1.\n"
    document = case(card)
    with limit(60):
        for rule in MINE:
            findings(rule, document)
        held(document.document)
        statements(document.document)


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the cards of others are not at hand")
def test_cards_of_others_have_no_errors_of_arithmetic() -> None:
    cards = [case(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*/*.md"))]
    found = [one for card in cards for rule in MINE for one in findings(rule, card)]
    assert [one.said for one in found if one.severity != "info"] == ["75.95", "74.79"]
    assert sum(one.rule == "cut-score" for one in found) == 7
    assert any("70.19" in one.said for one in found)


def test_numbers_that_follow_are_counted() -> None:
    rows = "| BF16 | 70.0 | 80.0 | 75.0 |\n| AWQ | 69.0 | 79.0 | 74.0 |\n"
    card = f"| Model | MMLU | GSM8K | Avg |\n|---|---|---|---|\n{rows}"
    assert [one.agrees for one in held(Document(card))] == [True, True]
