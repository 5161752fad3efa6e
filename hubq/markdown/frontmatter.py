"""The YAML at the head of a README.md, split, read and checked as the Hub does it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Any

import msgspec
import yaml

_BLOCK = re.compile(r"\s*---[ \t]*\r?\n(?P<yaml>.*?)(?<=\n)---[ \t]*(?:\r?\n|$)", re.DOTALL)
_REPO_ID = re.compile(r"(?:[A-Za-z0-9][\w.-]{0,95}/)?[A-Za-z0-9][\w.-]{0,95}")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
RELATIONS = ("quantized", "finetune", "adapter", "merge")
_LICENSE_TEXT = """
apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0
bigcode-openrail-m openrail++ afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause
bsd-3-clause-clear c-uda cc cc0-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0
cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0
cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0
cdla-permissive-1.0 cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1
eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl lgpl-2.1 lgpl-3.0 isc h-research
intel-research lppl-1.3c ms-pl apple-ascl apple-amlr mpl-2.0 odc-by odbl openmdw-1.0
openrail osl-3.0 postgresql ofl-1.1 ncsa unlicense zlib pddl lgpl-lr deepfloyd-if-license
fair-noncommercial-research-license llama2 llama3 llama3.1 llama3.2 llama3.3 llama4 grok2-community
gemma unknown other
"""
LICENSES = frozenset(_LICENSE_TEXT.split())


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


@lru_cache(maxsize=256)
def parse(content: str) -> FrontMatter:
    """Take a README.md apart; never fails, whatever it holds.

    Pages and listings ask for the same cards again and again, and YAML is slow to read.
    """
    content = content.removeprefix("\ufeff")
    match = _BLOCK.match(content)
    if match is None:
        return FrontMatter(data={}, body=content, present=False)
    body = content[match.end() :]
    try:
        data = yaml.load(match["yaml"], Loader=_LOADER)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError) as error:
        return FrontMatter(data={}, body=body, problem=" ".join(str(error).split()))
    if data is None:
        return FrontMatter(data={}, body=body)
    if not isinstance(data, dict):
        return FrontMatter(data={}, body=body, problem="the front matter is not a mapping")
    return FrontMatter(data=json_ready(data), body=body)


def check(content: str) -> tuple[list[str], list[str]]:
    """Return the errors and the warnings that the Hub would report for a README.md."""
    card = parse(content)
    if card.problem:
        return [f"Metadata is not valid YAML: {card.problem}"], []
    if not card.data:
        return [], ["empty or missing yaml metadata in repo card"]
    errors = [*_repo_ids(card), *_choices(card), *_texts(card), *_model_index(card)]
    warnings = []
    if "other" in card.items("license") and not card.text("license_name"):
        warnings.append('"license: other" should come with "license_name" and "license_link"')
    return errors, warnings


def _repo_ids(card: FrontMatter) -> Iterator[str]:
    """Yield an error for every repo id that is a path or no id at all."""
    for key, place in (
        ("base_model", "models"),
        ("datasets", "datasets"),
        ("new_version", "models"),
    ):
        value = card.data.get(key)
        for item in value if isinstance(value, list) else [value] if value is not None else []:
            if not isinstance(item, str) or not _REPO_ID.fullmatch(item):
                yield f'"{key}" with value "{item}" is not valid. Use an id from https://hf.co/{place}.'


def _choices(card: FrontMatter) -> Iterator[str]:
    """Yield an error for every value outside a closed list."""
    for name in card.items("license"):
        if name.lower() not in LICENSES:
            yield f'"license" must be one of the known licenses or "other", got "{name}"'
    relation = card.data.get("base_model_relation")
    if relation is not None and relation not in RELATIONS:
        yield f'"base_model_relation" must be one of {", ".join(RELATIONS)}, got "{relation}"'


def _texts(card: FrontMatter) -> Iterator[str]:
    """Yield an error for every key of the wrong type."""
    for key in ("pipeline_tag", "library_name", "license_name", "license_link", "thumbnail"):
        if card.data.get(key) is not None and not isinstance(card.data[key], str):
            yield f'"{key}" must be a string'
    for key in ("tags", "language", "license"):
        value = card.data.get(key)
        items = value if isinstance(value, list) else [] if value is None else [value]
        if not all(isinstance(item, str) for item in items):
            yield f'"{key}" must be a string or an array of strings'


def _model_index(card: FrontMatter) -> Iterator[str]:
    """Yield an error for every malformed part of `model-index`."""
    index = card.data.get("model-index")
    if index is None:
        return
    if not isinstance(index, list):
        yield '"model-index" must be an array'
        return
    for i, model in enumerate(index):
        place = f"model-index[{i}]"
        if not isinstance(model, dict) or not isinstance(model.get("name"), str):
            yield f'"{place}.name" is required'
            continue
        results = model.get("results")
        if not isinstance(results, list):
            yield f'"{place}.results" is required'
            continue
        for j, result in enumerate(results):
            yield from _result(f"{place}.results[{j}]", result)


def _result(place: str, result: Any) -> Iterator[str]:
    """Yield an error for every malformed part of one result of `model-index`."""
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
    """Return YAML's dates as text and its keys as strings."""
    if isinstance(value, dict):
        return {str(key): json_ready(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [json_ready(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value
