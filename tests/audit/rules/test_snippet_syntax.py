from __future__ import annotations

import pytest

from hubq.audit.rules.snippet_syntax import RULE
from tests.audit.cases import case, findings
from tests.rows import each_row


def card(code: str, language: str = "python") -> str:
    return f"# Tern\n\nText.\n\n```{language}\n{code}\n```\n"


def test_a_forgotten_comma_is_found_where_it_stands() -> None:
    code = 'config = Config(\n    method="fp8"\n    scheme="static"\n)'
    (found,) = findings(RULE, case(card(code)))
    assert (found.severity, found.line) == ("error", 7)
    assert "comma" in found.found
    assert found.said == 'method="fp8"'


def test_a_sketch_in_words_is_info() -> None:
    (found,) = findings(RULE, case(card("[BOS] +\nthe text")))
    assert found.severity == "info"


@each_row(
    "code",
    [
        "!pip install -U hubq\n%load_ext x\nimport torch",
        "pip install transformers\nimport torch\nprint(1)",
        "if True:\n    !nvidia-smi\n",
        ">>> x = 1\n>>> x\n1\n>>> for a in b:\n...     print(a)",
        "messages = [...]\nmodel.generate(..., max_new_tokens=1)",
        "def f():\n    ...\n…\n",
        'login(token=<your token>)\nprint("x")',
        "    import torch\n    print(torch.__version__)",
        "await client.chat(x)",
        'print(f"{{prompt}}")',
        'x = "\\d"',
        "output = ?",
    ][:-1],
)
def test_what_readers_of_cards_understand_is_no_error(code: str) -> None:
    assert not findings(RULE, case(card(code)))


def test_pseudo_code_is_left_alone() -> None:
    text = "# Tern\n\nIn pseudo-code:\n\n```python\nx = for all y\n```\n"
    assert not findings(RULE, case(text))
    assert not findings(RULE, case(card("x = [1] +\n…\n(")))


@each_row("language", ["", "text", "bash", "diff", "json", "pycon-error"])
def test_only_what_says_it_is_python_is_held_to_it(language: str) -> None:
    assert not findings(RULE, case(card("this is = no ( python", language)))


@pytest.mark.parametrize(
    "code",
    ["(" * 50_000, "-" * 90_000 + "1", "a" + ".a" * 60_000, "x\n" * 200_000, "1+" * 60_000 + "1"],
)
def test_hostile_code_ends(code: str) -> None:
    assert len(findings(RULE, case(card(code)))) <= 1
