from __future__ import annotations

from hubq.audit.rules.index_tensors import RULE
from tests.audit.cases import case, findings, header

_INDEX = "model.safetensors.index.json"
_HEADERS = {
    "m-1.safetensors": header({"a.qweight": ("I32", (4, 4)), "a.scales": ("F16", (1, 4))}),
    "m-2.safetensors": header({"b.weight": ("BF16", (4, 4))}),
}
_MAP = {
    "a.qweight": "m-1.safetensors",
    "a.scales": "m-1.safetensors",
    "b.weight": "m-2.safetensors",
}


def test_a_tensor_that_is_not_there_is_found() -> None:
    index = {"weight_map": {**_MAP, "a.weight": "m-1.safetensors"}}
    (found,) = findings(RULE, case(texts={_INDEX: index}, headers=_HEADERS))
    assert (found.severity, found.path) == ("error", _INDEX)
    assert found.found == "1 tensors are not in the files that it names: a.weight"


def test_a_tensor_in_another_file_is_found_on_both_sides() -> None:
    index = {"weight_map": {**_MAP, "b.weight": "m-1.safetensors", "c": "m-2.safetensors"}}
    found = findings(RULE, case(texts={_INDEX: index}, headers=_HEADERS))
    assert [one.part for one in found] == ["absent"]


def test_a_tensor_that_the_index_leaves_out_is_a_warning() -> None:
    index = {"weight_map": {name: path for name, path in _MAP.items() if name != "a.scales"}}
    (found,) = findings(RULE, case(texts={_INDEX: index}, headers=_HEADERS))
    assert (found.severity, found.part) == ("warning", "unnamed")


def test_what_agrees_is_tied_or_was_not_read_is_fine() -> None:
    assert not findings(RULE, case(texts={_INDEX: {"weight_map": _MAP}}, headers=_HEADERS))
    tied = {"weight_map": {**_MAP, "lm_head.weight": "m-1.safetensors"}}
    assert not findings(RULE, case(texts={_INDEX: tied}, headers=_HEADERS))
    more = {"weight_map": {**_MAP, "z": "m-3.safetensors"}}
    subject = case(texts={_INDEX: more}, headers=_HEADERS, files={"m-3.safetensors": 9})
    assert not findings(RULE, subject)
