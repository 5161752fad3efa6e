from __future__ import annotations

from hubq.audit.formats.places import file_of, grouped, keyed, link_of, page_of, span_of, web
from hubq.audit.rules.no_card import RULE
from tests.audit.reports import HOSTILE, audited, finding, folder
from tests.rows import each_row


@each_row(
    ("quote", "column", "said", "span"),
    [
        ("| a |   48.2  |", 5, "48.2", "48.2"),
        ("| a | 48.2  |", 7, "48.2", "48.2"),
        ("| a | 1 | 48.2 |", 6, "48.2", ""),
        ("one 48.2 two", 0, "48.2", "48.2"),
        ("48.2 and 48.2", 0, "48.2", None),
        ("nothing", 3, "48.2", ""),
        ("short", 99, "short", None),
        ("", 1, "", ""),
    ],
)
def test_what_a_finding_is_about_is_looked_for_from_its_column_on(
    quote: str, column: int, said: str, span: str | None
) -> None:
    found = span_of(finding(quote=quote, column=column, said=said))
    assert (None if found is None else quote[slice(*found)]) == span


def test_files_on_a_hub_stand_below_the_repo_and_others_where_they_are() -> None:
    assert file_of(audited(), finding()) == "acme/Model-GPTQ-Int4/README.md"
    assert file_of(folder(), finding()) == "models/x/README.md"
    assert file_of(folder(name="cards/a.md"), finding(path="cards/a.md")) == "cards/a.md"
    assert file_of(folder(name="."), finding(path="config.json")) == "config.json"


def test_only_addresses_of_the_web_are_links() -> None:
    assert web("https://example.org/a?b=c#d") == "https://example.org/a?b=c#d"
    for address in (
        "javascript:alert(1)",
        "data:text/html,x",
        "",
        "//x.org",
        HOSTILE,
        "https://a b",
    ):
        assert web(address) == ""
    assert link_of(folder(), finding()) == ""
    assert link_of(audited(url="javascript:x"), finding()) == ""


def test_a_line_is_linked_in_the_source_of_a_markdown_file() -> None:
    assert link_of(audited(), finding(path="a b/config.json", line=3)).endswith(
        "/blob/0123456789abcdef0123456789abcdef01234567/a%20b/config.json#L3"
    )
    assert link_of(audited(), finding(line=0)).endswith("/README.md")
    assert link_of(audited(), finding(line=3)).endswith("/README.md?code=true#L3")


def test_groups_are_of_one_rule_and_file_the_worst_first() -> None:
    found = grouped(
        [
            finding(rule="b", severity="info", line=1),
            finding(rule="b", severity="warning", line=9),
            finding(rule="a", severity="warning", path="z.json"),
            finding(rule="c", severity="error", line=50),
        ]
    )
    assert [(group.rule, group.worst, len(group.findings)) for group in found] == [
        ("c", "error", 1),
        ("b", "warning", 2),
        ("a", "warning", 1),
    ]


def test_a_rule_of_another_version_has_no_page_of_its_own() -> None:
    assert page_of(RULE.id).endswith("/docs/rules/no-card.md")
    assert page_of("of-another-version").endswith("/docs/rules/README.md")


def test_equal_findings_are_told_apart_by_their_count() -> None:
    keys = [key for key, _ in keyed(audited(), [finding(), finding(), finding(said="1")])]
    assert keys[1] == f"{keys[0]}-2"
    assert keys[2].isalnum()
