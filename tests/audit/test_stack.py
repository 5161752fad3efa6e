from __future__ import annotations

from pathlib import Path

import pytest

from hubq.audit.document import Document
from hubq.audit.stack import from_source, stated
from tests.audit.fuzzing import limit
from tests.rows import each_row

CARDS = Path(__file__).resolve().parents[3] / "shared" / "cards" / "readme"


def said(text: str) -> list[tuple[str, str, str]]:
    """Return package, version and kind of what a card states."""
    return [(one.package, one.version, one.kind) for one in stated(Document(text))]


def test_a_list_of_versions_is_a_stack() -> None:
    text = (
        "# Speed\n\nEnvironment:\n\n- NVIDIA A100 80GB\n- CUDA 11.8\n- Pytorch 2.2.1+cu118\n"
        "- Flash Attention 2.6.1\n- Transformers 4.38.2\n"
        "- AutoAWQ 0.2.5+cu118 (autoawq_kernels 0.0.6+cu118)\n"
    )
    assert said(text) == [
        ("cuda", "11.8", "stack"),
        ("torch", "2.2.1+cu118", "stack"),
        ("flash-attn", "2.6.1", "stack"),
        ("transformers", "4.38.2", "stack"),
        ("autoawq", "0.2.5+cu118", "stack"),
        ("autoawq-kernels", "0.0.6+cu118", "stack"),
    ]
    found = stated(Document(text))
    assert len({one.group for one in found}) == 1
    assert [one.spot for one in found][:2] == [(6, 8), (7, 11)]
    assert found[3].heading == "Speed"
    assert found[3].said == "Transformers 4.38.2"


@each_row(
    "text",
    [
        "Requires transformers>=4.45.",
        "Requires: Transformers 4.45.0 or later.",
        "Please use `transformers` 4.45.0 or newer.",
        "You must use Transformers 4.45.0.",
        "We recommend transformers 4.45.0+.",
        "- transformers 4.45.0 and above",
        "# Requirements\n\n- transformers 4.45.0\n",
        "- pytorch2.0及以上版本\n- transformers 4.45.0及以上版本",
        "Install `transformers >= 4.45.0`",
        "```bash\npip install 'transformers>=4.45.0'\n```",
    ],
)
def test_a_minimum_is_none_of_a_stack(text: str) -> None:
    found = [kind for package, _, kind in said(text) if package == "transformers"]
    assert found == ["least"]


@each_row(
    "text",
    [
        "All numbers were measured with Transformers 4.45.0 on one A100.",
        "Tested on transformers v4.45.0.",
        "- Transformers: 4.45.0",
        "- **Transformers** 4.45.0",
        "- `transformers` version: `4.45.0`",
        "- transformers==4.45.0 was used",
        "| Package | Version |\n|---|---|\n| transformers | 4.45.0 |\n",
        "<table><tr><td>Transformers</td><td>v4.45.0</td></tr></table>",
    ],
)
def test_what_something_was_run_with_is_found(text: str) -> None:
    ((package, version, kind),) = said(text)
    assert (package, version.removeprefix("v")) == ("transformers", "4.45.0")
    assert kind in ("stack", "pin")


@each_row(
    "text",
    [
        "```bash\npip install transformers==4.45.0 accelerate\n```",
        "```\ntransformers==4.45.0\n```",
        "```text\ntorch\ntransformers==4.45.0  # for the processor\n```",
        "Run `pip install transformers==4.45.0` first.",
    ],
)
def test_an_exact_requirement_is_a_pin(text: str) -> None:
    assert said(text) == [("transformers", "4.45.0", "pin")]


@each_row(
    "text",
    [
        "With `transformers<4.45.0`, you will encounter the following error:",
        "Support was added in transformers 4.45.0.",
        "# Changelog\n\n- transformers 4.38.2: first version\n- transformers 4.40.0: faster\n",
        "There is a bug in Transformers 4.45.0.",
        "This does not work with transformers 4.45.0.",
        "If you are using PyTorch 2.0, build it from source.",
        "```python\nprint(transformers.__version__)  # 4.45.0\n```",
        "The torch 2x faster kernel reached 4.45 tokens/s.",
        "my-transformers 4.45.0",
        "https://example.com/transformers/4.45.0",
        "transformers score 4.5% better",
        "",
    ],
)
def test_versions_that_are_only_talked_about_are_left_out(text: str) -> None:
    assert said(text) == []


def test_lists_below_different_headings_are_different_stacks() -> None:
    text = "## A\n\n- vLLM 0.6.3\n- torch 2.4.0\n\n## B\n\n- Transformers 4.45.0\n- torch 2.2.1\n"
    groups = [one.group for one in stated(Document(text))]
    assert groups[0] == groups[1] != groups[2] == groups[3]


def test_a_sentence_has_all_its_versions() -> None:
    text = "The profiling runs on a single A100 GPU with PyTorch 2.0.1 and CUDA 11.4."
    assert said(text) == [("torch", "2.0.1", "stack"), ("cuda", "11.4", "stack")]
    assert len({one.group for one in stated(Document(text))}) == 1


def test_positions_are_those_of_the_file() -> None:
    text = "---\nlicense: mit\n---\n\nText.\nTested with\ntransformers 4.45.0 and torch 2.4.0.\n"
    assert [one.spot for one in stated(Document(text))] == [(7, 14), (7, 31)]


def test_building_from_source_is_found() -> None:
    assert from_source(Document("pip install git+https://github.com/huggingface/transformers"))
    assert from_source(Document("We advise you to build from source."))
    assert from_source(Document("Install transformers from source.")) == (
        "Install transformers from source"
    )
    assert not from_source(Document("The source model is X."))


def test_hostile_cards_do_not_hang() -> None:
    for text in (
        "transformers 4.45.0 " * 3_000,
        "tested transformers 4.45.0\n" * 3_000,
        "- torch 2.2.1\n" * 3_000,
        "transformers " * 20_000 + "1.1",
        "transformers" + " " * 100_000 + "4.45.0",
        "transformers 1" + ".1" * 100_000,
    ):
        with limit(60):
            stated(Document(text))


@pytest.mark.skipif(not CARDS.is_dir(), reason="the real cards are not here")
def test_the_stack_of_a_real_card_is_read() -> None:
    card = CARDS / "Qwen_Qwen2-VL-7B-Instruct-GPTQ-Int4.md"
    found = {one.package: one.version for one in stated(Document(card.read_text()))}
    assert found == {
        "cuda": "11.8",
        "torch": "2.2.1+cu118",
        "flash-attn": "2.6.1",
        "transformers": "4.38.2",
        "auto-gptq": "0.6.0+cu118",
        "autoawq": "0.2.5+cu118",
        "autoawq-kernels": "0.0.6+cu118",
    }
