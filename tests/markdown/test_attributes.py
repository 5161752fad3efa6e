from __future__ import annotations

import cmarkgfm
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from hubq.markdown.attributes import attribute
from hubq.model.marks import mark


def test_marks_are_taken_out_and_lines_joined() -> None:
    assert attribute(f"loses {mark('delta.x', '7.00')}\npoints") == "loses 7.00 points"


def test_signs_that_end_something_are_entities() -> None:
    assert attribute('"><script>') == "&#34;&#62;&#60;script&#62;"
    assert attribute("a|b`c`&amp;") == "a&#124;b&#96;c&#96;&#38;amp;"
    assert attribute("NanoMath_MINI −7.00 (95 %)") == "NanoMath_MINI −7.00 (95 %)"


@given(st.text(alphabet="ab \"'<>&`|\\\n$*[]{}~-!#é", max_size=30))
def test_a_browser_reads_the_text_wherever_the_picture_stands(text: str) -> None:
    image = f'<img alt="{attribute(text)}" src="a.png">'
    for markdown in (
        image,
        f"<picture>\n{image}\n</picture>",
        f"x {image}",
        f"|a|\n|-|\n|{image}|",
    ):
        page = cmarkgfm.github_flavored_markdown_to_html(markdown, options=1 << 17)
        found = LexborHTMLParser(page).css("img")
        assert [node.attributes["alt"] or "" for node in found] == [" ".join(text.split())]
