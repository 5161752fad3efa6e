"""Layers: what a decoder layer of the checkpoint makes of the source's own hidden states.

While the source reads one prompt, each of its decoder layers' input and output is kept; the
checkpoint's layers then get the same inputs. Scales that a method folds from one weight into
another leave a layer's output as it is, so this holds for every method. A layer is looked at apart
from all others: one that is broken does not hide among errors that add up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from certify_checks import Check, Fault, Skip, failed, passed
from certify_scheme import VISION, canonical

NAME = "layers"
#: Bits -> how large the error of a layer may be, as a share of what the layer adds to its input.
#: A layer whose scales are all zero is at 1, one with another layer's weights near 1.4; the nano
#: model's are below .02 with 8 bits, .16 with 4, .36 with 3 and .5 with 2, whatever the method.
LIMITS = {2: 1.1, 3: 0.75, 4: 0.5, 8: 0.15}
_LAYER = re.compile(r"(^|\.)(layers|h|blocks)\.\d+$")
#: What a layer is handed that must not be handed on: caches would be written into.
_STATEFUL = ("past_key_values", "past_key_value", "layer_past")


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One call of a decoder layer: what it was handed, and what came out, [1, tokens, width]."""

    hidden: Any
    rest: tuple[Any, ...]
    named: dict[str, Any]
    output: Any


def decoder_layers(model: Any) -> dict[str, Any]:
    """Return the language model's layers by their canonical names, in order."""
    return {
        canonical(name): module
        for name, module in model.named_modules()
        if _LAYER.search(name) and not VISION.search(name)
    }


@contextmanager
def watched(model: Any) -> Iterator[dict[str, Seen]]:
    """Keep what goes into and comes out of each decoder layer; the last call of each stays."""
    seen: dict[str, Seen] = {}
    handles = [
        layer.register_forward_hook(_keeper(seen, name), with_kwargs=True)
        for name, layer in decoder_layers(model).items()
    ]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def _keeper(seen: dict[str, Seen], name: str) -> Any:
    def keep(_layer: Any, given: tuple[Any, ...], named: dict[str, Any], output: Any) -> None:
        named = {key: value for key, value in named.items() if key not in _STATEFUL}
        hidden = given[0] if given else named.pop("hidden_states")
        seen[name] = Seen(
            hidden=hidden.detach().cpu(),
            rest=given[1:],
            named=named,
            output=_first(output).detach().cpu(),
        )

    return keep


def errors(model: Any, seen: Mapping[str, Seen]) -> dict[str, float]:
    """Return each layer's error: the median over tokens of |y' - y| / |y - x|.

    Here x is the layer's input in the source, y its output there and y' what the checkpoint's layer
    makes of x. The median leaves out the few tokens whose huge values drown what a layer adds.

    Raises:
        Skip: the checkpoint has other layers than the source.
    """
    import torch

    layers = decoder_layers(model)
    if layers.keys() != seen.keys():
        raise Skip(f"{len(layers)} layers found, {len(seen)} in the source")
    found = {}
    for name, layer in layers.items():
        at = seen[name]
        with torch.inference_mode():
            made = _first(layer(at.hidden.to(model.device), *at.rest, **at.named)).cpu().float()
        source, given = at.output.float(), at.hidden.float()
        width = (-1, source.shape[-1])
        added = (source - given).reshape(width).norm(dim=-1).clamp_min(1e-12)
        error = (made - source).reshape(width).norm(dim=-1) / added
        found[name] = float(error.median()) if bool(torch.isfinite(error).all()) else float("nan")
    return found


def check(found: Mapping[str, float], bits: int | None) -> Check:
    """Return the check that no layer's error is above the limit for its bits."""
    limit = LIMITS.get(bits or 8, LIMITS[8])
    # A NaN is above every limit.
    name = max(found, key=lambda layer: (not found[layer] <= limit, found[layer]))
    if not found[name] <= limit:
        said = f"{name} is off by {found[name]:.2g} of what it adds in the source, allowed {limit}"
        return failed(NAME, Fault(finding="layer-output", said=said))
    said = f"{len(found)} layers, {name} furthest off: {found[name]:.2g} of what it adds"
    return passed(NAME, said)


def _first(output: Any) -> Any:
    return output[0] if isinstance(output, tuple) else output
