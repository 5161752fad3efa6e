"""Results: what a stage left on disk, and the measures read from it."""

from __future__ import annotations

from typing import Any

import msgspec

from hubq.model.stage import Stage

RESULT_SCHEMA = 1


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """One number with its uncertainty and where it was read.

    Attributes:
        name: what is measured: `score`, `tokens_per_second`, `peak_memory_bytes`, `kl`.
        value: the number.
        unit: of the number: `fraction`, `tokens/s`, `bytes`, `nats`, `s`, `count`.
        n: how many items or repeats it rests on.
        se: its standard error, where there is one.
        low, high: the 95 % interval, where there is one.
        file: the file in the result it was read from.
        pointer: the JSON pointer (RFC 6901) to it in that file.
    """

    name: str
    value: float
    unit: str
    n: int
    file: str
    pointer: str
    se: float | None = None
    low: float | None = None
    high: float | None = None


class FileRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a result: size in bytes and SHA-256."""

    size: int
    sha256: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What a stage left on disk.

    Attributes:
        schema: of this file.
        key: the stage's key, which is the folder's name.
        stage: the stage as it was planned.
        inputs: for each needed stage its key or `missing:<why>`.
        measures: the numbers that cards may show.
        files: every file in the folder but this one, by relative path.
        facts: small things later stages read without opening files.
        started, ended: UTC, ISO 8601 with seconds.
        seconds: how long it took.
    """

    key: str
    stage: Stage
    inputs: dict[str, str]
    measures: tuple[Measure, ...]
    files: dict[str, FileRecord]
    started: str
    ended: str
    seconds: float
    schema: int = RESULT_SCHEMA
    facts: dict[str, Any] = {}

    def measure(self, name: str) -> Measure:
        """Return the measure of that name.

        Raises:
            KeyError: the result has none.
        """
        for measure in self.measures:
            if measure.name == name:
                return measure
        raise KeyError(name)


class Collected(msgspec.Struct, frozen=True, kw_only=True):
    """What a stage's package read from the files that its worker left.

    Attributes:
        measures: the numbers, each with the file and pointer it was read from.
        facts: small things later stages need, kept in the result.
        refusal: why the stage's result must not be used (a certificate not given); empty if good.
    """

    measures: tuple[Measure, ...] = ()
    facts: dict[str, Any] = {}
    refusal: str = ""
