"""Nothing that a card, a header or a configuration holds makes an audit crash or hang."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hubq.audit.headers import parse_header
from hubq.quantize.headers import LARGEST
from tests.audit import fuzzing
from tests.audit.cases import case
from tests.rows import each_row

INPUTS = int(os.environ.get("HUBQ_FUZZ_INPUTS", "240"))
FIRST = int(os.environ.get("HUBQ_FUZZ_FIRST", "0"))
SHARES = {"markdown": 0.35, "yaml": 0.15, "header": 0.2, "repo": 0.3}

_SOME = settings(max_examples=40, suppress_health_check=list(HealthCheck))
_ALPHABET = st.sampled_from("|-:<>[](){}#*_`~&;\\/=+%.,0123456789abx \n\t\r\"'!?^é")


@pytest.mark.parametrize("kind", fuzzing.KINDS)
def test_no_input_crashes_or_hangs(kind: str) -> None:
    for seed in range(FIRST, FIRST + int(INPUTS * SHARES[kind])):
        try:
            fuzzing.run(kind, seed)
        except Exception as error:
            error.add_note(f"fuzzing.run({kind!r}, {seed})")
            raise


@_SOME
@given(st.text(_ALPHABET, max_size=300))
def test_any_markdown_is_audited(text: str) -> None:
    fuzzing.read_all(case(text, repo="acme/Model-7B-AWQ"))


@_SOME
@given(st.text(_ALPHABET, max_size=120))
def test_any_front_matter_is_audited(text: str) -> None:
    fuzzing.read_all(case(f"---\n{text}\n---\n# A\n", repo="a/b"))


@_SOME
@given(st.binary(max_size=200), st.integers(0, 2**64))
def test_any_bytes_are_read_as_a_header(raw: bytes, size: int) -> None:
    header = parse_header(raw, size)
    assert header.problem or header.length + 8 <= size


@each_row("length", [500_000_000, LARGEST + 1, 2**63, 2**64 - 1])
def test_a_header_that_is_too_long_is_not_read(length: int) -> None:
    raw = struct.pack("<Q", length) + b"{" * 1000
    assert parse_header(raw, 2**62).problem
    assert parse_header(raw, 1000).problem


def _yaml_bomb() -> str:
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{one}: &a{one} [{', '.join([f'*a{one - 1}'] * 9)}]" for one in range(1, 12)]
    lines += [
        "tags: *a11",
        "license: *a11",
        "base_model: *a11",
        "language: *a11",
        "model-index: *a11",
    ]
    return "---\n" + "\n".join(lines) + "\n---\n# A\n"


BOMBS: dict[str, Callable[[], str]] = {
    "yaml": _yaml_bomb,
    "deep-yaml": lambda: f"---\nx: {'[' * 100_000}\n---\n# A\n",
    "long-yaml": lambda: "---\n" + "tags: [a]\n" * 50_000 + "---\n# A\n",
    "deep-html": lambda: "<div>" * 200_000 + "a",
    "deep-tables": lambda: "<table><tr><td>1.0" * 20_000,
    "spans": lambda: f"<table>{'<tr><td rowspan=1000 colspan=1000>1.0' * 300}</table>",
    "wide-table": lambda: "|a" * 20_000 + "|\n" + "|-" * 20_000 + "|\n" + "|1.0" * 20_000 + "|\n",
    "long-table": lambda: "|a|b|\n|-|-|\n" + "|BF16|41.88|\n|Int4|39.22|\n" * 20_000,
    "many-tables": lambda: "|a|b|\n|-|-|\n|BF16|41.88|\n\n" * 8_000,
    "brackets": lambda: "[" * 2_000_000,
    "links": lambda: "[a](" * 300_000,
    "less": lambda: "<" * 2_000_000,
    "more": lambda: ">" * 500_000,
    "pipes": lambda: "|" * 2_000_000,
    "pipe-lines": lambda: "|\n" * 300_000,
    "digits": lambda: "9" * 2_000_000,
    "dots": lambda: "1." * 500_000,
    "spaces": lambda: "a" + " " * 2_000_000 + "b",
    "stars": lambda: "*a " * 300_000,
    "ticks": lambda: "".join("`" * (number % 50 + 1) + "a" for number in range(40_000)),
    "braces": lambda: "{{" * 500_000,
    "quotes": lambda: "> " * 5_000 + "a\n" + "- " * 5_000,
    "words": lambda: "lossless average score of 75.95 and 4-bit INT8 group size " * 20_000,
    "slashes": lambda: "a/b " * 300_000,
    "path": lambda: "a/" * 500_000,
    "dashes": lambda: "a-" * 500_000,
    "versions": lambda: "Transformers 4.38.2 CUDA 11.8 torch==2.2.1+cu118 " * 20_000,
    "code": lambda: "```python\n" + "f(" * 20_000 + "\n```\n",
    "code-minus": lambda: "```python\nx = " + "-" * 100_000 + "1\n```\n",
    "codes": lambda: "```python\nimport torch\n```\n" * 10_000,
    "fences": lambda: "```\n" * 100_001,
    "cells": lambda: "|a|\n|-|\n|" + "x " * 500_000 + "|\n",
    "ratios": lambda: "|a|b|\n|-|-|\n|" + "1.0/" * 200_000 + "|2|\n",
    "marks": lambda: "|a|b|\n|-|-|\n|x|" + "1†" * 200_000 + "|\n",
    "headings": lambda: "# a\n" * 50_000,
    "entities": lambda: "&#x41;" * 300_000,
    "comments": lambda: "<!-- " * 200_000,
    "attributes": lambda: "<img " + "a=b " * 200_000 + ">",
    "footnotes": lambda: "".join(f"[^{n}] " for n in range(20_000)) + "\n\n[^1]: x\n",
}
_PROGRAM = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
from tests.audit import fuzzing
from tests.audit.cases import case
from tests.audit.test_fuzzing import BOMBS
for name in sys.argv[1:]:
    card = BOMBS[name]()
    with fuzzing.limit(60):
        fuzzing.read_all(case(card, repo="acme/Model-7B-GPTQ-Int4", texts={"config.json": {}}))
    print(name, len(card), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10)
"""
#: Those that every run of the suite has time for.
_QUICK = ("yaml", "deep-yaml", "spans", "digits", "spaces", "code-minus", "quotes")
#: MiB that a process may take at most, whatever it reads.
MOST = 1500


def _explode(*names: str) -> None:
    command = [sys.executable, "-c", _PROGRAM, *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    taken = {line.split()[0]: int(line.split()[2]) for line in done.stdout.splitlines()}
    assert taken.keys() == set(names)
    assert max(taken.values()) < MOST, taken


@pytest.mark.long
def test_bombs_are_read_in_little_time_and_memory() -> None:
    _explode(*_QUICK)


@pytest.mark.long
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_read_in_little_time_and_memory(name: str) -> None:
    _explode(name)


def test_deep_json_is_no_configuration() -> None:
    one = case(
        "# A\n", repo="a/b", texts={"config.json": "[" * 200_000, "hubq.json": '{"a":' * 99_999}
    )
    fuzzing.read_all(one)
