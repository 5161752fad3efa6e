"""vLLM's own benchmark client, in a process that stays for the next run: both of its ends.

    python -I side/bench_client.py SOCKET

Importing vLLM takes ten seconds of a core, a short run one. So the process that does what
`vllm bench serve` does stays, and is asked by `vllm_serving`'s protocol: `{"arguments": [...]}` is
one run, as on its command line. What it writes is left in the file that the arguments name.
"""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).resolve().parent))

import events
import snippet_words
import vllm_launch
import vllm_serving
from bench_sitting import Lost
from deadlines import deadline

VARIABLES = {"DO_NOT_TRACK": "1", "VLLM_NO_USAGE_STATS": "1", "VLLM_LOGGING_COLOR": "0"}


class Client:
    """The client, seen from the worker; its process is started by the first run.

    Args:
        limit_s: how long one run may take, in seconds.
        program: what it runs.
    """

    def __init__(self, limit_s: float, program: Path = Path(__file__)) -> None:
        self._limit_s, self._program = limit_s, program
        self._server: vllm_serving.Server | None = None

    def run(self, arguments: Sequence[str]) -> None:
        """Do what `vllm bench serve` does with these arguments.

        Raises:
            Lost: it failed, or took too long.
            events.Stop: a stop was asked for.
        """
        if self._server is None or not self._server.alive:
            self.close()
            self._server = vllm_serving.Server(self._program, VARIABLES)
        try:
            with deadline(self._server.pid, self._limit_s) as late:
                (reply,) = self._server.ask({"arguments": list(arguments)})
        except vllm_serving.EndedError as error:
            self.close()
            if late.is_set():
                raise Lost("timeout", f"no end after {self._limit_s:g} s") from None
            raise Lost("failed", f"the client: {error}") from None
        finally:
            if events.stopping():
                self.close()
        if reply["error"]:
            raise Lost("failed", f"the client: {reply['error']}")

    def close(self) -> None:
        """End its process."""
        if self._server is not None:
            self._server.close()
        self._server = None


def main(arguments: Sequence[str]) -> int:
    """Do what is asked until the asking process is gone; return the exit status."""
    vllm_launch.connect()
    # The server is on this machine, whatever proxy others are reached by.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "*"
    for request in vllm_serving.requests(int(arguments[0])):
        try:
            bench(request["arguments"])
        except (Exception, SystemExit) as error:
            traceback.print_exc()
            said = snippet_words.Words({}).of_error(f"{type(error).__name__}: {error}")
            vllm_serving.reply({"error": snippet_words.first_line(said)})
        else:
            vllm_serving.reply({"error": ""})
    return 0


def bench(arguments: Sequence[str]) -> dict[str, Any]:
    """Do as `vllm bench serve` with these arguments does, and return what it found."""
    from vllm.benchmarks import serve
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    # vLLM's client freezes what there is before it begins; what earlier runs left is not to stay.
    gc.unfreeze()
    gc.collect()
    parser = FlexibleArgumentParser()
    serve.add_cli_args(parser)
    found: dict[str, Any] = serve.main(parser.parse_args(list(arguments)))
    return found


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
