from __future__ import annotations

import msgspec

from hubq.audit.formats import words
from hubq.model.audit import Skipped
from tests.audit.reports import audited, everything, finding, recovered, report
from tests.rows import each_row


def test_counts_are_said_with_their_nouns() -> None:
    found = [words.counted(count, "rule") for count in (0, 1, 2, 1204)]
    assert found == ["no rules", "1 rule", "2 rules", "1,204 rules"]
    kinds = [finding(severity=kind) for kind in ("info", "error", "info")]
    assert words.severities(kinds) == "1 error, 2 info"
    assert words.severities([]) == "nothing found"


def test_a_report_is_one_line() -> None:
    assert words.summary(everything()) == (
        "3 repos: 2 errors, 1 warning, 1 info; 36 numbers worked out again; "
        "3 intervals recovered; 1 accepted; 1 not looked at"
    )


@each_row(
    ("fail_on", "failing"),
    [("error", ["error"]), ("warning", ["error", "warning"]), ("", []), ("never", [])],
)
def test_a_finding_fails_an_audit_from_its_severity_on(fail_on: str, failing: list[str]) -> None:
    given = report(fail_on=fail_on)
    kinds = ("error", "warning", "info")
    assert [kind for kind in kinds if words.fails(given, finding(severity=kind))] == failing


def test_rules_that_were_not_applied_are_counted_by_reason() -> None:
    skipped = (Skipped(rule="a", why="x"), Skipped(rule="b", why="x"), Skipped(rule="c", why="y"))
    repos = [audited(skipped=skipped), audited(skipped=skipped[:1])]
    assert words.reasons(repos) == "x (2), y (1)"
    assert words.skipped(repos[0]) == "x: a, b; y: c"


def test_a_group_is_named_where_there_are_several() -> None:
    one, other = recovered(group="2B"), recovered(group="7B", line=32)
    assert [row.name for row in words.rows([one])] == ["GPTQ-Int4"]
    assert [row.name for row in words.rows([one, other])] == ["2B / GPTQ-Int4", "7B / GPTQ-Int4"]


def test_a_row_says_what_a_score_still_tells() -> None:
    (row,) = words.rows([recovered(counts=(374, 376), cut=True)])
    assert row[2:9] == (
        *("MMMU", "41.69 (cut)", "374 to 376 of 900", "38.5 to 44.9"),
        *("2.9 if 10 % differ", "−2.70", "if under 8.1 % changed"),
    )
    (bare,) = words.rows(
        [recovered(counts=(), low=None, high=None, detectable=(), delta=None, told="unknown")]
    )
    assert bare[2:9] == ("MMMU", "41.69", "of 900", "", "", "", "")


def test_differences_are_counted_by_what_they_tell() -> None:
    told = ("always", "sometimes", "never", "unknown")
    scores = [recovered(told=kind) for kind in told]
    assert words.deltas(scores) == (
        "1 of 3 differences to a baseline is more than chance, 1 perhaps"
    )
    assert words.deltas([msgspec.structs.replace(scores[0], delta=None)]) == ""


def test_the_smallest_differences_are_said_for_every_number_of_questions() -> None:
    scores = [recovered(), recovered(n=100, detectable=((0.1, 0.0886),))]
    assert words.finest(scores).endswith("differ: 8.9 with 100, 2.9 with 900")
    assert words.finest([recovered(detectable=())]) == ""
