"""Bills of materials: a variant as CycloneDX 1.6 describes a machine-learning model.

The document is written here and not with CycloneDX's own Python library, which knows no model
cards. It holds no time and no random number: the same facts give the same bytes.
"""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import quote

from hubq.attest.facts import Facts, Score
from hubq.model.codec import digest, pretty

SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"

_LICENSES = {
    one.lower(): one
    for one in (
        *("AFL-3.0", "AGPL-3.0-only", "Apache-2.0", "Artistic-2.0", "BSD-2-Clause"),
        *("BSD-3-Clause", "BSL-1.0", "CC-BY-4.0", "CC-BY-NC-4.0", "CC-BY-NC-SA-4.0"),
        *("CC-BY-SA-4.0", "CC0-1.0", "ISC", "MIT", "MPL-2.0", "MS-PL", "Unlicense", "WTFPL"),
    )
}
"""How the Hub writes a license -> how SPDX does, for those that are one and the same text."""

_MODEL = "model"


def bill(facts: Facts) -> bytes:
    """Return the bill of materials of a variant, as JSON."""
    content = {
        "$schema": SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "tools": {
                "components": [{"type": "application", "name": "hubq", "version": facts.hubq}]
            },
            "component": _model(facts),
        },
        "components": _packages(facts),
        "dependencies": _dependencies(facts),
    }
    serial = uuid.uuid5(uuid.NAMESPACE_URL, f"hubq:{digest(content)}")
    return pretty({**content, "serialNumber": f"urn:uuid:{serial}"}).encode()


def _model(facts: Facts) -> dict[str, Any]:
    """Return the variant itself: its weights file by file, its license, source and model card."""
    namespace, _, name = facts.repo.rpartition("/")
    weights = facts.weights
    files = [
        {"type": "file", "bom-ref": f"file:{path}", "name": path, "hashes": _hashes(sha256)}
        for path, sha256 in sorted(facts.model.items())
    ]
    return {
        "type": "machine-learning-model",
        "bom-ref": _MODEL,
        **({"group": namespace} if namespace else {}),
        "name": name,
        "purl": _purl("huggingface", facts.repo),
        **({"hashes": _hashes(next(iter(weights.values())))} if len(weights) == 1 else {}),
        **_licenses(facts),
        "components": files,
        "pedigree": {"ancestors": [_source(facts)], "notes": _how(facts)},
        "modelCard": _card(facts),
        "properties": _properties(facts),
    }


def _source(facts: Facts) -> dict[str, Any]:
    source = facts.source
    return {
        "type": "machine-learning-model",
        "bom-ref": "source",
        "name": source.repo or source.name,
        "version": source.commit or source.digest,
        **({"purl": _purl("huggingface", source.repo, source.commit)} if source.repo else {}),
    }


def _how(facts: Facts) -> str:
    named = facts.method
    words = [f"{named['bits']}-bit"] if "bits" in named else []
    words += [str(named["method"])] if "method" in named else []
    how = f" ({' '.join(words)})" if words else ""
    return f"{facts.variant}: quantized{how} from {facts.source.repo or facts.source.name}"


def _card(facts: Facts) -> dict[str, Any]:
    """Return the model card: what the model is, and how it scored."""
    config, task = facts.config, facts.metadata.get("pipeline_tag")
    architectures = config.get("architectures")
    made = architectures[0] if isinstance(architectures, list) and architectures else None
    known = {
        "task": task,
        "architectureFamily": config.get("model_type"),
        "modelArchitecture": made,
    }
    parameters: dict[str, Any] = {name: str(value) for name, value in known.items() if value}
    if facts.datasets:
        parameters["datasets"] = [_dataset(*one) for one in sorted(facts.datasets.items())]
    metrics = [metric for score in facts.scores for metric in _metrics(score, facts.baseline)]
    return {
        "modelParameters": parameters,
        **({"quantitativeAnalysis": {"performanceMetrics": metrics}} if metrics else {}),
    }


def _dataset(name: str, sha256: str) -> dict[str, Any]:
    return {
        "type": "dataset",
        "name": name,
        "contents": {"properties": [{"name": "hubq:sha256", "value": sha256}]},
    }


def _metrics(score: Score, baseline: str) -> list[dict[str, Any]]:
    """Return a score, and what it differs from the baseline's by."""
    found = [_metric(f"{score.metric} score", score.value, score.task, (score.low, score.high))]
    if score.delta is not None:
        bounds = (score.delta_low, score.delta_high)
        found.append(_metric(f"difference from {baseline}", score.delta, score.task, bounds))
    return found


def _metric(
    kind: str, value: float, task: str, bounds: tuple[float | None, float | None]
) -> dict[str, Any]:
    low, high = bounds
    interval = {"lowerBound": _number(low), "upperBound": _number(high)}
    known = low is not None and high is not None
    return {
        "type": kind,
        "value": _number(value),
        "slice": task,
        **({"confidenceInterval": interval} if known else {}),
    }


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _properties(facts: Facts) -> list[dict[str, str]]:
    """Return what CycloneDX has no field for, under names of our own."""
    plain = {
        "hubq:variant": facts.variant,
        "hubq:recipe:sha256": facts.recipe,
        "hubq:suite": facts.suite,
        **{f"hubq:method:{name}": value for name, value in facts.method.items()},
        **{f"hubq:environment:{name}": sha for name, sha in facts.environments.items()},
        **{f"hubq:evidence:{path}": sha for path, sha in facts.evidence.items()},
        **{f"hubq:questions:{score.task}": score.n for score in facts.scores},
    }
    shown = {name: _shown(value) for name, value in plain.items()}
    return [{"name": name, "value": shown[name]} for name in sorted(shown) if shown[name]]


def _shown(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _packages(facts: Facts) -> list[dict[str, Any]]:
    """Return the packages in which the variant was evaluated."""
    return [
        {
            "type": "library",
            "bom-ref": _reference(package.name),
            "name": package.name,
            "version": package.version,
            "purl": _purl("pypi", package.name, package.version),
        }
        for package in facts.packages
    ]


def _dependencies(facts: Facts) -> list[dict[str, Any]]:
    used = [_reference(package.name) for package in facts.packages]
    return [{"ref": _MODEL, "dependsOn": ["source", *used]}]


def _reference(package: str) -> str:
    return f"package:{package}"


def _licenses(facts: Facts) -> dict[str, Any]:
    named = facts.metadata.get("license")
    if not named:
        return {}
    identifier = _LICENSES.get(str(named).lower())
    other = str(facts.metadata.get("license_name") or named)
    link = facts.metadata.get("license_link")
    whole = {"id": identifier} if identifier else {"name": other}
    if link and str(link).startswith("https://"):
        whole["url"] = str(link)
    return {"licenses": [{"license": whole}]}


def _hashes(sha256: str) -> list[dict[str, str]]:
    return [{"alg": "SHA-256", "content": sha256}]


def _purl(kind: str, name: str, version: str = "") -> str:
    """Return a package URL (https://github.com/package-url/purl-spec)."""
    marked = f"@{quote(version, safe='.-_~')}" if version else ""
    return f"pkg:{kind}/{quote(name, safe='/.-_~')}{marked}"
