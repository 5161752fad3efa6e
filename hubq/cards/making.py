"""How a variant was made, and the certificate it was given."""

from __future__ import annotations

from typing import Any

import msgspec

from hubq.cards.family import Family
from hubq.cards.ledger import COUNT, RATE, RESULT_FILE, Ledger, Shape, escape_pointer
from hubq.cards.stacks import ENGINES, hardware_of, library_of
from hubq.model.card import Claim
from hubq.quantize import certificate

SECONDS = Shape(digits=1, unit="s")
MEGABYTES = Shape(scale=1e-6, unit="MB")
DAMP = Shape(unit="fraction", plain=True)
KL = Shape(digits=4, unit="nats per token", floor=0.0001)
LIMIT = Shape(unit="nats per token", plain=True)
_MEASURED = ("divergence", "agreement", "floor")
_SWITCHES = ("static_groups", "true_sequential", "act_group_aware")
"""What a quantizer writes into the configuration beside what the recipe says."""
_DAMPED = ("gptq", "gptaq", "smoothquant")
_CHECKS = {
    "weight files": "Weight files agree with their headers and index",
    "processor and other files": "Processor and all other files of the source are there",
    "calibration text": "No calibration text in the configuration",
    "weights as made": "Weights are the ones that were quantized",
    "packed tensors": "Bits and group size worked out from the tensors' shapes are as configured",
    "packed modules": "Exactly the language model's linear layers are packed",
    "act-order": "Order of input channels is as configured",
    "exclusions": "Configuration names what is not quantized",
    "saved precision": "Scales fit the precision that loaders choose",
    "name": "Name says what the files are",
    "tensors left alone": "Everything left alone equals the source",
    "packed weights": "Packed weights are the source's, and not merely rounded",
    "layers": "Each layer's output on a prompt is near the source's",
    "canary": "Answers fixed questions",
    "local paths": "No path of the machine it was made on is left in a file",
    "configuration": "Quantization configuration is the one asked for",
    "finite weights": "All weights are finite",
    "loads": "Loads with plain transformers, no tensor missing or left over",
    "kernels": "Quantized layers run on quantized kernels",
    "finite logits": "All logits are finite",
    "answers": "Answers a question",
}
METHODS = {
    "gptq": "GPTQ",
    "gptaq": "GPTAQ",
    "awq": "AWQ",
    "rtn": "round-to-nearest",
    "fp8": "rounding to FP8 (W8A8)",
    "smoothquant": "SmoothQuant and GPTQ (W8A8)",
}
ACTIVATIONS = {"fp8": "FP8", "smoothquant": "INT8"}


class Making(msgspec.Struct, frozen=True, kw_only=True):
    """How a variant was made.

    Attributes:
        method: as people write it.
        activations: the format that activations are rounded to as the model runs; empty for none.
        alpha: SmoothQuant's migration strength, or GPTAQ's weight of the asymmetric term.
        half: whether the kernels of serving engines want half precision.
        bits, group_size: of the weights; no group size where an output channel has one scale.
        damp: the share of the Hessian's mean diagonal added to it; none outside GPTQ.
        sym, desc_act: symmetric; act-order.
        modality: of the calibration rows, `image-text` or `text`.
        dataset: the calibration file's name.
        dataset_digest: its SHA-256.
        samples, length, seed: rows asked for, their greatest length in tokens, the draw's seed.
        dropped: rows that did not fit and were left out;
        rows: rows used; text_tokens, vision_tokens: in them; vision_share: in percent.
        seconds: how long quantizing took; hardware: on what.
        peak: memory the process held at most, in MB.
        libraries: what did it, each `Name version`.
        format: how the checkpoint's configuration calls its format; empty where it does not.
        switches: the quantizer's further switches, each with whether it was on.
    """

    method: str
    bits: Claim
    sym: bool
    desc_act: bool
    modality: str
    dataset: str
    dataset_digest: str
    samples: Claim | None
    length: Claim | None
    seed: Claim | None
    rows: Claim | None
    text_tokens: Claim | None
    vision_tokens: Claim | None
    vision_share: Claim | None
    seconds: Claim | None
    peak: Claim | None
    hardware: str
    libraries: tuple[str, ...]
    group_size: Claim | None = None
    damp: Claim | None = None
    alpha: Claim | None = None
    dropped: Claim | None = None
    activations: str = ""
    half: bool = True
    format: str = ""
    switches: tuple[tuple[str, bool], ...] = ()


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One check of the certificate.

    Attributes:
        title: what was checked, in words.
        good: whether it is as it should be.
    """

    title: str
    good: bool


class EngineCheck(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the checkpoint loaded in a serving engine.

    Attributes:
        engine: its name and version.
        state: `loads` or `infeasible`.
        said: why not, in the engine's words; empty when it loads.
    """

    engine: str
    state: str
    said: str


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """What was checked before the checkpoint could be published.

    Attributes:
        kl, low, high: mean KL divergence from the baseline in nats per token, and its interval.
        items: how many items it was measured on.
        limit: the largest KL that the recipe allows; none for no limit.
        top1: how often the likeliest next token is the same, in percent.
        floor: the same divergence between the baseline in its own precision and in float32.
        checks: everything else that was checked.
        engines: the serving engines it was tried in.
        kernels: the classes that the linear layers run as, with how many each.
    """

    kl: Claim | None
    low: Claim | None
    high: Claim | None
    items: Claim | None
    limit: Claim | None
    top1: Claim | None
    checks: tuple[Check, ...]
    kernels: tuple[tuple[str, Claim], ...]
    floor: Claim | None = None
    engines: tuple[EngineCheck, ...] = ()


def making_of(family: Family, ledger: Ledger, variant: str) -> Making:
    """Return how a variant was made, from its quantize stage.

    Raises:
        KeyError: the variant was not quantized.
    """
    enter = _Entry(family, ledger, f"quantize/{variant}", variant)
    settings = family.results[enter.stage].stage.settings
    calibration = settings.get("calibration", {})
    spec = family.spec(variant)
    config = family.results[enter.stage].facts.get("quantization_config") or {}
    named = (spec.calibration or family.loaded.recipe.calibration).dataset
    return Making(
        method=METHODS.get(str(settings["method"]), str(settings["method"])),
        bits=enter.must("bits", "/stage/settings/bits", COUNT),
        group_size=enter.setting("group_size", COUNT) if settings["group_size"] > 0 else None,
        damp=enter.setting("damp", DAMP) if settings["method"] in _DAMPED else None,
        alpha=enter.setting("alpha", DAMP) if settings.get("alpha") is not None else None,
        activations=ACTIVATIONS.get(str(settings["method"]), ""),
        half=spec.backend != "llmcompressor",
        sym=bool(settings.get("sym")),
        desc_act=bool(settings.get("desc_act")),
        modality=str(calibration.get("modality", "")),
        dataset=named.replace("\\", "/").rsplit("/", 1)[-1],
        dataset_digest=str(calibration.get("digest", "")),
        samples=enter.setting("calibration/samples", COUNT),
        length=enter.setting("calibration/length", COUNT),
        seed=enter.setting("calibration/seed", COUNT),
        rows=enter.measure("calibration_rows", COUNT),
        dropped=enter.measure("calibration_rows_dropped", COUNT),
        text_tokens=enter.measure("calibration_text_tokens", COUNT),
        vision_tokens=enter.measure("calibration_vision_tokens", COUNT),
        vision_share=enter.vision_share(),
        seconds=enter.measure("seconds", SECONDS),
        peak=enter.measure("peak_resident_bytes", MEGABYTES),
        hardware=hardware_of(family, "quantize", variant),
        libraries=library_of(family, variant),
        format=str(config.get("checkpoint_format") or config.get("format") or ""),
        switches=_switches(config),
    )


def _switches(config: dict[str, Any]) -> tuple[tuple[str, bool], ...]:
    """Return the quantizer's switches that a quantization configuration names, in its own words."""
    told = {**config, **(config.get("meta") or {})}
    return tuple((name, told[name]) for name in _SWITCHES if isinstance(told.get(name), bool))


def certificate_of(family: Family, ledger: Ledger, variant: str) -> Certificate | None:
    """Return a variant's certificate, or none when there is none."""
    stage = f"certify/{variant}"
    if stage not in family.results:
        return None
    enter = _Entry(family, ledger, stage, variant)
    result = family.results[stage]
    index = next((i for i, m in enumerate(result.measures) if m.name == "kl"), -1)
    return Certificate(
        kl=enter.measure("kl", KL),
        low=enter.record("kl_low", f"/measures/{index}/low", KL),
        high=enter.record("kl_high", f"/measures/{index}/high", KL),
        items=enter.record("kl_items", f"/measures/{index}/n", COUNT),
        limit=enter.setting("max_kl", LIMIT),
        floor=enter.measure("kl_floor", KL),
        top1=enter.measure("top1_agreement", RATE),
        engines=_engines(family, variant),
        checks=tuple(
            Check(title=_CHECKS.get(check["name"], check["name"].capitalize()), good=check["good"])
            for check in result.facts.get("checks", ())
            if check["name"] not in _MEASURED and check.get("state") != "skipped"
        ),
        kernels=tuple(
            (name, enter.must(f"kernel.{name}", _kernel(name), COUNT, certificate.CERTIFICATE))
            for name in sorted(result.facts.get("kernels", {}))
        ),
    )


def _engines(family: Family, variant: str) -> tuple[EngineCheck, ...]:
    """Return what each serving engine that the recipe targets made of the checkpoint."""
    found = []
    for engine in family.loaded.recipe.engines:
        result = family.results.get(f"certify/{variant}/{engine}")
        if result is not None:
            about = result.facts.get("engine", {})
            name = f"{ENGINES.get(engine, engine)} {about.get('version', '')}".strip()
            state, said = str(result.facts.get("state", "")), str(result.facts.get("reason", ""))
            found.append(EngineCheck(engine=name, state=state, said=said))
    return tuple(found)


class _Entry:
    """Enters the numbers of one stage of one variant; a number that is not there is none."""

    def __init__(self, family: Family, ledger: Ledger, stage: str, variant: str) -> None:
        self.family, self.ledger, self.stage, self.variant = family, ledger, stage, variant

    def must(self, name: str, pointer: str, shape: Shape, file: str = RESULT_FILE) -> Claim:
        return self.ledger.record(f"{name}.{self.variant}", self.stage, pointer, shape, file)

    def record(self, name: str, pointer: str, shape: Shape) -> Claim | None:
        try:
            return self.must(name, pointer, shape)
        except KeyError:
            return None

    def setting(self, path: str, shape: Shape) -> Claim | None:
        return self.record(path.replace("/", "_"), f"/stage/settings/{path}", shape)

    def measure(self, name: str, shape: Shape) -> Claim | None:
        try:
            return self.ledger.measure(f"{name}.{self.variant}", self.stage, name, shape)
        except KeyError:
            return None

    def vision_share(self) -> Claim | None:
        place = f"/calibration/{escape_pointer(self.variant)}/vision_share"
        return self.ledger.maybe(f"vision_share.{self.variant}", place, RATE)


def _kernel(name: str) -> str:
    return f"/kernels/{escape_pointer(name)}"
