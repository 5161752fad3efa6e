from __future__ import annotations

from hubq.audit.rules.gpu_count_confound import RULE
from tests.audit.cases import case, findings
from tests.audit.scorecards import SPEEDS


def test_different_numbers_of_gpus_are_found() -> None:
    (found,) = findings(RULE, case(SPEEDS))
    assert found.severity == "info"
    assert "at 14336: BF16 2, GPTQ-Int8 1, GPTQ-Int4 1" in found.found
    assert "6144" not in found.found


def test_the_same_number_throughout_is_left_alone() -> None:
    assert not findings(RULE, case(SPEEDS.replace("BF16 | 2 |", "BF16 | 1 |")))


def test_a_table_of_gpus_without_measurements_is_left_alone() -> None:
    assert not findings(RULE, case("| Model | GPUs |\n|---|---|\n| BF16 | 4 |\n| AWQ | 1 |\n"))
