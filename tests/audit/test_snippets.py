from __future__ import annotations

from hubq.audit.document import Document
from hubq.audit.snippets import parse, plain, snippets
from tests.rows import each_row


def test_the_kind_of_code_is_that_of_its_fence_or_of_what_it_holds() -> None:
    codes = {
        "python": "x = 1",
        "py": "x = 1",
        "bash": "ls",
        "json": "{}",
        "": "import torch\nprint(torch)",
    }
    text = "\n".join(f"```{language}\n{code}\n```\n" for language, code in codes.items())
    text += "\n```\nvllm serve a/b\n```\n\n```\nHello\n```\n"
    kinds = [one.kind for one in snippets(Document(text))]
    assert kinds == ["python", "python", "shell", "other", "python", "shell", "other"]


def test_lines_of_code_are_those_of_the_card() -> None:
    (found,) = snippets(Document("---\na: b\n---\n\n- x\n\n  ```python\n  y = (\n  ```\n"))
    assert found.parsed.problem is not None
    assert found.line(found.parsed.problem.line) == 8


def test_prompts_and_what_was_printed_go() -> None:
    assert plain(">>> a = 1\n... b\n1\n>>> c") == "a = 1\nb\n\nc"


def test_magics_become_statements_with_their_indentation() -> None:
    assert plain("if x:\n    !ls\n%time y\npip install z") == "if x:\n    pass\npass\npass"
    assert plain("git = 1\ncd(x)\nhf: int") == "git = 1\ncd(x)\nhf: int"


@each_row("text", ["\x00", "x = 1\n" * 50_000, "9" * 5_000, "\ud800"])
def test_what_cannot_be_read_is_no_problem(text: str) -> None:
    assert parse(text).tree is None or parse(text).problem is None
