"""Where there is a README already, the card goes into it and people's text stays as it was."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hubq.errors import Refused
from hubq.markdown.blocks import block_hashes
from hubq.markdown.header import written
from hubq.release.readmes import merge_readme, readme_for
from tests.fakes import FakeHub
from tests.markdown.test_merging import card
from tests.markdown.test_ownership import OURS

REPO = "acme/Small-AWQ"


def rendered(**texts: str) -> bytes:
    return (written(OURS) + card(**texts)).encode()


def evidence(content: bytes) -> bytes:
    blocks = block_hashes(content.decode())
    return msgspec.json.encode({"blocks": blocks, "metadata": OURS})


@pytest.fixture
def hub(tmp_path: Path) -> FakeHub:
    return FakeHub(tmp_path)


def test_a_new_repo_gets_the_card(hub: FakeHub) -> None:
    found = readme_for(hub, REPO, rendered(a="1"))
    assert found.content == rendered(a="1")
    assert found.parent is None
    assert found.facts() == {"merged": False}
    commit = hub.add(REPO, {"config.json": b"{}"})
    assert readme_for(hub, REPO, rendered(a="1")).parent == commit


def test_a_card_that_is_there_stays_to_the_byte(hub: FakeHub) -> None:
    content = rendered(a="1", b="2")
    hub.add(REPO, {"README.md": content, "hubq.json": evidence(content)})
    found = readme_for(hub, REPO, content)
    assert found.content == content
    assert found.remarks() == []
    assert found.patch == ""


def test_what_people_wrote_survives_and_what_clashes_is_told(hub: FakeHub) -> None:
    published = rendered(a="1", b="2", c="3")
    edited = published.replace(b"\n2\n", b"\n2?\n").replace(b"# Title", b"# My title\xff\r\n")
    edited = edited.replace(b"language:\n- en\n", b"language: de # ja\n")
    start, end = edited.index(b"## About c"), len(edited)
    edited = edited[:start] + b"The end" + edited[end:]
    hub.add(REPO, {"README.md": edited, "hubq.json": evidence(published)})
    found = readme_for(hub, REPO, rendered(a="5", b="6", c="7", d="8"))
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


def test_a_readme_of_somebody_else_keeps_its_text(hub: FakeHub) -> None:
    own = b"---\nlicense: mit\n---\n\n# Mine\r\n"
    hub.add(REPO, {"README.md": own})
    found = readme_for(hub, REPO, rendered(a="1"))
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
def test_what_cannot_be_edited_is_refused_with_its_line(
    hub: FakeHub, readme: bytes, words: str
) -> None:
    hub.add(REPO, {"README.md": readme})
    with pytest.raises(Refused, match=words) as caught:
        readme_for(hub, REPO, rendered(a="1"))
    assert caught.value.exit_code == 3
    assert caught.value.message.startswith(f"{REPO}: README.md")
    assert caught.value.remedy
