"""Weights against the source's: what the method leaves alone, and what it packed.

Tensors are read one at a time, packed modules by their first output channels, so that a model of
any size fits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import events
from certify_checks import Check, Fault, Skip, failed, listed, passed
from certify_scheme import FOLDING_METHODS, LAYER, Scheme, canonical, configured_dtype, is_packable
from certify_shapes import PARTS, Packed
from certify_unpacking import Codes, Tensors, read_codes

PLAIN = "tensors left alone"
PACKED = "packed weights"
#: Output channels of each packed module that are compared with the source's.
CHANNELS = 256
#: Bits -> the largest distance of a module's weights from the source's, as a share of their norm.
#: The nano model's: below .01 with 8 bits, .17 with 4, .35 with 3, .78 with 2; zeros are at 1,
#: another module's weights near 1.4.
LIMITS = {2: 1.1, 3: 0.8, 4: 0.5, 8: 0.1}
#: From this share of codes on that are what plain rounding gives, a module was only rounded. GPTQ's
#: are below .9 on the nano model; the rest is room for ties and for scales cut after rounding.
ROUNDED = 0.99
#: Scales are saved with half the precision that codes were rounded with: relative error of float16.
SCALE_ERROR = 2.0**-10
#: Methods whose codes are not those of plain rounding.
SEARCHING = ("gptq", "gptaq", "awq")
#: Tensors that some libraries save and no loader needs.
_BUFFERS = re.compile(r"(rotary_emb|rotary_pos_emb)\.(inv_freq|original_inv_freq)$")
_UNFOLDED_NORMS = re.compile(r"\.(q_norm|k_norm|q_layernorm|k_layernorm)\.")
_UNFOLDED_BIASES = re.compile(r"\.(q_proj|k_proj)\.bias$")


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A source and the checkpoint made from it.

    Attributes:
        source, checkpoint: their tensors.
        modules: the packed ones, as their shapes say.
        scheme: the configuration.
        config: config.json of the checkpoint.
        method: that was asked for; `compressed-tensors` where that is all that is known.
    """

    source: Tensors
    checkpoint: Tensors
    modules: Sequence[Packed]
    scheme: Scheme
    config: dict[str, Any]
    method: str

    @property
    def folds(self) -> bool:
        """Whether the method may scale norms and biases inside of layers."""
        return self.method in (*FOLDING_METHODS, "compressed-tensors")


def check_plain(pair: Pair) -> Check:
    """Return the check that what the method leaves alone is the source's, cast to what it is in."""
    there = {canonical(name): name for name in pair.checkpoint.entries}
    packed = {canonical(module.name) for module in pair.modules}
    counts = {"equal": 0, "folded": 0}
    for name in sorted(pair.source.entries):
        events.check()
        short = canonical(name)
        if short.endswith(".weight") and short.removesuffix(".weight") in packed:
            continue
        if short not in there:
            if _may_miss(short, pair):
                continue
            fault = Fault(finding="missing-tensor", said=f"{name} of the source is not there")
            return failed(PLAIN, fault)
        said = _difference(pair, name, there[short])
        if said and pair.folds and _is_foldable(short, packed):
            counts["folded"] += 1
            continue
        if said:
            return failed(PLAIN, Fault(finding="changed-tensor", said=said))
        counts["equal"] += 1
    extra = _unknown(pair, packed)
    if extra:
        said = f"{listed(extra)}: not in the source"
        return failed(PLAIN, Fault(finding="unknown-tensor", said=said))
    said = f"{counts['equal']} tensors are the source's, cast to what they are saved in"
    more = f"; scales are folded into {counts['folded']} more, see the layers"
    return passed(PLAIN, said + (more if counts["folded"] else ""))


def _may_miss(name: str, pair: Pair) -> bool:
    tied = name == "lm_head.weight" and bool(pair.config.get("tie_word_embeddings"))
    return tied or bool(_BUFFERS.search(name))


def _is_foldable(name: str, packed: set[str]) -> bool:
    """Return whether scales may be folded into a tensor: norms and biases inside of layers."""
    if not is_packable(name):
        return False
    if name.endswith(".bias"):
        return name.removesuffix(".bias") in packed and not _UNFOLDED_BIASES.search(name)
    return "norm" in name.lower() and not _UNFOLDED_NORMS.search(name)


def _difference(pair: Pair, name: str, saved_name: str) -> str:
    """Return how a tensor differs from the source's; empty when it does not."""
    import torch

    source, saved = pair.source.read(name), pair.checkpoint.read(saved_name)
    if source.shape != saved.shape:
        return f"{saved_name} is {list(saved.shape)}, in the source {list(source.shape)}"
    if torch.equal(source.to(saved.dtype), saved):
        return ""
    # What a library loads in the configured precision before it saves it in another is cast twice.
    between = getattr(torch, configured_dtype(pair.config), saved.dtype)
    if torch.equal(source.to(between).to(saved.dtype), saved):
        return ""
    if saved_name.endswith(".bias") and saved.dtype == torch.float16:
        bound = source.float().abs() * SCALE_ERROR + torch.finfo(torch.float16).tiny
        if bool(((source.float() - saved.float()).abs() <= bound).all()):
            return ""
    distance = float((source.float() - saved.float()).norm() / source.float().norm())
    return f"{saved_name} is not the source's: {distance:.2g} of its norm away"


def _unknown(pair: Pair, packed: set[str]) -> list[str]:
    """Return the tensors that are neither the source's nor part of a packed module, sorted."""
    known = {canonical(name) for name in pair.source.entries}
    known |= {f"{name}.{part}" for name in packed for part in PARTS}
    names = sorted(n for n in pair.checkpoint.entries if canonical(n) not in known)
    return [name for name in names if not _is_harmless(pair, name, packed)]


def _is_harmless(pair: Pair, name: str, packed: set[str]) -> bool:
    """Return whether an extra tensor changes nothing: a tied head, a zero bias, a buffer."""
    short = canonical(name)
    if _BUFFERS.search(short):
        return True
    if short.endswith(".bias") and short.removesuffix(".bias") in packed:
        return not bool(pair.checkpoint.read(name).any())
    if short == "lm_head.weight":
        tied = next((n for n in pair.source.entries if canonical(n) == "embed_tokens.weight"), "")
        return bool(tied) and not _difference(pair, tied, name)
    return False


def look_at_packed(pair: Pair) -> Iterator[dict[str, Any]]:
    """Yield for each packed module how far its first channels are from the source's.

    Each is `{"module", "distance", "rounded", "zero_scales"}`: the norm of the difference as a
    share of the source's norm, the share of codes that plain rounding gives under the same scales,
    and whether every scale is zero.

    Raises:
        Skip: the source has none of the modules under a name that is known.
    """
    names = {canonical(name): name for name in pair.source.entries}
    found = False
    for done, module in enumerate(pair.modules):
        events.progress(done, len(pair.modules), "modules")
        name = names.get(f"{canonical(module.name)}.weight")
        if name is None:
            continue
        found = True
        weight = pair.source.rows(name, CHANNELS).float()
        codes = read_codes(pair.checkpoint, module, pair.scheme.layout, CHANNELS)
        if codes.codes.shape != weight.shape:
            said = f"{module.name} is {list(codes.codes.shape)}, in the source {list(weight.shape)}"
            raise ValueError(said)
        yield {
            "module": module.name,
            "distance": float((codes.weight - weight).norm() / weight.norm().clamp_min(1e-12)),
            "rounded": rounded_share(codes, weight),
            "zero_scales": not bool(codes.scales.any()),
        }
    if not found:
        raise Skip("the source names its Linears otherwise")


def rounded_share(codes: Codes, weight: Any) -> float:
    """Return the share of codes that plain rounding of these weights gives under the same scales.

    Half a step counts as rounded both ways, and so does what cutting the scale may have moved.
    """
    if codes.least is None:
        return float((codes.rounded(weight) == codes.codes).float().mean())
    steps = codes.in_steps(weight)
    bound = 0.5 + 1e-3 + (steps - codes.zeros).abs() * SCALE_ERROR
    return float(((steps - codes.codes).abs() <= bound).float().mean())


def check_packed(found: Sequence[dict[str, Any]], pair: Pair) -> Check:
    """Return the check that packed modules hold the source's weights, and not just rounded ones."""
    for look in _LOOKS:
        fault = look(found, pair)
        if fault:
            return failed(PACKED, fault)
    mean = sum(module["rounded"] for module in found) / len(found)
    said = f"{len(found)} modules; {mean:.0%} of the codes looked at are those of rounding"
    if not pair.folds:
        worst = max(found, key=lambda module: module["distance"])
        said += f"; furthest from the source {worst['module']}, {worst['distance']:.2g} of its norm"
    return passed(PACKED, said)


def _zeroed(found: Sequence[dict[str, Any]], _pair: Pair) -> Fault | None:
    zero = [module["module"] for module in found if module["zero_scales"]]
    if zero:
        return Fault(finding="zero-scales", said=f"every scale is zero in {listed(zero)}")
    return None


def _far(found: Sequence[dict[str, Any]], pair: Pair) -> Fault | None:
    if pair.folds:
        return None
    limit = LIMITS.get(pair.scheme.bits or 8, LIMITS[8])
    far = [module for module in found if not module["distance"] <= limit]
    if far:
        distance = far[0]["distance"]
        said = f"{far[0]['module']} is {distance:.2g} of its norm away from the source's"
        return Fault(finding="other-weights", said=f"{said}, allowed {limit}")
    return None


def _rounded(found: Sequence[dict[str, Any]], pair: Pair) -> Fault | None:
    """Return which modules were rounded where a search was asked for.

    AWQ leaves single modules unscaled, and so only rounds them; a whole layer it does not.
    """
    if pair.method not in SEARCHING:
        return None
    flat = [module["module"] for module in found if module["rounded"] >= ROUNDED]
    if pair.method == "awq":
        searched = {_layer(m["module"]) for m in found if m["rounded"] < ROUNDED}
        flat = [name for name in flat if _layer(name) not in searched]
    if flat:
        said = f"only rounded to the nearest, which {pair.method.upper()} does not: {listed(flat)}"
        return Fault(finding="rounded", said=said)
    return None


def _searched(found: Sequence[dict[str, Any]], pair: Pair) -> Fault | None:
    if pair.method != "rtn":
        return None
    other = [module for module in found if module["rounded"] < ROUNDED]
    if other:
        said = f"{other[0]['module']} is not what rounding gives, which was asked for"
        return Fault(finding="not-rounded", said=said)
    return None


_LOOKS: tuple[Callable[[Sequence[dict[str, Any]], Pair], Fault | None], ...] = (
    _zeroed,
    _far,
    _rounded,
    _searched,
)


def _layer(name: str) -> str:
    match = LAYER.search(name)
    return name[: match.end()] if match else name
