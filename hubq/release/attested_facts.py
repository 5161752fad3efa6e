"""What is attested of a published variant, read from the very files that are published with it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from hubq.attest.facts import Check, Facts, Origin, Score
from hubq.evaluate.scoring import SCORES
from hubq.hub.hashes import local_files
from hubq.hub.port import Content
from hubq.hub.publication.plan import Wanted
from hubq.model.card import EVIDENCE_FILE, Evidence
from hubq.model.environment import Package
from hubq.model.evidence import variant_archive
from hubq.model.recipe import BASELINE
from hubq.model.stage import Kind
from hubq.model.suite import FIDELITY, HUBQ

_COMPARISON = "comparison.json"
_CONFIG = "config.json"


def facts_of(wanted: Wanted) -> Facts:
    """Return what is known of a variant whose repo is to hold some files.

    Raises:
        msgspec.MsgspecError, KeyError: hubq's own files are not what they were when they were
            made, which is a bug.
    """
    evidence = msgspec.json.decode(_read(wanted.files, EVIDENCE_FILE), type=Evidence)
    marks = local_files(wanted.files, wanted.known)
    source = evidence.source
    suite = evidence.recipe.get("suite", {})
    generated = evidence.environments.get(Kind.GENERATE.value, {}).get("installed", {})
    return Facts(
        hubq=evidence.hubq,
        repo=wanted.repo,
        variant=wanted.variant,
        baseline=BASELINE,
        source=Origin(
            name=source["name"],
            digest=source["digest"],
            repo=source.get("repo") or "",
            commit=source.get("commit") or "",
        ),
        files={path: file.mark.sha256 for path, file in marks.items()},
        config=_mapping(wanted.files, _CONFIG),
        metadata=evidence.metadata,
        method=_method(evidence, wanted.variant),
        recipe=str(evidence.recipe.get("digest", "")),
        suite=str(suite.get("name", "")),
        scores=tuple(_scores(wanted, evidence)),
        checks=tuple(_checks(evidence)),
        environments=_environments(evidence),
        packages=msgspec.convert(generated.get("packages", ()), tuple[Package, ...]),
        datasets=_datasets(evidence, wanted.variant),
    )


def _read(files: Mapping[str, Content], path: str) -> bytes:
    content = files[path]
    return content if isinstance(content, bytes) else content.read_bytes()


def _mapping(files: Mapping[str, Content], path: str) -> dict[str, Any]:
    if path not in files:
        return {}
    return msgspec.json.decode(_read(files, path), type=dict[str, Any])


def _stages(evidence: Evidence, prefix: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield id and entry of each result whose stage's id begins with a prefix, by id."""
    entries = sorted(evidence.results.values(), key=lambda entry: str(entry["stage"]))
    for entry in entries:
        if str(entry["stage"]).startswith(prefix):
            yield str(entry["stage"]), entry


def _method(evidence: Evidence, variant: str) -> dict[str, Any]:
    """Return the plain settings that a variant was quantized with."""
    found = next(_stages(evidence, f"{Kind.QUANTIZE.value}/{variant}"), None)
    settings = found[1]["settings"] if found else {}
    return {k: v for k, v in sorted(settings.items()) if isinstance(v, str | int | float)}


def _scores(wanted: Wanted, evidence: Evidence) -> Iterator[Score]:
    archive = variant_archive(wanted.variant)
    if archive not in wanted.files:
        return
    compared = _mapping(wanted.files, _COMPARISON).get("scores", {})
    prefix = f"{Kind.SCORE.value}/{wanted.variant}/"
    with zipfile.ZipFile(io.BytesIO(_read(wanted.files, archive))) as there:
        for stage, entry in _stages(evidence, prefix):
            name = stage.removeprefix(prefix)
            if "/" not in name and name != FIDELITY:
                found = msgspec.json.decode(there.read(f"{stage}/{SCORES}"), type=dict[str, Any])
                pair = compared.get(name, {}).get("variants", {}).get(wanted.variant, {})
                yield _score(name, found, entry["settings"], pair)


def _score(
    task: str, found: Mapping[str, Any], settings: Mapping[str, Any], pair: Mapping[str, Any]
) -> Score:
    identity = {**settings.get("identity", {}), **found.get("identity", {})}
    score, known = found["score"], bool(pair.get("comparable"))
    return Score(
        task=task,
        metric=str(found.get("scorer") or found.get("form") or "score"),
        harness=str(identity.get("harness") or HUBQ),
        engine=str(identity.get("engine", "")),
        n=score["n"],
        value=score["value"],
        low=score["low"],
        high=score["high"],
        delta=pair.get("delta") if known else None,
        delta_low=pair.get("low") if known else None,
        delta_high=pair.get("high") if known else None,
    )


def _checks(evidence: Evidence) -> Iterator[Check]:
    for engine, certificate in sorted(evidence.certificates.items()):
        for check in certificate.get("checks", ()):
            if check.get("state") != "skipped":
                yield Check(
                    engine=engine, name=check["name"], good=check["good"], said=check["said"]
                )


def _environments(evidence: Evidence) -> dict[str, str]:
    stacks = evidence.environments.values()
    return {str(one["name"]): str(one["digest"]) for one in stacks if "name" in one}


def _datasets(evidence: Evidence, variant: str) -> dict[str, str]:
    """Return what a variant was evaluated on and calibrated with -> the digest of the file."""
    found: dict[str, str] = {}
    prefix = f"{Kind.GENERATE.value}/{variant}/"
    for stage, entry in _stages(evidence, prefix):
        task = entry["settings"].get("task")
        if isinstance(task, dict) and task.get("digest"):
            found[stage.removeprefix(prefix)] = str(task["digest"])
    for _, entry in _stages(evidence, f"{Kind.QUANTIZE.value}/{variant}"):
        rows = entry["settings"].get("calibration")
        if isinstance(rows, dict) and rows.get("digest"):
            found["calibration"] = str(rows["digest"])
    return found
