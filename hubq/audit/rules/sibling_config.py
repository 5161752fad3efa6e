"""A configuration that differs from a sibling's where quantization changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hubq.audit.quantization import Quantization, quantization_of, spot_of
from hubq.audit.rule import Rule, finding
from hubq.audit.siblings import others, same_model
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

_CONFIG = "config.json"
#: Keys that are the model's, whatever its weights are written in. The widths of layers and the
#: vocabulary are not among them: tools pad them.
_KEYS = (
    *("model_type", "architectures", "hidden_size", "num_hidden_layers", "num_attention_heads"),
    *("num_key_value_heads", "head_dim", "rope_theta", "rms_norm_eps", "hidden_act"),
    *("tie_word_embeddings", "num_experts", "num_local_experts", "num_experts_per_tok"),
)
#: Of these, those that versions of tools write in other ways.
_LOOSE = frozenset({"architectures", "hidden_act", "tie_word_embeddings", "head_dim"})
_HOW = ("bits", "group_size", "desc_act", "sym", "zero_point")


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each key that a sibling made from the same model has otherwise."""
    config = subject.config
    if config is None:
        return
    kin = [
        (one, one.config)
        for one in others(subject)
        if one.config is not None and same_model(subject, one)
    ]
    for key in _KEYS:
        for sibling, theirs in kin:
            if _differ(config, theirs or {}, key):
                yield _found(subject, sibling, key, config[key], (theirs or {})[key])
                break
    yield from _twins(subject, [one for one, _ in kin])


def _differ(one: Mapping[str, Any], other: Mapping[str, Any], key: str) -> bool:
    ours, theirs = one.get(key), other.get(key)
    return ours is not None and theirs is not None and ours != theirs


def _found(subject: Subject, sibling: Subject, key: str, ours: Any, theirs: Any) -> Finding:
    return finding(
        subject,
        RULE.id,
        f"{sibling.name}, made from the same model, says {_short(theirs)} for {key}",
        severity="info" if key in _LOOSE else RULE.severity,
        at=spot_of(subject, _CONFIG, key),
        path=_CONFIG,
        said=_short(ours),
        remedy="Hold both against the configuration of the model that they were made from.",
        part=key,
    )


def _twins(subject: Subject, kin: list[Subject]) -> Iterator[Finding]:
    """Yield a finding for a sibling that the names tell apart by nothing that was done."""
    ours = _how(subject)
    for sibling in kin if ours else ():
        if sibling.model.lower() != subject.model.lower() and _how(sibling) == ours:
            kept, others_ = _kept(subject), _kept(sibling)
            if kept != others_:
                yield finding(
                    subject,
                    RULE.id,
                    f"{sibling.name} was quantized in the same way, but for the modules left out: "
                    f"{', '.join(sorted(others_)[:5]) or 'none'}",
                    severity="info",
                    at=spot_of(subject, _CONFIG, "quantization_config"),
                    path=_CONFIG,
                    said=", ".join(sorted(kept)[:5]) or "none",
                    remedy="Say on the card which modules were left as they were.",
                    part="kept",
                )
                return


def _how(subject: Subject) -> tuple[Any, ...]:
    found = _own(subject)
    return (found.method, *(getattr(found, key) for key in _HOW)) if found else ()


def _kept(subject: Subject) -> frozenset[str]:
    found = _own(subject)
    return frozenset(found.kept) if found else frozenset()


def _own(subject: Subject) -> Quantization | None:
    said = quantization_of(subject)
    return said[0] if said and said[0].path == _CONFIG else None


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


RULE = Rule(
    id="sibling-config",
    group="siblings",
    title="The configuration differs from a sibling's where it should not",
    severity="warning",
    why="Layers, heads and the kind of model come from the original. Two quantized repos of one "
    "model that do not agree in them were not made from the same model, or one configuration was "
    "copied from elsewhere.",
    example="`rope_theta` is 1000000.0 in the AWQ repo and 10000.0 in the GPTQ repo of one model.",
    fix="Copy these keys from the configuration of the original.",
    check=check,
    needs=("config", "siblings"),
)
