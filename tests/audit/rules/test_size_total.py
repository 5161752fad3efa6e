from __future__ import annotations

from typing import Any

from hubq.audit.rules.size_total import RULE
from hubq.audit.subject import Subject
from tests.audit.cases import case, findings, header

_INDEX = "model.safetensors.index.json"
_HEADERS = {
    "m-1.safetensors": header({"embed_tokens.weight": ("F16", (10, 100))}),
    "m-2.safetensors": header({"b.weight": ("F16", (100, 100))}),
}
_BYTES = 22_000


def _subject(total: Any, **more: Any) -> Subject:
    index = {
        "metadata": {"total_size": total},
        "weight_map": {"embed_tokens.weight": "m-1.safetensors", "b.weight": "m-2.safetensors"},
    }
    return case(texts={_INDEX: index}, **more)


def test_the_size_of_another_checkpoint_is_found() -> None:
    (found,) = findings(RULE, _subject(80_000, headers=_HEADERS))
    assert (found.severity, found.said) == ("warning", "total_size: 80,000")
    assert found.found == "the files that it names hold 22,000 bytes of tensors"


def test_files_are_enough() -> None:
    files = {"m-1.safetensors": 3_000, "m-2.safetensors": 21_000}
    (found,) = findings(RULE, _subject(80_000, files=files))
    assert found.found == "the files that it names have 24,000 bytes in all"
    assert not findings(RULE, _subject(23_900, files=files))


def test_a_small_difference_is_worth_a_word() -> None:
    (found,) = findings(RULE, _subject(_BYTES + 8, headers=_HEADERS))
    assert found.severity == "info"


def test_the_right_size_and_tied_tensors_are_fine() -> None:
    for total in (_BYTES, float(_BYTES), _BYTES + 2_000, None, "x", True):
        assert not findings(RULE, _subject(total, headers=_HEADERS))
    assert not findings(RULE, _subject(80_000, headers={}, files={"m-1.safetensors": 9}))
