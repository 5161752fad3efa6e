from __future__ import annotations

import pytest

from hubq.audit.auditing import audit
from hubq.audit.document import Document
from hubq.audit.intervals import recovered
from tests.audit.cases import case
from tests.audit.scorecards import LARGER, RECOVERY, SCORES


def test_counts_and_intervals_are_recovered() -> None:
    found = {(one.variant, one.task): one for one in recovered(Document(SCORES))}
    one = found["GPTQ-Int4", "MathVista"]
    assert (one.shown, one.n, one.counts, one.cut) == ("41.69", 1000, (417,), True)
    assert one.low == pytest.approx(0.3868, abs=1e-4)
    assert one.high == pytest.approx(0.4478, abs=1e-4)
    assert one.delta == pytest.approx(-0.0271)
    assert one.baseline == "BF16"
    assert one.told == "sometimes"
    assert one.limit is not None
    assert one.said == "MathVista testmini; the card names MathVista_MINI"
    assert (one.line, one.group) == (9, "Small-VL-2B-Instruct")


def test_differences_that_are_never_more_than_chance_are_told() -> None:
    found = {(one.variant, one.task): one for one in recovered(Document(SCORES))}
    assert found["GPTQ-Int8", "MathVista"].told == "never"
    assert found["BF16", "MathVista"].baseline == ""
    assert [gap for _, gap in found["AWQ", "MMMU"].detectable] == pytest.approx(
        [0.021, 0.030, 0.042], abs=1e-3
    )


def test_means_have_a_size_and_no_counts() -> None:
    found = {(one.variant, one.task): one for one in recovered(Document(SCORES))}
    one = found["AWQ", "DocVQA"]
    assert (one.n, one.counts, one.low, one.told) == (5349, (), None, "unknown")


def test_each_model_of_a_table_has_its_own_baseline() -> None:
    found = {(one.group, one.variant, one.task): one for one in recovered(Document(LARGER))}
    one = found["Large-VL-7B-Instruct", "GPTQ-Int4", "MathVista"]
    assert one.delta == pytest.approx(0.021)
    assert one.limit == pytest.approx(0.115, abs=1e-3)


def test_a_baseline_is_inferred_from_its_name() -> None:
    found = [one for one in recovered(Document(RECOVERY)) if one.baseline]
    assert {one.baseline for one in found} == {"Small-8B-Instruct"}
    assert {one.task for one in found} >= {"GSM-8K (5-shot, strict-match)"}


def test_an_audit_holds_them_with_how_many_numbers_were_checked() -> None:
    found = audit(case(RECOVERY), ())
    assert found.checked == 9
    assert len(found.recovered) == 12
    assert not found.findings


def test_a_card_without_tables_has_none() -> None:
    assert not recovered(Document("# A\n\nScores 41.69 on MathVista_MINI.\n"))
