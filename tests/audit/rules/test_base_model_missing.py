from __future__ import annotations

from hubq.audit.rules.base_model_missing import RULE
from tests.audit.cases import case, findings

CARD = (
    "---\nlicense: mit\n---\n\n# Zeta-7B-AWQ\n\nMade from [Zeta-7B](https://hf.co/acme/Zeta-7B).\n"
)


def test_a_quantized_repo_without_a_base_is_found_and_the_link_named() -> None:
    (found,) = findings(RULE, case(CARD, repo="acme/Zeta-7B-AWQ"))
    assert found.severity == "warning"
    assert "line 7 links to acme/Zeta-7B" in found.found
    assert "`base_model: acme/Zeta-7B`" in found.remedy


def test_two_links_of_the_name_are_no_answer() -> None:
    card = f"{CARD}\n[Zeta](https://huggingface.co/other/Zeta-7B)\n"
    (found,) = findings(RULE, case(card, repo="acme/Zeta-7B-AWQ"))
    assert found.found == "base_model is not said"


def test_a_link_to_a_repo_whose_name_only_begins_so_is_not_the_base() -> None:
    card = CARD.replace("acme/Zeta-7B)", "acme/Zeta-7B-AWQ-old)")
    (found,) = findings(RULE, case(card, repo="acme/Zeta-7B-AWQ"))
    assert found.found == "base_model is not said"


def test_a_base_or_a_model_that_is_not_quantized_is_fine() -> None:
    based = CARD.replace("license", "base_model: acme/Zeta-7B\nlicense")
    assert not findings(RULE, case(based, repo="acme/Zeta-7B-AWQ"))
    assert not findings(RULE, case(CARD, repo="acme/Zeta-7B"))
    assert not findings(RULE, case(CARD, repo="acme/Zeta-7B-mlx"))


def test_the_configuration_tells_of_quantization_too() -> None:
    config = {"quantization_config": {"quant_method": "gptq", "bits": 4}}
    assert findings(RULE, case(CARD, repo="acme/zeta", texts={"config.json": config}))
