from __future__ import annotations

import re
from collections.abc import Callable

from hubq.audit.formats import terminal
from hubq.audit.formats.widths import visible, width_of
from hubq.model.audit import Report
from tests.audit.reports import audited, everything, finding, hostile, recovered, report, sweep


def lines(given: Report, width: int = 80) -> list[str]:
    return terminal.render(given, width=width).splitlines()


def caret(given: Report, width: int = 80) -> tuple[str, str]:
    """Return the quoted line, and what stands above its carets."""
    found = lines(given, width)
    below = next(index for index, line in enumerate(found) if re.fullmatch(r"[ |]+\^+", line))
    start, end = (found[below].index("^"), len(found[below]))
    columns = "".join(sign + "\0" * (width_of(sign) - 1) for sign in found[below - 1])
    return found[below - 1], columns[start:end].replace("\0", "")


def test_the_whole_report(golden: Callable[[str, str], None]) -> None:
    golden("audit/terminal.txt", terminal.render(everything()))


def test_one_repo_shows_a_table_of_what_its_scores_tell(
    golden: Callable[[str, str], None],
) -> None:
    golden("audit/terminal-one.txt", terminal.render(report(everything().audited[0])))


def test_the_caret_stands_under_what_the_card_says() -> None:
    assert caret(report(audited(finding())))[1] == "55.90"


def test_a_long_line_is_cut_around_the_column() -> None:
    for cells in range(0, 120, 7):
        quote = "| x 全 " * cells + "| 55.90 |" + " yy |" * 40
        one = finding(quote=quote, column=quote.index("55.90") + 1)
        shown, pointed = caret(report(audited(one)))
        assert pointed == "55.90"
        assert width_of(shown) <= 80


def test_wide_characters_move_the_caret() -> None:
    quote = "日本語の表 | 55.90 |"
    one = finding(quote=quote, column=quote.index("55.90") + 1)
    assert caret(report(audited(one)))[1] == "55.90"


def test_a_column_behind_the_line_is_no_harm() -> None:
    assert lines(report(audited(finding(column=500))))


def test_no_line_is_wider_than_the_terminal() -> None:
    for width in (60, 80, 100):
        for given in (everything(), report(everything().audited[0]), sweep(2, 3)):
            plain = [line for line in lines(given, width) if "see " not in line]
            long = [
                line for line in plain if width_of(line) > width and not line.startswith("acme")
            ]
            assert not long


def test_there_is_no_colour_where_there_is_none() -> None:
    assert "\x1b" not in terminal.render(everything())
    coloured = terminal.render(everything(), colour=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == terminal.render(everything())


def test_a_card_s_text_steers_no_terminal() -> None:
    text = terminal.render(hostile())
    assert text.replace("\n", "").isprintable()
    assert "\u202e" not in text


def test_a_card_s_text_is_no_command_of_github() -> None:
    given = finding(found="::add-mask::x " * 12, remedy="##[set-output name=x]y", said="", quote="")
    text = terminal.render(report(audited(given)))
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())
    assert "##[" not in text


def test_a_sweep_says_one_line_of_scores_for_each_repo() -> None:
    scores = tuple(recovered(task=f"T{index}") for index in range(30))
    one, two = audited(recovered=scores), audited(name="acme/Y", recovered=scores)
    assert sum("38.5 to 44.9" in line for line in lines(report(one))) == 24
    assert not any("38.5 to 44.9" in line for line in lines(report(one, two)))
    assert any("more (--format" in line for line in lines(report(one)))


def test_unseen_signs_are_shown_as_such_one_for_one() -> None:
    assert visible("a\x00b\u202ec\ud800d\te") == "a\ufffdb\ufffdc\ufffdd e"
    assert visible("plain") == "plain"


def test_what_findings_of_a_rule_have_in_common_is_said_once() -> None:
    many = [finding(line=line, found=f"number {line}") for line in range(1, 31)]
    text = terminal.render(report(audited(*many)))
    assert text.count("fix: Write 55.94.") == 1
    assert "number 20" in text
    assert "number 21" not in text
    assert "and 10 more" in text


def test_the_fence_of_the_front_matter_is_not_quoted() -> None:
    text = terminal.render(report(audited(finding(line=1, column=1, quote="---", said=""))))
    assert "---" not in text
    assert "line 1: the mean" in text


def test_repos_without_findings_are_named_in_one_line_of_a_sweep() -> None:
    given = report(*(audited(name=f"acme/M-{number}") for number in range(3)))
    assert lines(given)[0] == "nothing found in 3 repos: acme/M-0, acme/M-1, acme/M-2"
