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


def test_a_library_of_which_the_card_does_not_speak_is_found() -> None:
    code = "```python\nfrom transformers import AutoModel\n```\n" + "Some words more.\n" * 30
    card = CARD.format("library_name: timm\n") + code
    (found,) = findings(RULE, case(card, repo="acme/x-AWQ"))
    assert (found.severity, found.said, found.line) == ("warning", "timm", 3)
    (found,) = findings(RULE, case(card.replace("from", "# from"), repo="acme/x-AWQ"))
    assert found.severity == "info"
    (found,) = findings(RULE, case(card.replace("from", "# from"), repo="acme/x-GGUF"))
    assert (found.severity, found.found.partition("; ")[2]) == ("warning", "the files are GGUF")


def test_a_library_of_which_the_card_speaks_is_fine() -> None:
    code = "```python\nfrom transformers import AutoModel\n```\n" + "Some words more.\n" * 30
    card = CARD.format("library_name: timm\n") + code
    assert not findings(RULE, case(f"{card}\nIt is a tower of timm.\n", repo="acme/x-AWQ"))
    own = CARD.format("library_name: transformers\n") + code.replace("transformers", "vllm")
    assert not findings(RULE, case(own, repo="acme/x-AWQ"))
    assert not findings(RULE, case(CARD.format("library_name: timm\n"), repo="acme/x-AWQ"))
    assert not findings(RULE, case(card, repo="acme/x"))
