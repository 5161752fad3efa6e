"""Configurations, shapes, indices and files that contradict one another."""

from __future__ import annotations

import random
from typing import Any

import msgspec

from hubq.audit.headers import Header
from hubq.quantize.headers import Tensor
from tests.audit.planting.layers import Scheme, one_header, tensors
from tests.audit.planting.planting import Planted, kind, pick, put, spots
from tests.audit.planting.repos import Repo

CONFIG, SIDE, INDEX = "config.json", "quantize_config.json", "model.safetensors.index.json"
_SCHEMES: dict[str, Scheme] = {"gptq": "gptq", "awq": "awq", "compressed-tensors": "packed"}


def _quantization(repo: Repo) -> dict[str, Any]:
    found: dict[str, Any] = repo.texts.get(CONFIG, {}).get("quantization_config", {})
    return found


def _named(repo: Repo) -> bool:
    return any(mark in repo.model.lower() for mark in ("int4", "int8", "w4a16"))


@kind("weights", "bits-config", "the configuration has other bits than name, prose and shapes")
def bits_config(repo: Repo, rng: random.Random) -> Planted | None:
    """Set the bits of the configuration to another number."""
    said = _quantization(repo)
    if "bits" not in said or not (_named(repo) or repo.headers):
        return None
    bits = 8 if said["bits"] == 4 else rng.choice([3, 4])
    made = repo.copy()
    made.edit_json(CONFIG, "quantization_config", "bits", value=bits)
    lines = made.lines(spots(repo, "bits")[0].text)
    others = ("README.md", SIDE, *repo.headers)
    return Planted(made, f"bits {bits}", path=CONFIG, paths=others, lines=lines)


@kind("weights", "bits-name", "the name of the repo says other bits than everything in it")
def bits_name(repo: Repo, rng: random.Random) -> Planted | None:
    """Move the repo to a name with other bits."""
    del rng
    turns = {"Int4": "Int8", "INT4": "INT8", "Int8": "Int4", "w4a16": "w8a16"}
    turned = [(old, new) for old, new in turns.items() if old in repo.model]
    if not turned or not repo.whole:
        return None
    made = repo.copy()
    made.id = repo.id.replace(*turned[0])
    made.card = repo.card.replace(repo.id, made.id).replace(f"# {repo.model}", f"# {made.model}")
    return Planted(made, f"{repo.id} -> {made.id}", path=CONFIG, texts=(made.model, made.id))


@kind("weights", "bits-prose", "a sentence says other bits than the name and the configuration")
def bits_prose(repo: Repo, rng: random.Random) -> Planted | None:
    """Say INT8 of an INT4 model, or the other way round."""
    spot = pick(rng, spots(repo, "bits"))
    turns = {"INT4": "INT8", "INT8": "INT4", "INT3": "INT8", "4-bit": "8-bit", "FP8": "INT4"}
    return None if spot is None else put(repo, spot, turns[spot.text], "bits in prose")


@kind("weights", "group-prose", "a sentence says another group size than the configuration")
def group_prose(repo: Repo, rng: random.Random) -> Planted | None:
    """Say groups of 32 or 64."""
    spot = pick(rng, spots(repo, "group", "branch-group") if repo.texts else [])
    return (
        None if spot is None else put(repo, spot, rng.choice(["32", "64"]), "group size in prose")
    )


@kind("weights", "branch-bits", "a table of files says other bits than the configuration")
def branch_bits(repo: Repo, rng: random.Random) -> Planted | None:
    """Say 8 or 3 bits of the main branch."""
    spot = pick(rng, spots(repo, "branch-bits"))
    return None if spot is None else put(repo, spot, rng.choice(["8", "3"]), "bits of a branch")


@kind("weights", "group-config", "the configuration has another group size than the shapes")
def group_config(repo: Repo, rng: random.Random) -> Planted | None:
    """Set the group size of the configuration to another number."""
    if "group_size" not in _quantization(repo):
        return None
    group = rng.choice([32, 64])
    made = repo.copy()
    made.edit_json(CONFIG, "quantization_config", "group_size", value=group)
    lines = made.lines("group")
    others = ("README.md", SIDE, *repo.headers)
    return Planted(made, f"group {group}", path=CONFIG, paths=others, lines=lines)


@kind("weights", "method-config", "the configuration names another method than name and card")
def method_config(repo: Repo, rng: random.Random) -> Planted | None:
    """Exchange GPTQ and AWQ in the configuration."""
    del rng
    turns = {"gptq": "awq", "awq": "gptq"}
    old = _quantization(repo).get("quant_method")
    if old not in turns:
        return None
    made = repo.copy()
    made.edit_json(CONFIG, "quantization_config", "quant_method", value=turns[old])
    others = ("README.md", *repo.headers)
    return Planted(made, f"quant_method {turns[old]}", path=CONFIG, paths=others)


@kind("weights", "method-name", "the name of the repo says another method than the files")
def method_name(repo: Repo, rng: random.Random) -> Planted | None:
    """Move the repo to a name with another method."""
    del rng
    turns = {"GPTQ": "AWQ", "AWQ": "GPTQ"}
    old = next((one for one in turns if one in repo.model), None)
    if old is None or not repo.whole:
        return None
    made = repo.copy()
    made.id = repo.id.replace(old, turns[old])
    made.card = repo.card.replace(repo.id, made.id)
    return Planted(made, f"{repo.id} -> {made.id}", path=CONFIG, texts=(made.model, made.id))


@kind("weights", "method-prose", "a sentence names another method than the configuration")
def method_prose(repo: Repo, rng: random.Random) -> Planted | None:
    """Exchange GPTQ and AWQ in the prose."""
    spot = pick(rng, spots(repo, "method") if repo.texts else [])
    return (
        None
        if spot is None
        else put(repo, spot, {"GPTQ": "AWQ", "AWQ": "GPTQ"}[spot.text], "method in prose")
    )


@kind("weights", "quantize-config", "quantize_config.json disagrees with config.json")
def quantize_config(repo: Repo, rng: random.Random) -> Planted | None:
    """Change one value of quantize_config.json."""
    if SIDE not in repo.texts:
        return None
    key, value = rng.choice([("bits", 8), ("group_size", 32), ("desc_act", None)])
    value = not repo.texts[SIDE]["desc_act"] if value is None else value
    made = repo.copy()
    made.edit_json(SIDE, key, value=value)
    return Planted(made, f"{key} {value}", path=SIDE, paths=(CONFIG,))


def _with_header(repo: Repo, header: Header) -> Repo:
    made = repo.copy()
    path = next(iter(repo.headers))
    made.headers[path] = header
    _, _, sha256 = str(repo.files[path]).partition(" ")
    made.files[path] = f"{header.size} {sha256}"
    return made


@kind("weights", "bits-shapes", "the tensors are packed with other bits than configured")
def bits_shapes(repo: Repo, rng: random.Random) -> Planted | None:
    """Pack the layers with other bits."""
    said = _quantization(repo)
    if len(repo.headers) != 1 or said.get("quant_method") != "gptq":
        return None
    bits = rng.choice([one for one in (2, 4, 8) if one != said["bits"]])
    header = one_header(tensors(repo.texts[CONFIG], "gptq", bits, said["group_size"]))
    path = next(iter(repo.headers))
    made = _with_header(repo, header)
    return Planted(made, f"shapes of {bits} bits", path=path, paths=(CONFIG,))


@kind("weights", "group-shapes", "the tensors have other groups than configured")
def group_shapes(repo: Repo, rng: random.Random) -> Planted | None:
    """Give the scales other groups."""
    said = _quantization(repo)
    scheme = _SCHEMES.get(said.get("quant_method", ""))
    if len(repo.headers) != 1 or scheme is None:
        return None
    group = rng.choice([32, 64])
    header = one_header(tensors(repo.texts[CONFIG], scheme, said["bits"], group))
    path = next(iter(repo.headers))
    made = _with_header(repo, header)
    return Planted(made, f"shapes of groups of {group}", path=path, paths=(CONFIG,))


@kind("weights", "not-quantized", "nothing is quantized, though the configuration says so")
def not_quantized(repo: Repo, rng: random.Random) -> Planted | None:
    """Put the weights of the original in."""
    del rng
    if not repo.headers:
        return None
    made = repo.copy()
    header = one_header(tensors(repo.texts[CONFIG], "plain", 16, 0))
    for path in repo.headers:
        del made.headers[path], made.files[path]
    made.texts.pop(INDEX, None)
    made.headers["model.safetensors"] = header
    made.files["model.safetensors"] = f"{header.size} {'7' * 64}"
    return Planted(made, "plain weights", path="model.safetensors", paths=(CONFIG,))


@kind(
    "weights", "vision-quantized", "the vision tower is quantized, though the card says it is not"
)
def vision_quantized(repo: Repo, rng: random.Random) -> Planted | None:
    """Pack the vision tower too."""
    del rng
    said = _quantization(repo)
    scheme = _SCHEMES.get(said.get("quant_method", ""))
    if len(repo.headers) != 1 or scheme is None or not spots(repo, "vision"):
        return None
    header = one_header(tensors(repo.texts[CONFIG], scheme, said["bits"], 128, tower=True))
    made = _with_header(repo, header)
    path = next(iter(repo.headers))
    lines = made.lines("vision tower")
    return Planted(made, "tower", path=path, paths=(CONFIG, "README.md"), lines=lines)


@kind("weights", "dangling-index", "the index names a file that is not there")
def dangling(repo: Repo, rng: random.Random) -> Planted | None:
    """Take a shard away."""
    if INDEX not in repo.texts:
        return None
    path = rng.choice(sorted(repo.headers))
    made = repo.copy()
    del made.headers[path], made.files[path]
    return Planted(made, f"without {path}", path=INDEX, texts=(path,))


@kind("weights", "orphan-shard", "a file of weights stands in no index")
def orphan(repo: Repo, rng: random.Random) -> Planted | None:
    """Add a third shard."""
    del rng
    if INDEX not in repo.texts:
        return None
    made = repo.copy()
    path = "model-00003-of-00003.safetensors"
    header = one_header({"model.layers.99.mlp.up_proj.weight": ("BF16", (64, 64))})
    made.headers[path], made.files[path] = header, f"{header.size} {'8' * 64}"
    return Planted(made, f"with {path}", path=path, paths=(INDEX,), texts=(path,))


@kind("weights", "index-tensors", "the index names a tensor that its file does not hold")
def index_tensors(repo: Repo, rng: random.Random) -> Planted | None:
    """Add a tensor to the index, or move one to the other file."""
    if INDEX not in repo.texts:
        return None
    made = repo.copy()
    where = made.texts[INDEX]["weight_map"]
    name = rng.choice(sorted(where))
    if rng.random() < 0.5:
        where[f"{name}.extra"] = where[name]
        return Planted(made, f"{name}.extra in the index", path=INDEX, texts=(f"{name}.extra",))
    where[name] = next(path for path in repo.headers if path != where[name])
    return Planted(made, f"{name} in the other file", path=INDEX, texts=(name,))


@kind("weights", "total-size", "the index has another total size than the tensors")
def total_size(repo: Repo, rng: random.Random) -> Planted | None:
    """Add or take a tenth of the size."""
    if INDEX not in repo.texts:
        return None
    made = repo.copy()
    total = int(made.texts[INDEX]["metadata"]["total_size"] * rng.choice([0.5, 0.9, 1.1, 2]))
    made.edit_json(INDEX, "metadata", "total_size", value=total)
    return Planted(made, f"total_size {total}", path=INDEX)


@kind("weights", "truncated", "a file of weights ends before its last tensor")
def truncated(repo: Repo, rng: random.Random) -> Planted | None:
    """Cut a file short."""
    if not repo.headers:
        return None
    path = rng.choice(sorted(repo.headers))
    made = repo.copy()
    size = int(repo.headers[path].size * rng.uniform(0.3, 0.99))
    made.headers[path] = msgspec.structs.replace(repo.headers[path], size=size)
    made.files[path] = f"{size} {'9' * 64}"
    return Planted(made, f"{path} cut to {size}", path=path)


@kind("weights", "bad-header", "the header of a file cannot be read, or its tensors overlap")
def bad_header(repo: Repo, rng: random.Random) -> Planted | None:
    """Spoil a header."""
    if not repo.headers:
        return None
    path = rng.choice(sorted(repo.headers))
    made = repo.copy()
    old = repo.headers[path]
    if rng.random() < 0.5:
        new = Header(length=9, size=old.size, problem="its header is no such JSON: x")
    else:
        name = sorted(old.tensors)[5]
        one = old.tensors[name]
        facts = Tensor(dtype=one.dtype, shape=one.shape, start=one.start + 4, end=one.end + 4)
        new = msgspec.structs.replace(old, tensors={**old.tensors, name: facts})
    made.headers[path] = new
    return Planted(made, f"header of {path}", path=path)


@kind("weights", "same-weights", "two variants hold the very same weights")
def same_weights(repo: Repo, rng: random.Random) -> Planted | None:
    """Upload a sibling's weights under this name."""
    if not repo.siblings or not repo.headers:
        return None
    other = rng.choice(repo.siblings)
    made = repo.copy()
    path = next(iter(repo.headers))
    made.files[path] = other.files[path]
    made.headers[path] = other.headers[path]
    return Planted(made, f"weights of {other.id}", path=path, texts=(other.id,), paths=(CONFIG,))


@kind("weights", "missing-file", "a file that the original has, and loading needs, is missing")
def missing_file(repo: Repo, rng: random.Random) -> Planted | None:
    """Leave a processor or tokenizer file out."""
    there = ("preprocessor_config.json", "tokenizer_config.json", "tokenizer.json")
    found = [path for path in there if path in repo.texts or path in repo.files]
    if not found or not repo.base or not repo.headers:
        return None
    path = rng.choice(found)
    made = repo.copy()
    made.texts.pop(path, None)
    made.files.pop(path, None)
    return Planted(made, f"without {path}", path=path, texts=(path,))


@kind("weights", "config-drift", "the configuration describes another model than the original's")
def config_drift(repo: Repo, rng: random.Random) -> Planted | None:
    """Change a size of the model in the configuration."""
    if not repo.base or CONFIG not in repo.texts:
        return None
    key, value = rng.choice([("hidden_size", 5120), ("vocab_size", 32000), ("model_type", "opt")])
    made = repo.copy()
    made.edit_json(CONFIG, key, value=value)
    return Planted(made, f"{key} {value}", path=CONFIG, texts=(key,))


@kind("weights", "dtype", "an AWQ or GPTQ checkpoint asks for bfloat16, which its kernels lack")
def dtype(repo: Repo, rng: random.Random) -> Planted | None:
    """Set the type of an AWQ checkpoint to bfloat16."""
    del rng
    if _quantization(repo).get("quant_method") != "awq":
        return None
    made = repo.copy()
    made.edit_json(CONFIG, "torch_dtype", value="bfloat16")
    return Planted(made, "bfloat16", path=CONFIG)


@kind("weights", "pickle", "weights lie there as a pickle as well")
def pickle(repo: Repo, rng: random.Random) -> Planted | None:
    """Add a pickle."""
    if not repo.headers:
        return None
    path = rng.choice(["pytorch_model.bin", "model.pt", "pytorch_model-00001-of-00002.bin"])
    made = repo.copy()
    made.files[path] = f"4000000000 {'6' * 64}"
    return Planted(made, f"with {path}", path=path, texts=(path,))


@kind("weights", "leaked-path", "the configuration names a folder of the machine it was made on")
def leaked(repo: Repo, rng: random.Random) -> Planted | None:
    """Put such a name into the configuration."""
    if CONFIG not in repo.texts:
        return None
    path = rng.choice(["/home/user/models/ckpt-1200", "/data/exp7/merged", "/mnt/out/final-319"])
    made = repo.copy()
    made.edit_json(CONFIG, "_name_or_path", value=path)
    return Planted(made, path, path=CONFIG, texts=(path,))


@kind("weights", "file-size", "the card gives a file another size than it has")
def file_size(repo: Repo, rng: random.Random) -> Planted | None:
    """Change a size in a table of files."""
    spot = pick(rng, [one for one in spots(repo, "size") if "|" in repo.card])
    if spot is None or "community-driven" in repo.card:
        return None
    value = float(spot.text.rstrip(" GB")) * rng.choice([0.5, 0.7, 1.4, 2.0])
    return put(repo, spot, f"{value:.2f}{spot.text[4:]}", "size of a file")
