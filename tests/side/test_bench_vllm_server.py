"""A stand-in for vLLM behind real HTTP: what starts it, asks it and ends it is the worker's own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.side.conftest import SIDE
from tests.side.stand_in_server import STAND_IN, becomes, is_free, shared, vanishes

pytestmark = pytest.mark.long

WORKER = """
import os, sys, time
sys.path.append(sys.argv[1])
import bench_server
from pathlib import Path

server = bench_server.Server([], Path(sys.argv[2]), Path(sys.argv[3]), 30)
server.start()
time.sleep(0.5)
server.pause()
print(server.port, *server.pids(), flush=True)
time.sleep(600)
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "stand_in.py"
    path.write_text(STAND_IN)
    return path


@pytest.fixture
def server(side: Any, tmp_path: Path, program: Path) -> Iterator[Any]:
    found = side("bench_server").Server([], tmp_path / "server", program, 30)
    yield found
    found.stop()


def test_a_server_is_asked_and_leaves_nothing_behind(server: Any) -> None:
    assert server.start() > 0
    assert server.alive
    pids = server.pids()
    assert len(pids) >= 2
    said = server.describe()
    assert (said["cache_tokens"], said["positions"]) == (174720, 1024)
    assert (said["kernels"], said["method"]) == ({"Linear": 2}, "hubq_describe")
    assert server.engine("hubq_memory", "fresh")[0]["args"] == ["fresh"]
    (memory,) = shared(server.pids())
    assert memory.exists()
    server.stop()
    assert is_free(server.port)
    assert all(becomes(pid, "", "Z") for pid in pids)
    assert not server.alive
    assert not memory.exists()


def test_a_paused_server_has_no_processor_and_is_ended_all_the_same(server: Any) -> None:
    server.start()
    pids = server.pids()
    server.pause()
    assert all(becomes(pid, "T") for pid in pids)
    server.go_on()
    assert all(becomes(pid, "S", "R") for pid in pids)
    server.pause()
    began = time.monotonic()
    server.stop()
    assert time.monotonic() - began < 10
    assert is_free(server.port)


def test_a_server_that_has_died_says_how(server: Any) -> None:
    server.start()
    memory = shared(server.pids())
    for pid in server.pids():
        os.kill(pid, signal.SIGKILL)
    while server.alive:
        time.sleep(0.02)
    assert server.death() == "it was killed by SIGKILL"
    assert is_free(server.port)
    for path in memory:  # it was made after the server was ready: nobody else knows of it
        path.unlink(missing_ok=True)


def test_nothing_is_left_when_the_worker_is_killed_while_its_server_is_paused(
    tmp_path: Path, program: Path
) -> None:
    arguments = [sys.executable, "-c", WORKER, str(SIDE), str(tmp_path / "server"), str(program)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        port, *pids = map(int, worker.stdout.readline().split())
        memory = shared(pids)
        taken = not is_free(port)
        worker.kill()
    assert taken
    assert len(memory) == 1
    assert all(becomes(pid, "", "Z") for pid in pids)
    assert is_free(port)
    assert vanishes(memory[0])


def test_a_dtype_that_is_refused_is_followed_by_the_next(
    side: Any, tmp_path: Path, program: Path
) -> None:
    made: list[Any] = []

    def make(dtype: str) -> Any:
        broken = ["--broken"] if dtype == "bfloat16" else []
        made.append(side("bench_server").Server(broken, tmp_path / "server", program, 30))
        return made[-1]

    found, dtype, seconds = side("bench_starting").start(make, ["bfloat16", "float16"])
    assert (found, dtype) == (made[1], "float16")
    assert seconds > 0
    found.stop()
    with pytest.raises(side("snippet_server").NotReadyError, match="ended with status 1"):
        side("bench_starting").start(make, ["bfloat16"])
    assert side("bench_starting").last_error(made[-1].log).startswith("ValueError: torch.bfloat16")


def test_a_refused_request_is_told_in_the_servers_words(side: Any, server: Any) -> None:
    server.start()
    refusal = side("bench_refusal")
    workload = {"input_tokens": 2000, "output_tokens": 8, "images": 0, "image_size": [28, 28]}
    lost = refusal.refused(server.port, workload, "Bad Request")
    assert lost.state == "infeasible"
    assert lost.why == "you asked for 2000 tokens, there are 1024"
    chat = refusal.refused(server.port, {**workload, "images": 1, "input_tokens": 2}, "Bad")
    assert (chat.state, chat.why) == ("failed", "Bad")


def test_a_request_longer_than_the_model_is_infeasible_unasked(side: Any) -> None:
    refusal = side("bench_refusal")
    workload = {"input_tokens": 1000, "output_tokens": 32, "images": 0}
    refusal.check(workload, 1032)
    with pytest.raises(side("bench_sitting").Lost, match="1032 tokens exceed 1024 positions"):
        refusal.check(workload, 1024)


def test_pictures_are_sent_as_data(side: Any) -> None:
    workload = {"input_tokens": 0, "output_tokens": 8, "images": 2, "image_size": [56, 28]}
    path, asked = side("bench_refusal").request(workload)
    assert path == "/v1/chat/completions"
    text, *pictures = asked["messages"][0]["content"]
    assert text == {"type": "text", "text": ""}
    assert len(pictures) == 2
    assert json.dumps(pictures[0]).count("data:image/png;base64,") == 1
