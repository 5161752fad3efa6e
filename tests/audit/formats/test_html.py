from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from hubq.audit.formats import html
from hubq.audit.rule import all_rules
from hubq.model.audit import Report
from tests.audit.reports import audited, everything, finding, hostile, report, sweep


def page(given: Report) -> LexborHTMLParser:
    return LexborHTMLParser(html.render(given))


def only(found: LexborHTMLParser, selector: str) -> LexborNode:
    (node,) = found.css(selector)
    return node


def data(given: Report) -> dict[str, Any]:
    node = only(page(given), "script#data")
    found: dict[str, Any] = json.loads(node.text())
    return found


def test_the_page_asks_the_network_for_nothing() -> None:
    found = page(everything())
    assert not found.css("[src], link, img, iframe, object, form[action]")
    assert "url(" not in only(found, "style").text()


def test_its_own_style_and_script_are_all_that_its_policy_allows() -> None:
    found = page(everything())
    policy = only(found, "meta[http-equiv]").attributes["content"] or ""
    for node in (only(found, "style"), found.css("script")[-1]):
        digest = base64.b64encode(hashlib.sha256(node.text().encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy


def test_a_finding_has_its_line_in_three_parts_and_its_addresses() -> None:
    row = data(report(audited(finding())))["findings"][0]
    assert row[9] == ["| GPTQ-Int4 | 41.69 | 70.19 | ", "55.90", " |"]
    assert row[10] == ["https://example.org/means"]
    assert row[11].endswith(
        "/blob/0123456789abcdef0123456789abcdef01234567/README.md?code=true#L31"
    )


def test_a_very_long_line_is_cut_around_what_the_finding_is_about() -> None:
    quote = "a" * 100_000 + "55.90" + "b" * 100_000
    row = data(report(audited(finding(quote=quote, column=100_001))))["findings"][0]
    before, piece, after = row[9]
    assert piece == "55.90"
    assert before.startswith("…")
    assert after.endswith("…")
    assert len(before) + len(after) < 3000


def test_keys_are_unique_on_a_page() -> None:
    keys = [row[12] for row in data(sweep(20, 20))["findings"]]
    assert len(set(keys)) == len(keys) == 400
    assert len({row[12] for row in data(hostile())["findings"]}) == 3


def test_hostile_text_ends_no_element_and_is_no_address() -> None:
    text = html.render(hostile())
    found = LexborHTMLParser(text)
    assert len(found.css("script")) == 2
    assert not found.css("img, [onerror]")
    assert "\x1b" not in text
    assert "\u202e" not in text
    links = [node.attributes.get("href") or "" for node in found.css("a")]
    assert all(link.startswith(("https://github.com/", "#")) for link in links)
    given = data(hostile())
    assert given["repos"][0]["url"] == given["repos"][0]["page"] == ""
    assert all(row[10] == [] and row[11] == "" for row in given["findings"])
    assert re.search(r"</script", json.dumps(given))


def test_repos_are_listed_without_scripts_too() -> None:
    rows = [node.text(deep=True) for node in page(everything()).css("table.repos tbody tr")]
    assert [row.split()[0] for row in rows] == [
        *("acme/Model-GPTQ-Int4Model", "acme/Model-AWQModel", "models/xModel"),
    ]


def test_a_repo_carries_its_intervals_and_statements() -> None:
    repo = data(everything())["repos"][0]
    assert [row[:5] for row in repo["scores"]] == [
        ["GPTQ-Int4", "MMMU", "41.69", "375 of 900", "38.5 to 44.9"],
        ["GPTQ-Int4", "DocVQA", "93.05", "375 of 5,349", "38.5 to 44.9"],
        ["BF16", "MMMU", "41.69", "375 of 900", "38.5 to 44.9"],
    ]
    assert [one[2] for one in repo["statements"]] == ["never"]
    assert repo["skipped"][0] == "2 rules not applied"


def test_rules_link_to_their_pages() -> None:
    rule = all_rules()[0]
    (about,) = data(report(audited(finding(rule=rule.id))))["rules"]
    assert about["page"].endswith(f"/docs/rules/{rule.id}.md")


def test_three_thousand_findings_make_a_page_of_a_few_megabytes() -> None:
    assert len(html.render(sweep())) < 4_000_000
