"""Where there is a README already, the card goes into it and people's text stays as it was."""

from __future__ import annotations

import msgspec
import pytest

from hubq.errors import Refused
from hubq.markdown.blocks import block_hashes
from hubq.markdown.header import written
from hubq.release.readmes import merge_readme, merged_for
from tests.markdown.test_merging import card
from tests.markdown.test_ownership import OURS

REPO = "acme/Small-AWQ"


def rendered(**texts: str) -> bytes:
    return (written(OURS) + card(**texts)).encode()


def evidence(content: bytes) -> bytes:
    blocks = block_hashes(content.decode())
    return msgspec.json.encode({"blocks": blocks, "metadata": OURS})


def test_a_card_that_is_there_stays_to_the_byte() -> None:
    content = rendered(a="1", b="2")
    found = merge_readme(content, content, evidence(content))
    assert found.content == content
    assert found.remarks() == []
    assert found.patch == ""


def test_what_people_wrote_survives_and_what_clashes_is_told() -> None:
    published = rendered(a="1", b="2", c="3")
    edited = published.replace(b"\n2\n", b"\n2?\n").replace(b"# Title", b"# My title\xff\r\n")
    edited = edited.replace(b"language:\n- en\n", b"language: de # ja\n")
    start, end = edited.index(b"## About c"), len(edited)
    edited = edited[:start] + b"The end" + edited[end:]
    found = merge_readme(edited, rendered(a="5", b="6", c="7", d="8"), evidence(published))
    assert found.merged is not None
    assert found.merged.updated == ("a",)
    assert b"# My title\xff\r\n" in found.content
    assert b"language: de # ja\n" in found.content
    assert b"\n2?\n" in found.content
    assert b"\n5\n" in found.content
    assert found.content.endswith(b"The end")
    assert found.facts() == {
        "merged": True,
        "edited": {"b": "edited by hand"},
        "removed": ["c"],
        "inserted": ["d"],
        "dropped": [],
        "updated": ["a"],
        "keys": {"language": "a person wrote it"},
    }
    assert len(found.remarks()) == 3
    (conflict,) = found.conflicts
    line = found.content.decode("utf-8", "surrogateescape").split("\n")[conflict.line - 1]
    assert line.startswith("<!-- hubq:begin b ")
    assert "\n-2?\n" in found.patch
    assert "\n+6\n" in found.patch


def test_what_a_publication_is_told_is_what_was_merged() -> None:
    published = rendered(a="1", b="2")
    edited = published.replace(b"\n2\n", b"\n2?\n")
    told = merged_for(REPO, edited, evidence(published), rendered(a="1", b="3"))
    found = merge_readme(edited, rendered(a="1", b="3"), evidence(published))
    assert told.content == found.content
    assert told.facts == found.facts()
    assert list(told.remarks) == found.remarks()
    assert told.patch == found.patch != ""


def test_a_readme_of_somebody_else_keeps_its_text() -> None:
    own = b"---\nlicense: mit\n---\n\n# Mine\r\n"
    found = merge_readme(own, rendered(a="1"))
    assert b"license: mit\n" in found.content
    assert b"\n# Mine\r\n" in found.content
    assert "license" in found.facts()["keys"]
    assert found.facts()["inserted"] == ["a"]


@pytest.mark.parametrize("broken", [b"{", b"[]", b'{"blocks": 5, "metadata": []}'])
def test_evidence_of_others_is_no_evidence(broken: bytes) -> None:
    content = rendered(a="1")
    assert merge_readme(content, content, broken).content == content


@pytest.mark.parametrize(
    ("readme", "words"),
    [
        (b"---\na: 1\n---\n<!-- hubq:begin a -->\n", "line 4: block 'a' begins and never ends"),
        (b"---\na: b: c\n---\n", "front matter cannot be edited"),
    ],
)
def test_what_cannot_be_edited_is_refused_with_its_line(readme: bytes, words: str) -> None:
    with pytest.raises(Refused, match=words) as caught:
        merged_for(REPO, readme, b"{}", rendered(a="1"))
    assert caught.value.exit_code == 3
    assert caught.value.message.startswith(f"{REPO}: README.md")
    assert caught.value.remedy
