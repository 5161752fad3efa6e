from __future__ import annotations

from hubq.audit.rules.bits_prose import RULE
from tests.audit import checkpoints
from tests.audit.cases import case, findings
from tests.rows import each_row

_INT8 = "This model was obtained by quantizing the weights of [Base](b) to INT8 data type.\n"


def test_int8_about_an_int4_model_is_found() -> None:
    card = f"# Small\n\n- **Weight quantization:** INT4\n\n{_INT8}"
    (found,) = findings(RULE, case(card, repo="acme/Small-quantized.w4a16"))
    assert (found.severity, found.line, found.said) == ("warning", 5, "INT8")
    assert found.found == "the weights have 4 bits: the repo's name says so"


def test_configuration_and_tensors_tell_it_too() -> None:
    subject = case(
        f"# Small\n\n{_INT8}",
        repo="acme/Small-GPTQ",
        texts={"config.json": checkpoints.config(quant_method="gptq", bits=4, group_size=128)},
        headers=checkpoints.one(checkpoints.gptq(4)),
    )
    (found,) = findings(RULE, subject)
    assert found.found == "the weights have 4 bits: config.json and the tensors say so"


def test_integers_are_not_floating_point() -> None:
    (found,) = findings(RULE, case(f"# Small\n\n{_INT8}", repo="acme/Small-FP8"))
    assert found.found == "the weights are floating-point numbers of 8 bits"


def test_sentences_that_differ_are_worth_a_word_where_nothing_else_is_known() -> None:
    card = f"# Small\n\n- Weight quantization: INT4\n\n{_INT8}"
    (found,) = findings(RULE, case(card, repo="acme/Small-quantized"))
    assert (found.severity, found.found) == ("info", "line 3 of the card says INT4")


def test_two_numbers_for_the_same_weights_are_found() -> None:
    card = "# Small\n\nRecipes in W8A8 (INT4 weights and activations) on a model.\n"
    (found,) = findings(RULE, case(card, repo="acme/Small"))
    assert (found.severity, found.line) == ("warning", 3)
    assert found.found == "it names both 8 and 4 bits for the weights"


def test_activations_are_held_against_name_and_configuration() -> None:
    card = "# Small\n\n- Weight quantization: INT8\n- Activation quantization: INT4\n"
    (found,) = findings(RULE, case(card, repo="acme/Small-w8a8"))
    assert (found.line, found.found) == (4, "the activations have 8 bits")


def test_activations_are_held_against_other_sentences() -> None:
    said = "This model was obtained by quantizing the weights and activations of Base to FP8."
    card = f"# Small\n\n- Activation quantization: INT4\n\n{said}\n"
    (found,) = findings(RULE, case(card, repo="acme/Small-FP8"))
    assert (found.severity, found.line) == ("info", 5)


@each_row(
    ("name", "text"),
    [
        ("Small-GPTQ-Int4", "This repo contains the 4-bit quantized model."),
        ("Small-GPTQ-Int4", "Compared with the 8-bit model, this one is faster."),
        ("Small-GPTQ-Int4", "- [8-bit models](x)\n- [4-bit models](y)"),
        ("Small-GPTQ-Int4", "The KV cache is quantized to INT8."),
        ("Small-GPTQ-Int4", "| Branch | Bits |\n|---|---|\n| main | 4 |\n| eight | 8 |"),
        ("Small-GPTQ-Int4", "- Weight quantization: INT4\n- Activation quantization: INT8"),
        ("Small", "W4A16 (INT4 weights, FP16 activations) and W8A8 (INT8 weights)."),
        ("Small", "W8A8, 4-bit weights are for another day."),
        ("Small-W4A8", "- Activation quantization: FP8"),
        ("Small-FP8", "- Activation quantization: FP8\n- Weight quantization: FP8"),
        ("Small-w4a16", "- Activation quantization: None"),
        ("Small-W4A8", "The weights were quantized to INT4, and activations to FP8."),
        ("Small-GGUF", "This repo contains the 4-bit quantized model."),
        ("Small-Q8_0-GGUF", "Some files: 4-bit quantized version of Small."),
        ("Small-mixed-GPTQ", "This is the int8 quantized version of Small."),
        ("Small-FP8", "The weights were quantized to 8 bits."),
        ("Small-FP8", "Optimization reduces the number of bits per parameter from 16 to 8."),
        ("Small-bnb-4bit", "Directly quantized 4bit model with `bitsandbytes`."),
    ],
)
def test_other_sentences_are_left_alone(name: str, text: str) -> None:
    assert not findings(RULE, case(f"# Small\n\n{text}\n", repo=f"acme/{name}"))


def test_a_title_that_is_a_name_does_where_the_repo_is_not_known() -> None:
    (found,) = findings(RULE, case(f"# Small-quantized-w4a16\n\n{_INT8}"))
    assert found.found == "the weights have 4 bits: the card's title says so"
    assert not findings(RULE, case(f"# Small is w4a16\n\n{_INT8}"))
