"""Measures: what results say they measured, held against their files and, where kept, each round.

Fidelity rests on readings, a certificate's divergence on items, a speed on rounds and those on runs
(`hubq.verify.speeds`): all are worked out again. What rests on nothing that is kept (bytes, seconds
of quantizing) can only be read.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import Any

import msgspec

from hubq.cards.ledger import resolve_pointer
from hubq.evaluate import fidelity
from hubq.evaluate.fidelity import Reading
from hubq.model.finding import Finding
from hubq.model.result import Measure
from hubq.verify.checking import UNUSABLE, Checked, close, counted, is_number, why
from hubq.verify.dossier import RESULT, Dossier
from hubq.verify.numbers import count_numbers, differences
from hubq.verify.speeds import speeds_of

_RECORDS, _BENCH, _CERTIFICATE = "records.jsonl", "bench.json", "certificate.json"
_SPREAD = ("n", "se", "low", "high")


def check_measures(dossier: Dossier) -> Checked:
    """Compare each measure with the number in its file, and the file with what it rests on."""
    findings: list[Finding] = []
    total = again = 0
    for key, result in dossier.results.items():
        total += len(result.measures)
        for number, measure in enumerate(result.measures):
            findings += _read(dossier, key, number, measure)
        try:
            wrong, count = _rounds(dossier, key)
        except UNUSABLE as error:
            place = dossier.where(key, RESULT)
            findings.append(Finding(rule="measure-wrong", path=place, found=why(error)))
            continue
        findings += wrong
        again += count
    return Checked(
        said=f"{counted(total, 'measure')} as their files have them; {counted(again, 'number')} "
        "from readings, items and rounds",
        findings=tuple(findings),
        recomputed=again,
        read=total,
    )


def _read(dossier: Dossier, key: str, number: int, measure: Measure) -> Iterator[Finding]:
    """Compare a measure with the place it says it was read from."""
    place = f"{dossier.where(key, RESULT)}#/measures/{number}"
    where = f"{measure.file}#{measure.pointer}"
    try:
        document = dossier.document(key, measure.file)
        found = resolve_pointer(document, measure.pointer)
        around = resolve_pointer(document, measure.pointer.rpartition("/")[0])
    except UNUSABLE as error:
        yield Finding(rule="measure-wrong", path=place, said=measure.name, found=why(error))
        return
    if not is_number(found) or not close(found, measure.value):
        told = f"{measure.name} {measure.value!r}"
        yield Finding(rule="measure-wrong", path=place, said=told, found=f"{where} has {found!r}")
    for name in _SPREAD:
        own = getattr(measure, name)
        other = around.get(name, own) if isinstance(around, dict) else own
        same = close(own, other) if is_number(own) and is_number(other) else own == other
        if not same:
            told = f"{measure.name} {name} {own!r}"
            yield Finding(
                rule="measure-wrong", path=place, said=told, found=f"{where} has {other!r}"
            )


def _rounds(dossier: Dossier, key: str) -> tuple[list[Finding], int]:
    """Work out what a result's own rounds, items or readings make of its numbers."""
    files, stage = dossier.files.get(key, {}), dossier.stage_of(key)
    if stage.startswith("score/") and fidelity.FIDELITY_FILE in files and _RECORDS in files:
        return _fidelity(dossier, key)
    if _BENCH in files:
        return _compare(dossier, key, _BENCH, speeds_of(dossier, key))
    if _CERTIFICATE in files:
        return _compare(dossier, key, _CERTIFICATE, _means(dossier.document(key, _CERTIFICATE)))
    return [], 0


def _fidelity(dossier: Dossier, key: str) -> tuple[list[Finding], int]:
    decoder = msgspec.json.Decoder(Reading)
    lines = dossier.files[key][_RECORDS].content.splitlines()
    found = fidelity.summarise([decoder.decode(line) for line in lines if line])
    pairs = {f"/{name}": value for name, value in found.items()}
    return _compare(dossier, key, fidelity.FIDELITY_FILE, pairs)


def _compare(
    dossier: Dossier, key: str, file: str, found: dict[str, Any]
) -> tuple[list[Finding], int]:
    """Return where a file says other than what was worked out, pointer by pointer."""
    document, place = dossier.document(key, file), dossier.where(key, file)
    wrong: list[Finding] = []
    for pointer, value in found.items():
        said = resolve_pointer(document, pointer)
        again = msgspec.json.decode(msgspec.json.encode(value))
        wrong += [
            Finding(
                rule="measure-wrong",
                path=f"{place}#{one.pointer}",
                said=one.said,
                found=f"what it rests on makes {one.found}",
            )
            for one in differences(said, again, pointer, more=dossier.is_older)
        ]
    return wrong, count_numbers(list(found.values()))


def _means(certificate: Any) -> dict[str, Any]:
    """Return pointer -> mean over the items that a certificate's divergence rests on."""
    items = certificate.get("items") or []
    found: dict[str, Any] = {}
    for name in ("kl", "top1_agreement"):
        values = [item[name] for item in items if item.get(name) is not None]
        if values and certificate.get(name):
            found[f"/{name}/value"] = statistics.fmean(values)
            found[f"/{name}/n"] = len(values)
    return found
