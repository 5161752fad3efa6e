"""docs/rules is made from the rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from hubq.audit.pages import body, pages
from hubq.audit.rule import all_rules

FOLDER = Path(__file__).parents[2] / "docs" / "rules"


def test_the_pages_are_those_of_the_rules(request: pytest.FixtureRequest) -> None:
    made = pages(all_rules())
    if request.config.getoption("--update-goldens"):
        FOLDER.mkdir(parents=True, exist_ok=True)
        for path in FOLDER.glob("*.md"):
            path.unlink()
        for name, text in made.items():
            (FOLDER / name).write_text(text, encoding="utf-8")
    kept = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    assert sorted(kept) == sorted(made), "run pytest --update-goldens"
    assert kept == made, "run pytest --update-goldens"


def test_the_list_links_to_every_page() -> None:
    made = pages(all_rules())
    for rule in all_rules():
        assert f"[{rule.id}]({rule.id}.md)" in made["README.md"]


def test_a_page_says_what_the_rule_says() -> None:
    for rule in all_rules():
        page = pages([rule])[f"{rule.id}.md"]
        assert page.startswith(f"# {rule.id}\n\n{rule.title}.\n")
        for text in (rule.why, rule.example, rule.fix):
            assert text.strip() in page
            assert text.strip() in body(rule)
        assert all(f"<{source}>" in page for source in rule.sources)
        assert "`error`" in page or "`warning`" in page or "`info`" in page
        assert page.count("\n# ") == 0
