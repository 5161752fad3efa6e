"""Inlining: pictures inside a page, for pages that people mail about."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping

_ADDRESS = re.compile(r'\b(src|srcset|href)="([^"]*)"')
_KINDS = {".png": "image/png", ".svg": "image/svg+xml"}


def inlined(page: str, files: Mapping[str, bytes]) -> str:
    """Return HTML in which addresses of pictures are the pictures themselves, as data: addresses.

    The first link to each SVG becomes one that saves it, since browsers open no page from such an
    address; other links stay, so that no picture is in the page more often than it is shown.

    Args:
        page: HTML whose attributes are in double quotes, as a Markdown renderer writes it.
        files: path -> content; other addresses are left as they are.
    """
    linked: set[str] = set()

    def replaced(found: re.Match[str]) -> str:
        name, path = found[1], found[2]
        kind = _KINDS.get(path[path.rfind(".") :])
        if path not in files or kind is None:
            return found[0]
        if name == "href":
            if path in linked or not path.endswith(".svg"):
                return found[0]
            linked.add(path)
        address = f"data:{kind};base64,{base64.b64encode(files[path]).decode()}"
        saved = f' download="{path.rsplit("/", 1)[-1]}"' if name == "href" else ""
        return f'{name}="{address}"{saved}'

    return _ADDRESS.sub(replaced, page)
