"""The command `vllm` as a bench starts it: side's helpers are within reach of its processes.

    python -I side/bench_serve.py serve ...

It answers for vLLM's build for CPUs as `snippet_vllm` does. What a bench asks a running engine
(`bench_extension`) is imported by the processes that vLLM starts, and these import this file first.
"""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

if __name__ in {"__main__", "__mp_main__"}:
    sys.path.append(str(Path(__file__).resolve().parent))

import snippet_vllm

if __name__ in {"__main__", "__mp_main__"}:
    metadata.version = snippet_vllm.answering(metadata.version)

if __name__ == "__main__":
    snippet_vllm.main()
    sys.exit()
