from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hubq.model.workload import Load

PICTURE = {
    "name": "document",
    "input_tokens": 64,
    "output_tokens": 3,
    "images": 2,
    "image_size": [1680, 2240],
}
TEXT = {**PICTURE, "images": 0}


@pytest.fixture
def requests(side: Any) -> Any:
    return side("bench_requests")


def options(requests: Any, workload: dict[str, Any], load: dict[str, Any]) -> dict[str, str]:
    """Return the client's options with their values."""
    place = {"port": 81, "tokenizer": Path("m"), "seed": 7, "result": Path("f/found.json")}
    words = requests.arguments(workload, load, **place)
    following = [*words[1:], "--"]
    return {
        word: "" if after.startswith("--") else after
        for word, after in zip(words, following, strict=True)
        if word.startswith("--")
    }


def found(backend: str, **columns: list[Any]) -> dict[str, Any]:
    """Return what vLLM's client writes about two requests of three tokens."""
    return {
        "backend": backend,
        "start_times": [100.5, 100.0],
        "ttfts": [0.2, 0.1],
        "latencies": [0.8, 0.7],
        "itls": [[0.001, 0.3, 0.299], [0.002, 0.3, 0.298]],
        "input_lens": [20, 21],
        "output_lens": [3, 3],
        "errors": ["", ""],
        **columns,
    }


def test_a_workload_with_pictures_is_a_chat(requests: Any) -> None:
    said = options(requests, PICTURE, {"requests": 8, "concurrency": 4, "rate": None})
    assert said["--endpoint"] == "/v1/chat/completions"
    assert said["--dataset-name"] == "random-mm"
    # vLLM has the height before the width.
    assert said["--random-mm-bucket-config"] == "{(2240, 1680, 1): 1.0}"
    assert said["--random-mm-base-items-per-request"] == "2"
    assert said["--random-mm-limit-mm-per-prompt"] == '{"image": 2, "video": 0}'
    assert (said["--max-concurrency"], said["--num-prompts"], said["--seed"]) == ("4", "8", "7")
    assert (said["--random-input-len"], said["--random-output-len"]) == ("64", "3")
    assert "--request-rate" not in said
    assert said["--ignore-eos"] == ""
    assert (said["--result-dir"], said["--result-filename"]) == ("f", "found.json")


def test_text_is_completed_without_a_chat_template(requests: Any) -> None:
    said = options(requests, TEXT, {"requests": 8, "rate": 2.5})
    assert (said["--endpoint"], said["--dataset-name"]) == ("/v1/completions", "random")
    assert said["--request-rate"] == "2.5"
    assert "--max-concurrency" not in said
    unlimited = options(requests, TEXT, {"requests": 8})
    assert not {"--request-rate", "--max-concurrency"} & unlimited.keys()


def test_a_request_that_asks_nothing_is_infeasible(requests: Any, side: Any) -> None:
    nothing = {**TEXT, "input_tokens": 0}
    with pytest.raises(side("bench_sitting").Lost) as lost:
        options(requests, nothing, {"requests": 1})
    assert lost.value.state == "infeasible"


@pytest.mark.parametrize(
    "load",
    [
        {"requests": 1, "concurrency": 4},
        {"requests": 1, "rate": 2.5},
        {"requests": 1, "rate": 1000000.0},
        {"requests": 1},
    ],
)
def test_steps_have_the_names_that_measures_have(requests: Any, load: dict[str, Any]) -> None:
    assert requests.step_name(load) == Load(**load).step


def test_requests_come_in_the_order_of_their_sending(requests: Any) -> None:
    made = requests.requests(found("openai"))
    assert [one[0] for one in made] == [0.0, 0.5]
    assert made[0][1:] == [0.1, 0.7, [0.002, 0.3, 0.298], 21, 3, ""]
    assert requests.seconds(made) == pytest.approx(1.3)


def test_the_opening_piece_of_a_chat_is_no_token(requests: Any) -> None:
    first, _ = requests.requests(found("openai-chat"))
    start, ttft, e2e, itl, _, outputs, _ = first
    assert start == 0.0
    assert ttft == pytest.approx(0.102)
    assert itl == [0.3, 0.298]
    assert len(itl) == outputs - 1
    assert ttft + sum(itl) == pytest.approx(e2e)


def test_a_request_that_failed_says_why_and_has_no_times(requests: Any) -> None:
    traceback = 'Traceback:\n  File "/home/me/x.py", line 1\naiohttp.ClientError: gone'
    made = requests.requests(found("openai", errors=["", traceback], output_lens=[3, 0]))
    assert made[0] == [0.0, 0.0, 0.0, [], 21, 0, "aiohttp.ClientError: gone"]
    assert len(requests.answered(made)) == 1
    assert requests.speed("c1", {"requests": made, "seconds": 0.5}) == 2.0


def test_a_run_without_any_answer_is_lost(requests: Any, side: Any) -> None:
    made = requests.requests(found("openai", errors=["Bad Request"] * 2, output_lens=[0, 0]))
    with pytest.raises(side("bench_sitting").Lost, match="Bad Request"):
        requests.seconds(made)


def test_under_a_rate_the_speed_is_that_of_an_answer(requests: Any) -> None:
    made = requests.requests(found("openai"))
    sample = {"requests": made, "seconds": 4.0}
    assert requests.speed("r2.5", sample) == pytest.approx(1 / 0.75)
    assert requests.speed("max", sample) == 0.5
