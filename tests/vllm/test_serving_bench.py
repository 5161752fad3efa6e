"""vLLM itself under load: servers with HTTP are started, timed in turns, and leave nothing behind.

Takes about 12 min of two busy cores, most of it for starting servers.
"""

from __future__ import annotations

import json
import signal
import statistics
import subprocess
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hubq.bench.sitting import Request, Sample, Sitting, read_samples, read_sitting
from hubq.model.codec import from_builtins, read_yaml
from hubq.model.workload import Workloads
from hubq.resources import bundled
from hubq.stats.rounds import typical
from hubq.workers.process import MAIN
from hubq.workers.specs import spec_for
from hubq.workers.variables import spec_environ
from tests.vllm.leftovers import Left, comes, is_free

pytestmark = pytest.mark.vllm

SIDE = MAIN.parent
SERVER_S = 240


def workloads() -> Workloads:
    path = bundled("recipes") / "workloads" / "nano-serving.yaml"
    return from_builtins(read_yaml(path), Workloads, path.name)


class Sittings:
    """Runs the worker on the nano family."""

    def __init__(self, bench: Any, folder: Path) -> None:
        self.bench, self.folder = bench, folder
        folder.mkdir()

    def job(self, *names: str | None, **changed: Any) -> dict[str, Any]:
        """Return a job whose subjects are these variants; none for one without a checkpoint."""
        plain: dict[str, Any] = msgspec.to_builtins(workloads())
        kept = {
            name: plain[name] for name in ("serving", "warm_up", "rounds", "limit_seconds", "dtype")
        }
        paths = [name and str(self.bench.checkpoint(name)) for name in names]
        partial = str(self.folder / "partial")
        return {**kept, "checkpoints": paths, "device": "cpu", "partial": partial, **changed}

    def quick(self, *names: str, rounds: int = 1) -> dict[str, Any]:
        """Return a job with one load of one workload, without warm-up."""
        workload: dict[str, Any] = msgspec.to_builtins(workloads().serving[1])
        workload["loads"] = [{"requests": 4, "concurrency": 1, "rate": None}]
        return self.job(
            *names,
            serving=[workload],
            warm_up={"least": 0, "most": 1, "within": 0.2},
            rounds={"least": rounds, "most": rounds, "precision": 0.0, "processes": 1},
        )

    def held(self, job: dict[str, Any]) -> tuple[Sitting, list[Sample]]:
        """Do a job to its end and read what it left."""
        control = self.folder / "control"
        self.bench.do("vllm", "bench", "bench_vllm", job, control)
        return read_sitting(control / "files"), list(read_samples(control / "files"))

    def started(self, job: dict[str, Any]) -> subprocess.Popen[bytes]:
        """Start a worker for one job, as a person would by hand."""
        control = self.folder / "by-hand"
        control.mkdir(exist_ok=True)
        (control / "job.json").write_text(json.dumps(job))
        return self.process(str(MAIN), "bench_vllm", str(control))

    def process(self, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
        """Start a program of side's in vLLM's environment."""
        python = self.bench.environment("vllm").interpreter
        environ = spec_environ(spec_for("vllm", "cpu"), scratch=self.folder, threads=1)
        command = [str(python), "-I", *arguments]
        return subprocess.Popen(command, env=environ, start_new_session=True, **options)

    def committed(self) -> int:
        """Return how many rounds are on the disk."""
        journal = self.folder / "partial" / "batches.jsonl"
        return max(0, journal.read_bytes().count(b"\n") - 1) if journal.exists() else 0


@pytest.fixture
def sittings(bench: Any, tmp_path: Path) -> Sittings:
    return Sittings(bench, tmp_path / "sitting")


@pytest.fixture(scope="module")
def whole(bench: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Sitting, list[Sample]]:
    """Return a sitting of BF16, a variant that vLLM refuses here, one it takes, and none."""
    found = Sittings(bench, tmp_path_factory.mktemp("whole") / "sitting")
    left = Left()
    rules = {
        "warm_up": {"least": 1, "most": 2, "within": 0.2},
        "rounds": {"least": 3, "most": 3, "precision": 0.05, "processes": 1},
    }
    sitting = found.held(found.job("BF16", "GPTQ-Int8", "GPTQ-Int4", None, **rules))
    assert left.nothing()
    return sitting


def test_what_vllm_can_serve_is_timed_and_the_rest_has_its_reason(
    whole: tuple[Sitting, list[Sample]],
) -> None:
    sitting, samples = whole
    plain, eight, four, missing = sitting.subjects
    assert (sitting.engine, sitting.residency) == ("vllm", "together")
    assert [one.state for one in sitting.subjects] == [
        "measured", "infeasible", "measured", "failed",
    ]  # fmt: skip
    assert eight.why.startswith("Marlin does not support weight_bits = uint8b128.")
    assert missing.why == "no checkpoint"
    assert four.kernels["CPUWNA16LinearKernel (AutoGPTQLinearMethod)"] == 6 * 4
    assert plain.kernels.keys() == {"UnquantizedLinearMethod"}
    assert four.weights_bytes is not None
    assert plain.weights_bytes is not None
    assert four.weights_bytes < plain.weights_bytes
    for one in (plain, four):
        assert one.attention == {"text": "CPUAttentionBackend", "vision": "TORCH_SDPA"}
        assert one.cache_tokens == four.cache_tokens
        assert {name: cell.state for name, cell in one.cells.items()} == {
            "picture": "measured",
            "chat": "measured",
        }
    assert {sample.position for sample in samples} == {0, 2}


def test_every_request_is_answered_in_full(whole: tuple[Sitting, list[Sample]]) -> None:
    _, samples = whole
    asked = {w.name: w for w in workloads().serving}
    for sample in samples:
        workload = asked[sample.workload]
        load = next(one for one in workload.loads if one.step == sample.step)
        assert len(sample.requests) == load.requests
        for one in sample.requests:
            assert one.error == ""
            assert one.output_tokens == workload.output_tokens
            assert 0 < one.ttft <= one.e2e <= sample.seconds
            assert one.ttft + sum(one.itl) == pytest.approx(one.e2e, abs=1e-6)
            # A server that gets no processor sends several tokens at once.
            assert len(one.itl) <= one.output_tokens - 1
        assert most_at_once(sample.requests) <= (load.concurrency or load.requests)


def test_all_subjects_get_the_same_requests_in_a_round_and_others_in_the_next(
    whole: tuple[Sitting, list[Sample]],
) -> None:
    """At a rate, the seed decides when requests are sent: it shows without their texts."""
    _, samples = whole
    sent = {
        (one.round, one.position): [request.start for request in one.requests]
        for one in samples
        if one.step == "r4"
    }
    rounds = max(number for number, _ in sent) + 1
    for number in range(rounds):
        mine = sent[number, 0]
        assert apart(mine, sent[number, 2]) < apart(mine, sent[(number + 1) % rounds, 0])


def test_the_figures_are_those_of_vllm_bench_serve(sittings: Sittings) -> None:
    """The command asks the same server for the same, taking turns with the worker's client."""
    ours, theirs = compared(sittings, rounds=5)
    for name, mine in (
        ("request_throughput", [len(one.requests) / one.seconds for one in ours]),
        ("median_ttft_ms", [1000 * median(one, lambda r: r.ttft) for one in ours]),
        ("median_tpot_ms", [1000 * median(one, tpot) for one in ours]),
    ):
        (low, high), (least, most) = interval(mine), interval([found[name] for found in theirs])
        assert low <= most, name
        assert least <= high, name


def test_a_server_that_fails_is_told_and_leaves_nothing(sittings: Sittings) -> None:
    left = Left()
    broken = sittings.folder / "broken"
    broken.mkdir()
    for path in sittings.bench.checkpoint("BF16").iterdir():
        if path.suffix != ".safetensors":
            (broken / path.name).write_bytes(path.read_bytes())
    (broken / "model.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    job = sittings.quick("BF16")
    sitting, samples = sittings.held({**job, "checkpoints": [*job["checkpoints"], str(broken)]})
    assert [one.state for one in sitting.subjects] == ["measured", "failed"]
    assert sitting.subjects[1].why
    assert str(sittings.folder) not in sitting.subjects[1].why
    assert len(samples) == 1
    assert left.nothing()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_ended_leaves_nothing_and_is_taken_up(
    sittings: Sittings, number: signal.Signals
) -> None:
    left = Left()
    job = sittings.quick("BF16", rounds=40)
    worker = sittings.started(job)
    try:
        while sittings.committed() < 2 and worker.poll() is None:
            time.sleep(0.05)
        (port,) = left.ports()
        assert not is_free(port)
        worker.send_signal(number)
        worker.wait(60)
    finally:
        worker.kill()
    assert comes(left.nothing)
    assert is_free(port)
    done = sittings.committed()
    assert 2 <= done < 40
    if number is not signal.SIGKILL:
        state = json.loads((sittings.folder / "by-hand" / "out.json").read_bytes())["state"]
        assert state == "stopped"
        return
    sitting, samples = sittings.held(job)
    assert sitting.rounds["chat/c1"].rounds == 40
    assert sitting.processes == 2
    assert [one.process for one in samples] == [0] * done + [1] * (40 - done)
    assert [one.round for one in samples] == list(range(40))
    assert all(early.at < late.at for early, late in pairwise(samples))


# --- another measurement --------------------------------------------------------------------------


ASKER = """
import json, sys
sys.path.append(sys.argv[1])
from pathlib import Path
import bench_client, bench_engine, bench_requests, bench_server

path = Path(sys.argv[2])
job = json.loads(path.read_bytes())
model, serving = Path(job["checkpoints"][0]), job["serving"]
arguments = bench_engine.arguments(model, serving, "bfloat16", "cpu", together=True)
server, client = bench_server.Server(arguments, path.parent / "server"), bench_client.Client(600)
try:
    server.start()
    print("HERE", server.port, flush=True)
    for line in sys.stdin:
        result = path.parent / "found.json"
        client.run(bench_requests.arguments(
            serving[0], serving[0]["loads"][0], port=server.port, tokenizer=model,
            seed=int(line), result=result,
        ))
        made = bench_requests.requests(json.loads(result.read_bytes()))
        found = {"requests": made, "seconds": bench_requests.seconds(made)}
        (path.parent / f"ours-{int(line)}.json").write_text(json.dumps(found))
        print("HERE", flush=True)
finally:
    client.close()
    server.stop()
"""


def compared(sittings: Sittings, rounds: int) -> tuple[list[Sample], list[dict[str, Any]]]:
    """Return what the worker's client and `vllm bench serve` find of a server that hubq started."""
    folder, model = sittings.folder, sittings.bench.checkpoint("BF16")
    workload: dict[str, Any] = msgspec.to_builtins(workloads().serving[1])
    workload["loads"] = [{"requests": 16, "concurrency": 4}]
    (folder / "job.json").write_text(
        json.dumps({"checkpoints": [str(model)], "serving": [workload]})
    )
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    asker = sittings.process("-c", ASKER, str(SIDE), str(folder / "job.json"), **pipes)
    try:
        port = said(asker)[0]
        for number in range(rounds + 1):
            bench_serve(sittings, model, port, number)
            asker.stdin.write(f"{number}\n".encode())  # type: ignore[union-attr]
            asker.stdin.flush()  # type: ignore[union-attr]
            said(asker)
    finally:
        asker.communicate(timeout=60)
    # The first round has warmed up the server.
    numbers = range(1, rounds + 1)
    theirs = [json.loads((folder / f"theirs-{number}.json").read_bytes()) for number in numbers]
    where = {"workload": "chat", "round": 0, "position": 0, "order": 0, "at": 0.0}
    ours = [
        msgspec.convert(where | json.loads((folder / f"ours-{number}.json").read_bytes()), Sample)
        for number in numbers
    ]
    for one, other in zip(ours, theirs, strict=True):
        assert sorted(r.input_tokens for r in one.requests) == sorted(other["input_lens"])
        assert sum(r.output_tokens for r in one.requests) == sum(other["output_lens"])
    return ours, theirs


def bench_serve(sittings: Sittings, model: Path, port: str, number: int) -> None:
    """Ask a server with vLLM's own command."""
    client = (
        *(str(SIDE / "snippet_vllm.py"), "bench", "serve", "--host", "127.0.0.1", "--port", port),
        *("--model", "model", "--tokenizer", str(model), "--seed", str(number)),
        *("--dataset-name", "random", "--random-input-len", "64", "--random-output-len", "32"),
        *("--num-prompts", "16", "--max-concurrency", "4", "--ignore-eos", "--temperature", "0"),
        *("--save-result", "--save-detailed", "--result-dir", str(sittings.folder)),
        *("--result-filename", f"theirs-{number}.json"),
    )
    with sittings.process(*client) as asking:
        assert asking.wait(SERVER_S) == 0


def said(asker: subprocess.Popen[bytes]) -> list[str]:
    """Return what a process says of itself, between what vLLM writes."""
    assert asker.stdout is not None
    for line in asker.stdout:
        if line.startswith(b"HERE"):
            return line.decode().split()[1:]
    raise AssertionError("it has ended")


def interval(values: list[float]) -> tuple[float, float]:
    found = typical(values)
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


def median(sample: Sample, value: Callable[[Request], float]) -> float:
    return statistics.median(map(value, sample.requests))


def tpot(request: Request) -> float:
    return (request.e2e - request.ttft) / (request.output_tokens - 1)


def apart(one: list[float], other: list[float]) -> float:
    """Return the mean difference of two lists."""
    return statistics.fmean(abs(a - b) for a, b in zip(one, other, strict=True))


def most_at_once(requests: tuple[Request, ...]) -> int:
    """Return how many requests were under way at a time."""
    began = [(one.start, 1) for one in requests]
    ended = [(one.start + one.e2e, -1) for one in requests]
    most = now = 0
    for _, change in sorted([*began, *ended]):
        now += change
        most = max(most, now)
    return most
