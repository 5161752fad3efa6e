from __future__ import annotations

import base64

from hubq.cards.charts.inlining import inlined
from hubq.cards.family import Family
from hubq.cards.rendering import render_report
from hubq.resources import bundled

_FILES = {"charts/a.png": b"light", "charts/a-dark.png": b"dark", "charts/a.svg": b"<svg/>"}


def test_pictures_are_in_the_page_and_a_link_saves_the_svg_once() -> None:
    page = (
        '<source srcset="charts/a-dark.png"><img src="charts/a.png"><a href="charts/a.svg">1</a>'
        '<a href="charts/a.svg">2</a><a href="charts/a.png">3</a>'
    )
    found = inlined(page, _FILES)
    dark, light = (base64.b64encode(_FILES[f"charts/a{end}.png"]).decode() for end in ("-dark", ""))
    assert f'<source srcset="data:image/png;base64,{dark}">' in found
    assert f'<img src="data:image/png;base64,{light}">' in found
    assert 'download="a.svg">1</a><a href="charts/a.svg">2</a><a href="charts/a.png">3' in found


def test_other_addresses_and_text_are_left() -> None:
    page = '<a href="hubq.json">x</a><img src="other/a.png"><p>src=&quot;charts/a.png&quot;</p>'
    assert inlined(page, _FILES) == page
    assert inlined('<img src="charts/a.png">', {}) == '<img src="charts/a.png">'


def test_the_report_is_one_file_with_its_pictures(family: Family) -> None:
    files = render_report(family, (bundled("card_templates"),))
    page, text = files["report.html"].decode(), files["report.md"].decode()
    assert page.count("<picture>") == text.count("<picture>") == 2
    assert 'srcset="charts/deltas-dark.png"' in text
    assert 'src="charts/' not in page
    assert 'srcset="charts/' not in page
    assert base64.b64encode(files["charts/deltas.png"]).decode() in page
    assert base64.b64encode(files["charts/pareto-dark.png"]).decode() in page
