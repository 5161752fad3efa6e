from __future__ import annotations

from hubq.audit.rules.dangling_index import RULE
from tests.audit.cases import case, findings

_INDEX = "model.safetensors.index.json"
_MAP = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}


def test_a_file_that_is_not_there_is_found() -> None:
    subject = case(texts={_INDEX: _MAP}, files={"model-1.safetensors": 9})
    (found,) = findings(RULE, subject)
    assert (found.severity, found.path, found.said) == ("error", _INDEX, "model-2.safetensors")
    assert found.found == "1 of the 2 files that it names are not there: model-2.safetensors"
    assert found.line == 1


def test_an_index_that_was_left_over_is_a_warning() -> None:
    (found,) = findings(RULE, case(texts={_INDEX: _MAP}, files={"model.safetensors": 9}))
    assert found.severity == "warning"
    pickles = {"pytorch_model.bin.index.json": {"weight_map": {"a": "pytorch_model-1.bin"}}}
    (found,) = findings(RULE, case(texts=pickles, files={"model.safetensors": 9}))
    assert found.severity == "warning"


def test_two_checkpoints_at_once_are_a_warning() -> None:
    files = {"model-1.safetensors": 9, "model-2.safetensors": 9, "model.safetensors": 9}
    (found,) = findings(RULE, case(texts={_INDEX: _MAP}, files=files))
    assert "is there too" in found.found


def test_what_is_there_is_fine() -> None:
    files = {"model-1.safetensors": 9, "model-2.safetensors": 9}
    assert not findings(RULE, case(texts={_INDEX: _MAP}, files=files))
    inner = {f"unet/{_INDEX}": {"weight_map": {"a": "x.safetensors"}}}
    assert not findings(RULE, case(texts=inner, files={"unet/x.safetensors": 9}))


def test_nonsense_is_left_alone() -> None:
    indexes: tuple[object, ...] = ("{", [], {"weight_map": []}, {"weight_map": {"a": 3}}, {})
    for index in indexes:
        assert not findings(RULE, case(texts={_INDEX: index}))
