"""Environment stacks as a card lists them: hardware, CUDA, and the packages that matter."""

from __future__ import annotations

import msgspec

from hubq.cards.family import Family
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
    ("safetensors", "safetensors"),
)
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
    """

    stages: str
    lines: tuple[str, ...]
    name: str
    digest: str
    external: bool


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
    ran: dict[bytes, dict[str, list[str]]] = {}
    for name in names:
        for kind, verb in _KINDS:
            stack = _stack(family, kind, name)
            if stack is not None:
                same = msgspec.json.encode([stack.digest, lines_of(stack)])
                grouped.setdefault(same, stack)
                ran.setdefault(same, {}).setdefault(name, []).append(verb)
    return tuple(
        StackFacts(
            stages=_said(ran[same], alone=len(grouped) == 1),
            lines=lines_of(stack),
            name=stack.name,
            digest=stack.digest,
            external=stack.external,
        )
        for same, stack in grouped.items()
    )


def requirements_of(family: Family, variant: str) -> Requirements:
    """Return what loading the checkpoint needs, from the environment it was loaded in."""
    stack = _stack(family, "certify", variant) or _stack(family, "generate", variant)
    backends = {spec.name: spec.backend for spec in family.loaded.recipe.variants}
    pinned = _PINNED.get(backends.get(variant, ""), _PINNED_ELSE)
    versions = {p.name: p.version for p in stack.installed.packages} if stack else {}
    return Requirements(
        pinned=tuple(
            f"{name}=={_public(versions[name])}" if name in versions else name for name in pinned
        ),
        free=tuple(name for name in _FREE if not stack or name in versions),
        torch=_public(versions.get("torch", "")),
    )


def hardware_of(family: Family, kind: str, variant: str) -> str:
    """Return the hardware a kind of stage ran on, in a few words; empty when unknown."""
    stack = _stack(family, kind, variant)
    return _machine(stack.hardware) if stack else ""


def library_of(family: Family, variant: str) -> tuple[str, ...]:
    """Return the libraries that quantized a variant, each `Name version`."""
    stack = _stack(family, "quantize", variant)
    if stack is None:
        return ()
    wanted = ("gptqmodel", "llmcompressor", "autoawq", "auto-gptq", "transformers", "torch")
    titles = dict(_PACKAGES)
    versions = {p.name: p.version for p in stack.installed.packages}
    return tuple(f"{titles[name]} {versions[name]}" for name in wanted if name in versions)


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
    prefix = f"{kind}/{variant}"
    for stage_id, raw in sorted(family.environments.items()):
        if stage_id == prefix or stage_id.startswith(f"{prefix}/"):
            return msgspec.convert(raw, EnvironmentStack)
    return None


def _machine(hardware: Hardware) -> str:
    if hardware.gpus:
        count = f"{len(hardware.gpus)} × " if len(hardware.gpus) > 1 else ""
        first = hardware.gpus[0]
        return f"{count}{first.name} ({first.memory_bytes / 2**30:.0f} GiB)"
    memory = f"{hardware.memory_bytes / 2**30:.0f} GiB of memory"
    threads = f"{hardware.threads} thread{'s' if hardware.threads != 1 else ''}"
    return f"{hardware.cpu}, {threads}, {memory}, no GPU"


def _public(version: str) -> str:
    return version.partition("+")[0]


def _said(ran: dict[str, list[str]], *, alone: bool) -> str:
    """Return what ran in a stack; names of variants are left out when there is no other stack."""
    if alone:
        verbs = [verb for _, verb in _KINDS if any(verb in done for done in ran.values())]
        return _enumerated(verbs).capitalize()
    return "; ".join(f"{name} {_enumerated(verbs)}" for name, verbs in ran.items())


def _enumerated(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
