from __future__ import annotations

from hubq.audit.rules.bits_name import RULE
from tests.audit.cases import case, findings
from tests.audit.checkpoints import config
from tests.rows import each_row


def test_another_number_in_the_name_is_found() -> None:
    texts = {"config.json": config(quant_method="gptq", bits=4, group_size=128)}
    (found,) = findings(RULE, case(repo="acme/Small-GPTQ-Int8", texts=texts))
    assert (found.severity, found.path, found.said) == ("error", "config.json", "Int8")
    assert "have 4 bits, the repo's name says 8" in found.found
    assert found.line == 1


def test_it_looks_at_files_beside_the_configuration_too() -> None:
    texts = {"config.json": {}, "quant_config.json": {"w_bit": 4, "q_group_size": 128}}
    (found,) = findings(RULE, case(repo="acme/Small-AWQ-8bit", texts=texts))
    assert found.path == "quant_config.json"


@each_row(
    ("name", "quantization"),
    [
        ("Small-GPTQ-Int4", {"quant_method": "gptq", "bits": 4}),
        ("Small-AWQ", {"quant_method": "awq", "bits": 4}),
        ("Small-GPTQ-Int4-Int8Mix", {"quant_method": "gptq", "bits": 4}),
        ("Small-GPTQ-Int4", {"quant_method": "gptq", "bits": 4, "dynamic": {"x": {"bits": 8}}}),
        ("Small-W4A8", {"config_groups": {"a": {"weights": {"num_bits": 4}}}}),
        ("Small-AWQ-INT4-KV-FP8", {"quant_method": "awq", "bits": 4}),
        ("Small-FP8-KV", {"quant_method": "fp8", "kv_cache_scheme": {"num_bits": 8}}),
        ("Small-Q8_0-GGUF", {"quant_method": "bitsandbytes", "load_in_4bit": True}),
        ("Small-bnb-4bit", {"quant_method": "bitsandbytes", "load_in_4bit": True}),
    ],
)
def test_names_that_agree_or_tell_of_several_are_fine(
    name: str, quantization: dict[str, object]
) -> None:
    assert not findings(
        RULE, case(repo=f"acme/{name}", texts={"config.json": config(**quantization)})
    )
