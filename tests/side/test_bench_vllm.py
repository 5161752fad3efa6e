from __future__ import annotations

import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

CONFIG = {
    "num_hidden_layers": 28,
    "num_key_value_heads": 2,
    "num_attention_heads": 12,
    "hidden_size": 1536,
}


def workload(**fields: Any) -> dict[str, Any]:
    return {
        "name": "chat",
        "input_tokens": 512,
        "output_tokens": 256,
        "images": 0,
        "image_size": [84, 84],
        "loads": [{"requests": 8, "concurrency": 1}, {"requests": 64, "rate": 2}],
        **fields,
    }


@pytest.fixture
def engine(side: Any) -> Any:
    return side("bench_engine")


def checkpoint(folder: Path, **config: Any) -> Path:
    (folder / "config.json").write_text(json.dumps({**CONFIG, **config}))
    (folder / "model.safetensors").write_bytes(bytes(1000))
    return folder


def value(words: list[str], name: str) -> str:
    return words[words.index(name) + 1]


def test_nothing_of_an_earlier_request_answers_a_later_one(engine: Any, tmp_path: Path) -> None:
    model = checkpoint(tmp_path, vision_config={"depth": 2})
    shown = workload(images=3, loads=[{"requests": 600, "concurrency": 300}])
    words = engine.arguments(model, [workload(), shown], "float16", "cpu", together=True)
    assert words[0] == str(model)
    assert "--no-enable-prefix-caching" in words
    assert value(words, "--mm-processor-cache-gb") == "0"
    assert value(words, "--limit-mm-per-prompt") == '{"image": 3, "video": 0}'
    assert value(words, "--dtype") == "float16"
    assert value(words, "--max-num-seqs") == "300"
    assert "--enforce-eager" in words


def test_a_text_model_takes_no_pictures(engine: Any, tmp_path: Path) -> None:
    words = engine.arguments(checkpoint(tmp_path), [workload()], "bfloat16", "cpu", together=False)
    assert "--limit-mm-per-prompt" not in words
    assert "--max-num-seqs" not in words
    assert int(value(words, "--kv-cache-memory-bytes")) == 4 * 16384 * 28 * 2 * 128


def test_alone_on_a_gpu_a_server_has_the_cache_that_vllm_leaves_it(
    engine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "gpu_share", lambda _: 0.9)
    model = checkpoint(tmp_path)
    alone, beside = (
        engine.arguments(model, [workload()], "bfloat16", "cuda", together=together)
        for together in (False, True)
    )
    assert "--kv-cache-memory-bytes" not in alone
    assert "--kv-cache-memory-bytes" in beside
    for words in (alone, beside):
        assert value(words, "--gpu-memory-utilization") == "0.90"
        assert "--enforce-eager" not in words


def test_the_cache_has_room_for_the_largest_load(engine: Any, tmp_path: Path) -> None:
    shown = workload(images=1, image_size=[1680, 2240], output_tokens=128, input_tokens=64)
    assert engine.tokens(shown) == 64 + 60 * 80 + 128
    shown["loads"] = [{"requests": 64, "concurrency": 32}]
    bytes_ = engine.cache_bytes(checkpoint(tmp_path), [workload(), shown])
    assert bytes_ == 32 * 4992 * 4 * 28 * 2 * 128


def test_servers_stand_side_by_side_only_where_they_fit(engine: Any, tmp_path: Path) -> None:
    model = checkpoint(tmp_path)
    assert not engine.fit_together([model] * 5000, [workload()], "cpu")


def test_the_cache_that_fits_is_that_of_a_server_alone(engine: Any) -> None:
    cache = {"cache_bytes": 10, "cache_tokens": 5}
    assert engine.fitting(1000, 110, cache) == {"cache_bytes": 800, "cache_tokens": 400}
    assert engine.fitting(100, 200, cache) == {"cache_bytes": 0, "cache_tokens": 0}


def test_energy_is_that_of_the_run_alone(side: Any) -> None:
    meter = side("bench_energy").Meter(lambda: None)
    meter.readings = [(0.0, 100.0), (1.0, 110.0), (2.0, 130.0)]
    assert meter.between(0.5, 1.5) == pytest.approx(15.0)
    assert meter.between(-1.0, 9.0) == pytest.approx(30.0)


def test_energy_is_read_until_the_run_has_ended(side: Any) -> None:
    began = time.perf_counter()
    with side("bench_energy").Meter(time.perf_counter) as meter:
        time.sleep(0.25)
    assert len(meter.readings) >= 3
    assert meter.between(began, time.perf_counter()) == pytest.approx(0.25, abs=0.2)


def test_without_a_counter_there_is_no_energy(side: Any) -> None:
    with side("bench_energy").Meter(lambda: None) as meter:
        pass
    assert meter.between(0.0, 1.0) is None


STAND_IN = """
import os, sys, time
sys.path.append({side!r})
import vllm_launch, vllm_serving

vllm_launch.connect()
for request in vllm_serving.requests(int(sys.argv[1])):
    word = request["arguments"][0]
    if word == "sleep":
        time.sleep(600)
    if word == "die":
        os._exit(3)
    vllm_serving.reply({{"error": "" if word == "bench" else "ValueError: what?"}})
"""


@pytest.fixture
def client(side: Any, tmp_path: Path) -> Any:
    from tests.side.conftest import SIDE

    program = tmp_path / "client.py"
    program.write_text(STAND_IN.format(side=str(SIDE)))
    return lambda limit_s: side("bench_client").Client(limit_s, program)


def test_a_client_stays_for_the_next_run(client: Any) -> None:
    one = client(60)
    one.run(["bench"])
    pid = one._server.pid
    one.run(["bench"])
    assert one._server.pid == pid
    one.close()
    one.close()


def test_a_client_that_fails_takes_one_run_with_it(client: Any, side: Any) -> None:
    lost = side("bench_sitting").Lost
    one = client(60)
    with pytest.raises(lost, match="ValueError"):
        one.run(["no"])
    with pytest.raises(lost, match="ended with status 3"):
        one.run(["die"])
    one.run(["bench"])
    one.close()


def test_a_run_that_takes_too_long_is_ended(client: Any, side: Any) -> None:
    one = client(0.3)
    with pytest.raises(side("bench_sitting").Lost, match="no end after") as lost:
        one.run(["sleep"])
    assert lost.value.state == "timeout"
    one.close()


def test_a_stop_ends_the_client(client: Any, side: Any) -> None:
    events = side("events")
    one = client(60)
    one.run(["bench"])
    events.request_stop()
    with pytest.raises(events.Stop):
        one.run(["sleep"])
    assert one._server is None


def sitting(*subjects: tuple[str, str]) -> dict[str, Any]:
    found = [{"state": state, "why": why} for state, why in subjects]
    return {"subjects": found, "rounds": {"chat/c1": {"rounds": 5, "stopped": "most"}}}


def test_a_sitting_with_one_server_is_one(side: Any) -> None:
    worker = side("bench_vllm")
    said = worker.summary(sitting(("measured", ""), ("infeasible", "Marlin")))
    assert said == {"states": ["measured", "infeasible"], "rounds": {"chat/c1": 5}}
    events = side("events")
    with pytest.raises(events.Infeasible, match="no CPU"):
        worker.summary(sitting(("failed", "no checkpoint"), ("infeasible", "no CPU")))
    with pytest.raises(worker.NothingError, match="no checkpoint; it ended"):
        worker.summary(sitting(("failed", "no checkpoint"), ("failed", "it ended")))


def test_weights_out_of_torchs_sight_are_counted(side: Any, monkeypatch: Any) -> None:
    extension = side("bench_extension")

    class Tensor:
        def __init__(self, numbers: int, place: int) -> None:
            self.numbers, self.place = numbers, place

        def numel(self) -> int:
            return self.numbers

        def element_size(self) -> int:
            return 2

        def untyped_storage(self) -> Any:
            return SimpleNamespace(data_ptr=lambda: self.place, nbytes=lambda: 2 * self.numbers)

    kept, packed = Tensor(10, 1), Tensor(0, 2)
    linear = {"cpu_linear": None, "output_size_per_partition": 4, "output_size": 8}
    model = SimpleNamespace(
        modules=lambda: [
            SimpleNamespace(**linear, weight=packed, input_size_per_partition=3, input_size=3),
            SimpleNamespace(**linear, weight=kept, input_size_per_partition=5, input_size=5),
        ],
        parameters=lambda: [kept, packed],
        buffers=lambda: [kept],
    )
    assert extension.weights_bytes(model) == 20 + 4 * 3 * 2
    assert extension.storage_bytes([kept, [kept, (packed,)]]) == 20
