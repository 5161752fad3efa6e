"""Certify a checkpoint in vLLM: it loads, its answers are finite, it says something.

vLLM refuses formats that it has no kernels for on a device; that is no fault of the checkpoint, and
the certificate says `infeasible` with vLLM's own words. It also loads checkpoints that are broken
without a word, so more is looked at than whether it starts.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import certify_checks
import certify_probes
import checkpoint_files
import events
import vllm_engine
import vllm_launch
import vllm_refusals
from certify_checks import Check, Fault

SCHEMA = 1
LOADS, INFEASIBLE, FAILED = "loads", "infeasible", "failed"
PROGRAM = Path(vllm_engine.__file__)
#: The other arithmetic is taken only where vLLM refuses the one asked for.
DTYPES = ("bfloat16", "float16")
#: Enough to tell an answer from one token over and over.
MAX_NEW_TOKENS = 16
ITEMS_LOOKED_AT = 200


class EngineError(Exception):
    """vLLM does not even start: it is not installed, or cannot be imported."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What came of it: `loads`, `infeasible` or `failed`, the checks, and why it is not `loads`."""

    state: str
    checks: Sequence[Check]
    reason: str = ""


def run(job: dict[str, Any], work: Path) -> dict[str, Any]:
    """Certify one checkpoint in vLLM.

    Args:
        job: `settings` (method, bits, group_size, desc_act, sym, dtype, device) and `paths`
            (`model`, the source; `checkpoint`; `items/<task>`, prepared items per task).
        work: gets `certificate.json`.

    Returns:
        Whether nothing speaks against the checkpoint, the state and the seconds it took.

    Raises:
        EngineError: vLLM itself cannot be used here.
        MemoryError: it does not fit into this machine's memory.
        events.Stop: a stop was asked for.
    """
    return certify(job, work, PROGRAM)


def certify(job: dict[str, Any], work: Path, program: Path) -> dict[str, Any]:
    """Certify one checkpoint with a program that answers requests as `vllm_engine` does."""
    settings, paths = job["settings"], job["paths"]
    started = time.monotonic()
    reply, status = consult(settings, paths, Path.cwd(), program)
    found = judge(reply, status, settings, paths)
    answers = reply.get("answers", [])
    record = {
        "schema": SCHEMA,
        "settings": settings,
        "good": all(check.good for check in found.checks),
        "state": found.state,
        "reason": found.reason,
        "checks": [asdict(check) for check in found.checks],
        "engine": reply["engine"],
        "dtype": reply.get("dtype", ""),
        "kernels": reply.get("kernels", {}),
        "answer": answers[0] if answers else None,
        "answers": answers,
        "phases": reply.get("seconds", {}),
        "seconds": round(time.monotonic() - started, 3),
        "peak_resident_bytes": reply.get("peak_resident_bytes", 0),
        "peak_device_bytes": reply.get("peak_device_bytes", 0),
    }
    checkpoint_files.write_json(work / "certificate.json", record)
    return {name: record[name] for name in ("good", "state", "reason", "seconds")}


def consult(
    settings: Mapping[str, Any], paths: Mapping[str, str], scratch: Path, program: Path
) -> tuple[dict[str, Any], int]:
    """Have a checkpoint loaded and asked in a process of its own.

    Returns:
        What the program replied, empty if it ended before it could, and its exit status.
    """
    events.phase("start vLLM")
    asked, replied = scratch / "request.json", scratch / "reply.json"
    replied.unlink(missing_ok=True)
    dtypes = dict.fromkeys((settings.get("dtype") or "auto", *DTYPES))
    request = {
        "checkpoint": paths["checkpoint"],
        "dtypes": list(dtypes),
        "device": settings["device"],
        "prompts": prompts(paths),
    }
    checkpoint_files.write_json(asked, request)
    variables = {**vllm_launch.IN_PROCESS, "TMPDIR": str(scratch)}
    status = vllm_launch.run(program, [str(asked), str(replied)], variables)
    return json.loads(replied.read_bytes()) if replied.is_file() else {}, status


def prompts(paths: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the tasks' shortest question with one picture and the shortest without any."""
    folders = {name: paths[name] for name in sorted(paths) if name.startswith("items/")}
    items = [
        item
        for name, folder in folders.items()
        for item in _read(name.removeprefix("items/"), Path(folder))
    ]
    chosen = []
    for pictures in (1, 0):
        fitting = [item for item in items if len(item["images"]) == pictures]
        if fitting:
            chosen.append(min(fitting, key=lambda item: len(item["text"])))
    return chosen


def _read(task: str, folder: Path) -> Iterator[dict[str, Any]]:
    """Yield prompts with names: certificates are published, and questions may not be."""
    with (folder / "items.jsonl").open(encoding="utf-8") as lines:
        for _, line in zip(range(ITEMS_LOOKED_AT), lines, strict=False):
            item = json.loads(line)
            yield {
                "name": f"{task}/{item['key']}",
                "text": item["text"],
                "images": [str(folder / name) for name in item["images"]],
                "max_new_tokens": MAX_NEW_TOKENS,
            }


def judge(
    reply: Mapping[str, Any], status: int, settings: Mapping[str, Any], paths: Mapping[str, str]
) -> Found:
    """Return what a reply means.

    Args:
        reply: of the program, as far as it came.
        status: its exit status.
        settings: what was asked for of the checkpoint.
        paths: `model` and `checkpoint`.

    Raises:
        EngineError: vLLM itself cannot be used here.
        MemoryError: memory ran out.
    """
    if "engine" not in reply:
        raise EngineError(_unstarted(reply, status))
    if "causes" in reply:
        causes = [vllm_refusals.Cause(**cause) for cause in reply["causes"]]
        verdict, reason = vllm_refusals.verdict(causes)
        reason = _without_paths(reason, paths)
        if verdict == "memory":
            raise MemoryError(reason)
        if verdict == INFEASIBLE and (wrong := not_as_asked(causes, settings, paths)):
            return _failed(reply, f"{wrong}; vLLM says: {reason}")
        if verdict == INFEASIBLE:
            checks = [certify_checks.skipped("loads", reason)]
            return Found(state=INFEASIBLE, checks=checks, reason=reason)
        return _failed(reply, reason)
    if status != 0 or "answers" not in reply:
        phase = "answering" if "kernels" in reply else "loading"
        return _failed(reply, f"vLLM {_end(status)} while {phase}")
    checks = [*_of_loading(reply, Path(paths["checkpoint"])), *_of_answers(reply["answers"])]
    failed = [check for check in checks if not check.good]
    reason = "; ".join(f"{check.name}: {check.said}" for check in failed)
    return Found(state=FAILED if failed else LOADS, checks=checks, reason=reason)


def not_as_asked(
    causes: Sequence[vllm_refusals.Cause], settings: Mapping[str, Any], paths: Mapping[str, str]
) -> str:
    """Return where the configuration that vLLM refused is not what was asked for; else empty.

    A refusal then says nothing about the format that this checkpoint should have.
    """
    config = json.loads((Path(paths["checkpoint"]) / "config.json").read_bytes())
    if vllm_refusals.is_about_architecture(causes):
        return _other_architecture(config, paths)
    quantization = config.get("quantization_config") or {}
    said = {name: quantization.get(name) for name in ("bits", "group_size", "desc_act", "sym")}
    for group in quantization.get("config_groups", {}).values():
        said["bits"] = (group.get("weights") or {}).get("num_bits")
    for name, value in said.items():
        if value is not None and name in settings and settings[name] != value:
            return f"{name} is {value!r}, asked for was {settings[name]!r}"
    return ""


def _other_architecture(config: Mapping[str, Any], paths: Mapping[str, str]) -> str:
    """Return where a checkpoint names another architecture than its source; else empty."""
    if "model" not in paths:
        return ""
    source = json.loads((Path(paths["model"]) / "config.json").read_bytes())
    for name in ("architectures", "model_type"):
        if config.get(name) != source.get(name):
            return f"{name} is {config.get(name)!r}, the source's is {source.get(name)!r}"
    return ""


def _failed(reply: Mapping[str, Any], reason: str) -> Found:
    """Return that vLLM did not come to an end with a checkpoint."""
    loaded = "kernels" in reply
    name, finding = ("answers", "vllm-no-answer") if loaded else ("loads", "vllm-does-not-load")
    check = certify_checks.failed(name, Fault(finding=finding, said=reason))
    before = [certify_checks.passed("loads", f"as {reply['dtype']}")] if loaded else []
    return Found(state=FAILED, checks=[*before, check], reason=reason)


def _of_loading(reply: Mapping[str, Any], checkpoint: Path) -> Iterator[Check]:
    """Yield whether every weight was loaded, and whether a quantized kernel runs any of them."""
    fault = None
    if lacking := reply["unfilled"]:
        said = f"vLLM leaves at random what it would load from {certify_checks.listed(lacking)}"
        fault = Fault(finding="vllm-unfilled", said=said)
    yield certify_checks.judged("loads", fault, f"every weight in its place, as {reply['dtype']}")
    config = json.loads((checkpoint / "config.json").read_bytes())
    fault = None
    if config.get("quantization_config") and not reply["quantized"]:
        fault = Fault(finding="vllm-not-quantized", said="vLLM runs no module as quantized")
    counts = ", ".join(f"{count} {name}" for name, count in reply["kernels"].items())
    yield certify_checks.judged("kernels", fault, counts)


def _of_answers(answers: Sequence[Mapping[str, Any]]) -> Iterator[Check]:
    """Yield whether logits are finite, and whether the first question is answered."""
    wrong = [answer["question"] for answer in answers if not answer["finite"]]
    fault = Fault(finding="vllm-not-finite", said="a log-probability is NaN") if wrong else None
    said = f"over the answers to {len(answers)} questions"
    yield certify_checks.judged("finite logits", fault, said)
    problem = certify_probes.is_degenerate(answers[0]["answer"], answers[0]["tokens"])
    fault = Fault(finding="vllm-no-answer", said=problem) if problem else None
    yield certify_checks.judged("answers", fault, repr(answers[0]["answer"][:80]))


def _unstarted(reply: Mapping[str, Any], status: int) -> str:
    if "causes" not in reply:
        return f"vLLM {_end(status)} while it was imported"
    _, reason = vllm_refusals.verdict([vllm_refusals.Cause(**one) for one in reply["causes"]])
    return f"vLLM cannot be imported: {reason}"


def _without_paths(reason: str, paths: Mapping[str, str]) -> str:
    """Return a reason without where things are on this machine: it goes onto the card."""
    known = {paths["checkpoint"]: "the checkpoint", str(Path.cwd()): "the scratch folder"}
    for path, name in (known | {sys.prefix: "the environment"}).items():
        reason = reason.replace(path, name)
    return reason


def _end(status: int) -> str:
    """Return how a process has ended, in words."""
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"was killed by signal {-status}"
