from __future__ import annotations

import re
import shutil
from html import unescape
from pathlib import Path

import pytest

from hubq.preview.server import PreviewServer
from hubq.preview.site import Site
from tests.preview.releases import NAME, TEMPLATES, Pages, lose

pytestmark = pytest.mark.long

CARD = "/cards/GPTQ-Int4"
_LINK = re.compile(r'<a class="claim" href="([^"]+)" data-claim="([^"]+)">([^<]*)</a>')


def test_the_index_shows_the_family_and_what_is_to_look_at(pages: Pages) -> None:
    html = pages.text("/")
    for name in ("GPTQ-Int8", "GPTQ-Int4", "AWQ"):
        assert f'href="/cards/{name}"' in html
    assert html.count('class="standing standing-new"') == 3
    assert "Family report" in html
    assert "do not agree" not in html


def test_the_index_says_what_is_missing(runs: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(runs, tmp_path / "runs"))
    lose(copy, "score/GPTQ-Int4/NanoMulti_VAL")
    lose(copy, "quantize/AWQ")
    with PreviewServer(Site(copy, NAME, TEMPLATES)) as server, Pages(server.url) as own:
        html = own.text("/")
        assert own.get("/cards/AWQ").status_code == 404
        assert 'Card of AWQ"' not in own.text("/compare?card=AWQ&card=GPTQ-Int8")
    assert '<li class="remark-bad">Quantizing ran out of memory: the batch was too large' in html
    assert '<td class="mono name">quantize/AWQ</td>' in html
    assert 'href="/cards/AWQ"' not in html


def test_every_number_on_a_card_leads_to_a_claim_that_agrees(pages: Pages, site: Site) -> None:
    found = _LINK.findall(pages.text(CARD))
    claims = site.cards.card("GPTQ-Int4").claims
    assert len(found) > 200
    for address, claim, shown in dict.fromkeys(found):
        html = pages.text(f"{unescape(address)}?part=panel")
        assert "<html" not in html
        assert "✓</span> agrees" in html, claim
        assert claims[unescape(claim)].sha256 in html
        assert repr(claims[unescape(claim)].value) in unescape(html)
        assert unescape(shown).lstrip("+−") in unescape(html)


@pytest.mark.parametrize("base", ["/cards/GPTQ-Int8", "/cards/AWQ", "/report"])
def test_every_claim_of_the_other_cards_agrees(pages: Pages, base: str) -> None:
    html = pages.text(f"{base}/claims")
    assert "All agree" in html
    assert html.count("</span> agrees") > 200


def test_a_claim_leads_to_its_place_in_the_file(pages: Pages, site: Site) -> None:
    claim = site.cards.card("GPTQ-Int4").claims["score.GPTQ-Int4.NanoDocs_VAL"]
    html = pages.text(f"{CARD}/claims/{claim.id}")
    link = unescape(re.findall(r'href="([^"]+#here)"', html)[0])
    shown = pages.text(link.partition("#")[0])
    pointed = re.findall(r'class="json-row pointed" id="here">(.*?)</span> ([0-9.]+)', shown)
    assert float(pointed[0][1]) * claim.scale == pytest.approx(claim.value)


def test_a_number_whose_file_changed_does_not_agree(site: Site) -> None:
    card = site.cards.card("AWQ")
    claim = card.claims["score.AWQ.NanoDocs_VAL"]
    folder = site.cards.opened.family.folders["score/AWQ/NanoDocs_VAL"]
    path = folder / claim.file
    before = path.read_bytes()
    path.write_bytes(before + b"\n")
    try:
        found = site.trace(card, claim.id)
    finally:
        path.write_bytes(before)
    assert not found.agrees
    assert "not the file that the card was made from" in found.problem


def test_the_head_of_a_card_shows_its_front_matter(pages: Pages) -> None:
    html = pages.text(CARD)
    assert '<span class="chip-label">base_model:</span> <a href=' in html
    assert '<span class="chip-label">license:</span> apache-2.0' in html
    assert "<dt>Task</dt><dd>image-text-to-text</dd>" in html


def test_links_to_siblings_stay_in_the_preview(pages: Pages) -> None:
    assert 'href="/cards/AWQ">AWQ</a>' in pages.text(CARD)
    answer = pages.get("/hubq/nano-qwen2-vl-AWQ")
    assert answer.status_code == 307
    assert answer.headers["location"] == "/cards/AWQ"


def test_cards_stand_side_by_side_without_anchors_twice(pages: Pages) -> None:
    html = pages.text("/compare?card=AWQ&card=GPTQ-Int4")
    assert html.count('class="beside-card"') == 2
    assert html.index("Card of GPTQ-Int4") < html.index("Card of AWQ")
    names = re.findall(r'\sid="([^"]+)"', html)
    assert len(names) == len(set(names))


def test_the_text_that_would_be_published_is_shown(pages: Pages, site: Site) -> None:
    card = site.cards.card("AWQ")
    assert card.text == site.cards.files("AWQ")["README.md"].decode()
    assert card.text.partition("\n# ")[0] in unescape(pages.text("/cards/AWQ/markdown"))


@pytest.mark.parametrize(
    ("page", "path"),
    [("/cards/AWQ", "/hubq/nano-qwen2-vl-AWQ"), ("/report", "/report")],
)
def test_pictures_are_drawn_when_they_are_asked_for(pages: Pages, page: str, path: str) -> None:
    html = pages.text(page)
    dark = re.findall(r'media="\(prefers-color-scheme: dark\)" srcset="([^"]+)"', html)
    light = re.findall(r'<img src="([^"]+)"', html)
    vector = re.findall(r'href="([^"]+\.svg)"', html)
    assert len(dark) == len(light) == len(vector) > 0
    assert dark[0].startswith(f"{path}/resolve/main/charts/")
    for address in (light[0], dark[0]):
        answer = pages.get(address)
        assert answer.headers["content-type"] == "image/png"
        assert answer.content.startswith(b"\x89PNG")
    answer = pages.get(vector[0])
    assert answer.headers["content-type"].startswith("image/svg")
    assert "sandbox" in answer.headers["content-security-policy"]


def test_the_evidence_beside_a_card_is_shown(pages: Pages) -> None:
    html = pages.text("/hubq/nano-qwen2-vl-AWQ/blob/main/hubq.json")
    assert "&#34;claims&#34;" in html


def test_a_theme_can_be_asked_for(pages: Pages) -> None:
    assert '<html lang="en" data-theme="dark" data-fixed>' in pages.text("/?theme=dark")
    assert 'data-theme="' not in pages.text("/?theme=%22%3E<script>").partition("<body")[0]


@pytest.mark.parametrize(
    "path",
    [
        "/cards/Other",
        "/cards/RTN-Int3",
        "/nothing",
        "/hubq/other",
        f"{CARD}/claims/score.nothing",
        "/hubq/nano-qwen2-vl-AWQ/blob/main/config.json",
        "/hubq/nano-qwen2-vl-AWQ/resolve/main/charts/none.png",
    ],
)
def test_what_is_not_there_says_so(pages: Pages, path: str) -> None:
    answer = pages.get(path)
    assert answer.status_code == 404
    assert "Back to the beginning" in answer.text
