"""Results are content-addressed, whole or absent, and never change."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from pathlib import Path

import pytest

from hubq.errors import BadInput, StageFailed
from hubq.model.result import Measure, Result
from hubq.model.stage import Kind, Stage
from hubq.store import Store

KEY = "ab" + "0" * 62


def a_result(key: str = KEY) -> Result:
    stage = Stage(id="score/x", kind=Kind.SCORE, backend="hubq", settings={})
    measure = Measure(name="score", value=0.5, unit="fraction", n=2, file="s.json", pointer="/a")
    return Result(
        key=key,
        stage=stage,
        inputs={},
        measures=(measure,),
        files={},
        started="",
        ended="",
        seconds=0.0,
    )


def filled(store: Store, text: str = "hello") -> Path:
    work = store.work(KEY) / "work"
    (work / "deep").mkdir(parents=True)
    (work / "deep" / "s.json").write_text(text)
    return work


def test_a_committed_result_is_read_back_with_its_files(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert not store.has(KEY)
    store.commit(filled(store), a_result())
    assert store.has(KEY)
    result = store.load(KEY)
    assert list(result.files) == ["deep/s.json"]
    assert result.files["deep/s.json"].size == 5
    assert result.measure("score").value == 0.5
    assert store.verify(KEY) == []


def test_a_changed_file_is_noticed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.commit(filled(store), a_result())
    (store.folder(KEY) / "deep" / "s.json").write_text("hellO")
    assert store.verify(KEY) == ["deep/s.json"]


def test_the_first_of_two_results_of_one_key_stays(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.commit(filled(store, "first"), a_result())
    store.commit(filled(store, "second"), a_result())
    assert (store.folder(KEY) / "deep" / "s.json").read_text() == "first"


def test_a_half_written_result_is_no_result_and_is_replaced(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.folder(KEY).mkdir(parents=True)
    (store.folder(KEY) / "torn").write_text("x")
    assert not store.has(KEY)
    store.commit(filled(store), a_result())
    assert list(store.load(KEY).files) == ["deep/s.json"]


def test_what_a_killed_stage_left_is_thrown_away(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (store.work(KEY) / "half").write_text("x")
    assert list(store.work(KEY).iterdir()) == []


def test_a_failure_is_kept_but_is_no_result(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (store.work(KEY) / "log.txt").write_text("why")
    kept = store.keep_failure(KEY, "now")
    assert (kept / "log.txt").read_text() == "why"
    assert not store.has(KEY)


def test_a_result_may_hold_no_links(tmp_path: Path) -> None:
    store = Store(tmp_path)
    work = filled(store)
    (work / "link").symlink_to("/etc/passwd")
    with pytest.raises(StageFailed, match="no links"):
        store.commit(work, a_result())


def test_a_damaged_result_says_what_to_remove(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.commit(filled(store), a_result())
    (store.folder(KEY) / "result.json").write_text("{")
    with pytest.raises(BadInput, match="damaged"):
        store.load(KEY)


def test_a_full_disk_is_refused_before_work(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="GB needed"):
        Store(tmp_path / "not" / "there").need_space(1 << 60)


def test_derived_folders_are_made_once(tmp_path: Path) -> None:
    store = Store(tmp_path)
    calls: list[Path] = []

    def make(folder: Path) -> None:
        calls.append(folder)
        (folder / "items").write_text("1")

    assert store.derived("tasks", "d", make) == store.derived("tasks", "d", make)
    assert len(calls) == 1


def test_a_second_run_hears_who_holds_the_folder_and_waits(tmp_path: Path) -> None:
    store = Store(tmp_path)
    heard: list[str] = []
    entered, leave = threading.Event(), threading.Event()

    def second() -> None:
        with Store(tmp_path).locked("second", heard.append):
            entered.set()

    with store.locked("first", heard.append):
        thread = threading.Thread(target=second)
        thread.start()
        for _ in range(200):
            if heard:
                break
            leave.wait(0.01)
        assert not entered.is_set()
        assert f"first (process {os.getpid()})" in heard[0]
    thread.join(timeout=5)
    assert entered.is_set()


def _hold(folder: Path, ready: multiprocessing.synchronize.Event) -> None:
    with Store(folder).locked("doomed", print):
        ready.set()
        signal.pause()


def test_the_lock_is_gone_when_its_holder_is_killed(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    holder = context.Process(target=_hold, args=(tmp_path, ready))
    holder.start()
    assert ready.wait(timeout=20)
    holder.kill()
    holder.join()
    heard: list[str] = []
    with Store(tmp_path).locked("next", heard.append):
        assert heard == []


def test_reasons_name_no_folder_of_this_machine(tmp_path: Path) -> None:
    store = Store(tmp_path / "runs")
    said = f"no file {store.root}/results/a, nor {Path.home()}/b"
    assert store.without_places(said) == "no file RUNS/results/a, nor ~/b"
    assert store.without_places("nothing about /folders") == "nothing about /folders"
