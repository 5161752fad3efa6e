from __future__ import annotations

from typing import Any

from hubq.audit.rules.sibling_config import RULE
from hubq.audit.subject import Subject
from tests.audit.cases import case, findings

AWQ = {"quant_method": "awq", "bits": 4, "group_size": 128}
CONFIG: dict[str, Any] = {
    "model_type": "zeta",
    "hidden_size": 64,
    "num_hidden_layers": 4,
    "rope_theta": 1000000.0,
    "intermediate_size": 300,
}


def _repo(name: str, *siblings: Subject, **changes: Any) -> Subject:
    card = f"# {name}\n\nText.\n"
    config = {"config.json": CONFIG | {"quantization_config": AWQ} | changes}
    return case(card, repo=f"acme/{name}", texts=config, siblings=siblings)


def test_a_key_of_the_original_that_differs_is_found() -> None:
    other = _repo("Zeta-7B-GPTQ-Int4", quantization_config={"quant_method": "gptq", "bits": 4})
    (found,) = findings(RULE, _repo("Zeta-7B-AWQ", other, rope_theta=10000.0))
    assert (found.severity, found.path, found.said) == ("warning", "config.json", "10000.0")
    assert found.line > 0
    assert "says 1000000.0 for rope_theta" in found.found


def test_padding_absent_keys_and_other_methods_are_fine() -> None:
    other = _repo("Zeta-7B-GPTQ-Int4", quantization_config={"quant_method": "gptq", "bits": 4})
    assert not findings(RULE, _repo("Zeta-7B-AWQ", other, intermediate_size=304))
    assert not findings(RULE, _repo("Zeta-7B-AWQ", other, rms_norm_eps=1e-6, vocab_size=99))


def test_repos_of_other_models_are_not_compared() -> None:
    other = _repo("Zeta-72B-AWQ", hidden_size=128, num_hidden_layers=80)
    assert not findings(RULE, _repo("Zeta-7B-AWQ", other))


def test_modules_left_out_on_one_side_alone_are_worth_knowing() -> None:
    kept = AWQ | {"modules_to_not_convert": ["visual"]}
    other = _repo("Zeta-7B-4bit-AWQ", quantization_config=kept)
    (found,) = findings(RULE, _repo("Zeta-7B-AWQ", other))
    assert (found.severity, found.said) == ("info", "none")
    assert "visual" in found.found


def test_what_tools_write_in_other_ways_is_worth_knowing() -> None:
    other = _repo("Zeta-7B-GPTQ-Int4", architectures=["ZetaForCausalLM"])
    (found,) = findings(RULE, _repo("Zeta-7B-AWQ", other, architectures=["ZETAForCausalLM"]))
    assert found.severity == "info"
