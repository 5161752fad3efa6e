"""Pages that nest without end become shallow ones; all others stay as they are."""

from __future__ import annotations

from hubq.evaluate.formats.grids import read_grids
from hubq.evaluate.formats.shallow import shallow

TABLE = "<table><tr><th>a</th><th>b</th></tr><tr><td>x</td><td>1.0</td></tr></table>"


def test_pages_of_writers_stay_as_they_are() -> None:
    page = f"<div><center>{TABLE * 400}</center></div>"
    assert shallow(page) == page


def test_tags_that_lie_too_deep_become_text() -> None:
    page = shallow("<div>" * 5000 + "a" + "</div>" * 5000)
    assert page.count("<div>") == page.count("</div>") == 100
    assert page.count("&lt;div>") == page.count("&lt;/div>") == 4900


def test_formatting_is_opened_only_so_often() -> None:
    page = shallow("".join(f"<font size={size}><p>x" for size in range(4000)))
    assert page.count("<font") == 30
    assert page.count("<p>") == 4000


def test_what_ends_by_itself_does_not_count() -> None:
    page = "<p>a<br><td>b<li>c" * 2000
    assert shallow(page) == page


def test_a_table_behind_a_flood_is_still_read() -> None:
    (grid,) = read_grids("<i>" * 4000 + "</i>" * 4000 + TABLE, "html")
    assert [cell.text for cell in grid.rows[1]] == ["x", "1.0"]
