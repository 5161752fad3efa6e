from __future__ import annotations

import time

from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from hubq.markdown.markup import Place, to_html
from tests.rows import each_row

_HERE = {"acme/other": "/acme/other"}
_PLACE = Place(
    repo_path="/acme/model", revision="main", page_of=lambda repo_id: _HERE.get(repo_id, "")
)


_DARK = "(prefers-color-scheme: dark)"
_IN_THE_DARK = f"media='{_DARK}'"


def _html(markdown: str) -> str:
    return to_html(markdown, _PLACE)


@each_row(
    "attack",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<a href='javascript:alert(1)'>x</a>",
        "<a href='&#106;avascript:alert(1)'>x</a>",
        "<a href='java\tscript:alert(1)'>x</a>",
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
        "<svg><script>alert(1)</script></svg>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        "<div style='background:url(javascript:alert(1))' onclick='x()'>y</div>",
        "<form action='/x'><input name=q><button>go</button></form>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
        "<details ontoggle=alert(1) open>x</details>",
        "<meta http-equiv=refresh content='0;url=//evil'>",
        "<base href='//evil/'>",
        "![x](vbscript:alert(1))",
        "<a href='\\\\evil\\x'>x</a>",
        "<a href='//evil/x'>x</a>",
        *(
            f"<picture><source {source} {_IN_THE_DARK}><img src=a.png></picture>"
            for source in (
                "srcset='https://evil/x.png'",
                "srcset='a.png 1x, //evil/x.png 2x'",
                "srcset='javascript:alert(1)'",
                "srcset=a.png onerror=alert(1)",
                "srcset='a.png\" onerror=\"alert(1)'",
                "src='https://evil/x.mp4' srcset='a.png\thttps://evil/x.png'",
            )
        ),
        "<picture><img src=a.png onload=alert(1)></picture>",
        "<picture><script>alert(1)</script><svg onload=alert(1)><img src=a.png></picture>",
        "<picture><source src='https://evil/x.mp4'><video src='https://evil/x.mp4'></picture>",
        "<picture><picture><source srcset=//evil/x><img src=//evil/x></picture></picture>",
    ],
)
def test_nothing_in_a_card_runs_or_loads(attack: str) -> None:
    _assert_safe(_html(attack))


_FRAGMENTS = """
< > " ' script img src= onerror= a / x svg <!-- --> style &lt; ` ]( [ ! javascript: <p </p> <math
<table <noscript = <picture <source srcset= media= , 2x </picture>
"""


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([*_FRAGMENTS.split(), " ", "\n"]), max_size=30).map("".join),
)
def test_no_mixture_of_fragments_gets_through(markdown: str) -> None:
    _assert_safe(_html(markdown))


def _assert_safe(html: str) -> None:
    root = LexborHTMLParser(f"<main>{html}</main>")
    for node in root.css("main *"):
        assert node.tag not in {"script", "style", "iframe", "svg", "math", "form", "meta", "base"}
        for name, value in node.attributes.items():
            assert not name.startswith("on")
            assert name != "style"
            if name == "srcset":
                for part in (value or "").split(","):
                    assert part.strip().startswith("/acme/model/resolve/main/")
            if name in {"href", "src"}:
                start = (value or "").lower()
                assert start.startswith(("http:", "https:", "mailto:", "/acme/", "#"))


def test_links_and_images_stay_inside_the_repo() -> None:
    html = _html(
        "![a](images/a%20b.png) ![b](../x.png) [c](docs/c.md#d) [e](#f) ![g](https://e.org/g.png)\n"
        "[h](https://huggingface.co/acme/other) [i](https://huggingface.co/acme/none)\n"
        "![j](https://huggingface.co/acme/model/resolve/main/j.png) [k](/settings)"
    )
    assert 'src="/acme/model/resolve/main/images/a%20b.png"' in html
    assert '<span class="elsewhere">b</span>' in html
    assert 'href="/acme/model/blob/main/docs/c.md#d"' in html
    assert 'href="#f"' in html
    assert '<a class="elsewhere" rel="noopener nofollow" href="https://e.org/g.png">g</a>' in html
    assert '<a href="/acme/other">h</a>' in html
    assert 'href="https://huggingface.co/acme/none"' in html
    assert 'src="/acme/model/resolve/main/j.png"' in html
    assert "<a>k</a>" in html


def test_a_picture_has_its_twin_for_dark_pages() -> None:
    html = _html(
        f'<picture>\n<source media="{_DARK}" '
        'srcset="https://huggingface.co/acme/model/resolve/main/charts/a-dark.png">\n'
        '<img alt="Finds &quot;x&quot; &#124; y" src="charts/a.png" width="520">\n</picture>\n'
    )
    assert html.strip() == (
        f'<picture><source media="{_DARK}" srcset="/acme/model/resolve/main/charts/a-dark.png">'
        '<img src="/acme/model/resolve/main/charts/a.png" loading="lazy" '
        'alt="Finds &quot;x&quot; | y" width="520"></picture>'
    )


@each_row(
    ("source", "kept"),
    [
        (f'srcset="a.png" media="{_DARK}"', 'srcset="/acme/model/resolve/main/a.png"'),
        (
            'srcset="a.png, b.png 2x" media="(PREFERS-color-scheme:light)"',
            (
                'media="(prefers-color-scheme: light)" srcset="/acme/model/resolve/main/a.png, '
                '/acme/model/resolve/main/b.png 2x"'
            ),
        ),
        ('srcset="a.png"', ""),
        ('srcset="a.png" media="(min-width: 10px)"', ""),
        (f'srcset="" media="{_DARK}"', ""),
        (f'srcset="../a.png" media="{_DARK}"', ""),
        (f'srcset="a.png 2x 3x" media="{_DARK}"', ""),
        (f'srcset="a.png,https://e.org/b.png 2x" media="{_DARK}"', ""),
        (f'srcset="https://huggingface.co/acme/other/resolve/main/a.png" media="{_DARK}"', ""),
        (f'srcset="data:image/png;base64,AAAA" media="{_DARK}"', ""),
    ],
)
def test_a_twin_is_a_file_of_the_repo_for_a_colour_scheme_or_nothing(
    source: str, kept: str
) -> None:
    html = _html(f'<picture><source {source}><img src="x.png"></picture>')
    assert ("<source" in html) == bool(kept)
    assert kept in html
    assert "<picture>" in html


def test_a_picture_from_elsewhere_is_the_link_that_its_image_is() -> None:
    source = f'<source srcset="a.png" media="{_DARK}">'
    html = _html(f'<picture>{source}<img alt="x" src="https://e.org/x.png"></picture>')
    link = '<a class="elsewhere" rel="noopener nofollow" href="https://e.org/x.png">x</a>'
    assert html.strip() == f"<p>{link}</p>"
    assert "<source" not in _html(source)
    assert _html(f"<picture>{source}text</picture>").strip() == "<p>text</p>"


def test_own_files_can_be_named_from_the_root_of_the_hub() -> None:
    html = _html("![a](/acme/model/resolve/main/a.png) ![b](/acme/other/resolve/main/b.png)")
    assert 'src="/acme/model/resolve/main/a.png"' in html
    assert '<span class="elsewhere">b</span>' in html
    hidden = _html("![a](//acme/model/resolve/main/a.png) ![b](file:///acme/model/resolve/main/b)")
    assert "<img" not in hidden


def test_github_tables_lists_notices_and_footnotes_are_shown() -> None:
    html = _html("| a | b |\n|---|--:|\n| 1 | 2[^n] |\n\n- [x] done\n\n[^n]: why\n")
    assert '<td align="right">2<sup class="footnote-ref">' in html
    assert '<input type="checkbox" disabled checked> done' in html
    assert '<section class="footnotes">' in html
    assert '<div class="table-scroll"' in html
    notice = _html("> [!WARNING]\n> Hot *surface*\n")
    assert '<p class="notice-title">Warning</p>' in notice
    assert "<em>surface</em>" in notice
    assert "<blockquote>" in _html("> plain\n")


def test_headings_get_the_anchors_that_links_use() -> None:
    html = _html("# Speed & memory\n\n## Use\n\n## Use\n")
    assert 'id="speed--memory"' in html
    assert 'id="use"' in html
    assert 'id="use-1"' in html


def test_raw_tables_and_details_of_real_cards_are_kept() -> None:
    row = '<tr><th rowspan="2">A</th><td align="center">1</td></tr>'
    raw = f'<table class="x" style="y">{row}</table>'
    html = _html(f"<details><summary>More</summary>\n\n{raw}\n\n</details>")
    assert '<th rowspan="2">A</th>' in html
    assert "<summary>More</summary>" in html
    assert "style" not in html


def test_a_hostile_depth_is_cut_off_quickly() -> None:
    started = time.monotonic()
    _html("<div>" * 3_000 + "x")
    _html(">" * 5_000 + "x")
    assert time.monotonic() - started < 5
