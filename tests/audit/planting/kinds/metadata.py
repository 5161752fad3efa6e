"""Front matter that the body, the files or the original contradict; links that lead nowhere."""

from __future__ import annotations

import random
import re

from tests.audit.planting.planting import Planted, body_line, kind, nudged, pick, put, spots
from tests.audit.planting.repos import Repo

_LINK = re.compile(r"\]\(([\w.]+)\)")


def _without(repo: Repo, key: str) -> Planted | None:
    found = re.search(rf"^{key}:.*\n", repo.card, re.MULTILINE)
    if found is None:
        return None
    made = repo.copy()
    made.card = repo.card.replace(found[0], "", 1)
    return Planted(made, f"without {key}", lines=frozenset({1}), texts=(key,))


@kind("metadata", "base-missing", "the front matter names no base model")
def base_missing(repo: Repo, rng: random.Random) -> Planted | None:
    """Leave `base_model` out, relation and all."""
    del rng
    first = _without(repo, "base_model")
    return None if first is None else _without(first.repo, "base_model_relation") or first


@kind("metadata", "base-other", "the front matter names another base model than all the rest")
def base_other(repo: Repo, rng: random.Random) -> Planted | None:
    """Name a model of another family."""
    others = ("bigscience/bloom-7b1", "tiiuae/falcon-7b-instruct", "microsoft/phi-2")
    spot = pick(rng, spots(repo, "base"))
    return None if spot is None else put(repo, spot, rng.choice(others), "base_model", "base_model")


@kind("metadata", "relation", "the relation to the base model is another one")
def relation(repo: Repo, rng: random.Random) -> Planted | None:
    """Say finetune, merge or adapter of a quantized model."""
    spot = pick(rng, spots(repo, "relation"))
    return (
        None
        if spot is None
        else put(repo, spot, rng.choice(["finetune", "merge", "adapter"]), "relation")
    )


@kind("metadata", "license-other", "the license is another one than the base model's")
def license_other(repo: Repo, rng: random.Random) -> Planted | None:
    """Name another license."""
    spot = pick(rng, spots(repo, "license") if repo.base else [])
    others = ("mit", "cc-by-nc-4.0", "gemma")
    found = [one for one in others if spot and one != spot.text]
    return None if spot is None else put(repo, spot, rng.choice(found), "license", "license")


@kind("metadata", "license-body", "the body names another license than the front matter")
def license_body(repo: Repo, rng: random.Random) -> Planted | None:
    """Say in the text that another license holds."""
    if not spots(repo, "license") and "license:" not in repo.card:
        return None
    said = "MIT License" if "license: mit" not in repo.card else "Apache 2.0 license"
    text = f"This model is released under the {said}."
    made = repo.copy()
    lines = made.insert(body_line(rng, repo), f"{text}\n")
    return Planted(made, text, lines=lines, texts=(said, "license"))


@kind("metadata", "license-missing", "the front matter names no license")
def license_missing(repo: Repo, rng: random.Random) -> Planted | None:
    """Leave it out."""
    del rng
    return _without(repo, "license")


@kind("metadata", "license-file", "the license asks for files that are not there")
def license_file(repo: Repo, rng: random.Random) -> Planted | None:
    """Take license, notice and policy of a Llama model away."""
    del rng
    if "NOTICE" not in repo.files:
        return None
    made = repo.copy()
    for path in ("LICENSE", "NOTICE", "USE_POLICY.md"):
        made.files.pop(path, None)
    return Planted(made, "no license files", path="LICENSE", texts=("LICENSE", "NOTICE"))


@kind("metadata", "pipeline", "pipeline_tag is not what the architecture does")
def pipeline(repo: Repo, rng: random.Random) -> Planted | None:
    """Name another task."""
    spot = pick(rng, spots(repo, "pipeline"))
    others = ("text-to-image", "automatic-speech-recognition", "fill-mask")
    return (
        None
        if spot is None
        else put(repo, spot, rng.choice(others), "pipeline_tag", "pipeline_tag")
    )


@kind("metadata", "pipeline-missing", "there is no pipeline_tag")
def pipeline_missing(repo: Repo, rng: random.Random) -> Planted | None:
    """Leave it out."""
    del rng
    return _without(repo, "pipeline_tag")


@kind("metadata", "library", "library_name is not what loads the files")
def library(repo: Repo, rng: random.Random) -> Planted | None:
    """Name another library."""
    spot = pick(rng, spots(repo, "library"))
    return (
        None
        if spot is None
        else put(repo, spot, rng.choice(["diffusers", "timm"]), "library", "library_name")
    )


@kind("metadata", "library-missing", "there is no library_name")
def library_missing(repo: Repo, rng: random.Random) -> Planted | None:
    """Leave it out."""
    del rng
    return _without(repo, "library_name")


@kind("metadata", "language", "a language is no code")
def language(repo: Repo, rng: random.Random) -> Planted | None:
    """Name a language in words, or by a code that does not exist."""
    spot = pick(rng, spots(repo, "language"))
    return (
        None
        if spot is None
        else put(repo, spot, rng.choice(["english", "eng-US-x", "xx-qq"]), "language")
    )


@kind("metadata", "model-index", "a score of the model-index is not the table's")
def model_index(repo: Repo, rng: random.Random) -> Planted | None:
    """Change a score of the model-index."""
    spot = pick(rng, spots(repo, "indexed"))
    if spot is not None:
        return put(repo, spot, nudged(rng, spot.text, 0.01, 0.05), "model-index", "model-index")
    values = list(re.finditer(r"^      value: ([\d.]+)$", repo.card, re.MULTILINE))
    if not values:
        return None
    found = rng.choice(values)
    made = repo.copy()
    lines = made.replace(found.start(1), found[1], new := nudged(rng, found[1], 0.01, 0.05))
    return Planted(made, f"model-index {new}", lines=lines, texts=(new, "model-index"))


@kind("metadata", "dead-link", "a relative link leads to no file")
def dead_link(repo: Repo, rng: random.Random) -> Planted | None:
    """Rename the target of a link, or add a link to a file that is not there."""
    spot = pick(rng, spots(repo, "link"))
    if not repo.whole:
        return None
    if spot is not None and rng.random() < 0.5:
        return put(repo, spot, f"docs/{spot.text}", "link")
    name = rng.choice(["benchmarks/results.json", "EVAL.md", "images/chart.png"])
    made = repo.copy()
    lines = made.insert(body_line(rng, repo), f"All results are in [this file]({name}).\n")
    return Planted(made, f"link to {name}", lines=lines, texts=(name,))


@kind("metadata", "no-such-sibling", "a link leads to a repo of the family that is not there")
def no_such_sibling(repo: Repo, rng: random.Random) -> Planted | None:
    """Put a template's broken link in: a link without a target, or to a bare word."""
    text = rng.choice(["See [the other variants]().", "Runs in [llm-utils](llm-utils)."])
    if not repo.whole and "llm" in text:
        text = "See [the other variants]()."
    made = repo.copy()
    return Planted(made, text, lines=made.insert(body_line(rng, repo), f"{text}\n"), texts=(text,))


@kind("metadata", "front-matter", "the front matter is no YAML, or names a key twice")
def front_matter(repo: Repo, rng: random.Random) -> Planted | None:
    """Spoil the front matter."""
    if not repo.card.startswith("---\n"):
        return None
    made = repo.copy()
    text = rng.choice(["tags: [a, b", "license: mit", "language: 'en"])
    made.insert(2, text)
    end = made.card.split("\n").index("---", 1) + 2
    return Planted(made, f"front matter {text!r}", lines=frozenset(range(1, end)))
