"""A card's Markdown as HTML that is safe to show.

Cards are somebody else's text. What GitHub's own parser makes of it is read into a DOM, and a new
page is written from it with only the elements and attributes named here.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from html import escape
from urllib.parse import quote, unquote, urlsplit

import msgspec
from cmarkgfm.cmark import Options
from selectolax.lexbor import LexborHTMLParser, LexborNode

from hubq.markdown import cmark

_EXTENSIONS = ["table", "autolink", "strikethrough", "tasklist"]
_OPTIONS = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_VOID = frozenset({"br", "hr", "img", "wbr"})
_KEPT_TEXT = """
a abbr b blockquote caption cite code col colgroup dd del details dfn div dl dt em figcaption
figure i ins kbd li mark ol p pre q rp rt ruby s samp section small span strong sub summary
sup table tbody td tfoot th thead time tr tt u ul var
"""
# Their content is no text for readers either.
_DROPPED_TEXT = """
script style iframe object embed applet form button select textarea template noscript
noembed noframes svg math audio video source track title meta link base head frame frameset
plaintext xmp dialog canvas map
"""
_ALLOWED = _HEADINGS | _VOID | frozenset(_KEPT_TEXT.split())
_DROPPED = frozenset(_DROPPED_TEXT.split())
_PLAIN_ATTRIBUTES = {
    "": ("title", "dir", "lang"),
    "td": ("align", "valign", "colspan", "rowspan"),
    "th": ("align", "valign", "colspan", "rowspan", "scope"),
    "tr": ("align", "valign"),
    "table": ("align",),
    "p": ("align",),
    "div": ("align",),
    "img": ("alt", "width", "height", "align"),
    "ol": ("start", "reversed", "type"),
    "details": ("open",),
    "col": ("span",),
    "colgroup": ("span",),
    "time": ("datetime",),
}
_CLASS = re.compile(r"language-[\w+#.-]{1,40}|footnotes|footnote-(?:ref|backref)")
_IDENTIFIER = re.compile(r"[\w.:-]{1,200}")
_ALERT = re.compile(r"\s*\[!(note|tip|important|warning|caution)\]\s*", re.IGNORECASE)
_DATA_IMAGE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*")
_SCHEME = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)", re.IGNORECASE)
_CANDIDATE = re.compile(r"(\S*[^\s,])(?:\s+(\d{1,4}(?:\.\d{1,2})?x|\d{1,5}w))?")
_HUB_HOSTS = frozenset({"huggingface.co", "www.huggingface.co", "hf.co"})
_MAX_DEPTH = 100


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a card stands, which decides what its relative links mean.

    Attributes:
        repo_path: path of the repo's page.
        revision: revision that links and images are taken from.
        page_of: path of the page of a repo id on this Hub, empty when it is not here.
    """

    repo_path: str
    revision: str
    page_of: Callable[[str], str]

    def image(self, address: str) -> str:
        """Return where an image of the card is, empty when it is not in this repo."""
        if _DATA_IMAGE.fullmatch(address):
            return address
        path = self._own_path(address)
        return f"{self.repo_path}/resolve/{quote(self.revision, safe='')}/{path}" if path else ""

    def pictures(self, addresses: str) -> str:
        """Return a `srcset` of this repo's own files, empty when any of them is not one."""
        kept = []
        for part in addresses.split(","):
            found = _CANDIDATE.fullmatch(part.strip())
            path = self._own_path(found[1]) if found else ""
            if found is None or not path:
                return ""
            address = f"{self.repo_path}/resolve/{quote(self.revision, safe='')}/{path}"
            kept.append(f"{address} {found[2]}" if found[2] else address)
        return ", ".join(kept)

    def link(self, address: str) -> str:
        """Return where a link of the card goes, empty when it may not go there."""
        parts = _split(address)
        if parts is None:
            return ""
        scheme, host, path, fragment = parts
        if scheme == "mailto":
            return address
        if scheme in {"http", "https"} and host:
            return (self.page_of(path.strip("/")) if host in _HUB_HOSTS else "") or address
        suffix = f"#{fragment}" if fragment else ""
        own = self._own_path(address)
        if own:
            return f"{self.repo_path}/blob/{quote(self.revision, safe='')}/{own}{suffix}"
        return "" if scheme or host or path else suffix

    def _own_path(self, address: str) -> str:
        """Return the path in this repo that a relative address names, encoded."""
        parts = _split(address)
        if parts is None:
            return ""
        scheme, host, path, _ = parts
        prefix = f"{self.repo_path}/"
        is_here = host in _HUB_HOSTS or not scheme + host
        if is_here and path.startswith(prefix):
            # The card's own file by its full address, with or without the name of the Hub:
            # /<repo>/resolve/<revision>/<path>.
            names = path.removeprefix(prefix).split("/", 2)
            path = names[2] if len(names) == 3 and names[0] in {"resolve", "raw", "blob"} else ""
        elif scheme or host or path.startswith("/"):
            return ""
        path = posixpath.normpath(unquote(path)) if path else ""
        return "" if path.startswith("..") or path in {"", "."} else quote(path)


def to_html(markdown: str, place: Place) -> str:
    """Return a card's Markdown as HTML without scripts, styles, frames or foreign images."""
    raw = cmark.to_html(markdown, _OPTIONS, _EXTENSIONS)
    body = LexborHTMLParser(raw).body
    return "".join(_Writer(place).children(body, 0)) if body is not None else ""


class _Writer:
    """Writes allowed elements of a DOM as HTML."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._headings: dict[str, int] = {}

    def children(self, node: LexborNode, depth: int) -> Iterator[str]:
        """Yield the HTML of everything in a node."""
        child = node.child
        while child is not None:
            yield from self._node(child, depth + 1)
            child = child.next

    def _node(self, node: LexborNode, depth: int) -> Iterator[str]:
        """Yield the HTML of one node."""
        tag = node.tag or ""
        if tag == "-text":
            yield escape(node.text_content or "", quote=False)
        elif tag in _DROPPED or tag.startswith(("-", "_", "!")) or depth > _MAX_DEPTH:
            return
        elif tag == "img":
            yield self._image(node)
        elif tag == "picture":
            yield from self._picture(node, depth)
        elif tag == "input":
            yield self._checkbox(node)
        elif tag == "blockquote":
            yield from self._quote(node, depth)
        elif tag == "table":
            yield '<div class="table-scroll" role="region" aria-label="Table" tabindex="0">'
            yield from self._element(node, depth)
            yield "</div>"
        elif tag in _ALLOWED:
            yield from self._element(node, depth)
        else:
            yield from self.children(node, depth)

    def _element(self, node: LexborNode, depth: int) -> Iterator[str]:
        """Yield an allowed element with its content."""
        tag = node.tag or ""
        yield f"<{tag}{self._attributes(node)}>"
        if tag not in _VOID:
            yield from self.children(node, depth)
            yield f"</{tag}>"

    def _attributes(self, node: LexborNode) -> str:
        """Return the allowed attributes of an element, ready to print."""
        tag = node.tag or ""
        given = node.attributes
        kept: dict[str, str] = {}
        for name in (*_PLAIN_ATTRIBUTES[""], *_PLAIN_ATTRIBUTES.get(tag, ())):
            if name in given:
                kept[name] = given[name] or ""
        classes = [name for name in (given.get("class") or "").split() if _CLASS.fullmatch(name)]
        if classes:
            kept["class"] = " ".join(classes)
        identifier = given.get("id") or (given.get("name") if tag == "a" else "") or ""
        if tag in _HEADINGS and not identifier:
            identifier = self._heading_id(node)
        if _IDENTIFIER.fullmatch(identifier) and not identifier.startswith("hub-"):
            kept["id"] = identifier
        if tag == "a":
            kept |= self._target(given.get("href") or "")
        return "".join(f' {name}="{escape(value)}"' for name, value in kept.items())

    def _target(self, address: str) -> dict[str, str]:
        """Return the attributes of a link."""
        target = self._place.link(address.strip())
        if not target:
            return {}
        foreign = target.startswith(("http:", "https:"))
        return {"href": target, "rel": "noopener nofollow"} if foreign else {"href": target}

    def _image(self, node: LexborNode) -> str:
        """Return an image of this repo, or a link to one that lies elsewhere."""
        address = (node.attributes.get("src") or "").strip()
        source = self._place.image(address)
        if source:
            return f'<img src="{escape(source)}" loading="lazy"{self._attributes(node)}>'
        alt = (node.attributes.get("alt") or "").strip() or "image"
        target = self._place.link(address)
        if not target or (node.parent is not None and node.parent.tag == "a"):
            return f'<span class="elsewhere">{escape(alt)}</span>'
        link = f'<a class="elsewhere" rel="noopener nofollow" href="{escape(target)}">'
        return f"{link}{escape(alt)}</a>"

    def _picture(self, node: LexborNode, depth: int) -> Iterator[str]:
        """Yield an image of this repo with its twins for light and dark pages.

        Only direct children count. What is no such image is shown as if it stood by itself.
        """
        image = next((child for child in _children(node) if child.tag == "img"), None)
        address = (image.attributes.get("src") or "").strip() if image is not None else ""
        if image is None or not self._place.image(address):
            yield from self.children(node, depth)
            return
        twins = (self._twin(child) for child in _children(node) if child.tag == "source")
        yield f"<picture>{''.join(twins)}{self._image(image)}</picture>"

    def _twin(self, node: LexborNode) -> str:
        """Return a `source` of a picture: this repo's files for one colour scheme, or nothing."""
        scheme = _SCHEME.fullmatch((node.attributes.get("media") or "").strip())
        addresses = self._place.pictures(node.attributes.get("srcset") or "")
        if scheme is None or not addresses:
            return ""
        media = f"(prefers-color-scheme: {scheme[1].lower()})"
        return f'<source media="{media}" srcset="{escape(addresses)}">'

    def _checkbox(self, node: LexborNode) -> str:
        """Return the box of a task list; other inputs are dropped."""
        if node.attributes.get("type") != "checkbox":
            return ""
        checked = " checked" if "checked" in node.attributes else ""
        return f'<input type="checkbox" disabled{checked}>'

    def _quote(self, node: LexborNode, depth: int) -> Iterator[str]:
        """Yield a quotation, or the notice that it stands for (`> [!NOTE]`)."""
        inner = "".join(self.children(node, depth))
        found = re.match(r"\s*<p>\s*\[!(\w+)\]\s*(?:<br>)?", inner)
        kind = found[1].lower() if found else ""
        if found is None or not _ALERT.fullmatch(f"[!{kind}]"):
            yield f"<blockquote>{inner}</blockquote>"
            return
        yield f'<div class="notice notice-{kind}"><p class="notice-title">{kind.title()}</p>'
        yield f"<p>{inner[found.end() :]}</div>"

    def _heading_id(self, node: LexborNode) -> str:
        """Return the anchor that the Hub gives a heading, unique on the page."""
        text = re.sub(r"[^\w\- ]", "", node.text().strip().lower())
        slug = text.replace(" ", "-")[:150] or "section"
        count = self._headings.get(slug, 0)
        self._headings[slug] = count + 1
        return f"{slug}-{count}" if count else slug


def _children(node: LexborNode) -> Iterator[LexborNode]:
    child = node.child
    while child is not None:
        yield child
        child = child.next


def _split(address: str) -> tuple[str, str, str, str] | None:
    """Return scheme, host, path and fragment; None for what no browser should see."""
    if any(ord(letter) < 32 for letter in address) or "\\" in address:
        return None
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return parts.scheme.lower(), parts.netloc.lower(), parts.path, parts.fragment
