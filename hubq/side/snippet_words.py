"""What a snippet wrote, made fit to be read by others: short, without paths, tokens and colours."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

#: Of each output are kept so many characters of its beginning and of its end.
HEAD, TAIL = 2000, 4000
LONGEST_LINE = 300
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ue000-\uf8ff]")
_TOKEN = re.compile(r"(?<![A-Za-z0-9_])hf_[A-Za-z0-9]{30,}")
_BEARER = re.compile(r"(?i)(authorization\s*[:=]\s*['\"]?(?:bearer\s+)?)[^\s'\",}]+")
_PATH = re.compile(r"(?<![\w:/.@~-])~?/(?:[\w.@+-]+/)+")
_SEEN = 1 << 20


class Words:
    """Takes out what is this machine's alone.

    Args:
        known: path -> what is said instead.
    """

    def __init__(self, known: Mapping[str, str]) -> None:
        home = {str(Path.home()): "~"} if len(str(Path.home())) > 1 else {}
        found = {**known, sys.prefix: "the environment", **home}
        real = {os.path.realpath(path): words for path, words in found.items()}
        self._known = sorted((found | real).items(), key=lambda pair: -len(pair[0]))

    def clean(self, text: str) -> str:
        """Return a text without colours, what cannot be seen, tokens and known paths."""
        for path, words in self._known:
            text = text.replace(path, words)
        text = _UNSEEN.sub("", _ANSI.sub("", text).replace("\r\n", "\n").replace("\r", "\n"))
        return _BEARER.sub(r"\1hf_***", _TOKEN.sub("hf_***", text))

    def of_error(self, text: str) -> str:
        """Return an error's text, in which folders say nothing to others: names of files stay."""
        return _PATH.sub("", self.clean(text))

    def read(self, path: Path, *, error: bool = False) -> str:
        """Return the beginning and the end of what was written into a file."""
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            data = file.read(_SEEN)
            if size > _SEEN:
                file.seek(max(_SEEN, size - _SEEN))
                data += b"\n" + file.read()
        text = data.decode(errors="replace")
        text = self.of_error(text) if error else self.clean(text)
        if len(text) <= HEAD + TAIL:
            return text
        return f"{text[:HEAD]}\n[...]\n{text[-TAIL:]}"


def first_line(text: str) -> str:
    """Return the first line of a text that has anything, cut where it is too long."""
    return _cut(next((line.strip() for line in text.splitlines() if line.strip()), ""))


def last_line(text: str) -> str:
    """Return the last line of a text that has anything, cut where it is too long."""
    return _cut(next((line.strip() for line in reversed(text.splitlines()) if line.strip()), ""))


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1] + "…"
