"""Packed weights taken apart: the codes, scales and zero points of a module's first channels.

Layouts: GPTQ packs each output channel's codes along its inputs, AWQ packs eight output channels
of one input into a word in the order 0 2 4 6 1 3 5 7, compressed-tensors packs along the inputs.
In all of them codes follow each other without gaps, from the lowest bit of the first word on.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import certify_shapes
from certify_shapes import Packed

#: Where AWQ's eight codes of a word belong.
AWQ_ORDER = (0, 4, 1, 5, 2, 6, 3, 7)


class Tensors:
    """The tensors of a model folder, read one at a time.

    Args:
        folder: with safetensors files.
    """

    def __init__(self, folder: Path) -> None:
        self.entries = certify_shapes.read_entries(folder)
        self._open: dict[Path, Any] = {}

    def read(self, name: str) -> Any:
        """Return a tensor."""
        return self._file(name).get_tensor(name)

    def rows(self, name: str, count: int) -> Any:
        """Return the first `count` rows of a tensor; the rest is not read."""
        return self._file(name).get_slice(name)[:count]

    def columns(self, name: str, count: int) -> Any:
        """Return the first `count` columns of a matrix; the rest is not read."""
        return self._file(name).get_slice(name)[:, :count]

    def _file(self, name: str) -> Any:
        from safetensors import safe_open

        path = self.entries[name]["path"]
        if path not in self._open:
            self._open[path] = safe_open(path, framework="pt")
        return self._open[path]


@dataclass(frozen=True, kw_only=True)
class Codes:
    """The first output channels of a packed module, float32; weight = (codes - zeros) * scales.

    Attributes:
        codes: what is stored for each weight, [channels, inputs].
        scales, zeros: of each weight, [channels, inputs].
        least, most: between which codes lie; none where weights are floating-point numbers.
    """

    codes: Any
    scales: Any
    zeros: Any
    least: int | None
    most: int | None

    @property
    def weight(self) -> Any:
        """The weights that the codes stand for."""
        return (self.codes - self.zeros) * self.scales

    def in_steps(self, weight: Any) -> Any:
        """Return weights in steps of their scales, where codes lie; unlike codes not rounded."""
        return (weight / self._divisors() + self.zeros).clamp(self.least, self.most)

    def rounded(self, weight: Any) -> Any:
        """Return the floating-point codes that plain rounding gives these weights."""
        import torch

        limit = torch.finfo(torch.float8_e4m3fn).max
        steps = (weight / self._divisors()).clamp(-limit, limit)
        return steps.to(torch.float8_e4m3fn).float()

    def _divisors(self) -> Any:
        import torch

        return torch.where(self.scales == 0, torch.ones_like(self.scales), self.scales)


def read_codes(tensors: Tensors, module: Packed, layout: str, channels: int) -> Codes:
    """Return the codes of a module's first output channels.

    Args:
        tensors: of the checkpoint.
        module: as its shapes say.
        layout: how it is packed; one of `certify_shapes.MARKS`.
        channels: how many at most; a multiple of 32, so that no word is cut.
    """
    channels = min(channels, module.outputs)
    if layout in {"gptq", "gptq_v2"}:
        return _gptq(tensors, module, layout, channels)
    if layout == "gemm":
        return _awq(tensors, module, channels)
    if layout == "pack-quantized":
        return _compressed(tensors, module, channels)
    return _whole(tensors, module, channels)


def _gptq(tensors: Tensors, module: Packed, layout: str, channels: int) -> Codes:
    name, bits = module.name, module.bits
    words = channels * bits // 32
    codes = unpack(tensors.columns(f"{name}.qweight", channels).T, bits)
    zeros = unpack(tensors.columns(f"{name}.qzeros", words), bits)
    # The first version of the format stores zero points less one.
    zeros = zeros + 1 if layout == "gptq" else zeros
    scales = tensors.columns(f"{name}.scales", channels)
    groups = _groups(tensors, module, f"{name}.g_idx")
    return Codes(
        codes=codes.float(),
        scales=scales.float()[groups].T,
        zeros=zeros.float()[groups].T,
        least=0,
        most=2**bits - 1,
    )


def _awq(tensors: Tensors, module: Packed, channels: int) -> Codes:
    name, bits = module.name, module.bits
    words = channels * bits // 32
    groups = _groups(tensors, module, "")
    codes = _in_order(unpack(tensors.columns(f"{name}.qweight", words), bits))
    zeros = _in_order(unpack(tensors.columns(f"{name}.qzeros", words), bits))
    scales = tensors.columns(f"{name}.scales", channels)
    return Codes(
        codes=codes.float().T,
        scales=scales.float()[groups].T,
        zeros=zeros.float()[groups].T,
        least=0,
        most=2**bits - 1,
    )


def _compressed(tensors: Tensors, module: Packed, channels: int) -> Codes:
    import torch

    name, bits = module.name, module.bits
    groups = _groups(tensors, module, f"{name}.weight_g_idx")
    codes = unpack(tensors.rows(f"{name}.weight_packed", channels), bits)[:, : module.inputs]
    scales = tensors.rows(f"{name}.weight_scale", channels).float()
    zeros = torch.full_like(scales, 2 ** (bits - 1))
    if f"{name}.weight_zero_point" in tensors.entries:
        packed = tensors.rows(f"{name}.weight_zero_point", -(-channels * bits // 32))
        zeros = unpack(packed.T, bits).T[:channels].float()
    return Codes(
        codes=codes.float(),
        scales=scales[:, groups],
        zeros=zeros[:, groups],
        least=0,
        most=2**bits - 1,
    )


def _whole(tensors: Tensors, module: Packed, channels: int) -> Codes:
    import torch

    weight = tensors.rows(f"{module.name}.weight", channels)
    scales = tensors.read(f"{module.name}.weight_scale").float()
    scales = scales.reshape(scales.shape[0], -1)[:channels]
    scales = scales.repeat_interleave(-(-module.inputs // scales.shape[1]), dim=1)
    scales = scales[:, : module.inputs].expand(weight.shape)
    whole = weight.dtype == torch.int8
    return Codes(
        codes=weight.float(),
        scales=scales,
        zeros=torch.zeros_like(scales),
        least=-128 if whole else None,
        most=127 if whole else None,
    )


def _groups(tensors: Tensors, module: Packed, order: str) -> Any:
    """Return the group of each input channel."""
    import torch

    if order in tensors.entries:
        return tensors.read(order).long()
    return torch.arange(module.inputs) // module.group_size


def _in_order(codes: Any) -> Any:
    rows = codes.reshape(codes.shape[0], -1, len(AWQ_ORDER))
    return rows[:, :, list(AWQ_ORDER)].reshape(codes.shape[0], -1)


def unpack(words: Any, bits: int) -> Any:
    """Return the codes in rows of 32-bit words, [rows, words * 32 / bits], int64."""
    import torch

    words = words.long() & 0xFFFFFFFF
    count = words.shape[1] * 32 // bits
    start = torch.arange(count) * bits
    index, shift = start // 32, start % 32
    following = (index + 1).clamp_max(words.shape[1] - 1)
    spread = (words[:, index] >> shift) | (words[:, following] << (32 - shift))
    return spread & (2**bits - 1)
