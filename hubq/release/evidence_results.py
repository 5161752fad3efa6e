"""Results as evidence: which files of which results are published, and which are not, and why."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import PurePosixPath

import msgspec

from hubq.bench.sitting import Sample as Run
from hubq.errors import StageFailed
from hubq.evaluate.generation import RECORDS
from hubq.evaluate.harness.files import KEPT
from hubq.evaluate.judge import CACHE
from hubq.evaluate.samples import SAMPLES, Sample
from hubq.model.card import Evidence
from hubq.model.evidence import SHORT_SAMPLES, Reason, Shortened, variant_archive
from hubq.model.result import Result
from hubq.model.stage import Kind
from hubq.release.evidence_archives import packed_size
from hubq.store import RESULT_FILE, Store

CHECKPOINT = "checkpoint"
LOG = "log.txt"
_LONGER_NAME = 2 * (len(SHORT_SAMPLES) - len(SAMPLES))
"""A name stands in an archive twice."""

Entries = dict[str, bytes]


class Chosen(msgspec.Struct, kw_only=True):
    """The files of results that are published, by archive.

    Attributes:
        archives: archive -> name in it (`<stage id>/<file>`) -> content.
        stages: archive -> the stages in it, in order.
        left_out: stage -> file -> why it is not published.
    """

    archives: dict[str, Entries] = {}
    stages: dict[str, tuple[str, ...]] = {}
    left_out: dict[str, dict[str, Reason]] = {}


def choose(store: Store, evidence: Evidence) -> Chosen:
    """Return what is published of the results that a card rests on.

    Raises:
        StageFailed: a result was changed since it was made.
    """
    chosen = Chosen()
    for key, told in sorted(evidence.results.items(), key=lambda pair: pair[1]["stage"]):
        result = store.load(key)
        archive, stage = variant_archive(result.stage.variant), str(told["stage"])
        entries = chosen.archives.setdefault(archive, {})
        chosen.stages[archive] = (*chosen.stages.get(archive, ()), stage)
        entries[f"{stage}/{RESULT_FILE}"] = (store.folder(key) / RESULT_FILE).read_bytes()
        for file in sorted(result.files):
            why = _why_not(result, file)
            if why is not None:
                chosen.left_out.setdefault(stage, {})[file] = why
                continue
            entries[f"{stage}/{file}"] = _content(store, result, file)
    return chosen


def shorten(chosen: Chosen, excess: int) -> tuple[Shortened, ...]:
    """Put samples without their answers in the place of whole ones, the largest first.

    Runs of a sitting lose the waits between tokens.

    Samples that would not become smaller stay as they are.

    Args:
        chosen: is changed.
        excess: how many bytes too many the archives take; nothing is done where that is no more
            than 0, and all samples are shortened where even that does not reach.
    """
    packed = {
        (archive, name): packed_size(content)
        for archive, entries in chosen.archives.items()
        for name, content in entries.items()
        if name.endswith(f"/{SAMPLES}")
    }
    found = []
    for archive, name in sorted(packed, key=lambda place: (-packed[place], place)):
        if excess <= 0:
            break
        whole, stage = chosen.archives[archive][name], name.removesuffix(f"/{SAMPLES}")
        scored = stage.startswith(f"{Kind.SCORE.value}/")
        short = b"".join(_short_lines(whole) if scored else _short_runs(whole))
        saved = packed[archive, name] - packed_size(short) - _LONGER_NAME
        if saved <= 0:
            continue
        del chosen.archives[archive][name]
        chosen.archives[archive][f"{stage}/{SHORT_SAMPLES}"] = short
        excess -= saved
        found.append(
            Shortened(archive=archive, stage=stage, whole=_sha256(whole), short=_sha256(short))
        )
    return tuple(found)


def _short_lines(samples: bytes) -> Iterator[bytes]:
    """Yield each sample without its raw answer; everything else, its score among it, stays."""
    encoder = msgspec.json.Encoder(order="deterministic")
    decoder = msgspec.json.Decoder(Sample)
    for line in samples.splitlines():
        sample = decoder.decode(line)
        empty = "" if isinstance(sample.output, str) else ("",) * len(sample.output)
        yield encoder.encode(msgspec.structs.replace(sample, output=empty)) + b"\n"


def _short_runs(samples: bytes) -> Iterator[bytes]:
    """Yield each run of a sitting without the waits between the tokens of its requests."""
    encoder = msgspec.json.Encoder(order="deterministic")
    decoder = msgspec.json.Decoder(Run)
    for line in samples.splitlines():
        run = decoder.decode(line)
        requests = tuple(msgspec.structs.replace(one, itl=()) for one in run.requests)
        yield encoder.encode(msgspec.structs.replace(run, requests=requests)) + b"\n"


def _why_not(result: Result, file: str) -> Reason | None:
    """Return why a file of a result is not published; none when it is."""
    kind, path = result.stage.kind, PurePosixPath(file)
    if kind is Kind.QUANTIZE and path.parts[0] == CHECKPOINT:
        return "weights"
    if file == LOG:
        return "log"
    if kind is Kind.GENERATE and file == RECORDS:
        return "answers"
    if kind is Kind.GENERATE and path.parts[0] == KEPT:
        return "harness"
    if file == CACHE:
        return "judge"
    return None if path.suffix in (".json", ".jsonl") and len(path.parts) == 1 else "other"


def _content(store: Store, result: Result, file: str) -> bytes:
    content = (store.folder(result.key) / file).read_bytes()
    if _sha256(content) != result.files[file].sha256:
        raise StageFailed(
            f"{result.stage.id}: {file} was changed since it was made",
            remedy=f"Remove {store.folder(result.key)} and run the release again.",
        )
    return content


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
