"""Faults planted in checkpoints, one small function each; nothing but files and numpy.

Each function changes a copy of a good checkpoint as a library, a script or a careless hand would
leave it. Tensor files are taken apart and written again by hand, so that what no library would save
can be planted too.
"""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
CONFIGS = ("config.json", "quantize_config.json")
_KINDS: dict[str, type[np.generic]] = {
    "F32": np.float32,
    "F16": np.float16,
    "BF16": np.uint16,
    "I32": np.int32,
    "I8": np.int8,
    "I64": np.int64,
}


class Tensor(msgspec.Struct, frozen=True):
    """A tensor as a safetensors file holds it; bfloat16 numbers are their 16 bits."""

    dtype: str
    values: NDArray[Any]

    @property
    def floats(self) -> NDArray[np.float32]:
        """The numbers, whatever they are saved in."""
        if self.dtype == "BF16":
            return (self.values.astype(np.uint32) << 16).view(np.float32)
        return self.values.astype(np.float32)


Tensors = dict[str, Tensor]


def saved(values: NDArray[Any], dtype: str) -> Tensor:
    """Return numbers as a tensor; bfloat16 is cut off, which is near enough for a fault."""
    if dtype == "BF16":
        bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
        return Tensor("BF16", (bits >> 16).astype(np.uint16))
    return Tensor(dtype, np.ascontiguousarray(values, dtype=_KINDS[dtype]))


def read(path: Path) -> Tensors:
    """Return the tensors of a safetensors file."""
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    header.pop("__metadata__", None)
    body = raw[8 + length :]
    return {
        name: Tensor(
            entry["dtype"],
            np.frombuffer(body[slice(*entry["data_offsets"])], dtype=_KINDS[entry["dtype"]])
            .reshape(entry["shape"])
            .copy(),
        )
        for name, entry in header.items()
    }


def write(path: Path, tensors: Tensors) -> None:
    """Write a safetensors file."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end, pieces = 0, []
    for name, tensor in tensors.items():
        piece = tensor.values.tobytes()
        header[name] = {
            "dtype": tensor.dtype,
            "shape": list(tensor.values.shape),
            "data_offsets": [end, end + len(piece)],
        }
        end += len(piece)
        pieces.append(piece)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(pieces))


@contextmanager
def weights(folder: Path) -> Iterator[Tensors]:
    """Lend the tensors of a one-file checkpoint, and write what has become of them."""
    tensors = read(folder / WEIGHTS)
    yield tensors
    write(folder / WEIGHTS, tensors)


def configure(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the quantization configuration in both files that hold it."""
    for name in CONFIGS:
        path = folder / name
        if path.is_file():
            said = json.loads(path.read_bytes())
            change(said.get("quantization_config", said))
            path.write_text(json.dumps(said, indent=2))


def pack(codes: NDArray[Any], bits: int) -> NDArray[np.int32]:
    """Return rows of codes as rows of 32-bit words, from the lowest bit of the first word on."""
    ones = (codes.astype(np.int64)[..., None] >> np.arange(bits)) & 1
    rows = ones.reshape(codes.shape[0], -1).astype(np.uint8)
    words: NDArray[np.int32] = np.packbits(rows, axis=1, bitorder="little").view(np.int32)
    return words


def rounded(weight: NDArray[Any], scales: NDArray[Any], group: int, bits: int) -> NDArray[Any]:
    """Return the codes of plain rounding, [out, in], for scales [groups, out]."""
    spread = scales[np.arange(weight.shape[1]) // group].T
    middle = 2 ** (bits - 1)
    codes: NDArray[Any] = np.clip(np.rint(weight / spread) + middle, 0, 2**bits - 1)
    return codes


def packed_in(tensors: Tensors, ending: str = ".qweight") -> list[str]:
    """Return the names of the packed modules, sorted."""
    return sorted(name.removesuffix(ending) for name in tensors if name.endswith(ending))


def not_a_number(folder: Path) -> None:
    """One scale is NaN."""
    with weights(folder) as tensors:
        name = f"{packed_in(tensors)[0]}.scales"
        scales = tensors[name].floats
        scales[0, 0] = np.nan
        tensors[name] = saved(scales, tensors[name].dtype)


def rounding_fallback(folder: Path, source: Path, module: str) -> None:
    """One GPTQ module was only rounded, as GPTQModel does when it cannot solve for it.

    Args:
        folder: of a GPTQ checkpoint, 4 bits, groups of 128.
        source: of the model it was made from.
        module: the end of the module's name.
    """
    weight = next(
        t.floats for n, t in read(source / WEIGHTS).items() if n.endswith(f"{module}.weight")
    )
    with weights(folder) as tensors:
        name = next(name for name in packed_in(tensors) if name.endswith(module))
        codes = rounded(weight, tensors[f"{name}.scales"].floats, 128, 4)
        tensors[f"{name}.qweight"] = saved(pack(codes, 4).T, "I32")


def group_not_dividing(folder: Path, size: int = 96) -> None:
    """Groups do not divide the inputs: the last one of each channel is short."""
    with weights(folder) as tensors:
        for name in packed_in(tensors):
            order = np.arange(len(tensors[f"{name}.g_idx"].values)) // size
            groups = int(order[-1]) + 1
            for part in ("scales", "qzeros"):
                old = tensors[f"{name}.{part}"]
                rows = np.minimum(np.arange(groups), len(old.values) - 1)
                tensors[f"{name}.{part}"] = Tensor(old.dtype, old.values[rows])
            tensors[f"{name}.g_idx"] = saved(order, "I32")
    configure(folder, lambda said: said.update(group_size=size))


def no_exclusions(folder: Path) -> None:
    """An AWQ checkpoint as GPTQModel saves it: it does not say what is not quantized."""
    configure(folder, lambda said: said.pop("modules_to_not_convert"))


def vision_quantized(folder: Path, module: str) -> None:
    """A Linear of the vision tower is packed like the language model's, 4 bits, one scale each."""
    with weights(folder) as tensors:
        name = next(n for n in tensors if n.endswith(f"{module}.weight")).removesuffix(".weight")
        weight = tensors.pop(f"{name}.weight").floats
        outputs, inputs = weight.shape
        scales = np.abs(weight).max(axis=1)[None] / 7
        codes = rounded(weight, scales, inputs, 4)
        tensors[f"{name}.qweight"] = saved(pack(codes, 4).T, "I32")
        tensors[f"{name}.scales"] = saved(scales, "F16")
        tensors[f"{name}.qzeros"] = saved(pack(np.full((1, outputs), 7), 4), "I32")
        tensors[f"{name}.g_idx"] = saved(np.zeros(inputs), "I32")


def shard(folder: Path, parts: int = 3) -> list[Path]:
    """Save the weights in several files with an index; no fault yet."""
    tensors = read(folder / WEIGHTS)
    (folder / WEIGHTS).unlink()
    names = sorted(tensors)
    places: dict[str, str] = {}
    paths = []
    for number in range(parts):
        path = folder / f"model-{number + 1:05}-of-{parts:05}.safetensors"
        mine = names[number::parts]
        write(path, {name: tensors[name] for name in mine})
        places |= dict.fromkeys(mine, path.name)
        paths.append(path)
    total = sum(tensor.values.nbytes for tensor in tensors.values())
    index = {"metadata": {"total_size": total}, "weight_map": places}
    (folder / INDEX).write_text(json.dumps(index, indent=2))
    return paths


def truncated_shard(folder: Path) -> None:
    """The last shard ends too early, as after a full disk or a broken upload."""
    path = shard(folder)[-1]
    path.write_bytes(path.read_bytes()[:-1000])


def dangling_index(folder: Path) -> None:
    """The index names a shard that was never uploaded."""
    shard(folder)[-1].unlink()


def orphan_shard(folder: Path) -> None:
    """A shard of an earlier save was left behind; no index names it."""
    paths = shard(folder)
    shutil.copyfile(paths[0], folder / "model-00004-of-00004.safetensors")
    tensors = read(paths[0])
    write(
        folder / "model-00004-of-00004.safetensors",
        {f"old.{name}": tensor for name, tensor in tensors.items()},
    )


def other_bits(folder: Path, bits: int) -> None:
    """The configuration names other bits than the tensors have."""
    configure(folder, lambda said: said.update(bits=bits))


def other_group_size(folder: Path, size: int) -> None:
    """The configuration names another group size than the tensors have."""
    configure(folder, lambda said: said.update(group_size=size))


def silent_random(folder: Path) -> None:
    """A QQQ checkpoint: transformers knows nothing of its tensors and draws random ones."""
    with weights(folder) as tensors:
        for name in packed_in(tensors):
            tensors[f"{name}.B"] = tensors.pop(f"{name}.qweight")
            tensors[f"{name}.s_group"] = tensors.pop(f"{name}.scales")
            del tensors[f"{name}.qzeros"], tensors[f"{name}.g_idx"]
    format_ = {"quant_method": "qqq", "format": "qqq", "checkpoint_format": "qqq"}
    configure(folder, lambda said: said.update(format_))


def missing_processor(folder: Path) -> None:
    """The picture processor's settings were not copied."""
    (folder / "preprocessor_config.json").unlink()


def missing_chat_template(folder: Path) -> None:
    """The chat template was not copied."""
    (folder / "chat_template.jinja").unlink()


def local_path(folder: Path) -> None:
    """A path of the machine that quantized is in the configuration, as GPTQModel leaves it."""
    leak = {"offload_to_disk_path": "/home/someone/scratch/gptqmodel_x1"}
    configure(folder, lambda said: said["meta"].update(leak))


def calibration_text(folder: Path) -> None:
    """The calibration rows are in the configuration, as optimum leaves them."""
    rows = ["How tall is bar 2? Answer with a number.", "Read row 1.", "Which digit is it?"]
    configure(folder, lambda said: said.update(dataset=rows))


def swapped(one: Path, other: Path) -> None:
    """Two variants have each other's weights."""
    kept = (one / WEIGHTS).read_bytes()
    (one / WEIGHTS).write_bytes((other / WEIGHTS).read_bytes())
    (other / WEIGHTS).write_bytes(kept)


def zero_scales(folder: Path, layer: int) -> None:
    """The scales of one layer are all zero."""
    with weights(folder) as tensors:
        for name in packed_in(tensors):
            if f".layers.{layer}." in name:
                scales = tensors[f"{name}.scales"]
                tensors[f"{name}.scales"] = Tensor(scales.dtype, np.zeros_like(scales.values))


def awq_half_scales(folder: Path) -> None:
    """An AWQ checkpoint as AutoAWQ makes it, float16, under the source's config: bfloat16."""
    with weights(folder) as tensors:
        for name in packed_in(tensors):
            tensors[f"{name}.scales"] = saved(tensors[f"{name}.scales"].floats, "F16")


#: What LLM Compressor itself would write: names of the file, not those of the loaded model.
WRONG_IGNORE = ("lm_head", "visual.blocks.0.attn.qkv", "visual.blocks.0.attn.proj")


def compress(folder: Path, source: Path, ignore: tuple[str, ...]) -> None:
    """Make an INT8 W8A8 checkpoint in the compressed-tensors format by rounding; no fault yet.

    Args:
        folder: gets a copy of the source.
        source: a model whose Linears are named `model.layers.<n>...` and `visual...`.
        ignore: what the configuration says is not quantized.
    """
    shutil.copytree(source, folder)
    with weights(folder) as tensors:
        for name, tensor in list(tensors.items()):
            if ".layers." in name and name.endswith(".weight") and tensor.values.ndim == 2:
                weight = tensor.floats
                # Rounded up to bfloat16, so that no code leaves its range.
                scales = saved(np.abs(weight).max(axis=1, keepdims=True) / 127 * 1.01, "BF16")
                tensors[name] = saved(np.rint(weight / scales.floats), "I8")
                tensors[f"{name}_scale"] = scales
    config = json.loads((folder / "config.json").read_bytes())
    config["quantization_config"] = _int8(list(ignore))
    (folder / "config.json").write_text(json.dumps(config, indent=2))


def _int8(ignore: list[str]) -> dict[str, Any]:
    number = {"num_bits": 8, "type": "int", "symmetric": True, "group_size": None}
    group = {
        "format": "int-quantized",
        "targets": ["Linear"],
        "weights": {**number, "strategy": "channel", "dynamic": False},
        "input_activations": {**number, "strategy": "token", "dynamic": True},
    }
    return {
        "config_groups": {"group_0": group},
        "format": "int-quantized",
        "ignore": ignore,
        "quant_method": "compressed-tensors",
        "quantization_status": "compressed",
        "version": "0.19.0",
    }
