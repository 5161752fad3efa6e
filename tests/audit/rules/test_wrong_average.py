from __future__ import annotations

import pytest

from hubq.audit.rules.wrong_average import RULE
from tests.audit.cases import case, findings
from tests.audit.scorecards import AVERAGES, RECOVERY, with_changes

HTML = """\
<table>
<thead><tr><th>Category</th><th>Metric</th><th>Org/Mid-VL-7B-Instruct</th>
<th>Mid-VL-7B-Instruct-quantized.W4A16</th><th>Recovery (%)</th></tr></thead>
<tbody>
<tr><td rowspan="6"><b>Vision</b></td><td>MMMU (val, CoT)<br><i>relaxed</i></td>
<td>52.00</td><td>51.11</td><td>98.29%</td></tr>
<tr><td><a href="https://x.example/vqa">VQAv2</a> (val)</td><td>75.59</td><td>73.90</td>
<td>97.76%</td></tr>
<tr><td>DocVQA (val)</td><td>94.27</td><td>94.13</td><td>99.85%</td></tr>
<tr><td>ChartQA (test, CoT)</td><td>86.44</td><td>85.64</td><td>99.07%</td></tr>
<tr><td>Mathvista (testmini, CoT)</td><td>69.47</td><td>67.17</td><td>96.69%</td></tr>
<tr><td><b>Average Score</b></td><td><b>75.95</b></td><td><b>74.79</b></td>
<td><b>98.47%</b></td></tr>
<tr><td rowspan="2"><b>Text</b></td><td>MGSM (CoT)</td><td>56.38</td><td>51.89</td>
<td>92.04%</td></tr>
<tr><td>MMLU (5-shot)</td><td>71.09</td><td>68.67</td><td>96.59%</td></tr>
</tbody></table>
"""


def test_averages_of_a_group_of_rows_in_html_are_found() -> None:
    first, second = findings(RULE, case(f"# Mid-VL\n\n{HTML}"))
    assert (first.said, second.said) == ("75.95", "74.79")
    assert "that is 75.55" in first.found
    assert "that is 74.39" in second.found
    assert first.severity == "warning"
    assert first.line == second.line == 14
    assert first.column < second.column


def test_seven_averages_of_one_table_are_found() -> None:
    found = findings(RULE, case(AVERAGES))
    right = ["66.77", "66.71", "66.75", "55.18", "11.30", "8.44", "14.11"]
    assert [one.remedy.split()[1].rstrip(",") for one in found] == right
    assert [one.line for one in found] == [6, 7, 8, 10, 11, 12, 13]


def test_one_average_among_right_ones_is_an_error() -> None:
    card = with_changes(RECOVERY, ("<strong>68.22</strong>", "<strong>69.22</strong>"))
    (found,) = findings(RULE, card)
    assert (found.severity, found.said) == ("error", "69.22")
    assert "68.22" in found.remedy


def test_right_averages_are_left_alone() -> None:
    assert not findings(RULE, case(RECOVERY))


@pytest.mark.parametrize("average", ["55.2", "55.1"])
def test_an_average_may_be_rounded_or_cut(average: str) -> None:
    rows = f"| A-INT4 | 50.1 | 60.2 | {average} |\n| A | 70.0 | 80.0 | 75.0 |\n"
    assert not findings(RULE, case(f"| Model | MMLU | GSM8K | Avg |\n|---|---|---|---|\n{rows}"))


def test_a_transposed_table_is_read() -> None:
    rows = "| MMLU | 70.0 | 69.0 |\n| GSM8K | 80.0 | 79.0 |\n| Average | 75.0 | 75.0 |\n"
    (found,) = findings(RULE, case(f"| Task | BF16 | AWQ |\n|---|---|---|\n{rows}"))
    assert found.said == "75.0"
    assert "74.0" in found.found


def test_each_average_is_over_its_own_columns() -> None:
    head = "| Model | MMLU | GSM8K | Text avg | MMMU | DocVQA | Vision avg | Overall avg |\n"
    rows = (
        f"{'|---' * 8}|\n| BF16 | 70.0 | 80.0 | 75.0 | 50.0 | 90.0 | 70.0 | 72.5 |\n"
        "| AWQ | 69.0 | 79.0 | 74.0 | 48.0 | 89.0 | 69.5 | 71.3 |\n"
    )
    (found,) = findings(RULE, case(head + rows))
    assert (found.said, found.severity) == ("69.5", "error")
    assert "68.50" in found.found


def test_a_weighted_average_over_subjects_is_left_alone() -> None:
    card = (
        "| Model | Avg. | STEM | Social Sciences | Humanities | Others |\n"
        "|---|---|---|---|---|---|\n"
        "| A | 41.5 | 36.6 | 49.7 | 43.1 | 41.2 |\n| B | 50.1 | 46.4 | 60.4 | 50.6 | 46.9 |\n"
    )
    assert not findings(RULE, case(card))


def test_an_average_over_more_than_is_shown_is_left_alone() -> None:
    card = (
        "| Model | Alpha | Beta | Average |\n|---|---|---|---|\n"
        "| A (MMLU) | 41.5 | 36.6 | 39.9 |\n| B | 50.1 | 46.4 | 48.8 |\n"
    )
    assert not findings(RULE, case(card))


def test_an_average_outside_of_its_cells_is_an_error() -> None:
    card = (
        "| Model | First acc | Second acc | Average |\n|---|---|---|---|\n"
        "| BF16 | 41.5 | 36.6 | 49.9 |\n| AWQ | 50.1 | 46.4 | 58.8 |\n"
    )
    assert {one.severity for one in findings(RULE, case(card))} == {"error"}


def test_columns_left_out_of_every_average_are_taken_for_meant() -> None:
    card = (
        "| Model | MMLU | GSM8K | IFEval | Average |\n|---|---|---|---|---|\n"
        "| BF16 | 70.0 | 80.0 | 40.0 | 75.0 |\n| AWQ | 69.0 | 79.0 | 41.0 | 74.0 |\n"
    )
    assert not findings(RULE, case(card))


GROUPS = """\
| Benchmark | Metric | Model-7B | Model-7B-AWQ | Recovery |
|---|---|---|---|---|
| **OpenLLM v1** | | | | |
| ARC-Challenge | acc_norm | 62.54 | 61.77 | 98.77% |
| GSM8K | strict | 75.96 | 73.99 | 97.41% |
| Average | | 69.25 | 67.88 | 98.02% |
| **OpenLLM v2** | | | | |
| IFEval | inst/prompt avg | 80.00 | 79.00 | 98.75% |
| BBH | acc | 40.00 | 39.80 | 99.50% |
| Average | | 60.00 | {} | 99.00% |
| **Coding** | | | | |
| HumanEval | pass@1 | 67.30 | 67.10 | 99.70% |
| Overall average | | 65.16 | 64.33 | 98.73% |
"""


def test_averages_of_groups_and_over_all_are_told_apart() -> None:
    assert not findings(RULE, case(GROUPS.format("59.40")))
    (found,) = findings(RULE, case(GROUPS.format("57.40")))
    assert (found.said, found.severity, found.line) == ("57.40", "error", 10)
