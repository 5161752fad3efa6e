from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest


@pytest.fixture
def engine(side: Any) -> Any:
    return side("vllm_engine")


class Speaking:
    """Answers as `vllm.LLM` does, always with the same tokens."""

    def __init__(self, tokens: list[int], logged: float) -> None:
        self.tokens, self.logged, self.heard = tokens, logged, list[Any]()

    def get_tokenizer(self) -> Any:
        return SimpleNamespace(all_special_ids=[2])

    def chat(self, messages: Any, sampling: object, *, use_tqdm: bool) -> list[Any]:
        self.heard.append((messages, sampling))
        steps = [{token: SimpleNamespace(logprob=self.logged)} for token in self.tokens]
        output = SimpleNamespace(text="six", token_ids=tuple(self.tokens), logprobs=steps)
        return [SimpleNamespace(outputs=[output])]


def test_answers_come_without_the_end_of_turn_and_say_whether_they_are_finite(
    engine: Any,
) -> None:
    prompts = [
        {"name": "Doc/1", "text": "see?", "images": ["picture"], "max_new_tokens": 16},
        {"text": "say?", "images": [], "max_new_tokens": 12},
    ]
    speaking = Speaking([29, 2], -0.5)
    seen, said = engine.ask(speaking, prompts, lambda most: most)
    assert (seen["tokens"], seen["pictures"], seen["finite"]) == ([29], 1, True)
    assert seen["question"] == "Doc/1"
    assert (said["question"], said["answer"], said["pictures"]) == ("say?", "six", 0)
    (pictured, most), (plain, _) = speaking.heard
    assert most == 16
    assert [part["type"] for part in pictured[0]["content"]] == ["image_pil", "text"]
    assert plain == [{"role": "user", "content": "say?"}]
    (broken,) = engine.ask(Speaking([0], math.nan), prompts[:1], lambda most: most)
    assert broken["finite"] is False
