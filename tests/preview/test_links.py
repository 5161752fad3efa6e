from __future__ import annotations

import re

import pytest

from hubq.markdown import markup
from hubq.markdown.frontmatter import parse
from hubq.model.marks import BEGIN, END, MIDDLE, mark, plain, unmark
from hubq.preview.links import linked
from hubq.preview.site import Site

PLACE = markup.Place(repo_path="/a/b", revision="main", page_of=lambda _repo: "")
LINK = re.compile(r'<a class="claim" [^>]*>([^<]*)</a>')


def page(text: str) -> str:
    return linked(text, PLACE, lambda claim: f"/claims/{claim}")


@pytest.mark.parametrize("variant", ["GPTQ-Int8", "GPTQ-Int4", "AWQ", ""])
def test_every_number_is_a_link_and_nothing_else_of_the_card_changes(
    site: Site, variant: str
) -> None:
    card = site.cards.card(variant)
    html = page(card.marked)
    assert len(LINK.findall(html)) == len(unmark(card.marked)[1]) > 100
    assert LINK.sub(r"\1", html) == markup.to_html(parse(plain(card.marked)).body, PLACE)


def test_a_number_links_to_its_claim() -> None:
    html = page(f"Scores {mark('score.A', '75.15')} here.")
    assert 'Scores <a class="claim" href="/claims/score.A" data-claim="score.A">75.15</a>' in html


def test_marks_in_headings_and_attributes_leave_no_trace() -> None:
    number = mark("x.y", "95")
    html = page(f'# Level {number} %\n\n![{number} of it](a.png "{number}")\n')
    assert 'id="level-95-"' in html
    assert 'alt="95 of it"' in html
    assert html.count("95</a>") == 1
    assert not re.search("[\ue000-\uf8ff]", html)


def test_a_number_inside_a_link_stays_text() -> None:
    html = page(f"[{mark('x', '3')} of them](https://example.org)")
    assert "3 of them</a>" in html
    assert "claim" not in html


def test_small_numbers_and_hostile_ids_are_escaped() -> None:
    html = page(mark('a"><script>', "<0.001"))
    assert "&lt;0.001</a>" in html
    assert "<script>" not in html


def test_marks_from_outside_that_name_no_claim_are_dropped() -> None:
    html = page(f"a {BEGIN}\ue105{MIDDLE}b{END} c {BEGIN} d {END} \ue103 e")
    assert html == "<p>a b c  d   e</p>\n"
