"""Files that a loader needs and the repo lacks."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.naming import read_name
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

#: What was asked of the base's files: path -> (what it is for, what does as well).
_OF_BASE: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("preprocessor_config.json", "pictures cannot be prepared", ("processor_config.json",)),
    ("tokenizer.json", "text cannot be tokenized as in the base", ("tokenizer.model",)),
    ("tokenizer_config.json", "the tokenizer's settings and special tokens are lost", ()),
    ("chat_template.jinja", "chats are not formatted as in the base", ("chat_template.json",)),
    ("chat_template.json", "chats are not formatted as in the base", ("chat_template.jinja",)),
    ("generation_config.json", "the base's sampling settings and stop tokens are lost", ()),
)
_PROCESSORS = ("preprocessor_config.json", "processor_config.json", "image_processor_config.json")
_GENERATES = ("ForCausalLM", "ForConditionalGeneration", "LMHeadModel")
_OWN_FORMATS = ("gguf", "ggml", "onnx", "openvino", "coreml", "tensorrt", "ctranslate2", "exl2")


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each file that is missing."""
    if read_name(subject.model).format in _OWN_FORMATS or not _loadable(subject):
        return
    base = subject.base
    told = set()
    for path, harm, instead in _OF_BASE:
        if base is None or path not in base.files or path in subject.files:
            continue
        if any(other in subject.files for other in instead) or _inside(subject, path):
            continue
        if path.startswith("chat_template") and "chat_template" in told:
            continue
        told |= {path, path.partition(".")[0]}
        info = path == "generation_config.json"
        yield _finding(
            subject,
            path,
            f"{base.repo or 'the base'} has {path}, this repo does not: {harm}",
            "info" if info else "warning",
        )
    yield from _by_itself(subject, told)


def _loadable(subject: Subject) -> bool:
    """Say whether the repo holds a checkpoint that transformers loads."""
    return "config.json" in subject.files and any(
        path.endswith((".safetensors", ".bin")) and "/" not in path and "adapter" not in path
        for path in subject.files
    )


def _inside(subject: Subject, path: str) -> bool:
    """Say whether a chat template stands in the tokenizer's configuration or the processor's."""
    if not path.startswith("chat_template"):
        return False
    places = ("tokenizer_config.json", "processor_config.json")
    unread = any(one in subject.files and one not in subject.gathered.texts for one in places)
    return unread or any("chat_template" in (subject.json(one) or {}) for one in places)


def _by_itself(subject: Subject, told: set[str]) -> Iterator[Finding]:
    """Yield a finding for what a model of its kind cannot do without, whatever its base has."""
    config = subject.config or {}
    kinds = config.get("architectures")
    generates = isinstance(kinds, list) and any(str(kind).endswith(_GENERATES) for kind in kinds)
    lacks = not any(_tokenizes(path) for path in subject.files)
    if generates and lacks and not told & {"tokenizer.json", "tokenizer_config.json"}:
        yield _finding(subject, "tokenizer.json", "there is no tokenizer", "warning")
    sees = isinstance(config.get("vision_config"), dict)
    blind = not any(path in subject.files for path in _PROCESSORS)
    if sees and blind and "preprocessor_config.json" not in told:
        yield _finding(
            subject,
            "preprocessor_config.json",
            "there is no preprocessor_config.json: pictures cannot be prepared",
            "warning",
        )


def _tokenizes(path: str) -> bool:
    name = path.rpartition("/")[2]
    return (
        "token" in name
        or name.startswith(("vocab", "merges", "tekken"))
        or name.endswith((".model", ".tiktoken", ".spm", ".bpe"))
    )


def _finding(subject: Subject, path: str, found: str, severity: str) -> Finding:
    return finding(
        subject,
        RULE.id,
        found,
        severity="info" if severity == "info" else "warning",
        path="config.json",
        remedy=f"Copy {path} from the base model.",
        part=path,
    )


RULE = Rule(
    id="missing-file",
    group="weights",
    title="A file that loaders need is missing",
    severity="warning",
    why="Quantization tools save weights and configuration, and leave the rest to whoever "
    "publishes. "
    "Without the tokenizer or the processor the repo cannot be used by its name alone; without the "
    "chat template or the generation settings it answers worse than it could.",
    example="The base has `preprocessor_config.json`, the quantized repo does not.",
    fix="Copy the file from the base model, unchanged.",
    check=check,
    needs=("files",),
    sources=("https://huggingface.co/docs/transformers/main_classes/processors",),
)
