"""Integrity: files of results as they were recorded, and keys that follow from what they say."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec

from hubq.model.card import EVIDENCE_FILE
from hubq.model.codec import digest
from hubq.model.evidence import CONTENTS_FILE, SHORT_SAMPLES, Reason
from hubq.model.finding import Finding
from hubq.model.result import Result
from hubq.verify.checking import Checked, counted
from hubq.verify.dossier import RESULT, Dossier, archive_of

_MISSING = "missing:"
_TOLD = ("backend", "settings", "environment", "program")


def check_results(dossier: Dossier) -> Checked:
    """Compare every result with its record, and work its key out again."""
    evidence, findings = dossier.evidence, list(dossier.findings)
    gone = {archive_of(str(told.get("stage", ""))) for told in evidence.results.values()}
    broken = {finding.path for finding in dossier.findings}
    there = dossier.place.listing()
    findings += [
        Finding(rule="evidence-missing", path=path, found="is not there; results are kept in it")
        for path in sorted(gone)
        if path not in there
    ]
    gone = {path for path in gone if path not in there or path in broken}
    keys = {str(told.get("stage", "")): key for key, told in evidence.results.items()}
    files = 0
    for key, told in evidence.results.items():
        if archive_of(str(told.get("stage", ""))) in gone:
            continue
        files += len(dossier.files.get(key, {}))
        findings += _files(dossier, key, told)
        if key in dossier.results:
            findings += _result(dossier, key, told, dossier.results[key], keys)
    findings += [
        Finding(rule="evidence-added", path=place, found="belongs to no result of this release")
        for place in dossier.stray
    ]
    findings += [*_recipe(dossier), *_contents(dossier)]
    return Checked(
        said=f"{counted(len(evidence.results), 'result')} with {counted(files, 'file')}, "
        "keys worked out from settings and inputs",
        findings=tuple(findings),
    )


def _files(dossier: Dossier, key: str, told: dict[str, Any]) -> Iterator[Finding]:
    """Compare the files of one result with their hashes."""
    stage, there = str(told.get("stage", "")), dossier.files.get(key, {})
    left = _left_out(dossier).get(stage, {})
    short = SHORT_SAMPLES in there
    recorded = told.get("files", {})
    for name in (RESULT, *recorded):
        if name in there:
            wrong = name != RESULT and there[name].sha256 != recorded[name]["sha256"]
            if wrong:
                yield Finding(
                    rule="evidence-changed",
                    path=there[name].place,
                    found=f"is not the file that {stage} left: its SHA-256 is "
                    f"{there[name].sha256[:16]}…, hubq.json has {recorded[name]['sha256'][:16]}…",
                )
        elif name not in left and not (short and name == "samples.jsonl"):
            yield Finding(
                rule="evidence-missing",
                path=dossier.where(key, name),
                found=f"is not there; {CONTENTS_FILE} does not say that it was left out",
            )
    for name in sorted(there.keys() - recorded.keys() - {RESULT, SHORT_SAMPLES}):
        yield Finding(
            rule="evidence-added", path=there[name].place, found=f"{stage} left no such file"
        )
    yield from _short(dossier, key, stage)


def _short(dossier: Dossier, key: str, stage: str) -> Iterator[Finding]:
    """Compare samples without answers with the hash of them that was published."""
    kept = dossier.files.get(key, {}).get(SHORT_SAMPLES)
    if kept is None:
        return
    notes = dossier.contents.shortened if dossier.contents else ()
    note = next((note for note in notes if note.stage == stage), None)
    if note is None:
        found = f"{CONTENTS_FILE} does not say that parts were left out"
    elif note.short != kept.sha256:
        found = f"is not the file that {CONTENTS_FILE} has the SHA-256 of"
    else:
        return
    yield Finding(rule="evidence-changed", path=kept.place, found=found)


def _left_out(dossier: Dossier) -> dict[str, dict[str, Reason]]:
    return dossier.contents.left_out if dossier.contents else {}


def _result(
    dossier: Dossier, key: str, told: dict[str, Any], result: Result, keys: dict[str, str]
) -> Iterator[Finding]:
    """Compare what `hubq.json` and `result.json` say of one result, and both with its key."""
    place, stage = dossier.where(key, RESULT), result.stage
    try:
        again = stage.key(result.inputs)
    except KeyError as error:
        again = ""
        yield Finding(rule="key-wrong", path=place, found=f"names no input {error}")
    if again and again != key:
        yield Finding(
            rule="key-wrong",
            path=place,
            said=f"{key[:16]}…",
            found=f"its settings, program, environment and inputs make the key {again[:16]}…; "
            "one of them was edited",
        )
    if result.key != key or stage.id != told.get("stage"):
        yield Finding(
            rule="result-changed",
            path=place,
            said=f"{stage.id} {result.key[:16]}…",
            found=f"hubq.json has it as {told.get('stage')} {key[:16]}…",
        )
    plain = msgspec.to_builtins(stage)
    pairs = {name: plain[name] for name in _TOLD}
    pairs["inputs"] = result.inputs
    if {n: f.sha256 for n, f in result.files.items()} != _hashes(told):
        pairs["files"] = None
    for name, value in pairs.items():
        if name in told and told[name] != value:
            yield Finding(
                rule="result-changed",
                path=place,
                found=f"its {name} are others than hubq.json says of {stage.id}",
            )
    for needed, known in result.inputs.items():
        if not known.startswith(_MISSING) and keys.get(needed, known) != known:
            yield Finding(
                rule="result-changed",
                path=place,
                said=f"{needed} {known[:16]}…",
                found=f"the result of {needed} here is {keys[needed][:16]}…",
            )


def _hashes(told: dict[str, Any]) -> dict[str, str]:
    return {name: record["sha256"] for name, record in told.get("files", {}).items()}


def _recipe(dossier: Dossier) -> Iterator[Finding]:
    """Compare the recipe with its digest, which is taken of it as it is published."""
    recipe = dossier.evidence.recipe
    again = digest({name: value for name, value in recipe.items() if name != "digest"})
    if "digest" in recipe and recipe["digest"] != again:
        yield Finding(
            rule="recipe-changed",
            path=f"{EVIDENCE_FILE}#/recipe/digest",
            said=f"{str(recipe['digest'])[:16]}…",
            found=f"what the recipe says makes the digest {again[:16]}…",
        )


def _contents(dossier: Dossier) -> Iterator[Finding]:
    """Compare the evidence's table of contents with what is there."""
    if dossier.contents is None:
        return
    there = dossier.place.listing()
    for path, listed in dossier.contents.files.items():
        if path not in there:
            yield Finding(rule="evidence-missing", path=path, found=f"{CONTENTS_FILE} lists it")
        elif hashlib.sha256(dossier.place.read(path)).hexdigest() != listed.sha256:
            yield Finding(
                rule="evidence-changed",
                path=path,
                found=f"is not the file that {CONTENTS_FILE} has the SHA-256 of",
            )
