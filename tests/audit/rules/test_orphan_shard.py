from __future__ import annotations

from hubq.audit.rules.orphan_shard import RULE
from tests.audit.cases import case, findings

_INDEX = "model.safetensors.index.json"


def _name(number: int, total: int) -> str:
    return f"model-{number:05}-of-{total:05}.safetensors"


def _index(total: int) -> dict[str, object]:
    return {"weight_map": {f"t{one}": _name(one, total) for one in range(1, total + 1)}}


def test_a_file_that_no_index_names_is_found() -> None:
    files = {_name(1, 2): 9, _name(2, 2): 9, _name(1, 3): 9, _name(2, 3): 9, _name(3, 3): 9}
    (found,) = findings(RULE, case(texts={_INDEX: _index(2)}, files=files))
    assert (found.severity, found.said) == ("warning", "model-*-of-00003.safetensors")
    assert "nobody loads it" in found.found


def test_missing_parts_are_found() -> None:
    (found,) = findings(RULE, case(files={_name(1, 3): 9, _name(3, 3): 9}))
    assert (found.severity, found.found) == (
        "error",
        "of the 3 files 2 are there; number 2 is missing",
    )


def test_a_set_without_an_index_is_found() -> None:
    (found,) = findings(RULE, case(files={_name(1, 2): 9, _name(2, 2): 9}))
    assert found.found == f"there is no {_INDEX}: transformers cannot load it"


def test_whole_sets_and_other_names_are_fine() -> None:
    files = {_name(1, 2): 9, _name(2, 2): 9}
    assert not findings(RULE, case(texts={_INDEX: _index(2)}, files=files))
    assert not findings(RULE, case(files={_name(1, 1): 9, "x-Q8_0-00001-of-00002.gguf": 9}))
    # What an index names and is not there is the business of dangling-index.
    assert not findings(RULE, case(texts={_INDEX: _index(2)}, files={_name(1, 2): 9}))
    # An index that is there and was not read says nothing.
    assert not findings(RULE, case(files={_name(1, 2): 9, _name(2, 2): 9, _INDEX: 9}))


def test_a_number_too_large_is_no_reason_to_wait() -> None:
    assert findings(RULE, case(files={_name(1, 99_999): 9}))
