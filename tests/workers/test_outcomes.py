from __future__ import annotations

from pathlib import Path

from hubq.workers.outcomes import kernel_oom_kills, log_tail, read_outcome, signal_name


def test_a_log_is_shown_without_colours_and_redrawn_bars(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_bytes(b"\x1b[32mINFO\x1b[0m start\r\n 10%\r 50%\r100%\n\n\xff\nlast\n")
    assert log_tail(log) == "INFO start\n100%\n\ufffd\nlast"


def test_only_the_last_lines_of_a_long_log_are_shown(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_text("".join(f"line {number}\n" for number in range(100_000)), encoding="ascii")
    assert log_tail(log, lines=2) == "line 99998\nline 99999"


def test_a_job_without_a_log_or_an_outcome_has_neither(tmp_path: Path) -> None:
    assert log_tail(tmp_path / "log.txt") == ""
    assert read_outcome(tmp_path) is None


def test_a_half_written_outcome_is_none(tmp_path: Path) -> None:
    (tmp_path / "out.json").write_text('{"state": "do', encoding="ascii")
    assert read_outcome(tmp_path) is None


def test_signals_have_names() -> None:
    assert (signal_name(11), signal_name(99)) == ("SIGSEGV", "signal 99")


def test_the_kernels_count_of_kills_for_memory_is_a_number() -> None:
    assert kernel_oom_kills() >= 0
