from __future__ import annotations

from hubq.audit.rules.snippet_undefined import RULE
from tests.audit.cases import case, findings
from tests.rows import each_row


def card(*codes: str) -> str:
    return "# Tern\n\n" + "\n".join(f"```python\n{code}\n```\n" for code in codes)


def test_a_name_that_nothing_defines_is_found_once_where_it_stands() -> None:
    code = "import json\nmodel = load(\n    dtype=torch.float16,\n    other=torch.int8)"
    found = findings(RULE, case(card("def load(**more): ...\n" + code)))
    assert [(one.severity, one.line, one.column, one.part) for one in found] == [
        ("warning", 7, 11, "torch")
    ]


def test_a_variable_renamed_in_one_place_is_found() -> None:
    code = "from a import tok\ninputs = tok('x')\nprint(tok.decode(input_ids))"
    (found,) = findings(RULE, case(card(code)))
    assert found.part == "input_ids"


@each_row(
    "codes",
    [
        ("import a\nx = a.b()", "print(x)"),
        ("print(model.generate(**inputs))",),
        ("from a import *\nprint(b)",),
        ("import a\nfor i, (j, k) in a:\n    print(i, j, k)",),
        ("import a\nprint([x for x in a], {k: v for k, v in a}, lambda q: q)",),
        ("import a\nwith a as b, a() as (c, d):\n    print(b, c, d)",),
        ("import a\nif (n := a.n) > 1:\n    print(n)",),
        ("import a\ntry:\n    a()\nexcept a.E as e:\n    print(e, __name__)",),
        ("import a.b\nprint(a)\ndef f(x, *y, **w):\n    global q\n    q = x, y, w\nprint(q)",),
        ("import a\nmatch a:\n    case {'x': x, **r}:\n        print(x, r)",),
        ("this is = not ( python data", "import a\nprint(data)"),
        ("import a\nclass A:\n    b: int = 1\nprint(A, display(a))",),
    ],
)
def test_names_that_are_defined_are_left_alone(codes: tuple[str, ...]) -> None:
    assert not findings(RULE, case(card(*codes)))


def test_a_name_that_the_prose_speaks_of_is_the_readers_to_define() -> None:
    text = card("import a\na(samples)") + "\nHere `samples` is a list of your own texts.\n"
    assert not findings(RULE, case(text))
