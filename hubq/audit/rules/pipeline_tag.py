"""A task that is not said, unknown, or not the model's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hubq.audit.bases import stated_bases
from hubq.audit.naming import read_name
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.markdown.vocabulary import PIPELINE_TAGS
from hubq.model.finding import Finding, Severity

_TEXT = "text-generation"
#: Tasks of models that write or rank text.
_WRITTEN = frozenset(
    {
        *("text-generation", "image-text-to-text", "any-to-any", "video-text-to-text", "other"),
        *("audio-text-to-text", "visual-question-answering", "image-to-text", "translation"),
        *("question-answering", "document-question-answering", "summarization", "text-ranking"),
        *("multiple-choice", "table-question-answering", "text-classification"),
        *("feature-extraction", "sentence-similarity", "visual-document-retrieval"),
        *("table-to-text", "tabular-to-text", "text2text-generation", "conversational"),
    }
)
_HEARS = re.compile(r"audio|omni|multimodal|speech|whisper|voxtral|voice|asr|tts", re.IGNORECASE)
_MOVES = frozenset({"robotics", "reinforcement-learning", "time-series-forecasting"})
_CHAT = re.compile(r"(?:^|[-_.])(?:instruct|chat|it)(?=$|[-_.])", re.IGNORECASE)
_VISION = re.compile(
    r"(?:^|[-_.])(?:vl|vlm|vision|llava|internvl\d*|pixtral|(?:qwen|deepseek)[\d.]*-?vl\d*)"
    r"(?=$|[-_.])",
    re.IGNORECASE,
)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for the task of a model."""
    front = subject.document.front
    if not front.present or front.problem:
        return
    said = front.data.get("pipeline_tag")
    if not said:
        yield _found(subject, "pipeline_tag is not said", "info", "")
    elif isinstance(said, str) and said not in PIPELINE_TAGS:
        yield _found(subject, "this is not among the Hub's pipeline tags", "warning", said)
    elif isinstance(said, str):
        why, severity = _sees(subject) if said == _TEXT else _writes(subject, said)
        if why:
            yield _found(subject, why, severity, said)


def _sees(subject: Subject) -> tuple[str, Severity]:
    """Return why a model takes pictures too, and how certain that is."""
    config = subject.config or {}
    if isinstance(config.get("vision_config"), dict):
        return "config.json has a vision_config: the model takes pictures too", "warning"
    base = subject.base
    theirs = base.document.front.text("pipeline_tag") if base is not None else ""
    if theirs == "image-text-to-text":
        return f"the base model {base.name if base else ''} says {theirs}", "warning"
    for name in (subject.model, *stated_bases(subject)):
        found = _VISION.search(name.rpartition("/")[2])
        if found:
            return f"{name} is a vision-language model by its name", "info"
    return "", "info"


def _writes(subject: Subject, said: str) -> tuple[str, Severity]:
    """Return why a model writes text, which its task does not say, and how certain that is."""
    if said in _WRITTEN or said in _MOVES or _HEARS.search(subject.model):
        return "", "info"
    config = subject.config or {}
    kinds = config.get("architectures")
    named = kinds if isinstance(kinds, list) else []
    causal = [one for one in named if str(one).endswith("ForCausalLM")]
    if causal and not isinstance(config.get("vision_config"), dict):
        return f"config.json says {causal[0]}: the model writes text", "warning"
    for name in (subject.model, *stated_bases(subject)):
        if read_name(name).size_b and _CHAT.search(name.rpartition("/")[2]):
            return f"{name} writes answers by its name, from text or pictures", "warning"
    return "", "info"


def _found(subject: Subject, text: str, severity: Severity, said: str) -> Finding:
    remedy = "Add the base model's pipeline_tag." if not said else "Write the base model's."
    if said == _TEXT:
        remedy = "Write `pipeline_tag: image-text-to-text`."
    return finding(
        subject,
        RULE.id,
        text,
        severity=severity,
        at=subject.document.key_spot("pipeline_tag") if said else (1, 1),
        said=said,
        remedy=remedy,
        sources=RULE.sources,
    )


RULE = Rule(
    id="pipeline-tag",
    group="metadata",
    title="The task is not said, or is not the model's",
    severity="warning",
    why="People look for models by task, and the Hub chooses widget and code by it. A "
    "vision-language model under `text-generation` is not found by those who need one.",
    example="`pipeline_tag: text-generation` on `acme/Qwen2-VL-7B-Instruct-AWQ`.",
    fix="Write the tag of the base model: `text-generation`, `image-text-to-text`, ...",
    check=check,
    sources=(
        "https://huggingface.co/docs/hub/model-cards#specifying-a-task--pipelinetag-",
        "https://huggingface.co/tasks",
    ),
)
