"""What each release of transformers knows: architectures, classes, quantization methods."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import msgspec

from hubq.audit.known.making.index import Archive
from hubq.audit.known.making.sources import assigned, exported, keys, parsed, quoted

OLDEST = "4.0.0"
_MODELS = re.compile(r"transformers/models/(\w+)/__init__\.py")
_CODE = re.compile(r"transformers/models/\w+/(?:modeling|modular)_\w+\.py")
_CLASS = re.compile(r"[A-Z]\w*(?:For[A-Z]\w*|Model|LMHeadModel|Transformer)")
_CONFIGS = ("CONFIG_MAPPING", "CONFIG_MAPPING_NAMES")
_LARGE = 100_000
_AUTO = "transformers/models/auto"


class Known(msgspec.Struct, frozen=True):
    """What one release knows.

    Attributes:
        model_types: values of `model_type` that its Auto classes load.
        folders: names of the folders that hold models; a model may lie there before the Auto
            classes list it.
        classes: names of model classes that can be imported from the package.
        methods: values of `quant_method` that it loads.
    """

    model_types: frozenset[str]
    folders: frozenset[str]
    classes: frozenset[str]
    methods: frozenset[str]


def known(archive: Archive) -> Known:
    """Return what a release knows."""
    return Known(
        model_types=frozenset(_model_types(archive)),
        folders=frozenset(_folders(archive)),
        classes=frozenset(name for name in _names(archive) if _CLASS.fullmatch(name)),
        methods=frozenset(_methods(archive)),
    )


def _folders(archive: Archive) -> Iterator[str]:
    for path in archive.names:
        folder = _MODELS.fullmatch(path)
        if folder:
            yield folder[1]


def _model_types(archive: Archive) -> Iterator[str]:
    for name in ("configuration_auto.py", "auto_mappings.py"):
        tree = parsed(archive.text(f"{_AUTO}/{name}"))
        for target, value in assigned(tree):
            if target in _CONFIGS:
                yield from keys(value)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = node.func.value
                if node.func.attr == "update" and isinstance(owner, ast.Name):
                    yield from keys(node) if owner.id in _CONFIGS else ()


def _names(archive: Archive) -> Iterator[str]:
    """Yield the names that can be imported; until 4.52 one module lists them all.

    Releases up to 4.2 import eagerly, so that names stand there without quotes.
    """
    top = archive.text("transformers/__init__.py")
    if len(top) > _LARGE:
        yield from quoted(top)
        return
    yield from re.findall(r"\b[A-Z]\w+", top)
    for path in archive.names:
        if _CODE.fullmatch(path):
            yield from exported(archive.text(path))
    yield from quoted(archive.text(f"{_AUTO}/modeling_auto.py"))


def _methods(archive: Archive) -> Iterator[str]:
    tree = parsed(archive.text("transformers/utils/quantization_config.py"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name == "QuantizationMethod":
            for _, value in assigned(node):
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    yield value.value
        elif isinstance(node, ast.ClassDef) and node.name == "BitsAndBytesConfig":
            yield "bitsandbytes"
