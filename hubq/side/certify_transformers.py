"""Certify a quantized checkpoint: load it as its users will, look into it, compare it.

A check that fails is a result, not an error: every check that can still be made is made, and all of
them are written down.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import checkpoint_files
import events
import finite
import loading
import probing

SCHEMA = 1
#: Linears that a quantizer may pack: those in the language model's stack of layers.
PACKABLE = re.compile(r"(^|\.)layers\.\d+\.")
VISION = re.compile(r"(^|\.)(visual|vision_tower|vision_model|vision_encoder)\.")
QUANT_METHODS = {"gptq": "gptq", "rtn": "gptq", "awq": "awq"}


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing looked at: its name, whether it is good, and what was seen."""

    name: str
    good: bool
    said: str


def run(job: dict[str, Any], work: Path) -> dict[str, Any]:
    """Certify one checkpoint against the model that it was made from.

    Args:
        job: `settings` (method, bits, group_size, desc_act, max_kl, probes, dtype, device) and
            `paths` (`model`, the source; `checkpoint`; `items/<task>`, prepared items per task).
        work: gets `certificate.json`.

    Returns:
        Whether all checks are good, and the numbers measured.
    """
    settings, paths = job["settings"], job["paths"]
    source, checkpoint = Path(paths["model"]), Path(paths["checkpoint"])
    started = time.monotonic()
    events.phase("read files")
    checks = [*file_checks(source, checkpoint, settings), *weight_checks(checkpoint)]
    record: dict[str, Any] = {"schema": SCHEMA, "settings": settings}
    try:
        events.phase("read probes")
        folders = {name[6:]: Path(at) for name, at in paths.items() if name.startswith("items/")}
        probes = probing.read_probes(folders, settings["probes"])
        reference, expected = _reference(source, probes, settings)
        found, measured = _variant(checkpoint, probes, reference, expected, settings)
        checks += found
        record |= measured
    finally:
        loading.release_memory()
    record |= {
        "checks": [asdict(check) for check in checks],
        "good": all(check.good for check in checks),
        "seconds": round(time.monotonic() - started, 3),
        "peak_resident_bytes": events.resident_bytes()[1],
    }
    checkpoint_files.write_json(work / "certificate.json", record)
    return {name: record.get(name) for name in ("good", "kl", "top1_agreement", "seconds")}


def file_checks(source: Path, checkpoint: Path, settings: dict[str, Any]) -> Iterator[Check]:
    """Yield the checks that need no model: files, configuration, paths."""
    problem = _guarded(checkpoint_files.index_problem, checkpoint)
    yield Check(name="weight files", good=not problem, said=problem or "headers and index agree")
    lost = [
        path.name
        for path in checkpoint_files.carried_files(source)
        if not _same_file(path, checkpoint / path.name)
    ]
    said = f"missing or changed: {', '.join(lost)}" if lost else "the source's, byte for byte"
    yield Check(name="processor and other files", good=not lost, said=said)
    leaks = list(checkpoint_files.local_paths(checkpoint))
    said = "; ".join(leaks[:3]) or "no path of a machine in any of them"
    yield Check(name="local paths", good=not leaks, said=said)
    wrong = configuration_problem(checkpoint, settings)
    yield Check(name="configuration", good=not wrong, said=wrong or "as asked for")


def configuration_problem(checkpoint: Path, settings: dict[str, Any]) -> str:
    """Return where a checkpoint's quantization configuration is not what was asked for."""
    config = json.loads((checkpoint / "config.json").read_bytes())
    quantization = config.get("quantization_config")
    if not isinstance(quantization, dict):
        return "config.json has no quantization_config"
    twin = checkpoint / "quantize_config.json"
    if twin.is_file() and json.loads(twin.read_bytes()) != quantization:
        return "config.json and quantize_config.json differ"
    asked = {
        "quant_method": QUANT_METHODS[settings["method"]],
        "bits": settings["bits"],
        "group_size": settings["group_size"],
        "desc_act": settings["desc_act"],
    }
    for name, value in asked.items():
        if quantization.get(name) != value:
            return f"{name} is {quantization.get(name)!r}, asked for was {value!r}"
    return ""


def weight_checks(checkpoint: Path) -> Iterator[Check]:
    """Yield the check that every floating tensor is finite."""
    events.phase("read weights")
    try:
        bad = list(finite.not_finite(checkpoint))
    except Exception as error:
        yield Check(name="finite weights", good=False, said=f"cannot be read: {error}")
        return
    said = f"not finite: {', '.join(bad[:3])}" if bad else "every tensor is finite"
    yield Check(name="finite weights", good=not bad, said=said)


def _reference(
    source: Path, probes: Sequence[probing.Probe], settings: dict[str, Any]
) -> tuple[list[probing.Prediction], set[str]]:
    """Return what the source predicts, and the names of its Linears that a quantizer packs."""
    events.phase("run the source")
    model, processor = loading.load_model(source, settings["dtype"], settings["device"])
    predictions = probing.predict(model, processor, probes)
    packable = {name for name in loading.linears(model) if is_packable(name)}
    return predictions, packable


def is_packable(name: str) -> bool:
    """Return whether a Linear belongs to the language model's layers."""
    return bool(PACKABLE.search(name)) and not VISION.search(name)


def _variant(
    checkpoint: Path,
    probes: Sequence[probing.Probe],
    reference: Sequence[probing.Prediction],
    expected: set[str],
    settings: dict[str, Any],
) -> tuple[list[Check], dict[str, Any]]:
    events.phase("load the checkpoint")
    try:
        model, processor, report = loading.load_with_report(
            checkpoint, settings["dtype"], settings["device"]
        )
    except Exception as error:
        said = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        return [Check(name="loads", good=False, said=said)], {}
    said = loading.describe_report(report) or "every weight in its place"
    checks = [Check(name="loads", good=not report, said=said)]
    checks.append(_kernels(model, expected, settings))
    measured: dict[str, Any] = {"kernels": loading.model_kernels(model)}
    events.phase("run the checkpoint")
    predictions = probing.predict(model, processor, probes)
    finite = all(prediction.finite for prediction in predictions)
    said = f"over {len(predictions)} probes" if finite else "a logit is NaN or infinite"
    checks.append(Check(name="finite logits", good=finite, said=said))
    if finite:
        items = probing.compare(reference, predictions)
        measured |= probing.summarize(items)
        checks += _divergence(measured["kl"], settings["max_kl"])
    events.phase("ask the checkpoint")
    question, answer, tokens = probing.ask(model, processor, probes)
    measured["answer"] = {"question": question, "answer": answer, "tokens": len(tokens)}
    checks.append(_answers(answer, tokens))
    return checks, measured


def _kernels(model: Any, expected: set[str], settings: dict[str, Any]) -> Check:
    """Return the check that exactly the expected Linears are packed, each with its right kernel."""
    modules = loading.linears(model)
    packed = {name: module for name, module in modules.items() if loading.is_quantized(module)}
    problem = ""
    if packed.keys() != expected:
        wrong = sorted(packed.keys() ^ expected)
        problem = f"{len(packed)} packed, {len(expected)} expected; differs at {wrong[0]}"
    for name, module in packed.items():
        of_awq = "awq" in type(module).__name__.lower()
        if of_awq != (settings["method"] == "awq"):
            problem = problem or f"{name} is run by {type(module).__name__}"
        for what in ("bits", "group_size"):
            if getattr(module, what, settings[what]) != settings[what]:
                problem = problem or f"{name} has {what} {getattr(module, what)}"
    counts = ", ".join(f"{count} {kind}" for kind, count in loading.model_kernels(model).items())
    return Check(name="kernels", good=not problem, said=problem or counts)


def _divergence(kl: dict[str, Any], limit: float | None) -> list[Check]:
    if limit is None:
        return []
    shown = f"{kl['value']:.3g}"
    if kl["value"] <= limit:
        said = f"KL {shown} is within the recipe's limit {limit:g}"
        return [Check(name="divergence", good=True, said=said)]
    said = f"KL {shown} is above the recipe's limit {limit:g}"
    return [Check(name="divergence", good=False, said=said)]


def _answers(answer: str, tokens: Sequence[int]) -> Check:
    """Return the check that an answer says something: not empty, not (nearly) one token only."""
    if not answer.strip():
        return Check(name="answers", good=False, said="the answer is empty")
    commonest = max(tokens.count(token) for token in tokens) if tokens else 0
    if len(tokens) >= 8 and commonest >= 0.8 * len(tokens):
        return Check(name="answers", good=False, said=f"one token over and over: {answer[:40]!r}")
    return Check(name="answers", good=True, said=repr(answer[:80]))


def _same_file(one: Path, other: Path) -> bool:
    return other.is_file() and one.read_bytes() == other.read_bytes()


def _guarded(look: Any, folder: Path) -> str:
    try:
        return str(look(folder))
    except (ValueError, KeyError, OSError) as error:
        return str(error)
