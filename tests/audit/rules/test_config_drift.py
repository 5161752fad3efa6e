from __future__ import annotations

from typing import Any

from hubq.audit.rules.config_drift import RULE
from hubq.audit.subject import Subject
from tests.audit.cases import case, findings
from tests.rows import each_row


def _pair(mine: dict[str, Any], theirs: dict[str, Any]) -> Subject:
    base = case(repo="acme/Small", texts={"config.json": theirs})
    return case(repo="acme/Small-AWQ", texts={"config.json": mine}, base=base)


def test_another_shape_is_found() -> None:
    (found,) = findings(RULE, _pair({"num_hidden_layers": 28}, {"num_hidden_layers": 32}))
    assert (found.severity, found.said) == ("warning", "num_hidden_layers: 28")
    assert found.found == "acme/Small has 32"


def test_other_behaviour_is_worth_a_word() -> None:
    (found,) = findings(RULE, _pair({"rope_theta": 10000.0}, {"rope_theta": 1000000.0}))
    assert found.severity == "info"


def test_another_architecture_is_worth_a_word() -> None:
    (found,) = findings(RULE, _pair({"model_type": "opt"}, {"model_type": "qwen2"}))
    assert (found.severity, found.said) == ("info", "model_type: opt")


@each_row(
    ("mine", "theirs"),
    [
        ({"hidden_size": 64}, {"text_config": {"hidden_size": 64}}),
        ({"text_config": {"hidden_size": 64}}, {"hidden_size": 64, "vocab_size": 9}),
        ({"rope_theta": 10000}, {"text_config": {"rope_parameters": {"rope_theta": 10000.0}}}),
        ({"model_type": "gemma3_text"}, {"model_type": "gemma3"}),
        ({"eos_token_id": 7}, {"eos_token_id": [7, 8]}),
        ({"transformers_version": "4.45.0"}, {"transformers_version": "4.40.0"}),
        ({"torch_dtype": "float16"}, {"torch_dtype": "bfloat16"}),
        ({"hidden_size": None, "vocab_size": {}}, {"hidden_size": 3, "vocab_size": 4}),
        ({"max_position_embeddings": 8192}, {"max_position_embeddings": 2048}),
    ],
)
def test_other_places_and_what_quantization_changes_are_fine(
    mine: dict[str, Any], theirs: dict[str, Any]
) -> None:
    assert not findings(RULE, _pair(mine, theirs))
