from __future__ import annotations

from hubq.audit.rules.pipeline_tag import RULE
from tests.audit.cases import case, findings

CARD = "---\nlicense: mit\n{}---\n\n# x\n"
TEXT = CARD.format("pipeline_tag: text-generation\n")


def test_a_task_that_is_not_said_is_worth_knowing() -> None:
    (found,) = findings(RULE, case(CARD.format("")))
    assert (found.severity, found.found) == ("info", "pipeline_tag is not said")


def test_an_unknown_task_is_found() -> None:
    (found,) = findings(RULE, case(CARD.format("pipeline_tag: chatting\n")))
    assert (found.severity, found.said) == ("warning", "chatting")


def test_a_model_that_sees_is_no_text_model() -> None:
    config = {"vision_config": {"depth": 32}}
    (found,) = findings(RULE, case(TEXT, texts={"config.json": config}))
    assert found.severity == "warning"
    base = case(CARD.format("pipeline_tag: image-text-to-text\n"), repo="acme/x")
    (found,) = findings(RULE, case(TEXT, base=base))
    assert found.severity == "warning"
    (found,) = findings(RULE, case(TEXT, repo="acme/Zeta-3.2-11B-Vision-Instruct-FP8"))
    assert (found.severity, found.line) == ("info", 3)


def test_text_models_with_like_names_are_fine() -> None:
    for name in ("Revision-7B-AWQ", "Vllm-7B-AWQ", "Provl-7B-AWQ", "Zeta-7B-vllm-fp8"):
        assert not findings(RULE, case(TEXT, repo=f"acme/{name}"))
    tag = CARD.format("pipeline_tag: image-text-to-text\n")
    assert not findings(RULE, case(tag, repo="acme/Zeta-VL-7B-AWQ"))
    assert not findings(RULE, case("# x\n"))


def test_a_model_that_writes_makes_no_pictures() -> None:
    card = CARD.format("pipeline_tag: text-to-image\n")
    (found,) = findings(RULE, case(card, repo="acme/Zeta-1.5B-Instruct-AWQ"))
    assert (found.severity, found.said) == ("warning", "text-to-image")
    config = {"architectures": ["ZetaForCausalLM"]}
    assert findings(RULE, case(card, texts={"config.json": config}))


def test_other_tasks_of_other_models_are_fine() -> None:
    card = CARD.format("pipeline_tag: text-to-image\n")
    assert not findings(RULE, case(card, repo="acme/flux-fp8"))
    card = CARD.format("pipeline_tag: automatic-speech-recognition\n")
    assert findings(RULE, case(card, repo="acme/Zeta-7B-Instruct-AWQ"))
    assert not findings(RULE, case(card, repo="acme/Zeta-Audio-7B-Instruct-AWQ"))
    card = CARD.format("pipeline_tag: feature-extraction\n")
    config = {"architectures": ["ZetaForCausalLM"]}
    assert not findings(RULE, case(card, texts={"config.json": config}))
    broken = {"architectures": "x", "vision_config": 3}
    assert not findings(RULE, case(card, texts={"config.json": broken}))
