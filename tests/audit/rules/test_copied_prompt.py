from __future__ import annotations

from hubq.audit.rules.copied_prompt import RULE
from tests.audit.cases import case, findings
from tests.rows import each_row


def card(base: str, prompt: str) -> str:
    return f'---\nbase_model: {base}\n---\n\n# X\n\n```python\nprompt = "{prompt}"\n```\n'


@each_row(
    ("base", "prompt", "name"),
    [
        (
            "Qwen/Qwen2.5-VL-7B-Instruct",
            "<|user|>\\n<|image_1|>\\nWhat is it?<|end|>",
            "Phi-3-vision",
        ),
        ("Qwen/Qwen2-7B-Instruct", "<|start_header_id|>user<|end_header_id|>", "Llama 3"),
        ("meta-llama/Llama-3.1-8B-Instruct", "<start_of_turn>user", "Gemma"),
        ("google/gemma-2-9b-it", "<|im_start|>user", "ChatML"),
        ("mistralai/Mistral-7B-Instruct-v0.3", "<|start_header_id|>user", "Llama 3"),
    ],
)
def test_a_prompt_of_another_family_is_found(base: str, prompt: str, name: str) -> None:
    (found,) = findings(RULE, case(card(base, prompt)))
    assert (found.severity, found.line, found.part) == ("warning", 8, name)


@each_row(
    ("base", "prompt"),
    [
        ("Qwen/Qwen2.5-VL-7B-Instruct", "<|im_start|>user\\n<|vision_start|><|image_pad|>"),
        ("meta-llama/Llama-3.1-8B-Instruct", "<|start_header_id|>user<|end_header_id|>"),
        ("mistralai/Mistral-7B-Instruct-v0.3", "<s>[INST] Hello [/INST]"),
        ("microsoft/Phi-3-mini-4k-instruct", "<|user|>\\nHello<|end|>"),
        ("someone/Llama-3-8B-Hermes", "<|im_start|>user"),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "<｜User｜>Hello"),
        ("HuggingFaceH4/zephyr-7b-beta", "<|user|>\\nHello</s>"),
    ],
)
def test_a_models_own_prompt_is_left_alone(base: str, prompt: str) -> None:
    assert not findings(RULE, case(card(base, prompt)))


def test_a_token_that_the_template_has_is_left_alone() -> None:
    template = {"tokenizer_config.json": {"chat_template": "<|user|>{{ x }}"}}
    subject = case(card("Qwen/Qwen2-7B-Instruct", "<|user|>Hello"), texts=template)
    assert not findings(RULE, subject)


def test_a_comparison_is_left_alone() -> None:
    front = "---\nbase_model: google/gemma-2-9b-it\n---\n\n"
    text = f"{front}Unlike ChatML (`<|im_start|>`), turns are its own.\n"
    assert not findings(RULE, case(text))
