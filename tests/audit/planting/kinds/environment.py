"""Versions that cannot have worked together, or with this model."""

from __future__ import annotations

import random

from tests.audit.planting.planting import Planted, kind, pick, put, spots
from tests.audit.planting.repos import Repo

#: Model type -> releases of transformers that do not know it.
TOO_OLD = {
    "qwen2_vl": ("4.38.2", "4.40.0", "4.44.2"),
    "qwen2_5_vl": ("4.45.0", "4.46.3", "4.48.3"),
    "mistral": ("4.31.0", "4.33.3"),
    "llama": ("4.21.0", "4.26.1"),
}


def _type(repo: Repo) -> str:
    return str(repo.texts.get("config.json", {}).get("model_type", ""))


@kind("environment", "impossible-stack", "the card's transformers release does not know the model")
def impossible_stack(repo: Repo, rng: random.Random) -> Planted | None:
    """State a release from before the architecture."""
    spot = pick(rng, spots(repo, "transformers") if _type(repo) in TOO_OLD else [])
    return (
        None if spot is None else put(repo, spot, rng.choice(TOO_OLD[_type(repo)]), "transformers")
    )


@kind("environment", "requirement", "the install command pins a release that is too old")
def requirement(repo: Repo, rng: random.Random) -> Planted | None:
    """Pin a release from before the architecture."""
    spot = pick(rng, spots(repo, "requirement") if _type(repo) in TOO_OLD else [])
    return (
        None
        if spot is None
        else put(repo, spot, f"=={rng.choice(TOO_OLD[_type(repo)])}", "requirement")
    )


@kind("environment", "config-version", "the configuration was written by another release")
def config_version(repo: Repo, rng: random.Random) -> Planted | None:
    """Let a far newer release have written the configuration than the card states."""
    if not spots(repo, "transformers") or not repo.texts:
        return None
    version = rng.choice(["4.52.0", "4.51.3", "4.53.1"])
    made = repo.copy()
    made.edit_json("config.json", "transformers_version", value=version)
    lines = made.lines("Transformers")
    return Planted(made, version, path="config.json", paths=("README.md",), lines=lines)


@kind("environment", "cuda-build", "the CUDA release is not that of the PyTorch build")
def cuda_build(repo: Repo, rng: random.Random) -> Planted | None:
    """State another CUDA release, or another build."""
    spot = pick(rng, spots(repo, "cuda", "torch"))
    if spot is None:
        return None
    new = rng.choice(["11.8", "12.4"]) if spot.label == "cuda" else "2.4.0+cu118"
    planted = put(repo, spot, new, "CUDA")
    lines = planted.lines | planted.repo.lines("PyTorch") | planted.repo.lines("- CUDA")
    return Planted(planted.repo, planted.what, lines=lines)


@kind("environment", "torch-build", "there is no such build of that PyTorch release")
def torch_build(repo: Repo, rng: random.Random) -> Planted | None:
    """State a build that was never made."""
    spot = pick(rng, spots(repo, "torch"))
    return (
        None
        if spot is None
        else put(repo, spot, rng.choice(["2.4.0+cu113", "2.4.0+cu102"]), "build")
    )


@kind("environment", "engine", "the engine's release supports neither the model nor the method")
def engine(repo: Repo, rng: random.Random) -> Planted | None:
    """State a release of vLLM from long before."""
    spot = pick(rng, spots(repo, "vllm"))
    return (
        None if spot is None else put(repo, spot, rng.choice(["0.2.0", "0.1.7", "0.2.4"]), "vLLM")
    )


@kind("environment", "unreleased", "a version was never released")
def unreleased(repo: Repo, rng: random.Random) -> Planted | None:
    """State a version that does not exist."""
    spot = pick(rng, spots(repo, "transformers", "vllm"))
    if spot is None:
        return None
    wrong = ["4.39.9", "4.46.9", "4.99.0"] if spot.label == "transformers" else ["0.6.9", "0.7.9"]
    return put(repo, spot, rng.choice(wrong), "version")
