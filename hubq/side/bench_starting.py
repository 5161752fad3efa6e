"""Starting a server that is timed, and why one did not start, in vLLM's own words.

A server's log is for people. So when one did not start, the checkpoint is loaded once more, in a
process that says what went wrong as a chain of exceptions (`vllm_engine`, as certificates do), and
`vllm_refusals` tells a refusal from a fault. Only a dtype that a kind of quantization does not take
is read off the log, since the next one is to be tried then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import certify_vllm
import snippet_words
import vllm_refusals
import vllm_serving
from bench_server import Server
from bench_sitting import Lost
from snippet_server import NotReadyError

#: The end of a log is looked at, in bytes.
TAIL = 1 << 16
KILLED = vllm_serving.KILLED_FOR_MEMORY


def start(make: Callable[[str], Server], dtypes: Sequence[str]) -> tuple[Server, str, float]:
    """Start a server with the first dtype that the checkpoint's kind of quantization takes.

    Args:
        make: a server that computes in a dtype.
        dtypes: in the order in which they are tried.

    Returns:
        The server, its dtype, and the seconds until it was ready.

    Raises:
        snippet_server.NotReadyError: it did not come to answer.
    """
    for dtype in dtypes[:-1]:
        server = make(dtype)
        try:
            return server, dtype, server.start()
        except NotReadyError:
            server.stop()
            if not is_about_dtype(server.log):
                raise
            print(f"{dtype} is refused, trying the next")
    server = make(dtypes[-1])
    return server, dtypes[-1], server.start()


def is_about_dtype(log: Path) -> bool:
    """Return whether a server ended since its checkpoint does not take the dtype."""
    return bool(vllm_refusals.ABOUT_DTYPE.search(" ".join(_tail(log).split())))


def explained(
    error: NotReadyError, checkpoint: Path, dtypes: Sequence[str], device: str, log: Path
) -> Lost:
    """Return why a checkpoint has no server, in vLLM's words where it says why.

    Args:
        error: how the server ended.
        checkpoint: a model folder.
        dtypes: that were tried.
        device: `cpu` or `cuda`.
        log: of the server.

    Raises:
        events.Stop: a stop was asked for.
    """
    print(_tail(log))
    words = snippet_words.Words({str(checkpoint): "the checkpoint"})
    if str(error) == KILLED or "memory ran out" in str(error):
        return Lost("oom", str(error))
    settings = {"dtype": dtypes[0], "device": device}
    paths = {"checkpoint": str(checkpoint)}
    try:
        reply, status = certify_vllm.consult(settings, paths, log.parent, certify_vllm.PROGRAM)
    except MemoryError as shortage:
        return Lost("oom", str(shortage))
    if "causes" in reply:
        causes = [vllm_refusals.Cause(**cause) for cause in reply["causes"]]
        verdict, said = vllm_refusals.verdict(causes)
        state = "oom" if verdict == "memory" else verdict
        return Lost(state, words.of_error(said))
    if "engine" not in reply:
        return Lost("failed", f"vLLM {vllm_serving.ending(status)} while it was imported")
    last = snippet_words.last_line(words.of_error(last_error(log)))
    return Lost("failed", f"the server did not start: {error}" + (f"; {last}" if last else ""))


def last_error(log: Path) -> str:
    """Return the last line of a log that names an exception; empty where there is none."""
    lines: list[Any] = [line for line in _tail(log).splitlines() if "Error: " in line]
    return str(lines[-1]).rpartition("] ")[2] if lines else ""


def _tail(log: Path) -> str:
    try:
        return log.read_bytes()[-TAIL:].decode(errors="replace")
    except OSError:
        return ""
