from __future__ import annotations

from hubq.audit.rules.group_size import RULE
from tests.audit.cases import case, findings
from tests.audit.checkpoints import config
from tests.rows import each_row

_SAID = "# X\n\nThe weights were quantized with a group size of 128.\n"


def test_name_and_configuration_that_differ_are_found() -> None:
    texts = {"config.json": config(quant_method="gptq", bits=4, group_size=32)}
    (found,) = findings(RULE, case(repo="acme/Small-4bit-128g", texts=texts))
    assert (found.severity, found.path) == ("error", "config.json")
    assert found.found == "config.json says that the group size is 32, the repo's name says 128"


def test_a_sentence_that_differs_is_found() -> None:
    texts = {"config.json": config(quant_method="gptq", bits=4, group_size=32)}
    (found,) = findings(RULE, case(_SAID, repo="acme/Small", texts=texts))
    assert (found.severity, found.line, found.said) == ("warning", 3, "group size of 128")


def test_the_cards_own_code_counts_where_nothing_else_says_it() -> None:
    card = f"{_SAID}\n```python\nconfig = GPTQConfig(\n    bits=4, group_size=64)\n```\n"
    (found,) = findings(RULE, case(card, repo="acme/Small-GPTQ"))
    assert found.found == "the group size is 64: the card's own code says so in line 7"


@each_row(
    "card",
    [
        _SAID,
        _SAID + "\n```\nGPTQConfig(group_size=128)\n```\n",
        _SAID + "\n```\nGPTQConfig(group_size=128)\nGPTQConfig(group_size=32)\n```\n",
        "# X\n\n- GS: GPTQ group size. Higher numbers use less VRAM.\n",
        "# X\n\n| Bits | GS |\n|---|---|\n| 4 | 32 |\n| 4 | 128 |\n",
        "# X\n\nOne was quantized with a group size of 128, one with a group size of 32.\n",
    ],
)
def test_what_agrees_or_tells_of_several_is_fine(card: str) -> None:
    texts = {"config.json": config(quant_method="gptq", bits=4, group_size=128)}
    assert not findings(RULE, case(card, repo="acme/Small-GPTQ", texts=texts))
