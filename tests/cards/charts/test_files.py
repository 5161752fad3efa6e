from __future__ import annotations

import io
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image

from hubq.cards.charts.chart import Chart
from hubq.cards.charts.collection import draw
from hubq.cards.charts.drawing.files import _sheet, files_of
from hubq.cards.charts.drawing.sheet import WIDTH, settings
from hubq.cards.charts.figures import Deltas, Front, Rates
from hubq.cards.charts.palettes import DARK, LIGHT
from hubq.cards.family import Family
from hubq.cards.gathering import card_facts, report_facts
from hubq.cards.rendering import render_card
from hubq.resources import bundled
from tests.cards.charts import pictures
from tests.cards.charts.made_up import (
    bands,
    chart,
    est,
    hostile_charts,
    place,
    series,
)

pytestmark = pytest.mark.long

_MANY = tuple(f"Variant-{number}" for number in range(8))
_TASKS = tuple(f"Task{number}_VAL" for number in range(9))


def svg_of(of: Chart) -> str:
    """Return a chart's SVG without drawing its other files."""
    import matplotlib as mpl

    with mpl.rc_context(settings()):
        return _sheet(of, LIGHT).svg(of.alt).decode()


def corners(png: bytes) -> set[Any]:
    """Return the colours in the corners of a picture."""
    image = Image.open(io.BytesIO(png)).convert("RGBA")
    right, bottom = image.width - 1, image.height - 1
    return {image.getpixel(spot) for spot in ((0, 0), (right, 0), (0, bottom), (right, bottom))}


def text_boxes(of: Chart) -> tuple[list[tuple[str, Any]], float]:
    """Return the texts of a picture with the boxes of their letters, and its height, in points."""
    import matplotlib as mpl

    with mpl.rc_context({**settings(), "figure.dpi": 72}):
        sheet = _sheet(of, LIGHT)
        boxes = [(t.get_text(), t.get_window_extent()) for t in sheet._axes.texts]
        return boxes, sheet.height * 72


def made_up_rates() -> Chart:
    lines = (series("BF16", 0, 1.0), series("GPTQ-Int8", 1, 0.7), series("GPTQ-Int4", 2, 0.5))
    return chart(Rates(measure="time between tokens", unit="ms", series=lines))


@pytest.mark.parametrize("name", ["deltas", "pareto"])
def test_the_charts_of_a_family_are_their_goldens(
    request: pytest.FixtureRequest, family: Family, name: str
) -> None:
    found = {one.name: one for one in card_facts(family, "AWQ").charts}
    pictures.check_golden(request, f"{name}.svg", files_of(found[name])[2])


@pytest.mark.parametrize("name", ["deltas", "pareto"])
def test_the_charts_of_a_family_with_gaps_are_their_goldens(
    request: pytest.FixtureRequest, gappy: Family, name: str
) -> None:
    found = {one.name: one for one in card_facts(gappy, "GPTQ-Int4").charts}
    pictures.check_golden(request, f"{name}-gaps.svg", files_of(found[name])[2])


def test_a_chart_of_rates_is_its_golden(request: pytest.FixtureRequest) -> None:
    pictures.check_golden(request, "rates.svg", files_of(made_up_rates())[2])


def test_the_chart_of_a_rising_load_is_its_golden(
    request: pytest.FixtureRequest, served: Family
) -> None:
    (found,) = (one for one in card_facts(served, "AWQ").charts if one.name == "load-1")
    pictures.check_golden(request, "load.svg", files_of(found)[2])


def test_marks_stand_in_proportion_to_their_numbers(family: Family) -> None:
    found = next(one for one in card_facts(family, "AWQ").charts if one.name == "deltas")
    assert isinstance(found.drawing, Deltas)
    rows = [row for band in found.drawing.bands for row in band.rows if row.delta]
    marks = pictures.marks(svg_of(found))[: len(rows)]
    values = [row.delta.value.value for row in rows if row.delta]
    low, high = values.index(min(values)), values.index(max(values))
    points = (marks[high].x - marks[low].x) / (values[high] - values[low])
    for value, mark in zip(values, marks, strict=True):
        assert mark.x == pytest.approx(marks[low].x + points * (value - values[low]), abs=0.01)
    assert [mark.filled for mark in marks] == [row.sure for row in rows]
    assert all(one.y < other.y for one, other in pairwise(marks))


def test_who_is_beaten_is_hollow() -> None:
    places = (place("A", 0, 76), place("B", 1, 75), place("C", 2, 60, beaten_by=("A",)))
    marks = pictures.marks(svg_of(chart(Front(places=places, unit="GB"))))
    assert [mark.filled for mark in marks[:6]] == [True, True, False] * 2
    assert marks[2].y > marks[1].y > marks[0].y
    assert [mark.y for mark in marks[:3]] == [mark.y for mark in marks[3:6]]


def test_png_files_are_two_pixels_for_each_of_the_page_and_alike_in_size(family: Family) -> None:
    for one in card_facts(family, "AWQ").charts:
        light, dark, _ = files_of(one)
        assert light != dark
        width, height = pictures.png_size(light)
        assert pictures.png_size(dark) == (width, height)
        assert 2 * one.width <= width <= 2.2 * one.width
        assert 500 < height < 3_000
        assert corners(light) == {(255, 255, 255, 255)}
        assert corners(dark) == {(11, 15, 25, 255)}
        assert len(light) < 200_000


def test_the_files_of_a_chart_have_its_names(family: Family) -> None:
    files = draw(card_facts(family, "AWQ").charts)
    assert sorted(files) == sorted(
        f"charts/{name}{end}"
        for name in ("deltas", "pareto")
        for end in (".png", "-dark.png", ".svg")
    )


def test_an_svg_says_what_it_finds_and_nothing_of_when_or_by_what_it_was_made(
    family: Family,
) -> None:
    for one in card_facts(family, "AWQ").charts:
        svg = svg_of(one)
        assert pictures.title(svg) == one.alt
        assert "dc:date" not in svg
        assert "matplotlib.org" not in svg.lower().replace("http://matplotlib.org/schemas", "")
        assert "<text" not in svg
        assert LIGHT.paper in svg
        assert DARK.paper not in svg


def test_the_same_chart_gives_the_same_bytes_in_any_thread() -> None:
    charts = [hostile_charts()[1], made_up_rates()]
    first = [files_of(one) for one in charts]
    with ThreadPoolExecutor(2) as pool:
        again = list(pool.map(files_of.__wrapped__, charts))
    assert again == first


def test_hostile_names_are_drawn_as_text_inside_the_picture() -> None:
    for one in hostile_charts():
        svg = svg_of(one)
        width, height = pictures.size(svg)
        assert all(0 < mark.x < width and 0 < mark.y < height for mark in pictures.marks(svg))
        shown = " ".join(pictures.texts(svg))
        assert "$x_1^2$" in shown
        assert not any(sign in shown for sign in "\u202e\x07\n")
        assert width == pytest.approx(pictures.size(svg_of(made_up_rates()))[0])


@pytest.mark.parametrize("number", range(6))
def test_no_text_leaves_its_picture_or_lies_on_another(number: int) -> None:
    places = tuple(place(name, look, 70.0 + look) for look, name in enumerate(_MANY))
    large = tuple(
        msgspec.structs.replace(p, weights=est(1e6 + p.look), speed=est(1e5)) for p in places
    )
    charts = (
        *hostile_charts(),
        chart(Deltas(baseline="BF16", bands=bands(_MANY, _TASKS, half=400.0))),
        chart(Front(places=places, unit="GB")),
        chart(Front(places=large, unit="MB")),
    )
    boxes, height = text_boxes(charts[number])
    width = WIDTH * 72
    for text, box in boxes:
        assert 0 <= box.x0 < box.x1 <= width, text
        assert 0 <= box.y0 < box.y1 <= height, text
    for (one, first), (other, second) in combinations(boxes, 2):
        apart = (
            first.x1 <= second.x0
            or second.x1 <= first.x0
            or first.y1 <= second.y0
            or second.y1 <= first.y0
        )
        assert apart, (one, other)


def test_eight_variants_on_nine_tasks_are_drawn_whole() -> None:
    made = bands(_MANY, _TASKS, sure=1.5)
    svg = svg_of(chart(Deltas(baseline="BF16", bands=made)))
    assert len(pictures.marks(svg)) == 72 + 2
    shown = pictures.texts(svg)
    assert all(shown.count(name) == 9 for name in _MANY)
    assert all(shown.count(name) == 1 for name in _TASKS)


def test_numbers_without_intervals_are_marks_alone() -> None:
    made = tuple(msgspec.structs.replace(b, margin=None) for b in bands("AB", "TU", half=0))
    svg = svg_of(chart(Deltas(baseline="BF16", bands=made, tested=False)))
    assert [mark.filled for mark in pictures.marks(svg)] == [False] * 4
    assert "significant" not in " ".join(pictures.texts(svg))


def test_equal_numbers_and_extreme_ones_can_be_drawn() -> None:
    for value in (0.0, 1e-9, 1e9, -1e9):
        places = tuple(
            msgspec.structs.replace(place(name, look, 1.0), score=est(value), weights=est(value))
            for look, name in enumerate("AB")
        )
        marks = pictures.marks(svg_of(chart(Front(places=places, unit="GB"))))
        assert len(marks) == 6


def test_the_report_has_the_charts_of_the_cards(family: Family) -> None:
    assert report_facts(family).charts == card_facts(family, "AWQ").charts


def test_the_evidence_has_every_claim_that_a_chart_draws(family: Family) -> None:
    files = render_card(family, "AWQ", (bundled("card_templates"),))
    evidence = msgspec.json.decode(files["hubq.json"])
    known = {claim["id"] for claim in evidence["claims"]}
    assert [told["name"] for told in evidence["charts"]] == ["deltas", "pareto"]
    for told in evidence["charts"]:
        assert len(told["claims"]) > 20
        assert set(told["claims"]) <= known
        assert set(told["files"]) <= files.keys()


def test_settings_of_the_user_do_not_show(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text(
        "font.size: 40\nlines.linewidth: 9\ntext.usetex: True\nsavefig.bbox: tight\n"
        "figure.dpi: 33\npath.sketch: 3, 30, 2\nsvg.fonttype: none\nbackend: nonsense\n"
    )
    code = (
        "from hashlib import sha256\n"
        "from hubq.cards.charts.drawing.files import files_of\n"
        "from tests.cards.charts.test_files import made_up_rates\n"
        "print(sha256(b''.join(files_of(made_up_rates()))).hexdigest())\n"
    )
    here = sha256(b"".join(files_of(made_up_rates()))).hexdigest()
    assert _run(code, tmp_path / "home", MATPLOTLIBRC=str(tmp_path)) == here


def test_a_card_without_pictures_needs_no_matplotlib(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from hubq.cards.rendering import render_card\nfrom hubq.resources import bundled\n"
        "from tests.cards.factory import Factory\n"
        f"factory = Factory(Path({str(tmp_path)!r}))\n"
        "factory.quantize('AWQ')\n"
        "for name in ('BF16', 'AWQ'):\n"
        "    factory.score(name, 'NanoText_VAL')\n"
        "family = factory.family()\n"
        "files = render_card(family, 'AWQ', (bundled('card_templates'),), charts=False)\n"
        "told = b'charts/deltas.png' in files['README.md']\n"
        "print(told, len(files), 'matplotlib' in sys.modules)\n"
    )
    assert _run(code, tmp_path / "home") == "True 3 False"


def _run(code: str, home: Path, **variables: str) -> str:
    home.mkdir(exist_ok=True)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    environment |= {name: value for name, value in variables.items() if value}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=Path(__file__).parents[3],
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
