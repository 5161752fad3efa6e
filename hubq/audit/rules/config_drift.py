"""The configuration against the base's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hubq.audit.quantization import spot_of
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

_SHAPES = (
    *("hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads"),
    *("intermediate_size", "vocab_size", "head_dim", "num_experts", "num_local_experts"),
)
_BEHAVIOUR = ("rope_theta", "rms_norm_eps", "tie_word_embeddings", "eos_token_id", "bos_token_id")


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each setting that quantization does not change, and that differs."""
    base, config = subject.base, subject.config
    theirs = base.config if base is not None else None
    if base is None or theirs is None or config is None:
        return
    for key in ("model_type", *_SHAPES, *_BEHAVIOUR):
        of = _kind if key == "model_type" else _setting
        mine, other = of(config, key), of(theirs, key)
        if mine is None or other is None or _same(mine, other):
            continue
        yield finding(
            subject,
            RULE.id,
            f"{base.repo or 'the base'} has {_plain(other)}",
            severity="warning" if key in _SHAPES else "info",
            at=spot_of(subject, "config.json", key),
            path="config.json",
            said=f"{key}: {_plain(mine)}",
            remedy="Name the base that the weights were made from, or copy the base's setting.",
            part=key,
        )


def _setting(config: Mapping[str, Any], key: str) -> Any:
    """Return a setting of the language model, wherever versions of transformers put it."""
    inner = config.get("text_config")
    nested: Mapping[str, Any] = inner if isinstance(inner, dict) else {}
    found = nested.get(key, config.get(key))
    if found is None and key == "rope_theta":
        rope = nested.get("rope_parameters", config.get("rope_parameters"))
        found = rope.get(key) if isinstance(rope, dict) else None
    return found if isinstance(found, (int, float, bool, str, list)) else None


def _kind(config: Mapping[str, Any], key: str) -> str | None:
    """Return a model's type; a text model has its own, which newer versions write with an end."""
    found = config.get(key)
    return found.removesuffix("_text") if isinstance(found, str) else None


def _same(first: Any, second: Any) -> bool:
    if isinstance(first, list) or isinstance(second, list):
        one = first if isinstance(first, list) else [first]
        other = second if isinstance(second, list) else [second]
        # A list of stop tokens may begin with the one that the base names alone.
        return one == other or one[:1] == other[:1]
    return bool(first == second)


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


RULE = Rule(
    id="config-drift",
    group="weights",
    title="The configuration differs from the base's where quantization changes nothing",
    severity="warning",
    why="Quantization keeps the model's shape. Where widths, layers or the vocabulary differ, the "
    "base that the card names is another model. Where the base of the rotary embedding or a stop "
    "token differs, the model answers otherwise than the base for a reason that is not "
    "quantization.",
    example="`num_hidden_layers: 28` here, 32 in the base that the card names.",
    fix="Name the true base, or take the base's setting over.",
    check=check,
    needs=("config", "base"),
    sources=("https://huggingface.co/docs/transformers/main_classes/configuration",),
)
