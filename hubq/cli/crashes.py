"""What a program that fails leaves behind: tracebacks and logs, without secrets."""

from __future__ import annotations

import logging
import os
import sys
import threading
import traceback
import warnings
from types import TracebackType
from typing import Any

from hubq.secrets import keep_known, redact


def guard() -> None:
    """Take secrets out of whatever this process writes when something goes wrong.

    Called once, before anything else: the secrets in the environment and in the Hub client's store
    are known from then on; tracebacks (of threads too), warnings and log records go out without.
    """
    keep_known(os.environ)
    sys.excepthook = _crashed
    threading.excepthook = _thread_crashed
    sys.unraisablehook = _unraisable
    logging.setLogRecordFactory(_record)
    warnings.formatwarning = _warning


def told(error: BaseException) -> str:
    """Return a bug's traceback as Python writes it, without secrets."""
    return redact("".join(traceback.format_exception(error)))


def _crashed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    sys.stderr.write(redact("".join(traceback.format_exception(kind, error, trace))))


def _thread_crashed(said: threading.ExceptHookArgs) -> None:
    if said.exc_value is None or isinstance(said.exc_value, SystemExit):
        return
    name = said.thread.name if said.thread else "a thread"
    sys.stderr.write(redact(f"Exception in thread {name}:\n") + told(said.exc_value))


def _unraisable(said: sys.UnraisableHookArgs) -> None:
    if said.exc_value is not None:
        what = said.err_msg or "Exception ignored in"
        sys.stderr.write(redact(f"{what}: {said.object!r}\n") + told(said.exc_value))


def _record(*arguments: Any, **named: Any) -> logging.LogRecord:
    """Make a log record whose message and traceback are without secrets, whoever handles it."""
    record = logging.LogRecord(*arguments, **named)
    try:
        message = record.getMessage()
    except (TypeError, ValueError):
        message = f"{record.msg} {record.args!r}"
    record.msg, record.args = redact(message), ()
    if isinstance(record.exc_info, tuple) and record.exc_info[1] is not None:
        record.exc_text = told(record.exc_info[1]).rstrip("\n")
    return record


def _warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    line: str | None = None,
) -> str:
    del line
    return redact(f"{filename}:{lineno}: {category.__name__}: {message}\n")
