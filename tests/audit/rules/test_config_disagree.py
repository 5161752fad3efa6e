from __future__ import annotations

from hubq.audit.rules.config_disagree import RULE
from tests.audit.cases import case, findings
from tests.audit.checkpoints import config
from tests.rows import each_row


def test_each_setting_that_differs_is_found() -> None:
    texts = {
        "config.json": config(quant_method="gptq", bits=4, group_size=128, desc_act=False),
        "quantize_config.json": '{\n "bits": 8,\n "group_size": 32,\n "desc_act": true\n}',
    }
    found = findings(RULE, case(texts=texts))
    assert [(one.line, one.part, one.severity) for one in found] == [
        (2, "bits", "error"),
        (3, "group_size", "error"),
        (4, "desc_act", "error"),
    ]
    assert found[0].found == "config.json says bits is 4, quantize_config.json says 8"


def test_versions_of_a_format_are_not_the_same_bytes() -> None:
    texts = {
        "config.json": config(quant_method="gptq", bits=4, checkpoint_format="gptq_v2"),
        "quantize_config.json": {"quant_method": "gptq", "bits": 4, "checkpoint_format": "gptq"},
    }
    (found,) = findings(RULE, case(texts=texts))
    assert found.part == "format"


@each_row(
    ("method", "path", "other"),
    [
        ("gptq", "quantize_config.json", {"bits": 4, "group_size": 128, "desc_act": False}),
        ("gptq", "quantize_config.json", {"bits": 4, "damp_percent": 0.1}),
        ("awq", "quant_config.json", {"w_bit": 4, "q_group_size": 128, "version": "GEMM"}),
        ("awq", "hf_quant_config.json", {"producer": {"name": "modelopt"}, "quantization": {}}),
        ("auto-round", "quantize_config.json", {"quant_method": "gptq", "bits": 4}),
        ("gptq", "quantize_config.json", {}),
    ],
)
def test_other_words_for_the_same_are_fine(
    method: str, path: str, other: dict[str, object]
) -> None:
    mine = config(quant_method=method, bits=4, group_size=128)
    assert not findings(RULE, case(texts={"config.json": mine, path: other}))


def test_another_method_in_a_second_file_is_found() -> None:
    texts = {
        "config.json": config(quant_method="gptq", bits=4),
        "quant_config.json": {"w_bit": 4, "q_group_size": 128},
    }
    (found,) = findings(RULE, case(texts=texts))
    assert found.part == "method"
