from __future__ import annotations

from collections.abc import Callable

import cmarkgfm
from cmarkgfm.cmark import Options
from selectolax.lexbor import LexborHTMLParser

from hubq.audit.formats import markdown
from hubq.model.audit import Report
from tests.audit.reports import audited, everything, finding, folder, hostile, report, sweep


def shown(given: Report) -> LexborHTMLParser:
    return LexborHTMLParser(
        cmarkgfm.github_flavored_markdown_to_html(
            markdown.render(given), options=Options.CMARK_OPT_UNSAFE
        )
    )


def test_the_whole_report(golden: Callable[[str, str], None]) -> None:
    golden("audit/report.md", markdown.render(everything()))


def test_hostile_text_is_shown_as_it_is() -> None:
    page = shown(hostile())
    assert not page.css("script, img, [onerror]")
    links = [node.attributes.get("href") or "" for node in page.css("a")]
    assert links
    assert all(link.startswith("https://github.com/hubq/hubq/") for link in links)
    assert page.text().count("document.title='taken'") > 10


def test_nobody_is_called_and_no_issue_is_mentioned() -> None:
    one = finding(found="see @someone, #12 and org/repo#7", said="", quote="", remedy="")
    text = markdown.render(report(folder(one)))
    assert "see @<!-- -->someone, #<!-- -->12 and org/repo#<!-- -->7" in text
    assert "see @someone, #12 and org/repo#7." in shown(report(folder(one))).text()


def test_what_stands_between_backticks_is_code() -> None:
    one = finding(found="`a|b` differs from ` c ` and `` is nothing", said="", quote="")
    codes = [node.text() for node in shown(report(folder(one))).css("li code")]
    assert codes == ["a|b", "c"]


def test_a_report_that_is_too_long_says_less_and_then_only_the_worst() -> None:
    given = sweep(60)
    full = len(markdown.render(given, limit=10**9).encode())
    for limit in (full - 1, full // 2, markdown.COMMENT, 2_000):
        text = markdown.render(given, limit=limit)
        assert len(text.encode()) <= limit
        assert text.startswith("# Audit of model cards\n\n**60 repos: 300 errors")
    assert "left out, since the report would be too long" in text


def test_the_default_fits_the_summary_of_a_step() -> None:
    assert len(markdown.render(sweep(250, 15)).encode()) < 1024**2


def test_the_line_is_linked_at_the_commit() -> None:
    links = [node.attributes.get("href") for node in shown(report(audited(finding()))).css("li a")]
    assert links[0] == (
        "https://huggingface.co/acme/Model-GPTQ-Int4/blob/"
        "0123456789abcdef0123456789abcdef01234567/README.md?code=true#L31"
    )
