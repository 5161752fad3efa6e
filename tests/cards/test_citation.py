from __future__ import annotations

from pathlib import Path

import cmarkgfm
from selectolax.lexbor import LexborHTMLParser as HTMLParser

from hubq.cards.citation import citation_of, fenced, license_of
from hubq.cards.rendering import render_card
from tests.cards.factory import Factory
from tests.cards.nano import COMMIT, source
from tests.rows import each_row

ENTRY = """@article{Qwen2VL,
  title={Qwen2-VL: Enhancing {Vision-Language} Models},
  author={Wang, Peng and others},
  year={2024}
}"""


def test_a_fenced_entry_is_carried_over_byte_for_byte() -> None:
    assert citation_of(f"# Model\n\n```bibtex\n{ENTRY}\n```\n\nMore.\n") == ENTRY


def test_an_entry_without_a_fence_is_found_too() -> None:
    assert citation_of(f"## Citation\n\nPlease cite:\n\n{ENTRY}\n\nThanks.") == ENTRY


def test_entries_are_taken_in_order_and_once() -> None:
    other = "@misc{b, title={B}}"
    assert citation_of(f"{ENTRY}\n{other}\n\n{ENTRY}\n") == f"{ENTRY}\n\n{other}"


@each_row(
    "readme",
    [
        "",
        "# No citation\nMail me @home.",
        "@decorator\ndef f(): ...",
        "@article{open, title={never closed}",
        "@comment{nothing to cite}",
        "text @article{inline, title={x}}",
        "@misc{x, note={\n<!-- hubq:end license -->\n}}",
    ],
)
def test_what_is_no_entry_is_left(readme: str) -> None:
    assert citation_of(readme) == ""


def test_the_fence_is_longer_than_any_in_the_entry() -> None:
    entry = "@misc{x, note={\n```\n<script>alert(1)</script>\n````\n}}"
    text = fenced(citation_of(entry))
    assert text.splitlines()[0] == "`````bibtex"
    assert text.splitlines()[-1] == "`````"
    assert entry in text
    assert fenced("") == ""


def test_marks_of_numbers_do_not_come_in_from_outside() -> None:
    assert citation_of("@misc{x, title={\ue000abc\ue0011\ue002}}") == "@misc{x, title={abc1}}"


def test_windows_line_ends_are_made_plain() -> None:
    assert citation_of(ENTRY.replace("\n", "\r\n")) == ENTRY


def test_a_license_has_its_own_name_and_link() -> None:
    card = {"license": "other", "license_name": "tongyi", "license_link": "https://a.b/LICENSE"}
    found = license_of(card, "https://huggingface.co/o/m/tree/abc")
    assert (found.name, found.link) == ("tongyi", "https://a.b/LICENSE")


def test_a_link_to_a_file_leads_to_the_sources_file() -> None:
    card = {"license": "other", "license_link": "LICENSE"}
    found = license_of(card, "https://huggingface.co/o/m/tree/abc")
    assert found.link == "https://huggingface.co/o/m/blob/abc/LICENSE"
    assert license_of(card, "").link == ""


def test_several_licenses_are_named_and_none_is_empty() -> None:
    assert license_of({"license": ["mit", "apache-2.0"]}, "").name == "mit, apache-2.0"
    assert license_of({}, "").name == ""


def test_a_card_shows_the_entry_as_code_and_starts_nothing(
    whole: Factory, templates: tuple[Path, ...]
) -> None:
    entry = "@misc{x,\n  note={\n```\n<script>alert(1)</script>\n{{ 7 * 7 }}\n}\n}"
    family = whole.family(readme=f"# Source\n\n{entry}\n")
    text = render_card(family, "AWQ", templates, charts=False)["README.md"].decode()
    body = text.partition("\n---\n")[2]
    page = HTMLParser(cmarkgfm.github_flavored_markdown_to_html(body))
    assert page.css("script") == []
    assert entry in [code.text().strip() for code in page.css("pre code")]
    assert "Please cite the source as its card asks:" in text


def test_a_card_links_the_license(whole: Factory, templates: tuple[Path, ...]) -> None:
    card = {"license": "other", "license_name": "tongyi [x](y)", "license_link": "LICENSE"}
    family = whole.family(source=source(card=card))
    text = render_card(family, "AWQ", templates, charts=False)["README.md"].decode()
    assert f"](https://huggingface.co/hubq/nano-qwen2-vl/blob/{COMMIT}/LICENSE)" in text
    assert "[x](y)" not in text.partition("\n---\n")[2]
    running = whole.family(source=source(card={**card, "license_link": "javascript:alert(1)"}))
    text = render_card(running, "AWQ", templates, charts=False)["README.md"].decode()
    assert "javascript" not in text.partition("\n---\n")[2]
