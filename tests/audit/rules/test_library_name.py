from __future__ import annotations

from hubq.audit.rules.library_name import RULE
from tests.audit.cases import case, findings

CARD = "---\nlicense: mit\n{}---\n\n# x\n"


def test_a_library_that_is_not_said_is_worth_knowing() -> None:
    (found,) = findings(RULE, case(CARD.format(""), repo="acme/x-AWQ"))
    assert found.severity == "info"


def test_a_misspelt_library_is_worth_knowing() -> None:
    card = CARD.format("library_name: Transformer\n")
    (found,) = findings(RULE, case(card, repo="acme/x-AWQ"))
    assert (found.said, found.line) == ("Transformer", 3)
    assert "transformers" in found.found


def test_a_library_of_ones_own_and_gguf_files_are_fine() -> None:
    for name in ("transformers", "Model Optimizer", "mlx", "vllm"):
        card = CARD.format(f"library_name: {name}\n")
        assert not findings(RULE, case(card, repo="acme/x-AWQ"))
    assert not findings(RULE, case(CARD.format(""), repo="acme/x-GGUF"))
    assert not findings(RULE, case(CARD.format(""), repo="acme/x", files={"x-Q4_K_M.gguf": 1}))
    assert not findings(RULE, case("# x\n", repo="acme/x-AWQ"))
