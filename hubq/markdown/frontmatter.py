"""The YAML at the head of a README.md, split, read and checked as the Hub does it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Any

import msgspec
import yaml

from hubq.markdown.vocabulary import LICENSES, RELATIONS

BLOCK = re.compile(r"\s*---[ \t]*\r?\n(?P<yaml>(?:[^\n]*\n)*?)---[ \t]*(?:\r?\n|$)")
_REPO_ID = re.compile(r"(?:[A-Za-z0-9][\w.-]{0,95}/)?[A-Za-z0-9][\w.-]{0,95}")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RESOLVER = yaml.resolver.Resolver()
_TEXT = "tag:yaml.org,2002:str"
_VALUE = "tag:yaml.org,2002:value"
_SHORT = 200
"""Characters of a plain value that is remembered."""


class FrontMatter(msgspec.Struct, frozen=True, kw_only=True):
    """A README.md taken apart.

    Attributes:
        data: the YAML mapping, JSON-ready; empty when there is none.
        body: the Markdown below it.
        problem: why the YAML could not be read, else empty.
        present: whether there is a front matter at all.
    """

    data: dict[str, Any]
    body: str
    problem: str = ""
    present: bool = True

    def items(self, key: str) -> list[str]:
        """Return a value that may be one text or a list of texts, as a list."""
        value = self.data.get(key)
        values = value if isinstance(value, list) else [value]
        return [str(item) for item in values if isinstance(item, str | int | float) and item != ""]

    def text(self, key: str) -> str:
        """Return a value that is one text, else an empty string."""
        value = self.data.get(key)
        return value if isinstance(value, str) else ""


_MOST_VALUES = 100_000
"""A front matter with more values than this was not written for readers."""

_DEEPEST = 100
"""Levels of lists in lists; the reader in C calls itself for each, and dies of too many."""

_OPENING = re.compile(r"[\[{]|[-?](?=\s)")
_INDENTED = re.compile(rf"^ {{{_DEEPEST}}}", re.MULTILINE)


@lru_cache(maxsize=256)
def parse(content: str) -> FrontMatter:
    """Take a README.md apart; never fails, whatever it holds.

    Pages and listings ask for the same cards again and again, and YAML is slow to read.
    """
    content = content.removeprefix("\ufeff")
    match = BLOCK.match(content)
    if match is None:
        return FrontMatter(data={}, body=content, present=False)
    body = content[match.end() :]
    try:
        _refuse_depth(match["yaml"])
        data = loaded(match["yaml"])
    except (yaml.YAMLError, ValueError) as error:
        return FrontMatter(data={}, body=body, problem=" ".join(str(error).split()))
    if data is None:
        return FrontMatter(data={}, body=body)
    if not isinstance(data, dict):
        return FrontMatter(data={}, body=body, problem="the front matter is not a mapping")
    try:
        return FrontMatter(data=json_ready(data), body=body)
    except (ValueError, RecursionError) as error:
        return FrontMatter(data={}, body=body, problem=str(error))


class _Quick(_LOADER):  # type: ignore[misc,valid-type]
    """The safe reader, which looks up once what a plain scalar is."""

    def resolve(self, kind: type[yaml.Node], value: str | None, implicit: Any) -> str:
        """Return the tag of a node that has none of its own."""
        if kind is yaml.ScalarNode and value is not None and len(value) < _SHORT:
            return _tag(value) if implicit[0] else _TEXT
        tag: str = super().resolve(kind, value, implicit)
        return tag


@lru_cache(maxsize=4096)
def _tag(value: str) -> str:
    tag: str = _RESOLVER.resolve(yaml.ScalarNode, value, (True, False))  # type: ignore[no-untyped-call]
    return tag


def loaded(text: str) -> Any:
    """Return what YAML says, as `yaml.load` does.

    Raises:
        yaml.YAMLError, ValueError: it is none.
    """
    loader = _Quick(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if "&" not in text and "!" not in text and "<<" not in text:
            return _built(loader, node)
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _built(loader: Any, node: yaml.Node) -> Any:
    """Return what a node without tags, anchors and merged mappings stands for."""
    if node.tag == _TEXT:
        return node.value
    if isinstance(node, yaml.MappingNode):
        found: dict[Any, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == _VALUE:
                return loader.construct_document(node)
            found[_built(loader, key)] = _built(loader, value)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_built(loader, one) for one in node.value]
    return loader.construct_object(node)


def _refuse_depth(text: str) -> None:
    """Raise `ValueError` for YAML of too many levels, or that cannot be read at all."""
    opening = sum(1 for _ in itertools.islice(_OPENING.finditer(text), _DEEPEST + 1))
    if opening <= _DEEPEST and not _INDENTED.search(text):
        return
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            raise ValueError(f"the front matter has more than {_DEEPEST} levels")


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What the Hub refuses in a front matter.

    Attributes:
        path: keys and places in lists, from the top to what is wrong.
        text: what is wrong.
    """

    path: tuple[str | int, ...]
    text: str


def check(content: str) -> tuple[list[str], list[str]]:
    """Return the errors and the warnings that the Hub would report for a README.md."""
    card = parse(content)
    if card.problem:
        return [f"Metadata is not valid YAML: {card.problem}"], []
    if not card.data:
        return [], ["empty or missing yaml metadata in repo card"]
    warnings = []
    if "other" in card.items("license") and not card.text("license_name"):
        warnings.append('"license: other" should come with "license_name" and "license_link"')
    return [problem.text for problem in problems(card)], warnings


def problems(card: FrontMatter) -> tuple[Problem, ...]:
    """Return what the Hub refuses in a front matter that could be read."""
    return (*_repo_ids(card), *_choices(card), *_texts(card), *_model_index(card))


def is_repo_id(value: Any) -> bool:
    """Return whether a value has the form of a repo's id."""
    return isinstance(value, str) and bool(_REPO_ID.fullmatch(value))


def _repo_ids(card: FrontMatter) -> Iterator[Problem]:
    """Yield a problem for every repo id that is a path or no id at all."""
    for key, place in (
        ("base_model", "models"),
        ("datasets", "datasets"),
        ("new_version", "models"),
    ):
        value = card.data.get(key)
        items = value if isinstance(value, list) else [value] if value is not None else []
        for at, item in enumerate(items):
            if not is_repo_id(item):
                path = (key, at) if isinstance(value, list) else (key,)
                text = f'"{key}" with value "{item}" is not valid. Use an id from https://hf.co/{place}.'
                yield Problem(path=path, text=text)


def _choices(card: FrontMatter) -> Iterator[Problem]:
    """Yield a problem for every value outside a closed list."""
    for name in card.items("license"):
        if name.lower() not in LICENSES:
            text = f'"license" must be one of the known licenses or "other", got "{name}"'
            yield Problem(path=("license",), text=text)
    relation = card.data.get("base_model_relation")
    if relation is not None and relation not in RELATIONS:
        text = f'"base_model_relation" must be one of {", ".join(RELATIONS)}, got "{relation}"'
        yield Problem(path=("base_model_relation",), text=text)


def _texts(card: FrontMatter) -> Iterator[Problem]:
    """Yield a problem for every key of the wrong type."""
    for key in ("pipeline_tag", "library_name", "license_name", "license_link", "thumbnail"):
        if card.data.get(key) is not None and not isinstance(card.data[key], str):
            yield Problem(path=(key,), text=f'"{key}" must be a string')
    for key in ("tags", "language", "license"):
        value = card.data.get(key)
        items = value if isinstance(value, list) else [] if value is None else [value]
        if not all(isinstance(item, str) for item in items):
            yield Problem(path=(key,), text=f'"{key}" must be a string or an array of strings')


def _model_index(card: FrontMatter) -> Iterator[Problem]:
    """Yield a problem for every malformed part of `model-index`."""
    index, top = card.data.get("model-index"), "model-index"
    if index is None:
        return
    if not isinstance(index, list):
        yield Problem(path=(top,), text='"model-index" must be an array')
        return
    for i, model in enumerate(index):
        place = f"model-index[{i}]"
        if not isinstance(model, dict) or not isinstance(model.get("name"), str):
            yield Problem(path=(top, i), text=f'"{place}.name" is required')
            continue
        results = model.get("results")
        if not isinstance(results, list):
            yield Problem(path=(top, i), text=f'"{place}.results" is required')
            continue
        for j, result in enumerate(results):
            for text in _result(f"{place}.results[{j}]", result):
                yield Problem(path=(top, i, "results", j), text=text)


def _result(place: str, result: Any) -> Iterator[str]:
    """Yield what is wrong with every malformed part of one result of `model-index`."""
    if not isinstance(result, dict):
        yield f'"{place}" must be an object'
        return
    wanted = (("task", ("type",)), ("dataset", ("name", "type")))
    for key, fields in wanted:
        part = result.get(key)
        for field in fields:
            if not isinstance(part, dict) or not isinstance(part.get(field), str):
                yield f'"{place}.{key}.{field}" is required'
    metrics = result.get("metrics")
    if not isinstance(metrics, list) or not all(
        isinstance(metric, dict) and "type" in metric and "value" in metric for metric in metrics
    ):
        yield f'"{place}.metrics" must be an array of objects with "type" and "value"'


def json_ready(value: Any) -> Any:
    """Return YAML's dates as text and its keys as strings.

    Raises:
        ValueError: aliases make it too large, or a part of itself.
    """
    return _json_ready(value, [_MOST_VALUES])


def _json_ready(value: Any, left: list[int]) -> Any:
    left[0] -= 1
    if left[0] < 0:
        raise ValueError("its aliases make it too large")
    if isinstance(value, dict):
        return {str(key): _json_ready(item, left) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_json_ready(item, left) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value
