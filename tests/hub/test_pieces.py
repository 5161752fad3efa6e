"""Contents in pieces, their progress, and the threads that send them."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from hubq.errors import BadInput
from hubq.hub.pieces import PIECE, Meter, Parcel, Stopped, in_parallel, pieces, sample, slot


def _ignore(done: int) -> None:
    del done


def test_a_stretch_is_the_same_from_a_file_and_from_bytes(tmp_path: Path) -> None:
    content = bytes(range(256)) * ((2 * PIECE) // 256 + 5)
    file = tmp_path / "x"
    file.write_bytes(content)
    start, length = 1000, PIECE + 77
    told: list[int] = []
    for source in (file, content):
        found = b"".join(pieces(source, start, length, told.append, threading.Event()))
        assert found == content[start : start + length]
    assert told == [PIECE, PIECE + 77] * 2
    assert sample(file) == content[:512]
    assert sample(b"") == b""


def test_a_file_that_is_shorter_or_gone_is_said(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"short")
    with pytest.raises(BadInput, match="was changed while it was sent"):
        list(pieces(file, 0, 10, _ignore, threading.Event()))
    with pytest.raises(BadInput, match="No such file"):
        list(pieces(tmp_path / "gone", 0, 10, _ignore, threading.Event()))


def test_pieces_end_when_they_are_not_wanted() -> None:
    stop = threading.Event()
    taken = pieces(b"x" * (2 * PIECE), 0, 2 * PIECE, _ignore, stop)
    next(taken)
    stop.set()
    with pytest.raises(Stopped):
        next(taken)


def test_what_is_told_only_rises_and_ends_at_the_whole() -> None:
    told: list[tuple[str, int, int]] = []
    parcel = Parcel(paths=("a", "b"), content=b"", oid="0", size=100)
    meter = Meter(parcel, lambda *what: told.append(what))
    meter.begin({1: 40})
    meter.set(2, 30)
    meter.set(2, 0)
    meter.set(2, 50)
    meter.begin({})
    meter.set(1, 10)
    meter.finish()
    meter.finish()
    assert [done for path, done, _ in told if path == "a"] == [40, 70, 90, 100]
    assert [done for path, done, _ in told if path == "b"] == [40, 70, 90, 100]


def test_the_first_failure_is_raised_and_the_rest_is_left() -> None:
    begun: list[int] = []

    def job(number: int, stop: threading.Event) -> None:
        begun.append(number)
        if number == 1:
            raise ValueError("one")
        stop.wait(5)
        raise Stopped

    jobs = [lambda stop, number=number: job(number, stop) for number in range(20)]
    started = time.monotonic()
    with pytest.raises(ValueError, match="one"):
        in_parallel(jobs, 2)
    assert time.monotonic() - started < 3
    assert set(begun) <= {0, 1, 2}


def test_jobs_inside_jobs_end_with_the_outer_ones() -> None:
    outer = threading.Event()
    outer.set()
    with pytest.raises(Stopped):
        in_parallel([lambda stop: (stop.wait(9), None)[1]], 1, outer)


def test_a_slot_is_waited_for_and_given_back() -> None:
    slots, stop = threading.Semaphore(1), threading.Event()
    with slot(slots, stop):
        stop.set()
        with pytest.raises(Stopped), slot(slots, stop):
            pass
    with slot(slots, stop):
        pass


def test_no_jobs_are_no_work() -> None:
    in_parallel([], 4)
