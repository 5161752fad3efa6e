"""Tests of hubq.evaluate.formats.known and certainty."""

from __future__ import annotations

import pytest

from hubq.evaluate.formats.certainty import Certainty, certainty_of, printed
from hubq.evaluate.formats.known import Size, size_of
from tests.rows import each_row

MMMU = Size(n=900)


def certain(text: str, size: Size, scale: float = 100) -> Certainty:
    return certainty_of(printed(text, scale, size), size)


@each_row(
    ("task", "n"),
    [
        ("MMMU_VAL", 900),
        ("MMMU (val)", 900),
        ("MMMUval", 900),
        ("MathVista_MINI", 1000),
        ("MMBench_DEV_EN", 1164),
        ("OCRBench", 1000),
        ("GSM8K (strict)", 1319),
        ("Hellaswag (10-shot)", 10042),
        ("ARC Challenge (0-shot)", 1172),
        ("GSM-8K-cot (8-shot, strict-match)", 1319),
        ("Reasoning tasks / BoolQ", 3270),
        ("MMLU / 5-shot", 14042),
    ],
)
def test_well_known_benchmarks_have_known_sizes(task: str, n: int) -> None:
    size = size_of(task, {})
    assert size is not None
    assert (size.n, size.what) == (n, "count")


def test_a_name_without_its_split_has_none() -> None:
    assert size_of("MMMU", {}) is None
    assert size_of("MathVista", {}) is None
    assert size_of("Chart", {}) is None


def test_a_part_of_a_benchmark_is_not_all_of_it() -> None:
    assert size_of("MMLU (humanities)", {}) is None
    assert size_of("MMLU / Portuguese", {}) is None
    assert size_of("HellaSwag, German", {}) is None


def test_what_the_user_knows_goes_before() -> None:
    assert size_of("GSM8K (strict)", {"GSM8K": 200}) == Size(n=200, said="given by --n")
    assert size_of("MMMU", {"mmmu": 900}) == Size(n=900, said="given by --n")


def test_means_of_parts_of_a_point_are_no_counts() -> None:
    for task in ("DocVQA_VAL", "docvqa (ANLS@0.5)", "TextVQA_VAL", "InfoVQA_VAL"):
        size = size_of(task, {"docvqa": 512})
        assert size is not None
        assert size.what == "mean"
    macro = size_of("MMLU (5-shot, macro_avg)", {})
    assert macro is not None
    assert "macro is a mean" in macro.said


def test_a_count_over_a_known_n_has_an_interval() -> None:
    found = certain("41.33", MMMU)
    assert found.counts == (372,)
    assert found.low == pytest.approx(0.3816, abs=1e-4)
    assert found.high == pytest.approx(0.4458, abs=1e-4)


def test_the_detectable_difference_is_a_range_over_discordance() -> None:
    found = certain("41.33", MMMU).detectable
    shown = [(share, round(100 * points, 1)) for share, points in found]
    assert shown == [(0.05, 2.1), (0.1, 3.0), (0.2, 4.2)]


def test_a_number_that_was_cut_is_recovered_and_said_to_be() -> None:
    found = certain("41.69", Size(n=1000))
    assert found.counts == (417,)
    assert "cut" in found.said


def test_few_decimals_leave_several_counts() -> None:
    found = certain("0.37", Size(n=14042), scale=1)
    assert (found.counts[0], found.counts[-1]) == (5126, 5335)
    assert found.low is not None


def test_a_number_that_no_count_gives_says_so() -> None:
    found = certain("41.37", Size(n=100))
    assert (found.counts, found.low) == ((), None)
    assert "no count of 100" in found.said


def test_a_mean_of_parts_cannot_be_recovered() -> None:
    found = certain("88.34", Size(n=5349, what="mean", said="ANLS gives parts of a point"))
    assert found.said == "cannot be recovered: ANLS gives parts of a point"
    assert (found.counts, found.low, found.detectable) == ((), None, ())
