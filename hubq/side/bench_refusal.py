"""Requests that a server refuses: told beforehand, or by what it says to such a request."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from typing import Any

import bench_server
import snippet_words
from bench_requests import CHAT, MODEL, NO_PROMPT, TEXT
from bench_sitting import Lost

#: How a server says that a request is not one for this model.
REFUSED = range(400, 500)


def check(workload: Mapping[str, Any], positions: int) -> None:
    """Look at what is known without asking.

    Args:
        workload: a `ServingWorkload`.
        positions: as many tokens may a request have with its answer.

    Raises:
        Lost: no request of this workload can be answered.
    """
    needed = workload["input_tokens"] + workload["output_tokens"]
    if needed > positions:
        raise Lost("infeasible", f"{needed} tokens exceed {positions} positions")
    if not workload["images"] and not workload["input_tokens"]:
        raise Lost("infeasible", NO_PROMPT)


def refused(port: int, workload: Mapping[str, Any], said: str) -> Lost:
    """Return why a server has not answered a request of a workload.

    vLLM's client keeps no more of an answer than `Bad Request`, so another one is sent.

    Args:
        port: of the server.
        workload: a `ServingWorkload`.
        said: what the client kept.
    """
    path, asked = request(workload)
    try:
        status, found = bench_server.post(port, path, asked, limit_s=600)
    except OSError:
        return Lost("failed", said)
    words = snippet_words.first_line(str((found.get("error") or {}).get("message") or said))
    return Lost("infeasible" if status in REFUSED else "failed", words)


def request(workload: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return where to and what to send for about the same request as the client's."""
    asked: dict[str, Any] = {"model": MODEL, "max_tokens": workload["output_tokens"]}
    if not workload["images"]:
        return TEXT, {**asked, "prompt": [100] * workload["input_tokens"]}
    pictures = [_picture(*workload["image_size"])] * workload["images"]
    content = [{"type": "image_url", "image_url": {"url": one}} for one in pictures]
    text = {"type": "text", "text": " a" * workload["input_tokens"]}
    return CHAT, {**asked, "messages": [{"role": "user", "content": [text, *content]}]}


def _picture(width: int, height: int) -> str:
    from PIL import Image

    with io.BytesIO() as file:
        Image.new("RGB", (width, height), "grey").save(file, format="PNG")
        data = base64.b64encode(file.getvalue()).decode()
    return f"data:image/png;base64,{data}"
