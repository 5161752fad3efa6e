from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hubq.errors import BadInput, HubProblem
from hubq.evaluate import scoring
from hubq.evaluate.generation import Record
from hubq.evaluate.items import Item
from hubq.evaluate.judge import CACHE, Judge
from hubq.evaluate.samples import read_samples
from hubq.model.suite import JudgeSpec
from hubq.secrets import redact

KEY = "sk-very-secret"


class Endpoint:
    """A server that speaks the API; answers are a status and a body, one a request."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any]] = []
        self.seen: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                outer.seen.append(json.loads(self.rfile.read(length)))
                outer.keys.append(self.headers.get("Authorization"))
                status, body = outer.answers.pop(0) if outer.answers else (200, says("NONE"))
                data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/v1"


def says(text: str | None) -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", "content": text}}]}


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    found = Endpoint()
    thread = threading.Thread(target=found.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield found
    found.server.shutdown()
    found.server.server_close()
    thread.join()


@pytest.fixture
def judge(endpoint: Endpoint, tmp_path: Path) -> Callable[[], Judge]:
    spec = JudgeSpec(
        model="reader", endpoint=endpoint.address, kind="vllm", key_variable="JUDGE_KEY", retries=2
    )
    return lambda: Judge(spec, tmp_path / CACHE, environ={"JUDGE_KEY": KEY}, pause=0)


def test_it_asks_at_temperature_zero_and_sends_the_key(
    endpoint: Endpoint, judge: Callable[[], Judge]
) -> None:
    endpoint.answers = [(200, says("B"))]
    assert judge().ask("Which?") == "B"
    assert endpoint.seen[0]["temperature"] == 0
    assert endpoint.seen[0]["model"] == "reader"
    assert endpoint.keys == [f"Bearer {KEY}"]


def test_a_known_answer_is_not_asked_for_again(
    endpoint: Endpoint, judge: Callable[[], Judge], tmp_path: Path
) -> None:
    endpoint.answers = [(200, says("B"))]
    judge().ask("Which?")
    with (tmp_path / CACHE).open("ab") as file:
        file.write(b'{"key": "cut o')
    again = judge()
    assert again.ask("Which?") == "B"
    assert len(endpoint.seen) == 1
    assert again.report().cached == 1
    assert KEY.encode() not in (tmp_path / CACHE).read_bytes()


def test_a_request_that_failed_is_sent_again_and_counted(
    endpoint: Endpoint, judge: Callable[[], Judge]
) -> None:
    endpoint.answers = [(503, "busy"), (200, "<html>"), (200, says("B"))]
    asked = judge()
    assert asked.ask("Which?") == "B"
    assert (asked.report().calls, asked.report().failures) == (1, 2)


@pytest.mark.parametrize(
    "answers",
    [
        [(500, "x")] * 3,
        [(200, "no json")] * 3,
        [(200, {"choices": []})] * 3,
        [(200, says(None))] * 3,
    ],
)
def test_a_judge_that_does_not_work_is_an_error(
    endpoint: Endpoint, judge: Callable[[], Judge], answers: list[tuple[int, Any]]
) -> None:
    endpoint.answers = list(answers)
    with pytest.raises(HubProblem, match="judge reader: no answer after 3 requests"):
        judge().ask("Which?")


@pytest.mark.parametrize("status", [401, 403, 404, 400, 302])
def test_a_refusal_is_not_tried_again_and_does_not_tell_the_key(
    endpoint: Endpoint, judge: Callable[[], Judge], status: int
) -> None:
    endpoint.answers = [(status, "no")]
    with pytest.raises(BadInput, match=f"HTTP {status}") as refused:
        judge().ask("Which?")
    assert len(endpoint.seen) == 1
    assert KEY not in str(refused.value)


def test_nobody_at_the_address_is_an_error(tmp_path: Path) -> None:
    spec = JudgeSpec(model="reader", endpoint="http://127.0.0.1:9/v1", kind="vllm", retries=1)
    with pytest.raises(HubProblem, match="no answer after 2 requests"):
        Judge(spec, tmp_path / CACHE, pause=0).ask("Which?")


def test_a_missing_key_and_a_strange_address_are_named(tmp_path: Path) -> None:
    spec = JudgeSpec(model="m", endpoint="http://127.0.0.1/v1", kind="openai", key_variable="KEY")
    with pytest.raises(BadInput, match="the environment variable KEY is not set"):
        Judge(spec, tmp_path / CACHE, environ={})
    with pytest.raises(BadInput, match="no http or https address"):
        Judge(JudgeSpec(model="m", endpoint="file:///etc", kind="x"), tmp_path / CACHE, environ={})


def prepared(folder: Path, outputs: list[str], **fields: Any) -> None:
    given = {"text": "?", "images": (), "max_new_tokens": 8, "choices": None, **fields}
    items = [
        Item(key=str(n), question_key=str(n), cluster=str(n), **given) for n in range(len(outputs))
    ]
    records = [
        Record(key=str(n), prompt_hash="h", output=said, tokens=1, finish="stop")
        for n, said in enumerate(outputs)
    ]
    for name, lines in (("items.jsonl", items), ("records.jsonl", records)):
        (folder / name).write_bytes(msgspec.json.Encoder().encode_lines(lines))


def settings(endpoint: Endpoint, form: str) -> dict[str, Any]:
    judge = {"model": "reader", "endpoint": endpoint.address, "kind": "vllm", "retries": 0}
    return {"task": {"form": form, "judge": judge}}


def test_an_address_with_a_password_is_refused_and_the_key_is_kept_secret(tmp_path: Path) -> None:
    spec = JudgeSpec(model="m", endpoint="https://me:word@judge.test/v1", kind="vllm")
    with pytest.raises(BadInput, match="holds a user or a password") as caught:
        Judge(spec, tmp_path / CACHE, environ={})
    assert "word@" not in str(caught.value)
    good = JudgeSpec(model="m", endpoint="https://judge.test/v1", kind="vllm", key_variable="KEY")
    Judge(good, tmp_path / CACHE, environ={"KEY": "judged-of-no-shape"})
    assert redact("sent judged-of-no-shape") == "sent ***"


def test_the_judge_reads_only_what_the_rules_cannot(endpoint: Endpoint, tmp_path: Path) -> None:
    said = ["B", "the barking one, surely", "I do not know", "  "]
    prepared(tmp_path, said, gold=("B",), choices={"A": "cat", "B": "dog"})
    endpoint.answers = [(200, says("B.")), (200, says("NONE"))]
    found = scoring.score(settings(endpoint, "multiple-choice"), tmp_path, tmp_path, tmp_path)
    read = msgspec.json.decode((tmp_path / scoring.SCORES).read_bytes())
    assert len(endpoint.seen) == 2
    assert "the barking one" in endpoint.seen[0]["messages"][0]["content"]
    assert read["score"]["value"] == 0.5
    assert read["by_rules"]["score"]["value"] == 0.25
    assert (read["unparsed"]["value"], read["by_rules"]["unparsed"]["value"]) == (0.25, 0.5)
    assert found.facts["judge"] == read["judge"] == {
        "model": "reader", "kind": "vllm", "asked": 2, "calls": 2, "cached": 0, "failures": 0,
        "unreadable": 0,
    }  # fmt: skip


def test_a_number_is_read_out_by_the_judge(endpoint: Endpoint, tmp_path: Path) -> None:
    prepared(tmp_path, ["three, no, four of 5"], gold=("4",))
    endpoint.answers = [(200, says("4"))]
    scoring.score(settings(endpoint, "numeric"), tmp_path, tmp_path, tmp_path, cache=tmp_path / "c")
    (sample,) = read_samples(tmp_path)
    assert (sample.extracted, sample.extraction, sample.score) == ("4", "judge", 1.0)
    assert (tmp_path / CACHE).read_bytes() == (tmp_path / "c" / CACHE).read_bytes()


def test_a_dead_judge_is_never_a_lower_score(endpoint: Endpoint, tmp_path: Path) -> None:
    prepared(tmp_path, ["3 or 4"], gold=("4",))
    endpoint.answers = [(500, "down")]
    with pytest.raises(HubProblem):
        scoring.score(settings(endpoint, "numeric"), tmp_path, tmp_path, tmp_path)
    assert not (tmp_path / scoring.SCORES).exists()
    endpoint.answers = [(200, says("I am a helpful assistant."))]
    with pytest.raises(HubProblem, match="1 of 1 replies held none"):
        scoring.score(settings(endpoint, "numeric"), tmp_path, tmp_path, tmp_path)
