"""Tensor parallelism: over how many GPUs vLLM can split each variant.

vLLM gives each GPU some heads, some columns of the first Linears of attention and MLP, and some
rows of the last ones. Packed weights add that no group of rows may be cut. The rules, as of vLLM
0.32.0 (paths in `vllm/`):

- query heads are divided; key and value heads too, or repeated where there are fewer than GPUs:
  `model_executor/models/qwen2.py` and `qwen3.py`, `QKVParallelLinear` in
  `model_executor/layers/linear.py`;
- widths are divided (`divide` in `distributed/utils.py`);
- inputs of split rows hold whole groups: `verify_group_size_divides_partition` (same file), called
  for compressed-tensors; `MarlinLinearKernel.can_implement` (`.../mixed_precision/marlin.py`);
  `BaseAWQLinearMethod.create_weights` (`.../quantization/auto_awq.py`);
- a word of 32 bits is not cut: `_adjust_shard_indexes_for_packing`
  (`model_executor/parameter.py`);
- one scale per channel is repeated for GPTQ and compressed-tensors
  (`marlin_repeat_scales_on_all_ranks`), not for AWQ, which is left with no scale at all;
- the vocabulary is padded to a multiple of 64 and divided
  (`model_executor/layers/vocab_parallel_embedding.py`);
- the vision tower's heads are divided, unless `--mm-encoder-tp-mode data` keeps it whole;
- shards that are no multiple of Marlin's tiles (64 outputs and 128 inputs, or 128 and 64) are
  padded, which costs speed and nothing else (`marlin_padded_nk`,
  `.../quantization/utils/marlin_utils.py`). Older versions refuse them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import lcm
from typing import Any

import msgspec

from hubq.model.recipe import VariantSpec
from hubq.quantize import methods
from hubq.quantize.shapes import Heads, Linear, Weights, heads

SIZES = (1, 2, 3, 4, 5, 6, 7, 8)
#: Linears whose inputs are split; those of all others stay whole and their outputs are split.
ROW_PARALLEL = ("o_proj", "down_proj")
VOCABULARY_MULTIPLE = 64
TILES = ((64, 128), (128, 64))
"""Marlin's tiles: outputs and inputs of a shard are multiples of one of these."""


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a variant splits over a number of GPUs.

    Attributes:
        tp: the number of GPUs, vLLM's `--tensor-parallel-size`.
        ok: whether it does.
        reason: why not; empty when it does.
        note: what it costs, or what must be set, where it does.
    """

    tp: int
    ok: bool
    reason: str = ""
    note: str = ""


def splits(
    weights: Weights,
    config: Mapping[str, Any],
    variant: VariantSpec | None,
    sizes: Sequence[int] = SIZES,
) -> tuple[Split, ...]:
    """Return over how many GPUs a variant splits.

    Args:
        weights: of the source; without Linears nothing is known and nothing returned.
        config: the source's `config.json`.
        variant: none for the source itself.
        sizes: the numbers of GPUs to try.
    """
    if not weights.linears:
        return ()
    split = heads(config)
    return tuple(_split(weights.layer, split, variant, tp) for tp in sizes)


def _split(layer: Sequence[Linear], split: Heads, variant: VariantSpec | None, tp: int) -> Split:
    if tp == 1:
        return Split(tp=tp, ok=True)
    reason = _heads_reason(split, tp)
    for one in layer if not reason else ():
        reason = _linear_reason(one, split, variant, tp)
        if reason:
            break
    if reason:
        return Split(tp=tp, ok=False, reason=reason)
    return Split(tp=tp, ok=True, note=_note(layer, split, variant, tp))


def _heads_reason(split: Heads, tp: int) -> str:
    """Return why attention or vocabulary do not split; what is not known is not judged."""
    if split.attention % tp:
        return f"{split.attention} attention heads do not split into {tp}"
    few, many = sorted((split.key_value, tp))
    if few and many % few:
        return f"{split.key_value} key/value heads neither split into {tp} nor repeat to it"
    padded = -(-split.vocabulary // VOCABULARY_MULTIPLE) * VOCABULARY_MULTIPLE
    if padded % tp:
        return f"a vocabulary of {padded} (padded to 64) does not split into {tp}"
    return ""


def _linear_reason(one: Linear, split: Heads, variant: VariantSpec | None, tp: int) -> str:
    rows = one.name in ROW_PARALLEL
    whole, what = (one.inputs, "inputs") if rows else (one.outputs, "outputs")
    parts = _parts(one, split, tp)
    if whole % parts:
        return f"{whole} {what} of {one.name} do not split into {tp}"
    if variant is None:
        return ""
    known, shard = methods.facts(variant), whole // parts
    if rows and variant.group_size > 0 and shard % variant.group_size:
        groups = whole / variant.group_size
        count = "1 group" if groups == 1 else f"{groups:g} groups"
        return (
            f"{whole} inputs of {one.name} are {count} of {variant.group_size}, "
            f"which do not split into {tp}"
        )
    if rows and variant.group_size == -1 and known.format == "awq":
        return f"AWQ's one scale per channel of {one.name} cannot be split"
    word = lcm(32, variant.bits) // variant.bits
    if _is_packed(known, variant, rows=rows) and shard % word:
        return f"{shard} {what} of {one.name} on each GPU cut words of {word}"
    return ""


def _is_packed(known: methods.MethodFacts, variant: VariantSpec, *, rows: bool) -> bool:
    """Say whether several numbers share a word along the dimension that is split."""
    if known.activations:
        return False
    if known.format == "gptq":
        return True
    # AWQ packs outputs; compressed-tensors inputs, and outputs of zero points.
    return rows != (known.format == "awq") or (not rows and not variant.sym)


def _parts(one: Linear, split: Heads, tp: int) -> int:
    """Return into how many parts a Linear is cut; repeated heads are cut once for each head."""
    repeated = one.name in {"k_proj", "v_proj"} and 0 < split.key_value < tp
    return split.key_value if repeated else tp


def _note(layer: Sequence[Linear], split: Heads, variant: VariantSpec | None, tp: int) -> str:
    notes = []
    padded = [one.name for one in layer if variant is not None and _is_padded(one, variant, tp)]
    if padded:
        notes.append(f"shards of {', '.join(padded)} are padded to Marlin's tiles")
    if split.vision % tp:
        notes.append(
            f"the vision tower's {split.vision} heads do not split into {tp}: "
            "--mm-encoder-tp-mode data"
        )
    return "; ".join(notes)


def _is_padded(one: Linear, variant: VariantSpec, tp: int) -> bool:
    """Say so of a shard alone; vLLM fuses q, k and v, and gate and up, whose sums fit better."""
    if methods.facts(variant).activations or one.name not in ROW_PARALLEL:
        return False
    inputs = one.inputs // tp
    return all(one.outputs % outputs or inputs % rows for outputs, rows in TILES)


def table(rows: Mapping[str, Sequence[Split]]) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows that show over how many GPUs each variant splits.

    Args:
        rows: variant name -> its splits, all for the same numbers of GPUs.
    """
    sizes = [split.tp for split in next(iter(rows.values()), ())]
    cells = [[name, *("yes" if split.ok else "no" for split in row)] for name, row in rows.items()]
    return ["variant", *(f"TP {size}" for size in sizes)], cells


def summary(row: Sequence[Split]) -> str:
    """Return one line: `1, 2; not 4: 8960 inputs of down_proj ...`, each reason once."""
    good = ", ".join(str(split.tp) for split in row if split.ok)
    reasons: dict[str, list[str]] = {}
    for split in row:
        if not split.ok:
            text = split.reason.removesuffix(f" into {split.tp}")
            reasons.setdefault(text, []).append(str(split.tp))
    bad = [f"not {', '.join(sizes)}: {text}" for text, sizes in reasons.items()]
    return "; ".join([good, *bad])


def notes(row: Sequence[Split]) -> tuple[str, ...]:
    """Return the notes of a variant's splits, `TP 3: ...`."""
    return tuple(f"TP {split.tp}: {split.note}" for split in row if split.note)
