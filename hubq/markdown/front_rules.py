"""Rules for the front matter of a README: what the Hub refuses, ignores or shows wrongly."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import yaml

from hubq.markdown import frontmatter
from hubq.markdown.frontmatter import FrontMatter
from hubq.markdown.vocabulary import (
    KEYS,
    LANGUAGES,
    LIBRARIES,
    LICENSES,
    NOT_LANGUAGES,
    PIPELINE_TAGS,
    RELATIONS,
)
from hubq.model.finding import Finding, Severity

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNCLOSED = re.compile(r"\ufeff?\s*---[ \t]*(?:\r?\n|$)")
_PLAIN_KEY = re.compile(r"([A-Za-z_][A-Za-z0-9_-]*):(?=[ \t\n]|$)")
_OTHER_BREAK = re.compile("[\r\x85\u2028\u2029]")
_THREE = re.compile(r"[a-z]{3}")
_FIXES = {
    "base_model": "Write the id of the model on the Hub: namespace/name.",
    "base_model_relation": f"Write one of {', '.join(RELATIONS)}.",
    "datasets": "Write ids of data sets on the Hub: namespace/name.",
    "license": "Use an identifier of the Hub's list, or `other`, license_name and license_link.",
    "model-index": "Follow the Hub's form: name, results, and in each task.type, dataset.name and "
    "dataset.type, metrics with type and value.",
    "new_version": "Write the id of the model on the Hub: namespace/name.",
}
_ABSENT = {
    "license": "Nobody may use a model whose license is not said: add license.",
    "library_name": "Add it: the Hub infers no library for repos made since August 2024.",
    "pipeline_tag": "Add it: people find models by it.",
}


def front_findings(content: str, folder: Path | None) -> Iterator[Finding]:
    """Yield what is wrong with the front matter of a README.

    Args:
        content: the whole README.
        folder: where its repo's files lie; none where they are not at hand.
    """
    card = frontmatter.parse(content)
    if not card.present:
        yield _no_front_matter(content)
    elif card.problem:
        yield _unreadable(content, card)
    else:
        yield from _Rules(content, card, folder).findings()


def _no_front_matter(content: str) -> Finding:
    if _UNCLOSED.match(content):
        return Finding(
            severity="error",
            rule="front-matter",
            line=1,
            found="the front matter begins and never ends",
            remedy="Close it with a line of three hyphens.",
        )
    return Finding(
        severity="warning",
        rule="front-matter",
        line=1,
        found="there is no front matter",
        remedy="Put `---`, `license: ...` and so on, `---` at the top of the file.",
    )


def _unreadable(content: str, card: FrontMatter) -> Finding:
    found = re.search(r"line (\d+), column \d+$", card.problem)
    line = int(found[1]) if found else 1
    return Finding(
        severity="error",
        rule="yaml",
        line=_first_line(content) + line - 1,
        found=f"the front matter is not valid YAML: {card.problem}",
        remedy="Mend it; quote values that hold a colon followed by a space.",
    )


class _Rules:
    """The rules, applied to one front matter."""

    def __init__(self, content: str, card: FrontMatter, folder: Path | None) -> None:
        match = frontmatter.BLOCK.match(content.removeprefix("\ufeff"))
        self.yaml = match["yaml"] if match else ""
        self.first = _line_of(content, match)
        self.card, self.data, self.folder = card, card.data, folder
        self.tops = _tops(self.yaml)

    @cached_property
    def root(self) -> yaml.Node | None:
        """The YAML's nodes, with their places; few cards need them."""
        node: yaml.Node | None = yaml.compose(self.yaml, Loader=_LOADER) if self.yaml else None
        return node

    def findings(self) -> Iterator[Finding]:
        """Yield what each rule finds."""
        for problem in frontmatter.problems(self.card):
            key = str(problem.path[0])
            fix = _FIXES.get(key, "Write it as the Hub's page on model cards says.")
            if key == "license":
                fix = _meant(self.card.text(key), LICENSES, near=0.7) or fix
            yield self._found("error", key, problem.path, problem.text, fix)
        yield from self._twice()
        yield from self._absent()
        yield from self._license()
        yield from self._bases()
        yield from self._languages()
        yield from self._kinds()
        yield from self._thumbnail()
        yield from self._values()
        yield from self._misspelt()

    def _twice(self) -> Iterator[Finding]:
        if self.tops is not None:
            return
        seen: set[str] = set()
        entries = self.root.value if isinstance(self.root, yaml.MappingNode) else ()
        for key, _ in entries:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in seen:
                yield Finding(
                    severity="error",
                    rule="yaml",
                    line=self.first + key.start_mark.line,
                    found=f"{key.value!r} is there twice",
                    remedy="Keep one of them: the Hub refuses keys that are said twice.",
                )
            seen.add(key.value)

    def _absent(self) -> Iterator[Finding]:
        for key, fix in _ABSENT.items():
            if not self.data.get(key):
                severity: Severity = "warning" if key == "license" else "info"
                yield self._found(severity, key, (), f"{key} is not said", fix)

    def _license(self) -> Iterator[Finding]:
        names = {name.lower() for name in self.card.items("license")}
        for key in ("license_name", "license_link"):
            if "other" in names and not self.card.text(key):
                text, fix = f"license is `other`, and {key} is missing", f"Add {key}."
                yield self._found("warning", key, ("license",), text, fix)
        link = self.card.text("license_link")
        if link and self._is_missing(link):
            text, fix = f"license_link names {link}, which is not there", "Add the file."
            yield self._found("error", "license_link", ("license_link",), text, fix)

    def _bases(self) -> Iterator[Finding]:
        relation, base = self.data.get("base_model_relation"), self.data.get("base_model")
        if relation and not base:
            path, fix = ("base_model_relation",), "Add base_model."
            yield self._found("error", "base_model", path, "a relation to no base_model", fix)
        if base and not relation:
            text = "base_model_relation is not said, and the Hub has to guess it"
            fix = "Add `base_model_relation: quantized`, or what is true."
            yield self._found("info", "base_model_relation", ("base_model",), text, fix)

    def _languages(self) -> Iterator[Finding]:
        for at, code in enumerate(self.card.items("language")):
            known = code in LANGUAGES or code in NOT_LANGUAGES or _THREE.fullmatch(code)
            if not known:
                is_list = isinstance(self.data["language"], list)
                yield self._found(
                    "error",
                    "language",
                    ("language", at) if is_list else ("language",),
                    f"{code!r} is no code of ISO 639-1, 639-2 or 639-3",
                    "Write two or three small letters; `zh-CN` and the like go into "
                    "language_bcp47, no natural language is `code`, many are `multilingual`.",
                )

    def _kinds(self) -> Iterator[Finding]:
        kind = self.card.text("pipeline_tag")
        if kind and kind not in PIPELINE_TAGS:
            text = f"{kind!r} is not among the Hub's pipeline tags"
            fix = _meant(kind, PIPELINE_TAGS) or "See https://huggingface.co/tasks."
            yield self._found("warning", "pipeline_tag", ("pipeline_tag",), text, fix)
        library = self.card.text("library_name")
        fix = _meant(library, LIBRARIES)
        if library and library not in LIBRARIES and fix:
            text = f"the Hub knows no library {library!r}"
            yield self._found("info", "library_name", ("library_name",), text, fix)

    def _thumbnail(self) -> Iterator[Finding]:
        picture = self.card.text("thumbnail")
        if picture and self._is_missing(picture):
            text, fix = f"{picture} is not there", "Write an address, or add the file."
            yield self._found("error", "thumbnail", ("thumbnail",), text, fix)

    def _values(self) -> Iterator[Finding]:
        """Yield values of the model-index that are no numbers, and sources without address."""
        for path, result in _results(self.data.get("model-index")):
            for at, metric in enumerate(_dicts(result.get("metrics"))):
                wrong = _wrong_value(metric.get("value"))
                if wrong:
                    text = f"a metric's value is {wrong}"
                    where = (*path, "metrics", at)
                    yield self._found("error", "model-index", where, text, "Write a number.")
                elif isinstance(metric.get("value"), str):
                    text = f"a metric's value is the text {metric['value']!r}"
                    where = (*path, "metrics", at)
                    fix = "Write a number; the rest goes into the metric's name."
                    yield self._found("warning", "model-index", where, text, fix)
            source = result.get("source")
            if isinstance(source, dict) and not source.get("url"):
                text, fix = "a result's source has no url", "Add the url, or remove the source."
                yield self._found("error", "model-index", (*path, "source"), text, fix)

    def _misspelt(self) -> Iterator[Finding]:
        for key in self.data:
            fix = _meant(key, KEYS)
            if key not in KEYS and fix:
                yield self._found("info", "key", (key,), f"nobody reads a key {key!r}", fix)

    def _is_missing(self, target: str) -> bool:
        """Return whether a value names a file of the repo that is not there."""
        if self.folder is None or "://" in target or target.startswith("/"):
            return False
        return not (self.folder / target).is_file()

    def _found(
        self, severity: Severity, rule: str, path: tuple[str | int, ...], text: str, fix: str
    ) -> Finding:
        line = self.first + self._line(path)
        return Finding(severity=severity, rule=rule, line=line, found=text, remedy=fix)

    def _line(self, path: tuple[str | int, ...]) -> int:
        """Return the line of the value at a path, or of the nearest above it, counted from 0."""
        if not path:
            return -1
        if len(path) == 1 and self.tops is not None and path[0] in self.tops:
            return self.tops[str(path[0])]
        node, line = self.root, 0
        for step in path:
            if isinstance(node, yaml.MappingNode):
                pair = next((pair for pair in node.value if pair[0].value == step), None)
                if pair is None:
                    break
                line, node = pair[0].start_mark.line, pair[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
                node = node.value[step]
                line = node.start_mark.line
            else:
                break
        return line


def _first_line(content: str) -> int:
    """Return the line on which the YAML begins, counted from 1."""
    return _line_of(content, frontmatter.BLOCK.match(content.removeprefix("\ufeff")))


def _line_of(content: str, match: re.Match[str] | None) -> int:
    return content[: match.start("yaml") + 1].count("\n") + 1 if match else 1


def _tops(text: str) -> dict[str, int] | None:
    """Return the lines of a mapping's own keys, counted from 0; none where reading it takes YAML.

    Enough is looked at to be sure that no key is there twice: plain keys without indentation, and
    below them nothing that begins a line but lists, comments and what is indented.
    """
    if not _PLAIN_KEY.match(text) or _OTHER_BREAK.search(text):
        return None
    found: dict[str, int] = {}
    for number, line in enumerate(text.split("\n")):
        if not line or line[0] in " \t#" or line.startswith("- ") or line == "-":
            continue
        key = _PLAIN_KEY.match(line)
        if key is None or key[1] in found:
            return None
        found[key[1]] = number
    return found


@lru_cache(maxsize=1024)
def _meant(word: str, known: frozenset[str], near: float = 0.8) -> str:
    """Return which known word was likely meant, as a sentence; empty for none."""
    if word in known:
        return ""
    folded = {one.lower(): one for one in known}
    found = get_close_matches(word.lower().replace(" ", "-"), sorted(folded), n=1, cutoff=near)
    return f"Did you mean {folded[found[0]]}?" if found else ""


def _results(index: Any) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    for i, model in enumerate(_dicts(index)):
        for j, result in enumerate(_dicts(model.get("results"))):
            yield ("model-index", i, "results", j), result


def _dicts(value: Any) -> list[dict[str, Any]]:
    """Return a list whose items are mappings, each other item as an empty one."""
    items = value if isinstance(value, list) else []
    return [item if isinstance(item, dict) else {} for item in items]


def _wrong_value(value: Any) -> str:
    """Say what a metric's value is that is neither a number nor text; empty for those."""
    if isinstance(value, bool) or value is None:
        return "no number"
    if isinstance(value, float) and not math.isfinite(value):
        return "not finite"
    return "" if isinstance(value, int | float | str) else "no number"
