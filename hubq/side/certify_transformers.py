"""Certify a quantized checkpoint: look into it, load it as its users will, compare it.

A check that fails is a result, not an error: every check that can still be made is made, and all of
them are written down. Without the source, or without being told what was asked for, a checkpoint is
held against its own configuration; what cannot be compared then is said to be skipped.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import certify_case
import certify_layers
import certify_probes
import certify_reference
import checkpoint_files
import events
import loading
import probing
from certify_case import NO_SOURCE, Case
from certify_checks import (
    Check,
    Fault,
    attempt,
    explained,
    failed,
    judged,
    listed,
    passed,
    skipped,
)
from certify_reference import Reference
from certify_scheme import canonical, is_packable
from certify_unpacking import Tensors
from probing import Probe

SCHEMA = 2
#: What holds where the job does not say: items per task, the precision, the device.
DEFAULTS = {"probes": 16, "dtype": "bfloat16", "device": "cpu"}


def run(job: dict[str, Any], work: Path) -> dict[str, Any]:
    """Certify one checkpoint.

    Args:
        job: `settings` (dtype, device, probes; method, bits, group_size, desc_act, sym, backend:
            what was asked for, or `derived` where nothing was; name, max_kl, min_top1) and `paths`
            (`checkpoint`; `model`, the source; `items/<task>`, prepared items per task; `quantize`,
            the record of how it was made). Only `checkpoint` must be there.
        work: gets `certificate.json`.

    Returns:
        Whether all checks are good, and the numbers measured.
    """
    settings, paths = {**DEFAULTS, **job["settings"]}, job["paths"]
    started = time.monotonic()
    case = certify_case.read_case(settings, paths)
    record: dict[str, Any] = {"schema": SCHEMA, "settings": job["settings"]}
    loading.release_memory()
    try:
        checks = list(certify_case.file_checks(case))
        made = paths.get("quantize")
        checks.append(certify_case.digest_check(case, Path(made) if made else None))
        found, measured = _models(case, paths)
        checks += found
        record |= measured
    finally:
        loading.release_memory()
    record |= {
        "checks": [asdict(replace(check, said=case.named(check.said))) for check in checks],
        "good": all(check.good for check in checks),
        "seconds": round(time.monotonic() - started, 3),
        "peak_resident_bytes": events.resident_bytes()[1],
    }
    checkpoint_files.write_json(work / "certificate.json", finite_json(record))
    return {name: record.get(name) for name in ("good", "kl", "top1_agreement", "seconds")}


def finite_json(value: Any) -> Any:
    """Return JSON data with nothing where a number is not finite, which JSON cannot hold."""
    if isinstance(value, dict):
        return {name: finite_json(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [finite_json(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _models(case: Case, paths: dict[str, str]) -> tuple[list[Check], dict[str, Any]]:
    """Return the checks that need the source or the checkpoint as a model, and what was measured.

    A source that cannot be used is no fault of the checkpoint: it ends the job with its error.
    """
    events.phase("read probes")
    probes = _probes(case, paths)
    reference = None
    if case.source is not None:
        settings = case.settings
        reference = certify_reference.reference_of(
            case.source, probes, settings["dtype"], settings["device"]
        )
    checks = list(certify_case.tensor_checks(case, _linears(case, reference)))
    found, measured = _loaded(case, probes, reference)
    return checks + found, measured


def _probes(case: Case, paths: dict[str, str]) -> list[Probe]:
    """Return the first items of each task, or the fixed probes where there are no tasks."""
    folders = {name[6:]: Path(at) for name, at in paths.items() if name.startswith("items/")}
    pictures = "vision_config" in case.config
    probes = probing.read_probes(folders, case.settings["probes"])
    fitting = [probe for probe in probes if pictures or not probe.images]
    return fitting or certify_probes.fixed(pictures=pictures)


def _linears(case: Case, reference: Reference | None) -> tuple[str, ...]:
    if reference is not None:
        return reference.linears
    try:
        return certify_reference.skeleton_names(case.checkpoint)
    except Exception:
        # What stands in the way is told when the checkpoint is loaded.
        return ()


def _loaded(
    case: Case, probes: Sequence[Probe], reference: Reference | None
) -> tuple[list[Check], dict[str, Any]]:
    events.phase("load the checkpoint")
    settings = case.settings
    try:
        model, processor, report = loading.load_with_report(
            case.checkpoint, settings["dtype"], settings["device"]
        )
    except Exception as error:
        return [failed("loads", Fault(finding="does-not-load", said=explained(error)))], {}
    it = _Loaded(case=case, model=model, processor=processor, probes=probes, reference=reference)
    measured = it.measured
    measured["kernels"] = loading.model_kernels(model)
    checks = [loads_check(case, report), attempt("kernels", lambda: _kernels(it))]
    events.phase("run the checkpoint")
    checks += _compared(it)
    events.phase("ask the checkpoint")
    checks.append(attempt("answers", lambda: _answers(it)))
    checks.append(attempt("canary", lambda: _canary(it)))
    return checks, measured


@dataclass(frozen=True, kw_only=True)
class _Loaded:
    """A checkpoint as a model, what it is held against, and the numbers measured so far."""

    case: Case
    model: Any
    processor: Any
    probes: Sequence[Probe]
    reference: Reference | None
    measured: dict[str, Any] = field(default_factory=dict)


def loads_check(case: Case, report: dict[str, list[str]]) -> Check:
    """Return the check that every weight is in its place.

    Biases that are zero and have no place, as some libraries save them, change nothing.
    """
    report = {name: list(found) for name, found in report.items()}
    extra = report.get("unexpected_keys", [])
    if extra and all(name.endswith(".bias") for name in extra):
        tensors = Tensors(case.checkpoint)
        if not any(name not in tensors.entries or tensors.read(name).any() for name in extra):
            del report["unexpected_keys"]
    missing = report.pop("missing_keys", [])
    said = [f"not in the files, so random: {listed(missing)}"] if missing else []
    said += [loading.describe_report(report)] if report else []
    finding = "random-weights" if missing else "misfit"
    fault = Fault(finding=finding, said="; ".join(said)) if said else None
    return judged("loads", fault, "every weight in its place")


def _kernels(it: _Loaded) -> Check:
    """Return the check that the language model's Linears, and no others, run on their kernel."""
    case, modules = it.case, loading.linears(it.model)
    packed = {name: module for name, module in modules.items() if loading.is_quantized(module)}
    problem = ""
    if it.reference is not None:
        expected = {canonical(name) for name in it.reference.linears if is_packable(name)}
        wrong = sorted({canonical(name) for name in packed} ^ expected)
        if wrong:
            problem = f"{len(packed)} packed, {len(expected)} expected; differs at {wrong[0]}"
    for name, module in packed.items():
        of_awq = "awq" in type(module).__name__.lower()
        if of_awq != (case.scheme.quant_method == "awq"):
            problem = problem or f"{name} is run by {type(module).__name__}"
        for what in ("bits", "group_size"):
            asked = getattr(case.scheme, what)
            found = getattr(module, what, asked)
            if case.scheme.uniform and asked not in {None, -1} and found != asked:
                problem = problem or f"{name} has {what} {found}"
    counts = ", ".join(f"{count} {kind}" for kind, count in it.measured["kernels"].items())
    fault = Fault(finding="kernels", said=problem) if problem else None
    return judged("kernels", fault, counts)


def _compared(it: _Loaded) -> Iterator[Check]:
    """Yield what the checkpoint's logits and layers say against the source's."""
    reference, settings = it.reference, it.case.settings
    try:
        encoded = reference.encoded if reference else probing.encode(it.processor, it.probes)
        predictions = probing.predict(it.model, encoded)
    except Exception as error:
        yield failed("finite logits", Fault(finding="does-not-run", said=explained(error)))
        return
    finite = all(prediction.finite for prediction in predictions)
    fault = Fault(finding="nan-logits", said="a logit is NaN or infinite") if not finite else None
    yield judged("finite logits", fault, f"over {len(predictions)} probes")
    if reference is None:
        names = (certify_layers.NAME, "divergence", "agreement", "floor")
        yield from (skipped(name, NO_SOURCE) for name in names)
        return
    yield attempt(certify_layers.NAME, lambda: _layers(it, reference))
    if finite:
        compared = probing.summarize(probing.compare(reference.predictions, predictions))
        it.measured.update(compared)
        yield divergence_check(compared["kl"], settings.get("max_kl"))
        yield agreement_check(compared["top1_agreement"], settings.get("min_top1"))
        yield _floor(it, reference)


def _layers(it: _Loaded, reference: Reference) -> Check:
    found = certify_layers.errors(it.model, reference.seen)
    it.measured["layers"] = found
    return certify_layers.check(found, it.case.scheme.bits)


def divergence_check(kl: dict[str, Any], limit: float | None) -> Check:
    """Return the check that the mean divergence from the source is within its limit."""
    shown = f"KL {kl['value']:.3g}"
    if limit is None:
        return passed("divergence", f"{shown}; no limit is set")
    if kl["value"] <= limit:
        return passed("divergence", f"{shown} is within the recipe's limit {limit:g}")
    said = f"{shown} is above the recipe's limit {limit:g}"
    return failed("divergence", Fault(finding="divergence", said=said))


def agreement_check(agreement: dict[str, Any], limit: float | None) -> Check:
    """Return the check that the likeliest token is the source's often enough."""
    shown = f"top-1 agreement {agreement['value']:.4g}"
    if limit is None:
        return passed("agreement", f"{shown}; no limit is set")
    if agreement["value"] >= limit:
        return passed("agreement", f"{shown} is within the recipe's limit {limit:g}")
    said = f"{shown} is below the recipe's limit {limit:g}"
    return failed("agreement", Fault(finding="agreement", said=said))


def _floor(it: _Loaded, reference: Reference) -> Check:
    """Return what the source's own rounding costs; no smaller divergence can be told from it."""
    if reference.floor is None:
        return skipped("floor", reference.floor_said)
    kl, agreement = reference.floor["kl"], reference.floor["top1_agreement"]
    it.measured.update(kl_floor=kl, top1_floor=agreement)
    said = f"the source against itself in float32: KL {kl['value']:.3g}, "
    return passed("floor", said + f"top-1 agreement {agreement['value']:.4g}")


def _answers(it: _Loaded) -> Check:
    """Return the check that the first probe (with a picture) is answered."""
    probe = probing.shown(it.probes)
    answer, wrong = _ask(it, probe, it.measured.setdefault("answers", []))
    fault = Fault(finding="no-answer", said=wrong) if wrong else None
    return judged("answers", fault, repr(answer[:80]))


def _canary(it: _Loaded) -> Check:
    """Return the check that fixed questions are answered; a single one may go wrong."""
    probes = certify_probes.canaries(pictures="vision_config" in it.case.config)
    record = it.measured.setdefault("canaries", [])
    asked = [(probe, *_ask(it, probe, record)) for probe in probes]
    silent = [f"{probe.text} {wrong}" for probe, _, wrong in asked if wrong]
    none = len(silent) == len(asked)
    fault = Fault(finding="no-answer", said=listed(silent)) if none else None
    return judged("canary", fault, ", ".join(repr(answer[:40]) for _, answer, _ in asked))


def _ask(it: _Loaded, probe: Probe, record: list[dict[str, Any]]) -> tuple[str, str]:
    """Return an answer and what is wrong with it; nothing is that is wrong with the source's too.

    Question and answer are also added to `record`, a data set's question by its name: certificates
    are published, and it may not be.
    """
    answer, tokens = probing.ask(it.model, it.processor, probe)
    question = probe.text if probe.task == certify_probes.TASK else probe.name
    record.append({"question": question, "answer": answer, "tokens": len(tokens)})
    if it.reference is not None and it.reference.silent.get(probe.name):
        return answer, ""
    return answer, certify_probes.is_degenerate(answer, tokens)
