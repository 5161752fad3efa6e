from __future__ import annotations

from hubq.audit.headers import Header
from hubq.audit.rules.truncated_file import RULE
from tests.audit.cases import case, findings, header

_TENSORS = {"a.weight": ("F16", (100, 100))}


def test_a_file_that_is_too_short_is_found() -> None:
    headers = {"model.safetensors": header(_TENSORS, size=5_000)}
    (found,) = findings(RULE, case(headers=headers))
    assert (found.severity, found.path) == ("error", "model.safetensors")
    assert (
        found.found == "its header describes 21,008 bytes, the file has 5,000: 16,008 are missing"
    )


def test_a_file_that_is_too_long_is_found() -> None:
    (found,) = findings(RULE, case(headers={"x.safetensors": header(_TENSORS, size=21_009)}))
    assert found.found.endswith("1 too many")


def test_whole_files_and_those_without_a_header_are_fine() -> None:
    headers = {
        "model.safetensors": header(_TENSORS),
        "other.safetensors": Header(length=0, size=9, problem="x"),
    }
    assert not findings(RULE, case(headers=headers))
