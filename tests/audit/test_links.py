from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hubq.audit.document import Document
from hubq.audit.links import Target, anchors, is_host, lacks_scheme, read_target, slug
from tests.rows import each_row


@each_row(
    ("address", "target"),
    [
        ("", Target(kind="empty")),
        ("#a-b", Target(kind="anchor", fragment="a-b")),
        ("LICENSE", Target(kind="file", path="LICENSE")),
        ("./docs/a%20b.md?x#c", Target(kind="file", path="docs/a b.md", fragment="c")),
        ("../other", Target(kind="other")),
        ("/acme/x", Target(kind="other")),
        ("mailto:a@b.c", Target(kind="other")),
        ("magnet:?xt=urn:btih:1", Target(kind="other")),
        ("https://example.org/a/b", Target(kind="web")),
        ("https://huggingface.co/acme/x", Target(kind="web", repo="acme/x")),
        ("https://hf.co/acme/x/tree/v2/y", Target(kind="web", repo="acme/x")),
        (
            "https://huggingface.co/acme/x/resolve/main/d/y.json?download=true",
            Target(kind="web", repo="acme/x", inside="d/y.json"),
        ),
        ("https://huggingface.co/datasets/acme/x", Target(kind="web")),
        ("https://huggingface.co/acme", Target(kind="web")),
        ("http://[::1", Target(kind="other")),
    ],
)
def test_where_an_address_leads(address: str, target: Target) -> None:
    assert read_target(address) == target


@given(st.text(max_size=60))
def test_any_address_can_be_read(address: str) -> None:
    read_target(address)
    lacks_scheme(address)
    is_host(address)


def test_addresses_of_the_web_without_https_are_told_from_files() -> None:
    assert lacks_scheme("arxiv.org/abs/2307.09288")
    assert lacks_scheme("www.example.org")
    assert lacks_scheme("discord.gg/abc")
    assert not any(map(lacks_scheme, ("LICENSE.txt", "docs/github.md", "llm-utils", "a.io")))


def test_a_sites_name_is_told_from_other_words() -> None:
    assert is_host("gpus.example.org")
    assert not any(map(is_host, ("LICENSE.md", "LLM.int8", "Node.js", "example", "a b.org")))


def test_headings_and_named_elements_can_be_linked_to() -> None:
    text = "# What's New?\n\n## 评测结果\n\n## `code` & more\n\n<a name='Here'></a>\n"
    found = {slug(one) for one in anchors(Document(text))}
    assert {slug(one) for one in ("whats-new", "评测结果", "code--more", "here")} <= found
