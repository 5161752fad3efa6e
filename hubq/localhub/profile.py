"""What the Hub works out about a repo from its card and its config."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

import msgspec
import yaml

from hubq.localhub.problems import LocalHubError
from hubq.localhub.repository import Repository
from hubq.localhub.values import Commit, Kind
from hubq.markdown import frontmatter, vocabulary
from hubq.markdown.frontmatter import FrontMatter


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A repo at one commit, described.

    Attributes:
        card: the README.md, taken apart.
        relation: how it comes from `base_models`: one of `vocabulary.RELATIONS`, or empty.
        quantization: `quant_method` of its config, empty when it is not quantized.
        bits: bits of a quantized weight, 0 when unknown.
        size: bytes of all files.
    """

    id: str
    kind: Kind
    oid: str
    commit: Commit
    private: bool
    gated: str
    created: str
    card: FrontMatter
    config: dict[str, Any]
    relation: str
    quantization: str
    bits: int
    size: int

    @property
    def base_models(self) -> list[str]:
        """Return the repos that the card says this one comes from."""
        return self.card.items("base_model")

    @property
    def library(self) -> str:
        """Return the library the card names."""
        return self.card.text("library_name")

    @property
    def pipeline_tag(self) -> str:
        """Return the task the card names."""
        return self.card.text("pipeline_tag")

    @property
    def tags(self) -> list[str]:
        """Return the Hub's tags: the card's own, and those worked out from it."""
        card = self.card
        tags = [self.library] if self.library else []
        if any(path.endswith(".safetensors") for path in self.commit.files):
            tags.append("safetensors")
        if isinstance(self.config.get("model_type"), str):
            tags.append(self.config["model_type"])
        tags += [*card.items("tags"), self.pipeline_tag, *card.items("language")]
        tags += [f"dataset:{name}" for name in card.items("datasets")]
        tags += [f"base_model:{name}" for name in self.base_models]
        if self.relation:
            tags += [f"base_model:{self.relation}:{name}" for name in self.base_models]
        tags += [f"license:{name}" for name in card.items("license")]
        tags += [self.quantization, f"{self.bits}-bit" if self.bits else ""]
        return [tag for tag in dict.fromkeys(tags) if tag]


def profile(repo: Repository, revision: str = "main") -> Profile:
    """Describe a repo at a revision.

    Raises:
        RevisionNotFoundError: there is no such revision.
    """
    oid = repo.head(revision)
    commit, card, config = _read(repo, oid)
    record = repo.record
    quantization = config.get("quantization_config")
    quantization = quantization if isinstance(quantization, dict) else {}
    bits = quantization.get("bits")
    return Profile(
        id=record.id,
        kind=record.kind,
        oid=oid,
        commit=commit,
        private=record.private,
        gated=record.gated,
        created=record.created,
        card=card,
        config=config,
        relation=_relation(card, commit, quantized=bool(quantization)),
        quantization=str(quantization.get("quant_method", "")),
        bits=bits if isinstance(bits, int) else 0,
        size=sum(entry.size for entry in commit.files.values()),
    )


@functools.lru_cache(maxsize=4096)
def _read(repo: Repository, oid: str) -> tuple[Commit, FrontMatter, dict[str, Any]]:
    """Return a commit with its card and config; a commit never changes, so they are kept."""
    commit = repo.commit(oid)
    card = frontmatter.parse(_text(repo, commit, "README.md"))
    return commit, card, _json_object(_text(repo, commit, "config.json"))


def children(profiles: Iterable[Profile], repo_id: str) -> dict[str, list[Profile]]:
    """Return the repos that come from `repo_id`, by relation, in the order of RELATIONS."""
    found = [profile for profile in profiles if repo_id in profile.base_models]
    groups = {
        relation: [profile for profile in found if profile.relation == relation]
        for relation in vocabulary.RELATIONS
    }
    return {relation: group for relation, group in groups.items() if group}


def eval_results(repo: Repository, commit: Commit) -> list[dict[str, Any]]:
    """Return the entries of `.eval_results/*.yaml`, or an `error` for a file that has none."""
    results: list[dict[str, Any]] = []
    for path in sorted(commit.files):
        if not path.startswith(".eval_results/") or not path.endswith((".yaml", ".yml")):
            continue
        try:
            entries = yaml.safe_load(_text(repo, commit, path))
        except yaml.YAMLError:
            entries = None
        if not isinstance(entries, list) or not all(_is_result(entry) for entry in entries):
            results.append({"filename": path, "error": "not a list of evaluation results"})
            continue
        results += [{"filename": path, "data": frontmatter.json_ready(entry)} for entry in entries]
    return results


def _is_result(entry: Any) -> bool:
    """Return whether this is an evaluation result: a dataset with a task, and a value."""
    dataset = entry.get("dataset") if isinstance(entry, dict) else None
    return isinstance(dataset, dict) and {"id", "task_id"} <= dataset.keys() and "value" in entry


def _relation(card: FrontMatter, commit: Commit, *, quantized: bool) -> str:
    """Return the relation the card states, or the one the Hub would infer."""
    bases = card.items("base_model")
    stated = card.text("base_model_relation")
    if not bases or stated:
        return stated if bases and stated in vocabulary.RELATIONS else ""
    if quantized or any(path.endswith(".gguf") for path in commit.files):
        return "quantized"
    if "adapter_config.json" in commit.files:
        return "adapter"
    return "merge" if len(bases) > 1 else "finetune"


def _text(repo: Repository, commit: Commit, path: str) -> str:
    """Return a text file's content, empty when it is missing."""
    entry = commit.files.get(path)
    if entry is None:
        return ""
    try:
        return repo.blobs.read(entry.blob).decode("utf-8", errors="replace")
    except LocalHubError:
        return ""


def _json_object(text: str) -> dict[str, Any]:
    """Return a JSON object, empty when the text is none."""
    try:
        value = msgspec.json.decode(text) if text else {}
    except msgspec.DecodeError:
        return {}
    return value if isinstance(value, dict) else {}
