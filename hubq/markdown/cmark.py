"""cmark: Markdown to HTML as GitHub does it, without leaving the parsed page in memory.

cmarkgfm never frees the tree and the page that it made, some ten times the size of the text. Its
library does export what frees them, so that a sweep over thousands of cards stays small.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from cmarkgfm import _cmark, cmark
from cmarkgfm.cmark import Options

Free = Callable[[int], object]
"""Frees what an address points to."""


@cache
def _freeing() -> tuple[Free, Free]:
    """Return what frees a tree and what frees a page; where the library hides it, nothing does."""
    try:
        library, system = ctypes.CDLL(_cmark.__file__), ctypes.CDLL(None)
        tree, page = library.cmark_node_free, system.free
    except (AttributeError, OSError, TypeError):
        return _kept, _kept
    for function in (tree, page):
        function.argtypes, function.restype = (ctypes.c_void_p,), None
    return tree, page


def _kept(_address: int) -> None:
    """Free nothing."""


def _address(pointer: Any) -> int:
    return int(_cmark.ffi.cast("uintptr_t", pointer))


def to_html(text: str, options: int = 0, extensions: Sequence[str] = ()) -> str:
    """Return Markdown as HTML.

    Args:
        text: the Markdown.
        options: of `cmarkgfm.cmark.Options`, joined by `|`.
        extensions: names of cmark-gfm's extensions.
    """
    cmark.core_extensions_ensure_registered()
    free_tree, free_page = _freeing()
    parser = cmark.parser_new(options=options)
    try:
        for name in extensions:
            cmark.parser_attach_syntax_extension(parser, cmark.find_syntax_extension(name))
        cmark.parser_feed(parser, text)
        root = cmark.parser_finish(parser)
        used = cmark.parser_get_syntax_extensions(parser)
        page = _cmark.lib.cmark_render_html(root, options, used)
        try:
            found: bytes = _cmark.ffi.string(page)
        finally:
            free_page(_address(page))
            free_tree(_address(root))
    finally:
        cmark.parser_free(parser)
    return found.decode()


def github_html(text: str, options: int = 0) -> str:
    """Return Markdown as HTML with every extension that GitHub has."""
    extensions = ("table", "autolink", "tagfilter", "strikethrough", "tasklist")
    return to_html(text, options | Options.CMARK_OPT_GITHUB_PRE_LANG, extensions)
