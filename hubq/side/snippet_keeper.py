"""Keep a program for as long as the worker lives: a process group of its own, ended as a whole.

    python -I side/snippet_keeper.py WORKER_PID PROGRAM ARGUMENT...

A program of a card's may start others and leave them behind. They all stay in this process's group,
which the worker kills at the end; when the worker itself is gone, this process does it. SIGTERM is
passed on. The exit status is the program's, by the same signal where there was one.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence

PARENT_EVERY_S = 0.1


def main(arguments: Sequence[str]) -> int:
    """Run a program to its end and return its exit status, negative for a signal."""
    worker, program = int(arguments[0]), list(arguments[1:])
    process = subprocess.Popen(program)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    while True:
        try:
            return process.wait(PARENT_EVERY_S)
        except subprocess.TimeoutExpired:
            if os.getppid() != worker:
                os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    ended = main(sys.argv[1:])
    if ended < 0:
        if -ended != signal.SIGKILL:  # nobody may ask for another action of that one
            signal.signal(-ended, signal.SIG_DFL)
        os.kill(os.getpid(), -ended)
    os._exit(ended)
