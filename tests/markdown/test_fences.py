"""Fences are found as GitHub's parser sees them, wherever they stand."""

from __future__ import annotations

import hashlib

import cmarkgfm
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from hubq.markdown.fences import Fence, fences
from tests.rows import each_row

CARD = """---
license: mit
---
# Card

```bash
pip install x
```

## How to use it

### Transformers <b>now</b>

~~~~Python title="a b"
print(1)

~~~
~~~~

#### Several `images`

   ```python
   print(2)
     print(3)
   ```

### vLLM

> - a
>   ```bash
>   vllm serve a/b
>   ```

    ```
    indented
"""


def codes(text: str) -> list[str]:
    return [fence.code for fence in fences(text)]


def test_each_fence_knows_its_line_language_and_headings() -> None:
    found = [(f.line, f.language, f.title, f.section) for f in fences(CARD)]
    assert found == [
        (6, "bash", "Card", "Card"),
        (14, "python", "Transformers now", "Transformers now"),
        (22, "python", "Several images", "Transformers now"),
        (30, "bash", "vLLM", "vLLM"),
    ]


def test_code_is_without_fences_and_their_indentation() -> None:
    assert codes(CARD)[1:] == ["print(1)\n\n~~~\n", "print(2)\n  print(3)\n", "vllm serve a/b\n"]


def test_a_fence_is_known_by_the_hash_of_its_code() -> None:
    (fence,) = fences("```\nx\n```")
    assert fence.sha256 == hashlib.sha256(b"x\n").hexdigest()


def test_two_sections_of_one_name_are_two() -> None:
    first, second = fences("### A\n```\n1\n```\n### A\n```\n2\n```\n")
    assert (first.section, second.section) == ("A", "A")
    assert first.place != second.place


@each_row(
    ("text", "expected"),
    [
        ("```\nopen", ["open"]),
        ("```\n", [""]),
        ("```\r\na\r\nb\r\n```\r\n", ["a\nb\n"]),
        ("> ```\n> a\nb\n", ["a\n"]),
        ("````\n```\n````", ["```\n"]),
        ("``` a`b\nx\n```", [""]),
        ("    ```\n    a\n", []),
        ("\t```\n\ta\n", []),
        ("`````x\n```\n`````", ["```\n"]),
        ("<pre><code>raw</code></pre>", []),
        ("---\na: |\n  ```\n---\n```\nb\n```", ["b\n"]),
    ],
)
def test_fences_begin_and_end_by_commonmarks_rules(text: str, expected: list[str]) -> None:
    found = [code.rstrip("\n") for code in codes(text)]
    assert found == [code.rstrip("\n") for code in expected]


words = st.text(st.sampled_from("ab<&>\"'#-*_[]() \t"), max_size=12)
containers = st.sampled_from(["", "> ", "- ", "> - ", "1. ", " ", "   "])


@st.composite
def blocks(draw: st.DrawFn) -> tuple[str, str]:
    """Draw a fenced block in a container, and its code."""
    sign = draw(st.sampled_from("`~"))
    lines = draw(st.lists(words, min_size=1, max_size=4))
    fence = sign * draw(st.integers(3, 6))
    language = draw(st.sampled_from(["", "python", " c++ x"]))
    first = draw(containers)
    rest = first.replace("-", " ").replace("1.", "  ")
    body = [f"{fence}{language}", *lines, fence]
    text = "\n".join((rest if number else first) + line for number, line in enumerate(body))
    return text, "".join(f"{line}\n" for line in lines)


@given(st.lists(blocks(), max_size=4))
def test_what_was_fenced_is_found(drawn: list[tuple[str, str]]) -> None:
    text = "\n\nText\n\n".join(block for block, _ in drawn)
    assert [f.code.replace("\t", " ").split() for f in fences(text)] == [
        code.replace("\t", " ").split() for _, code in drawn
    ]


line = st.text(st.sampled_from("`~ \t>-#a1.\\"), max_size=10)


@given(st.lists(line, max_size=8).map("\n".join))
def test_every_fence_is_a_code_block_of_the_page(text: str) -> None:
    page = cmarkgfm.github_flavored_markdown_to_html(text)
    blocks_there = [node.text() for node in LexborHTMLParser(page).css("pre > code")]
    found = fences(text) if not text.startswith("---") else ()
    places = iter(blocks_there)
    assert all(fence.code in places for fence in found)


@given(st.text(st.sampled_from("`~ \t>-a\n"), max_size=30))
def test_fences_are_told_from_indented_code(text: str) -> None:
    for fence in fences(text):
        opening = text.split("\n")[fence.line - 1]
        assert "```" in opening or "~~~" in opening


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert all(isinstance(fence, Fence) for fence in fences(text))
