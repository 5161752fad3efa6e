"""Canonical JSON gives equal digests for equal values; strict decoding names the place."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubq.errors import BadInput
from hubq.model.codec import canonical, digest, from_builtins, pretty, read_json
from tests.rows import each_row

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


class Inner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    size: Literal[2, 4]
    tags: tuple[str, ...] = ()


class Outer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    parts: tuple[Inner, ...]
    note: str | None = None
    more: dict[str, Inner] = {}


@given(st.dictionaries(st.text(), json_values))
def test_the_order_of_keys_does_not_change_a_digest(value: dict[str, Any]) -> None:
    turned = dict(reversed(list(value.items())))
    assert digest(value) == digest(turned)


@given(json_values)
def test_canonical_json_reads_back_as_what_it_was(value: Any) -> None:
    assert msgspec.json.decode(canonical(value)) == value
    assert msgspec.json.decode(pretty(value)) == value


def test_paths_are_written_for_people_but_never_digested() -> None:
    assert '"/a/b"' in pretty({"path": Path("/a/b")})
    with pytest.raises(TypeError):
        digest({"path": Path("/a/b")})


@each_row(
    ("data", "said"),
    [
        ({"parts": [{"size": 2}, {"size": 3}]}, "x: parts[1].size: expected 2 or 4, got 3"),
        ({"parts": [{"size": 2, "hue": 1}]}, "x: parts[0].hue: unknown key; known: size, tags"),
        ({"parts": [{}]}, "x: parts[0].size: missing"),
        ({"parts": [{"size": 2, "tags": [1]}]}, "x: parts[0].tags[0]: expected str, got 1"),
        ({"parts": [], "note": 1}, "x: note: expected str | null, got 1"),
        ({"parts": {}}, "x: parts: expected array, got {}"),
        ([], "x: the file: expected object, got []"),
        ({}, "x: parts: missing"),
    ],
)
def test_an_error_names_place_expectation_and_value(data: Any, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        from_builtins(data, Outer, "x")
    assert caught.value.message == said


@given(json_values)
def test_any_data_is_either_a_value_or_a_clear_error(data: Any) -> None:
    try:
        found = from_builtins(data, Outer, "x")
    except BadInput as error:
        said = error.message
    else:
        said = "x: "
        assert isinstance(found, Outer)
    assert said.startswith("x: ")


def test_a_json_file_that_does_not_fit_is_named(tmp_path: Path) -> None:
    path = tmp_path / "v.json"
    with pytest.raises(BadInput, match="no such file"):
        read_json(path, Outer)
    path.write_text("{")
    with pytest.raises(BadInput, match="not JSON"):
        read_json(path, Outer)
    path.write_text('{"parts": [{"size": 9}]}')
    with pytest.raises(BadInput, match=r"v.json: parts\[0\].size: expected 2 or 4, got 9"):
        read_json(path, Outer)
