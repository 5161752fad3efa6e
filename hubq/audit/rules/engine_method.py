"""Engines told to load what they cannot: by method, release and GPU."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hubq.audit.known import cuda, engines, releases
from hubq.audit.known.tables import transformers
from hubq.audit.naming import read_name
from hubq.audit.parts import Code
from hubq.audit.quantization import declared
from hubq.audit.rule import Rule, finding
from hubq.audit.stack import Stated, stated
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

_OPTION = re.compile(r"--quantization[ =]{1,3}[\"']?(?P<method>[a-zA-Z][\w-]{1,40})")
_ARGUMENT = re.compile(r"\bquantization ?= ?[\"'](?P<method>[a-zA-Z][\w-]{1,40})[\"']")
_GPU = re.compile(
    r"\b(?:" + "|".join(sorted(map(re.escape, cuda.gpus()), key=len, reverse=True)) + r")\b"
)
#: Words that are no method, or that plug-ins of other makers bring.
_OTHERS = frozenset({"none", "null", "auto", "ascend", "method", "your", "gaudi"})
_ENOUGH = 50
#: What loads checkpoints of its own accord beside transformers.
_LOADERS = frozenset({"vllm", "sglang", "auto-gptq", "autoawq", "gptqmodel", "exllamav2"})


def check(subject: Subject) -> Iterator[Finding]:
    """Yield what the card does with an engine that the engine refuses."""
    text = subject.document.text
    if "quantization" in text and "vllm" in text.lower():
        for code in subject.document.codes:
            if "quantization" in code.text and len(code.text) < 50_000:
                yield from _in_code(subject, code)
    of_engine = [one for one in stated(subject.document) if one.package in ("vllm", "transformers")]
    method, certain = _method(subject)
    if method and certain and of_engine:
        gpus = _gpus(subject)
        loaders = {one.group for one in stated(subject.document) if one.package in _LOADERS}
        for one in of_engine:
            if one.package == "vllm":
                yield from _too_old(subject, one, method)
                yield from _too_small(subject, one, method, gpus)
            elif one.group not in loaders:
                yield from _too_old(subject, one, method)


def _method(subject: Subject) -> tuple[str, bool]:
    """Return the checkpoint's method, and whether its files say it; empty where nothing does."""
    found = declared(subject)
    if found is not None:
        return found.method, True
    return read_name(subject.model).method if subject.model else "", False


def _in_code(subject: Subject, code: Code) -> Iterator[Finding]:
    lower = code.text.lower()
    if "vllm" not in lower or "sglang" in lower:
        return
    checkpoint, certain = _method(subject)
    for number, line in enumerate(code.text.split("\n")):
        found = (_OPTION.search(line) or _ARGUMENT.search(line)) if "quantization" in line else None
        if found is None or found["method"].lower() in _OTHERS:
            continue
        method = found["method"].lower()
        at = subject.document.find(found["method"], code.line + number, code.line + number)
        if engines.method(method) is None:
            what = f"no release of vLLM has a quantization method `{method}`"
        elif subject.model and subject.model in code.text and checkpoint:
            if engines.loads(method, checkpoint) is not False:
                continue
            what = (
                f"vLLM refuses it: the checkpoint is {checkpoint}, and `{method}` does not load it"
            )
        else:
            continue
        yield finding(
            subject,
            RULE.id,
            what,
            severity="error" if certain and "refuses" in what else "warning",
            at=at if at.line else (code.line + number, 1),
            said=found[0],
            remedy="Leave the option out: vLLM reads the method from config.json.",
            sources=(releases.page("vllm"),),
            part=method,
        )


def _too_old(subject: Subject, one: Stated, method: str) -> Iterator[Finding]:
    """Yield a finding for a release that came before the method."""
    vllm = one.package == "vllm"
    span = engines.method(method) if vllm else transformers().methods.get(method)
    if one.kind == "least" or span is None or not span.before(one.value):
        return
    words = "vLLM" if vllm else "transformers"
    yield finding(
        subject,
        RULE.id,
        f"the checkpoint is {method}, which {words} loads since {span.first} "
        f"({releases.day_of(one.package, span.first)})",
        severity="info",
        at=one.spot,
        said=one.said,
        remedy="State what loaded the model.",
        sources=(releases.page(one.package, span.first),),
        part=f"{one.package} {one.version}",
    )


def _gpus(subject: Subject) -> dict[str, list[tuple[str, int]]]:
    """Return heading -> the GPUs named below it, with their lines."""
    found: dict[str, list[tuple[str, int]]] = {}
    for passage in subject.document.passages:
        named = found.setdefault(passage.heading, [])
        if len(named) < _ENOUGH:
            named += [(one, passage.line) for one in _GPU.findall(passage.text)]
    return found


def _too_small(
    subject: Subject, one: Stated, method: str, named: dict[str, list[tuple[str, int]]]
) -> Iterator[Finding]:
    """Yield a finding where all GPUs stated beside vLLM are below what the method needs."""
    least = engines.least_capability(method)
    if one.kind != "stack" or not least:
        return
    gpus = [gpu for gpu in named.get(one.heading, ()) if abs(gpu[1] - one.line) < 12]
    if not gpus or any(cuda.capability(gpu) >= least for gpu, _ in gpus):
        return
    gpu, line = gpus[0]
    yield finding(
        subject,
        RULE.id,
        f"{gpu} has compute capability {cuda.capability(gpu) / 10}; vLLM's `{method}` has needed "
        f"{least / 10} or more in every release",
        severity="info",
        at=subject.document.find(gpu, line, line + 5),
        said=f"{gpu} beside {one.said}",
        remedy="State the GPU that was used.",
        sources=(releases.page("vllm"), "https://developer.nvidia.com/cuda-gpus"),
        part=f"{gpu} {method}",
    )


RULE = Rule(
    id="engine-method",
    group="environment",
    title="An engine is told to load what it cannot",
    severity="error",
    why=(
        "vLLM compares the method that it is told with the one in config.json and refuses to start "
        "when they differ. A method that no release knows, a release from before the method, or a "
        "GPU below what its kernels need, fail as surely: the command on the card was never run."
    ),
    example="`vllm serve acme/Model-GPTQ-Int4 --quantization awq`: the checkpoint is gptq.",
    fix="Leave the option out, and run the card's commands before publishing it.",
    check=check,
    sources=("https://docs.vllm.ai/en/latest/features/quantization/",),
)
