"""What a card's own sentences say of its model."""

from __future__ import annotations

from hubq.audit.document import Document
from hubq.audit.wording import said_in
from tests.rows import each_row


def _said(text: str) -> list[tuple[str, float | str]]:
    return [(one.topic, one.value) for one in said_in(Document(f"# X\n\n{text}\n"))]


@each_row(
    ("text", "expected"),
    [
        (
            "This model was obtained by quantizing the weights of [B](b) to INT8 data type.",
            ("bits", 8),
        ),
        ("- **Weight quantization:** INT4", ("bits", 4)),
        ("* Bits: 4", ("bits", 4)),
        ("This repository holds the 4-bit quantized model.", ("bits", 4)),
        ("This is the int4 quantized version of Small.", ("bits", 4)),
        ("FP8 (F8_E4M3) quantized version of Small.", ("bits", 8)),
        ("It is the result of quantising to 4bit with care.", ("bits", 4)),
        ("This optimization reduces the number of bits per parameter from 16 to 8.", ("bits", 8)),
        ("These weights were quantized to INT4, and activations to INT8.", ("bits", 4)),
        ("The weights were quantized with a group size of 64.", ("group-size", 64)),
        ("- Group size: 32", ("group-size", 32)),
        ("- Quantization method: GPTQ", ("method", "gptq")),
        ("This model was quantized using AutoAWQ.", ("method", "awq")),
        ("This repo contains the quantized 72B Small model.", ("size", 72)),
        ("This model is quantized by zero-point quantization.", ("symmetric", 0)),
    ],
)
def test_it_reads_sentences_about_the_model(text: str, expected: tuple[str, float | str]) -> None:
    assert expected in _said(text)


@each_row(
    "text",
    [
        "# Small-GPTQ-Int8",
        "The KV cache is quantized to INT8.",
        "Int8 models are slower than the 4-bit quantized model.",
        "We also publish the 8-bit quantized version of this model.",
        "This model can be loaded in 8-bit with bitsandbytes.",
        "ExLlama supports models in 4-bit.",
        "- 2, 3, 4, 5, 6 and 8-bit GGUF models",
        "- Bits: The bit size of the quantised model.",
        "- Activation quantization: INT8",
        "This repo and `acme/Small-GPTQ-Int8` hold quantized models.",
        "Block scales are quantized with 6 bits.",
        "This model is quantized to 4-bit except lm_head in 8-bit.",
        "| Bits | 8 |\n|---|---|\n| 4 | 5 |",
        "```\nThis model was quantized to INT8.\n```",
    ],
)
def test_it_leaves_alone_what_is_about_something_else(text: str) -> None:
    assert not [one for one in _said(text) if one[0] in ("bits", "method")]


def test_it_says_where() -> None:
    (found,) = said_in(Document("# X\n\nSome.\n- Weight quantization: INT4\n"))
    assert (found.line, found.column, found.floating) == (4, 24, False)


def test_long_text_is_read_in_linear_time() -> None:
    for piece in (
        "This model ",
        "quantized ",
        "INT4 ",
        "a" * 50 + ": ",
        "( ",
        "[x](",
        "from 16 to ",
    ):
        assert isinstance(_said(piece * 20_000), list)
