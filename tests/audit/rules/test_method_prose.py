from __future__ import annotations

from hubq.audit.rules.method_prose import RULE
from tests.audit.cases import case, findings
from tests.audit.checkpoints import config
from tests.rows import each_row


def test_another_method_is_found() -> None:
    card = "# X\n\nThis repo contains the AWQ-quantized 4-bit model.\n"
    (found,) = findings(RULE, case(card, repo="acme/Small-GPTQ-Int4"))
    assert (found.line, found.found) == (3, "the method is gptq, as the repo's name says")


def test_the_configuration_tells_it_too() -> None:
    card = "# X\n\nThis model was quantized using AutoGPTQ.\n"
    texts = {"config.json": config(quant_method="awq", bits=4)}
    (found,) = findings(RULE, case(card, repo="acme/Small-4bit", texts=texts))
    assert "config.json" in found.found


@each_row(
    ("name", "text"),
    [
        ("Small-GPTQ", "This model was quantized using GPTQModel."),
        ("Small-GPTQ", "This model was quantized using LLM Compressor."),
        ("Small-GPTQ", "We also publish an AWQ-quantized model."),
        ("Small-AWQ", "Repositories: [GPTQ models](x) quantized with GPTQ, AWQ models (this one)."),
        ("Small-AutoRound", "This model was quantized using AutoRound and exported as GPTQ."),
    ],
)
def test_others_are_left_alone(name: str, text: str) -> None:
    assert not findings(RULE, case(f"# X\n\n{text}\n", repo=f"acme/{name}"))
