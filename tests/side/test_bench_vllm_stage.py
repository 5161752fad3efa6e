"""Servers are stand-ins behind real HTTP, the client writes what vLLM's own would."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.side.stand_in_server import STAND_IN, becomes, shared

pytestmark = pytest.mark.long

WORKLOAD = {
    "name": "chat",
    "input_tokens": 8,
    "output_tokens": 3,
    "images": 0,
    "image_size": [84, 84],
    "loads": [{"requests": 2, "concurrency": 1}, {"requests": 2, "rate": 4.0}],
}
CONFIG = {"num_hidden_layers": 1, "num_key_value_heads": 1, "num_attention_heads": 1}


@pytest.fixture
def stage(side: Any, tmp_path: Path) -> Iterator[Any]:
    server = side("bench_server")
    program = tmp_path / "stand_in.py"
    program.write_text(STAND_IN)

    class Client(side("bench_client").Client):  # type: ignore[misc]
        """Answers two requests; refuses to a server that is paused."""

        def __init__(self) -> None:
            super().__init__(60)
            self.heard: list[dict[str, str]] = []
            self.errors = ["", ""]

        def run(self, arguments: list[str]) -> None:
            said = dict(pairwise(arguments))
            server.get(int(said["--port"]), "/health")
            self.heard.append(said)
            found = {
                "backend": "openai",
                "start_times": [10.0, 11.0],
                "ttfts": [0.1, 0.1],
                "latencies": [0.5, 0.5],
                "itls": [[0.2, 0.2], [0.2, 0.2]],
                "input_lens": [8, 8],
                "output_lens": [3, 3],
                "errors": self.errors,
            }
            result = Path(said["--result-dir"]) / said["--result-filename"]
            result.write_text(json.dumps(found))

    class Stage(side("bench_stage").Stage):  # type: ignore[misc]
        def _server(self, checkpoint: Path, dtype: str, folder: Path) -> Any:
            broken = ["--broken"] if checkpoint.name == "b" and dtype == "bfloat16" else []
            return server.Server(broken, folder, program, 30)

    checkpoints = []
    for name in "ab":
        checkpoint = tmp_path / name
        checkpoint.mkdir()
        (checkpoint / "config.json").write_text(json.dumps({**CONFIG, "hidden_size": 8}))
        (checkpoint / "model.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
        checkpoints.append(str(checkpoint))
    job = {
        "checkpoints": checkpoints,
        "serving": [WORKLOAD],
        "limit_seconds": 60.0,
        "dtype": "bfloat16",
        "device": "cpu",
        "partial": str(tmp_path / "partial"),
    }
    found = Stage(job, tmp_path / "scratch", lambda: None, together=True, client=Client())
    (tmp_path / "scratch").mkdir()
    yield found
    found.close()


def step(side: Any, name: str) -> Any:
    return side("bench_turns").Step("chat", name)


def test_servers_take_turns_and_only_one_has_the_processor(stage: Any, side: Any) -> None:
    for position, dtype in enumerate(("bfloat16", "float16")):
        facts = stage.load(position)
        assert facts["dtype"] == dtype
        assert (facts["kernels"], facts["cache_tokens"]) == ({"Linear": 2}, 174720)
        assert facts["disk_bytes"] == 10
    pids = [stage._running[position].server.pids() for position in (0, 1)]
    assert all(becomes(pid, "T") for pid in [*pids[0], *pids[1]])
    one = step(side, "c1")
    assert stage.begin(0, one) == {"prompt_tokens": 8}
    assert all(becomes(pid, "S", "R") for pid in pids[0])
    assert stage.warm(0, one) == 1.5
    stage.begin(1, one)
    assert all(becomes(pid, "T") for pid in pids[0])
    for position in (0, 1):
        played = stage.play(position, one, 7)
        assert (played["seconds"], played["joules"], len(played["requests"])) == (1.5, None, 2)
        assert stage.speed(one, played) == pytest.approx(2 / 1.5)
        memory = stage.memory(position, one)
        assert (memory["peak_bytes"], memory["before_bytes"]) == (7, 5)
    seeds = [int(said["--seed"]) for said in stage._client.heard]
    assert seeds[-2:] == [7, 7]
    assert all(seed > 1000 for seed in seeds[:-2])
    tokenizers = {said["--tokenizer"] for said in stage._client.heard}
    assert len(tokenizers) == 1
    stage.unload(0)
    stage.unload(1)
    assert all(becomes(pid, "", "Z") for pid in [*pids[0], *pids[1]])


def test_a_server_that_died_is_told_and_started_again(stage: Any, side: Any) -> None:
    stage.load(0)
    one = step(side, "r4")
    stage.begin(0, one)
    pids = stage._running[0].server.pids()
    memory = shared(pids)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    for path in memory:  # its tracker may have been quicker
        path.unlink(missing_ok=True)
    with pytest.raises(side("bench_sitting").Lost, match="was killed by SIGKILL") as lost:
        stage.memory(0, one)
    assert lost.value.state == "failed"
    assert stage.begin(0, one) == {"prompt_tokens": 8}
    assert stage.warm(0, one) == 1.5


def test_a_workload_that_is_refused_has_the_servers_reason(stage: Any, side: Any) -> None:
    stage.load(0)
    stage._client.errors = ["Bad Request", "Bad Request"]
    with pytest.raises(side("bench_sitting").Lost, match="there are 1024") as lost:
        stage.begin(0, step(side, "c1"))
    assert lost.value.state == "infeasible"
