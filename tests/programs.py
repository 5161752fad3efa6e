"""hubq as a program of its own that Ctrl-C reaches, however the tests were started."""

from __future__ import annotations

import sys

PROGRAM = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where & has started us
from hubq.cli.main import main
main()
"""


def command(*arguments: str) -> list[str]:
    """Return the words that start `hubq` with these arguments."""
    return [sys.executable, "-c", PROGRAM, *arguments]
