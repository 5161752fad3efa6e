"""Loads: which repos the code of a card loads, serves, downloads or evaluates."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

import msgspec

from hubq.audit.document import Document
from hubq.audit.kept import kept
from hubq.audit.lowered import holds_any
from hubq.audit.naming import read_name
from hubq.audit.parts import Spot
from hubq.audit.snippets import Snippet, nodes, snippets, spot_in
from hubq.audit.subject import Subject

How = Literal["code", "command"]
Kinship = Literal["own", "base", "family", "other"]

_ID = r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}"
_WHOLE = re.compile(_ID)
_TAIL = re.compile(r":(?:[A-Za-z0-9_.-]+)?$")
_COMMANDS = (
    re.compile(
        r"(?:^|[\s\"'\\])--(?:model|model[-_]id|model[-_]name|model[-_]path|model[-_]repo|hf[-_]repo"
        rf"|repo[-_]id|model[-_]name[-_]or[-_]path)(?:=|[ \t]+)[\"']?({_ID})(?![\w/.-])"
    ),
    re.compile(
        r"\b(?:vllm serve|(?:huggingface-cli|hf) download|text-generation-launcher|-hfr?"
        rf"|lms get|ollama run hf\.co/|ollama run)(?:[ \t]*)[\"']?({_ID})(?![\w/.-])"
    ),
    re.compile(rf"\bpretrained=[\"']?({_ID})(?![\w/.-])"),
    re.compile(rf"\bgit clone (?:-\S+ )*https://huggingface\.co/({_ID})(?![\w/.-])"),
    re.compile(rf"[\"']model[\"']:\s?[\"']({_ID})[\"']"),
)
_LOADERS = frozenset(
    {
        *("from_pretrained", "from_quantized", "pipeline", "LLM", "AsyncLLM", "LLMEngine"),
        *("EngineArgs", "AsyncEngineArgs", "snapshot_download", "hf_hub_download", "load"),
        *(
            "create",
            "Engine",
            "WhisperModel",
            "SparseAutoModelForCausalLM",
            "oneshot",
            "load_model",
        ),
        *("InferenceClient", "AutoModel", "VLLM", "HuggingFaceLLM", "SentenceTransformer"),
    }
)
_KEYWORDS = frozenset(
    {
        *("model", "model_id", "model_name", "repo_id", "model_path", "model_name_or_path"),
        *("pretrained_model_name_or_path", "base_model", "model_stub", "model_id_or_path"),
    }
)
_NOT_MODELS = ("peft", "lora", "adapter", "dataset", "speculative", "draft", "assistant")
#: Words of a name that tell nothing of the family that it belongs to.
_COMMON = frozenset(
    {
        *(
            "instruct",
            "chat",
            "base",
            "hf",
            "it",
            "vl",
            "vision",
            "gguf",
            "gptq",
            "awq",
            "fp8",
            "bnb",
        ),
        *("quantized", "dynamic", "int4", "int8", "bit", "bits", "w4a16", "w8a8", "w8a16", "model"),
        *("preview", "mini", "small", "large", "medium", "tiny", "coder", "code", "math", "the"),
        *("uncensored", "meta", "ai", "vllm", "mlx", "onnx", "fp16", "bf16", "gs", "group", "gemm"),
        *(
            "superhot",
            "deepseek-ai",
            "community",
            "tools",
            "quants",
            "int",
            "static",
            "turbo",
            "pro",
        ),
    }
)


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """A repo that a card's code takes.

    Attributes:
        repo: its id.
        spot: where it stands.
        how: in Python, or in a command.
        call: what takes it: `from_pretrained`, `vllm serve`.
        heading: above the code.
    """

    repo: str
    spot: Spot
    how: How
    call: str
    heading: str = ""


@kept
def loads(document: Document) -> tuple[Load, ...]:
    """Return the models that a card's code takes, in order; adapters and draft models are none."""
    found: list[Load] = []
    values: dict[str, tuple[str, Spot]] = {}
    for snippet in snippets(document):
        if snippet.tree is not None:
            found += _in_python(document, snippet, snippet.tree, values)
        elif snippet.kind != "python":
            found += _in_command(document, snippet)
    return tuple(found)


def _in_command(document: Document, snippet: Snippet) -> Iterator[Load]:
    if "/" not in snippet.code.text:
        return
    for number, line in enumerate(snippet.code.text.split("\n"), start=1):
        if "/" not in line or len(line) > 5000:
            continue
        seen = set()
        for pattern in _COMMANDS:
            for one in pattern.finditer(line):
                before = line[max(0, one.start() - 40) : one.start()].lower()
                if one[1] in seen or holds_any(before, _NOT_MODELS):
                    continue
                seen.add(one[1])
                call = one[0][: one.start(1) - one.start()].strip(" =\"'\\\t")
                spot = spot_in(document, snippet, number, one[1])
                heading = snippet.code.heading
                yield Load(repo=one[1], spot=spot, how="command", call=call, heading=heading)


def _in_python(
    document: Document, snippet: Snippet, tree: ast.Module, values: dict[str, tuple[str, Spot]]
) -> Iterator[Load]:
    """Yield what Python code loads.

    Args:
        document: the card.
        snippet: of it.
        tree: of the snippet.
        values: names that hold an id, from the code above; those of this code are put in.
    """
    found = nodes(tree)
    for node in found.get(ast.Assign, ()):
        if isinstance(node.value, ast.Constant):
            _remember(document, snippet, node, values)
    for call in found.get(ast.Call, ()):
        last = getattr(call.func, "attr", "") or getattr(call.func, "id", "")
        given = _model_of(call) if last in _LOADERS else None
        if given is None or holds_any(_called(call.func).lower(), _NOT_MODELS):
            continue
        heading = snippet.code.heading
        if isinstance(given, ast.Name) and given.id in values:
            repo, spot = values[given.id]
            yield Load(repo=repo, spot=spot, how="code", call=last, heading=heading)
        elif isinstance(given, ast.Constant) and _is_id(given.value):
            repo = str(given.value)
            spot = spot_in(document, snippet, given.lineno, repo)
            yield Load(repo=repo, spot=spot, how="code", call=last, heading=heading)


def _remember(
    document: Document, snippet: Snippet, node: ast.Assign, values: dict[str, tuple[str, Spot]]
) -> None:
    value = node.value.value if isinstance(node.value, ast.Constant) else None
    for target in node.targets:
        if isinstance(target, ast.Name):
            values.pop(target.id, None)
            if _is_id(value):
                spot = spot_in(document, snippet, node.value.lineno, str(value))
                values[target.id] = (str(value), spot)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and _WHOLE.fullmatch(value) is not None


def _called(node: ast.expr) -> str:
    """Return the dotted name of what is called; empty for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    parts.append(node.id if isinstance(node, ast.Name) else "")
    return ".".join(reversed(parts))


def _model_of(call: ast.Call) -> ast.expr | None:
    """Return the argument that says which model; none where none does."""
    for keyword in call.keywords:
        if keyword.arg in _KEYWORDS:
            return keyword.value
    return call.args[0] if call.args else None


def called(subject: Subject) -> str:
    """Return what to call the model of a card: its repo, else its title."""
    return subject.repo or subject.document.title or "another model"


def is_within(repo: str, text: str) -> bool:
    """Say whether an id stands in a text whole: `a/b` does not stand in `a/b-AWQ`."""
    if repo not in text:
        return False
    return re.search(rf"(?<![\w.-]){re.escape(repo)}(?![\w-]|\.\w)", text) is not None


def bases_of(subject: Subject) -> tuple[str, ...]:
    """Return the ids that a card gives as its base models; empty where it gives none."""
    given = subject.document.front.data.get("base_model")
    items = given if isinstance(given, list) else [given]
    return tuple(item for item in items if isinstance(item, str))


def kinship(repo: str, subject: Subject) -> Kinship:
    """Return what a repo is to the one that is audited, by the names of both.

    Args:
        repo: an id.
        subject: whose own id is known.
    """
    same = repo.lower()
    if same == subject.repo.lower():
        return "own"
    bases = bases_of(subject)
    if any(same == base.lower() for base in bases):
        return "base"
    ours = read_name(subject.model).base_guess.lower()
    if same.rpartition("/")[2] == ours and not read_name(repo).quantized:
        return "base"
    words = family_words(subject.model).union(*(family_words(base) for base in bases))
    words |= family_words(subject.document.title)
    theirs = family_words(repo)
    near = any(a in b or b in a for a in words for b in theirs)
    return "family" if near or not theirs or not words else "other"


@lru_cache(maxsize=1024)
def family_words(name: str) -> frozenset[str]:
    """Return the words of a model's name that tell its family: `qwen` of `Qwen2.5-VL-7B-AWQ`."""
    words = re.findall(r"[a-z]{3,}", name.rpartition("/")[2][:200].lower())
    return frozenset(word for word in words if word not in _COMMON)


_MEANT = re.compile(
    r"fine-?tun|\btrain|distill|merg|draft|speculat|assistant|judge|compar|adapter|lora\b"
    r"|other size|other model|alternativ|embedding|rerank|reward|teacher",
    re.IGNORECASE,
)


def foreign(subject: Subject, how: How) -> Iterator[tuple[Load, bool, str]]:
    """Yield what a card's code takes that is neither the card's model nor what that was made from.

    Args:
        subject: whose card it is; without its id only models of other families can be told.
        how: which code is looked at.

    Yields:
        (what is taken, whether that is almost surely a mistake, what it is), one per id and line.
    """
    seen = set()
    for load in loads(subject.document):
        key = (load.repo, load.spot.line)
        if load.how != how or key in seen:
            continue
        seen.add(key)
        kin = kinship(load.repo, subject)
        if not subject.repo and (kin != "other" or not bases_of(subject)):
            continue
        if kin in {"own", "base"} or _is_same(load.repo, subject) or _is_meant(load, subject):
            continue
        quantized = read_name(load.repo).quantized
        if kin == "other":
            yield load, True, "a model of another family"
        else:
            owned = load.repo.partition("/")[0].lower() == subject.owner.lower()
            yield load, owned and quantized, "another model of the family"


def _is_same(repo: str, subject: Subject) -> bool:
    """Say whether an id is that of the same model by another owner, or in another spelling."""
    name = repo.rpartition("/")[2].lower()
    ours = {subject.model.lower(), read_name(subject.model).base_guess.lower()}
    ours |= {base.rpartition("/")[2].lower() for base in bases_of(subject)}
    plain = {re.sub(r"[^a-z0-9]|^meta-", "", one) for one in ours}
    return re.sub(r"[^a-z0-9]|^meta-", "", name) in plain


def _is_meant(load: Load, subject: Subject) -> bool:
    """Say whether a card says on purpose that another model is taken."""
    if _MEANT.search(load.heading):
        return True
    document = subject.document
    if _MEANT.search(document.quote(load.spot.line).replace(load.repo, "")):
        return True
    above = [one for one in document.passages if one.line < load.spot.line and not one.level]
    near = " ".join(one.text for one in above[-2:] if one.heading == load.heading)
    return is_within(load.repo, near) or bool(_MEANT.search(near))
