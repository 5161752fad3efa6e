"""Against the Qwen2-VL README's table (README of QwenLM/Qwen2-VL at 35ba6e1) and other seeds."""

from __future__ import annotations

import pytest

from hubq import stats
from tests.rows import each_row

MMMU, MMBENCH, MATHVISTA = 900, 1164, 1000
#: Size and variant -> MMMU_VAL, MMBench_DEV_EN, MathVista_MINI as printed.
PRINTED = {
    "72B BF16": ("65.44", "86.94", "70.19"),
    "72B Int8": ("64.56", "87.03", "68.90"),
    "72B Int4": ("64.00", "86.68", "69.20"),
    "72B AWQ": ("64.22", "86.43", "68.40"),
    "7B BF16": ("53.77", "81.78", "58.20"),
    "7B Int8": ("53.00", "82.38", "57.90"),
    "7B Int4": ("52.55", "81.27", "60.30"),
    "7B AWQ": ("53.66", "81.61", "56.80"),
    "2B BF16": ("41.88", "72.07", "44.40"),
    "2B Int8": ("41.55", "71.99", "44.60"),
    "2B Int4": ("39.22", "70.87", "41.69"),
    "2B AWQ": ("41.33", "71.64", "39.90"),
}
CELLS = [
    stats.read(text, n)
    for row in PRINTED.values()
    for text, n in zip(row, (MMMU, MMBENCH, MATHVISTA), strict=True)
]


def test_every_cell_of_the_table_is_a_count() -> None:
    assert len(CELLS) == 36
    assert all(len(cell.counts) == 1 for cell in CELLS)


def test_the_table_was_put_together_by_rounding_and_by_cutting() -> None:
    only_cut = [cell for cell in CELLS if not cell.rounded]
    only_rounded = [cell for cell in CELLS if not cell.cut]
    assert len(only_cut) == 13
    assert len(only_rounded) == 6
    assert "70.19" in {cell.text for cell in only_cut}


def test_the_counts_of_the_2b_models_are_recovered() -> None:
    found = [stats.read(PRINTED[f"2B {name}"][0], MMMU) for name in ("BF16", "Int8", "Int4", "AWQ")]
    assert [cell.counts for cell in found] == [(377,), (374,), (353,), (372,)]
    base = found[0]
    assert base.se is not None
    assert 100 * base.se == pytest.approx(1.64, abs=0.005)
    assert base.low == pytest.approx(stats.wilson(377 / 900, 900)[0])
    assert base.high == pytest.approx(stats.wilson(377 / 900, 900)[1])
    mathvista = stats.read("44.40", MATHVISTA)
    assert mathvista.se is not None
    assert 100 * mathvista.se == pytest.approx(1.57, abs=0.005)


def test_41_69_is_a_cut_41_70() -> None:
    found = stats.read("41.69", MATHVISTA)
    assert (found.rounded, found.cut) == ((), (417,))


def test_few_decimals_leave_several_counts() -> None:
    found = stats.read("41.9%", MMMU)
    assert found.rounded == (377,)
    assert len(stats.read("42", MMMU).counts) > 9
    assert stats.read("0.419", MMMU, scale=1).rounded == (377,)
    assert stats.read("753", 1000, scale=1000).rounded == (753,)


def test_what_no_count_gives_is_said() -> None:
    found = stats.read("41.93", MMMU)
    assert (found.counts, found.low) == ((), None)
    assert found.reason == "no count of 900 items is printed as 41.93"


def test_nothing_is_recovered_from_a_mean_of_anls() -> None:
    found = stats.read("88.34", 5349, kind="mean")
    assert (found.counts, found.low, found.se) == ((), None, None)
    assert found.reason.endswith("cannot be recovered")


@each_row("text", ["TBD", "", "-3.0", "101.0"])
def test_what_is_no_score_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no (number|score)"):
        stats.read(text, 900)


def told(first: str, second: str, n: int) -> stats.Difference:
    return stats.tell(stats.read(first, n), stats.read(second, n))


def test_what_the_published_losses_can_tell() -> None:
    int4 = told("41.88", "39.22", MMMU)
    assert int4.told == "sometimes"
    assert int4.discordance == pytest.approx(0.166, abs=0.001)
    assert int4.sentence == "more than chance only if fewer than 16.6 % of the items changed"
    assert [round(100 * value, 1) for _, value in int4.detectable] == [2.1, 3.0, 4.2]
    awq = told("44.40", "39.90", MATHVISTA)
    assert awq.discordance == pytest.approx(0.527, abs=0.001)
    assert told("58.20", "60.30", MATHVISTA).discordance == pytest.approx(0.115, abs=0.001)


def test_a_difference_of_a_few_items_is_never_told() -> None:
    assert told("44.40", "44.60", MATHVISTA).told == "never"
    assert told("41.88", "41.55", MMMU).sentence.startswith("too small")
    assert told("41.88", "41.88", MMMU).told == "never"


def test_a_collapse_is_always_told() -> None:
    assert told("41.88", "1.00", MMMU).told == "always"


def test_a_difference_is_known_to_the_decimals_printed() -> None:
    found = told("44.40", "41.69", MATHVISTA)
    # 41.69 was cut, so it may stand for up to 41.70.
    assert (found.low, found.high) == pytest.approx((-0.02725, -0.02695))


def test_means_are_told_apart_for_certain_or_not_at_all() -> None:
    docvqa = [stats.read(text, 5349, kind="mean") for text in ("88.34", "86.96")]
    found = stats.tell(*docvqa)
    assert found.told == "sometimes"
    assert "for certain" in found.sentence
    with pytest.raises(ValueError, match="cannot be paired"):
        stats.tell(stats.read("50", 900), stats.read("50", 1000))


@pytest.mark.parametrize(("share", "points"), [(0.46, 3.5), (0.05, 1.5)])
def test_one_error_does_not_fit_all_scores_of_a_subset(share: float, points: float) -> None:
    found = stats.read(f"{100 * share:g}", 200)
    assert found.se is not None
    assert 100 * found.se == pytest.approx(points, abs=0.05)
