from __future__ import annotations

from hubq.audit.rules.symmetry_prose import RULE
from tests.audit.cases import case, findings
from tests.audit.checkpoints import config
from tests.rows import each_row

_SAID = "# X\n\nThis repository contains Small quantized to INT4 by zero-point quantization.\n"


def test_a_script_that_sets_otherwise_is_found() -> None:
    card = f"{_SAID}\n```python\nConfig(bits=4, sym=True)\n```\n"
    (found,) = findings(RULE, case(card, repo="acme/Small-GPTQ"))
    assert (found.severity, found.line) == ("warning", 3)
    assert found.found == "the quantization is symmetric: line 6 of the card sets sym=True"


def test_the_configuration_goes_first() -> None:
    texts = {"config.json": config(quant_method="gptq", bits=4, sym=True)}
    (found,) = findings(RULE, case(_SAID, texts=texts))
    assert "config.json" in found.found


@each_row(
    "card",
    [
        _SAID,
        _SAID + '\n```\n{"zero_point": True}\n```\n',
        _SAID + "\n```\nConfig(sym=True)\nConfig(sym=False)\n```\n",
        "# X\n\nAsymmetric load is a thing.\n\n```\nsym=True\n```\n",
    ],
)
def test_what_agrees_or_cannot_be_told_is_fine(card: str) -> None:
    assert not findings(RULE, case(card, repo="acme/Small-AWQ"))
