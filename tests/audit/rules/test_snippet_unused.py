from __future__ import annotations

from hubq.audit.rules.snippet_unused import RULE
from tests.audit.cases import case, findings
from tests.rows import each_row

FILLS = "calib = []\nfor batch in batched(dataset, 1):\n    calib.append(processor(batch))"


def card(*codes: str) -> str:
    return "# Tern\n\n" + "\n".join(f"```python\n{code}\n```\n" for code in codes)


def test_data_that_are_prepared_and_not_passed_are_found() -> None:
    (found,) = findings(RULE, case(card(FILLS, "model.quantize(dataset, cache=False)")))
    assert (found.severity, found.line, found.column) == ("warning", 10, 16)
    assert "`calib`" in found.found


@each_row(
    "codes",
    [
        (FILLS, "model.quantize(calib)"),
        (FILLS, "model.quantize(calib_data=calib, more=dataset)"),
        (FILLS + "\nprint(len(calib))", "model.quantize(dataset)"),
        (FILLS,),
        (FILLS, "model.save(folder)"),
        ("calib = [1]\nfor x in dataset:\n    calib.append(x)", "model.quantize(dataset)"),
    ],
)
def test_data_that_are_passed_or_may_be_are_left_alone(codes: tuple[str, ...]) -> None:
    assert not findings(RULE, case(card(*codes)))
