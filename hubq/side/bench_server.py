"""A server that is timed: a checkpoint in vLLM behind HTTP on the loopback.

It is a process group of its own, with a keeper that ends all of it when this process is gone
(`snippet_process`). While others have their turn its processes are stopped with SIGSTOP, all but
the keeper: an idle vLLM looks for work 50 times a second, which four of them make noticeable.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import bench_serve
import snippet_keeper
import snippet_server
from snippet_process import Child
from snippet_server import Place

PROGRAM = Path(bench_serve.__file__)
#: On top of this process's environment.
VARIABLES = {
    "DO_NOT_TRACK": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_LOGGING_COLOR": "0",
    # OMP_NUM_THREADS decides, not all the cores that are there.
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    # Opens `/collective_rpc`, by which the engine says what runs it and what memory it takes.
    "VLLM_SERVER_DEV_MODE": "1",
}
#: These would stand over the arguments.
HIDDEN = ("VLLM_CPU_KVCACHE_SPACE", "VLLM_API_KEY")
#: Weights of 72B are read from a slow disk, kernels compiled and CUDA graphs captured within it.
READY_S = 3600.0
#: How long one question about the engine may take, in seconds.
ASK_S = 60.0
_TOKENS = re.compile(r'\bkv_cache_size_tokens="(\d+)"')


class Server:
    """A server that runs from `start` to `stop`.

    Args:
        arguments: of `vllm serve`, without host and port.
        folder: for its log and what it leaves lying about.
        program: what is run, as `bench_serve` is.
        ready_s: how long it may take until it is ready, in seconds.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        folder: Path,
        program: Path = PROGRAM,
        ready_s: float = READY_S,
    ) -> None:
        self.log = folder / "log.txt"
        self._folder, self._ready_s = folder, ready_s
        self._arguments = [sys.executable, "-I", str(program), "serve", *arguments]
        self._stack = ExitStack()
        self._child: Child | None = None
        self._shared: set[Path] = set()
        self.port = 0

    def start(self) -> float:
        """Start it, and return the seconds until it was ready.

        Raises:
            snippet_server.NotReadyError: it did not come to answer.
            events.Stop: a stop was asked for.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self.log.unlink(missing_ok=True)
        command = [*self._arguments, "--port", str(snippet_server.free_port())]
        place = Place(command)
        self.port = place.port
        environ = {name: value for name, value in os.environ.items() if name not in HIDDEN}
        self._child, seconds = self._stack.enter_context(
            snippet_server.serving(
                command,
                place,
                environ={**environ, **VARIABLES},
                folder=self._folder,
                log=self.log,
                limit_s=self._ready_s,
            )
        )
        # Known from now on, even when all that knew of it has been killed.
        self._shared = snippet_keeper.shared(self.pids())
        return seconds

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._child is not None and self._child.alive

    def death(self) -> str:
        """End what is left of it and return how it has ended, in words."""
        child = self._child
        said = child.died(child.end()) if child is not None else "it was never there"
        self.stop()
        return said

    def stop(self) -> None:
        """End it with all that it has started; its port is free when this returns."""
        self.go_on()
        self._child = None
        stack, self._stack = self._stack, ExitStack()
        stack.close()
        snippet_keeper.remove(self._shared)

    def pause(self) -> None:
        """Let its processes have no processor until `go_on`."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let its processes run again."""
        self._signal(signal.SIGCONT)

    def pids(self) -> list[int]:
        """Return the numbers of its processes, without the keeper's."""
        return [] if self._child is None else list(snippet_keeper.members(self._child.pid))

    def describe(self) -> dict[str, Any]:
        """Return what has become of the checkpoint: facts of the engine and of its cache."""
        (found,) = self.engine("hubq_describe")
        tokens = _TOKENS.search(get(self.port, "/metrics"))
        served = json.loads(get(self.port, "/v1/models"))["data"][0]
        return {
            **found,
            "cache_tokens": int(tokens[1]) if tokens else None,
            "positions": int(served["max_model_len"]),
        }

    def engine(self, method: str, *arguments: str) -> list[dict[str, Any]]:
        """Return what a method of `bench_extension` says in each of the engine's workers."""
        asked = {"method": method, "args": list(arguments)}
        status, said = post(self.port, "/collective_rpc", asked)
        if status != 200:
            raise RuntimeError(f"vLLM's engine does not answer {method}: {status}")
        found: list[dict[str, Any]] = said["results"]
        return found

    def _signal(self, number: int) -> None:
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def get(port: int, path: str) -> str:
    """Return what a server on the loopback answers to a GET.

    Raises:
        OSError: it does not.
    """
    with _opener().open(f"http://{snippet_server.HOST}:{port}{path}", timeout=ASK_S) as reply:
        return str(reply.read().decode())


def post(
    port: int, path: str, asked: Mapping[str, Any], limit_s: float = ASK_S
) -> tuple[int, dict[str, Any]]:
    """Return the status and the JSON that a server on the loopback answers to a POST.

    Raises:
        OSError: it does not answer.
    """
    request = urllib.request.Request(
        f"http://{snippet_server.HOST}:{port}{path}",
        data=json.dumps(asked).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with _opener().open(request, timeout=limit_s) as reply:
            return int(reply.status), json.loads(reply.read())
    except urllib.error.HTTPError as error:
        with error:
            content = error.read()
        try:
            return int(error.code), json.loads(content)
        except ValueError:
            return int(error.code), {}


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))
