from __future__ import annotations

from pathlib import Path

import pytest

from hubq.audit.rules.impossible_stack import RULE
from tests.audit.cases import case, findings
from tests.rows import each_row

QWEN = {"config.json": {"model_type": "qwen2_vl"}}
CARDS = Path(__file__).resolve().parents[4] / "shared" / "cards" / "readme"


def test_a_stack_from_before_the_architecture_is_found() -> None:
    card = "# Speed\n\n- CUDA 11.8\n- Transformers 4.38.2\n"
    (found,) = findings(RULE, case(card, texts=QWEN))
    assert (found.severity, found.line, found.column) == ("error", 4, 16)
    assert found.said == "Transformers 4.38.2"
    assert "4.45.0 of 2024-09-25" in found.found
    assert "model_type `qwen2_vl`" in found.found
    assert found.sources == ("https://pypi.org/project/transformers/4.45.0/",)


def test_what_the_card_says_of_building_is_repeated() -> None:
    card = "Build from source.\n\n# Speed\n\n- Transformers 4.38.2\n"
    (found,) = findings(RULE, case(card, texts=QWEN))
    assert found.found.endswith("elsewhere the card says: Build from source")


def test_a_pinned_requirement_that_cannot_load_it_is_a_warning() -> None:
    card = "```bash\npip install transformers==4.44.2\n```\n"
    (found,) = findings(RULE, case(card, texts=QWEN))
    assert found.severity == "warning"


@pytest.mark.parametrize(
    "card",
    [
        "Requires transformers>=4.38.0.\n",
        "# Requirements\n\n- transformers 4.38.0 or later\n",
    ],
)
def test_a_minimum_that_is_too_low_is_info(card: str) -> None:
    (found,) = findings(RULE, case(card, texts=QWEN))
    assert found.severity == "info"
    assert "would do by this" in found.found


def test_what_only_the_name_tells_is_info() -> None:
    (found,) = findings(RULE, case("- Transformers 4.38.2\n", repo="acme/Qwen2-VL-2B-AWQ"))
    assert found.severity == "info"
    assert "by its name" in found.found


def test_vllm_is_held_to_the_same() -> None:
    config = {"architectures": ["Qwen2VLForConditionalGeneration"], "model_type": "qwen2_vl"}
    card = "Measured with vLLM 0.5.4 on one A100.\n"
    (found,) = findings(RULE, case(card, texts={"config.json": config}))
    assert found.severity == "error"
    assert "first release of vLLM that knows it is 0.6.1" in found.found


def test_sglang_too() -> None:
    (found,) = findings(RULE, case("Measured with SGLang 0.3.0.\n", texts=QWEN))
    assert "first release of SGLang that knows it is 0.3.4.post1" in found.found
    assert not findings(RULE, case("Measured with SGLang 0.3.0.\n", repo="acme/Llama-3-8B"))


def test_another_engine_beside_it_may_have_loaded_the_model() -> None:
    for engine in ("vLLM 0.6.1", "SGLang 0.4.0", "LMDeploy 0.6.0"):
        card = f"# Speed\n\n- {engine}\n- Transformers 4.44.2\n"
        (found,) = findings(RULE, case(card, texts=QWEN))
        assert found.severity == "info"


def test_the_same_version_is_reported_once() -> None:
    card = "# A\n\n- Transformers 4.38.2\n\n# B\n\n- Transformers 4.38.2\n"
    assert len(findings(RULE, case(card, texts=QWEN))) == 1


@each_row(
    "card",
    [
        "- Transformers 4.45.0.dev0\n",
        "- Transformers 4.45\n",
        "- Transformers 4.57.1\n",
        "With `transformers<4.45.0`, you will encounter `KeyError: 'qwen2_vl'`.\n",
        "# Changelog\n\n- Transformers 4.38.2: first try\n",
        "Support for Qwen2 was added in transformers 4.37.0.\n",
        "```bash\npip install 'transformers>=4.45'\n```\n",
        "- torch 2.2.1\n",
    ],
)
def test_versions_that_can_have_run_it_are_silent(card: str) -> None:
    assert not findings(RULE, case(card, texts=QWEN))


def test_unknown_architectures_and_models_with_their_own_code_are_silent() -> None:
    card = "- Transformers 4.30.2\n"
    assert not findings(RULE, case(card, texts={"config.json": {"model_type": "chatglm"}}))
    own = {"model_type": "qwen2_vl", "auto_map": {"AutoModel": "m.X"}}
    assert not findings(RULE, case(card, texts={"config.json": own}))
    assert not findings(RULE, case(card, repo="acme/chatglm2-6b-int4"))
    assert not findings(RULE, case(card))


@pytest.mark.skipif(not CARDS.is_dir(), reason="the real cards are not here")
def test_real_cards() -> None:
    found: dict[str, str] = {}
    for path in sorted(CARDS.glob("*.md")):
        repo = path.stem.replace("_", "/", 1)
        subject = case(path.read_text(), repo=repo)
        for one in findings(RULE, subject):
            found[repo] = one.severity
    assert found == {
        "Qwen/Qwen2-VL-7B-Instruct-GPTQ-Int4": "error",
        "TheBloke/Mistral-7B-Instruct-v0.2-GPTQ": "info",
        "TheBloke/zephyr-7B-beta-GPTQ": "info",
    }
