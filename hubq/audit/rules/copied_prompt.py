"""Prompts on a card in the format of another family of models."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from hubq.audit.loads import bases_of
from hubq.audit.parts import Spot
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding


class _Format(msgspec.Struct, frozen=True, kw_only=True):
    """A way to write prompts.

    Attributes:
        name: of the models that use it, in words.
        tokens: that only it has.
    """

    name: str
    tokens: tuple[str, ...]


_PHI_VISION = _Format(name="Phi-3-vision", tokens=("<|image_1|>", "<|image_2|>"))
_PHI = _Format(name="Phi-3", tokens=("<|user|>", "<|assistant|>"))
_LLAMA3 = _Format(name="Llama 3", tokens=("<|start_header_id|>", "<|eot_id|>", "<|begin_of_text|>"))
_LLAMA2 = _Format(name="Llama 2", tokens=("<<SYS>>", "[INST]"))
_GEMMA = _Format(name="Gemma", tokens=("<start_of_turn>", "<end_of_turn>"))
_CHATML = _Format(name="ChatML", tokens=("<|im_start|>", "<|im_end|>"))
_QWEN_VL = _Format(name="Qwen-VL", tokens=("<|vision_start|>", "<|image_pad|>"))
_DEEPSEEK = _Format(name="DeepSeek", tokens=("<｜User｜>", "<｜Assistant｜>"))

#: Beginning of a name -> (family, who publishes it, formats that are not its own).
_FAMILIES: tuple[tuple[re.Pattern[str], str, str, tuple[_Format, ...]], ...] = (
    (
        re.compile(r"qwen(?:1\.5|2|2\.5|3)?[-_](?!.*distill)", re.IGNORECASE),
        "Qwen",
        "qwen",
        (_PHI_VISION, _PHI, _LLAMA3, _LLAMA2, _GEMMA, _DEEPSEEK),
    ),
    (
        re.compile(r"(?:meta-)?llama-?3", re.IGNORECASE),
        "Llama 3",
        "meta-llama",
        (_PHI_VISION, _PHI, _LLAMA2, _GEMMA, _CHATML, _QWEN_VL, _DEEPSEEK),
    ),
    (
        re.compile(r"gemma-?\d", re.IGNORECASE),
        "Gemma",
        "google",
        (_PHI_VISION, _PHI, _LLAMA3, _LLAMA2, _CHATML, _QWEN_VL, _DEEPSEEK),
    ),
    (
        re.compile(r"phi-3", re.IGNORECASE),
        "Phi-3",
        "microsoft",
        (_LLAMA3, _LLAMA2, _GEMMA, _CHATML, _QWEN_VL, _DEEPSEEK),
    ),
    (
        re.compile(r"(?:mistral|mixtral|ministral|pixtral)-", re.IGNORECASE),
        "Mistral",
        "mistralai",
        (_PHI_VISION, _PHI, _LLAMA3, _GEMMA, _CHATML, _QWEN_VL, _DEEPSEEK),
    ),
)
_BESIDE = re.compile(r"\bunlike\b|\binstead of\b|\brather than\b|\bother models?\b", re.IGNORECASE)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each foreign format of prompts that a card shows."""
    document = subject.document
    if not any(sign in document.text for sign in ("<|", "<start_of", "[INST]", "<<SYS", "<｜")):
        return
    known = _family(subject)
    if known is None:
        return
    family, formats = known
    template = _template(subject)
    for one in formats:
        spot, token = _first(subject, one.tokens)
        if not token or token in template:
            continue
        yield finding(
            subject,
            RULE.id,
            f"`{token}` belongs to prompts of {one.name}; this card is of a {family} model, "
            "whose template does not have it",
            severity="warning",
            at=spot,
            said=token,
            remedy="Make the prompt with the model's own `apply_chat_template`.",
            part=one.name,
            sources=("https://huggingface.co/docs/transformers/chat_templating",),
        )
        return


def _family(subject: Subject) -> tuple[str, tuple[_Format, ...]] | None:
    """Return the family of a model that is a publisher's own, and the formats that are not its."""
    origins = bases_of(subject) or (subject.repo,)
    for pattern, family, owner, formats in _FAMILIES:
        for origin in origins:
            who, _, name = origin.rpartition("/")
            if pattern.match(name) and who.lower() == owner:
                return family, formats
    return None


def _template(subject: Subject) -> str:
    texts = subject.gathered.texts
    names = ("tokenizer_config.json", "chat_template.json", "chat_template.jinja")
    return "\n".join(texts.get(name, "") for name in names)


def _first(subject: Subject, tokens: tuple[str, ...]) -> tuple[Spot, str]:
    """Return where one of some tokens stands first, and which; nothing where the text compares."""
    document = subject.document
    present = [token for token in tokens if token in document.text]
    for at, line in enumerate(document.lines, start=1) if present else ():
        for token in present:
            column = line.find(token)
            if column >= 0 and at >= document.first and not _BESIDE.search(line):
                return Spot(at, column + 1), token
    return Spot(0), ""


RULE = Rule(
    id="copied-prompt",
    group="prose",
    title="A prompt is written in the format of another family of models",
    severity="warning",
    why="A model answers worse, or not at all, to control tokens that it was never trained on. "
    "If the prompt of the card was used to measure, its scores are of something else.",
    example="""On a card whose base model is `Qwen/Qwen2.5-VL-7B-Instruct`:

```python
prompt = "<|user|>\\n<|image_1|>\\nWhat is in this picture?<|end|>\\n<|assistant|>\\n"
```

`<|image_1|>` belongs to prompts of Phi-3-vision. Only models whose base is a publisher's own are
held to their publisher's template, as fine-tuned ones may bring another.""",
    fix="Let the tokenizer or processor write the prompt: `apply_chat_template`.",
    check=check,
    sources=(
        "https://huggingface.co/docs/transformers/chat_templating",
        "https://huggingface.co/microsoft/Phi-3-vision-128k-instruct",
    ),
)
