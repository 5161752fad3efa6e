"""Inheritance: what a card takes over from the front matter of its source's card.

A source may be a folder whose card nobody has checked. What the Hub would refuse is left out. A
license that it has no identifier for is said in the way that it reads: `other` with a name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hubq.markdown.escaping import one_line
from hubq.markdown.frontmatter import is_repo_id
from hubq.markdown.vocabulary import LANGUAGES, LICENSES, NOT_LANGUAGES, PIPELINE_TAGS

_THREE = re.compile(r"[a-z]{3}")
_NOT_NAME = re.compile(r"[^a-z0-9.]+")
_OTHER = "other"


def license_of(card: Mapping[str, Any]) -> dict[str, Any]:
    """Return license, license_name and license_link; empty where the source says no license."""
    names = _texts(card.get("license"))
    if not names:
        return {}
    found = {key: _text(card.get(key)) for key in ("license_name", "license_link")}
    if all(name.lower() in LICENSES for name in names):
        stated: Any = names if isinstance(card["license"], list) else names[0]
    else:
        stated = _OTHER
        found["license_name"] = found["license_name"] or _named(names[0])
    return {"license": stated, **{key: value for key, value in found.items() if value}}


def languages_of(card: Mapping[str, Any]) -> str | list[str]:
    """Return the languages that the Hub knows, one text or several as the source has them."""
    codes = [code for code in _texts(card.get("language")) if is_language(code)]
    return codes if isinstance(card.get("language"), list) else "".join(codes)


def is_language(code: str) -> bool:
    """Return whether a code is of ISO 639, or one of the Hub's own."""
    return code in LANGUAGES or code in NOT_LANGUAGES or bool(_THREE.fullmatch(code))


def pipeline_tag_of_source(card: Mapping[str, Any]) -> str:
    """Return the source's pipeline tag; empty where it has none that the Hub knows."""
    tag = _text(card.get("pipeline_tag"))
    return tag if tag in PIPELINE_TAGS else ""


def datasets_of(card: Mapping[str, Any]) -> list[str]:
    """Return the data sets that the source was trained on, by their ids on the Hub."""
    return [name for name in _texts(card.get("datasets")) if is_repo_id(name)]


def tags_of(card: Mapping[str, Any]) -> list[str]:
    """Return the source's own tags."""
    return _texts(card.get("tags"))


def _texts(value: Any) -> list[str]:
    """Return texts that may be one or a list, each on one line and without what is no text."""
    items = value if isinstance(value, list) else [value]
    return [text for item in items if (text := _text(item))]


def _text(value: Any) -> str:
    return one_line(value) if isinstance(value, str) else ""


def _named(license_: str) -> str:
    """Return the identifier that the Hub wants of a license without one in its list."""
    return _NOT_NAME.sub("-", license_.lower()).strip("-") or "unnamed"
