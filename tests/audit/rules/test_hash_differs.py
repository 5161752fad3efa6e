from __future__ import annotations

import msgspec

from hubq.audit.rules.hash_differs import RULE
from hubq.audit.subject import Subject
from tests.audit.cases import case, findings


def fetched(**hashes: str) -> Subject:
    files: dict[str, int | str] = {
        "a.safetensors": f"10 {'1' * 64}",
        "b.safetensors": f"10 {'2' * 64}",
        "x.json": 3,
    }
    subject = case("# X\n", repo="acme/x", files=files)
    named = {f"{name}.safetensors": value * 64 for name, value in hashes.items()}
    return Subject(msgspec.structs.replace(subject.gathered, hashes=named))


def test_other_bytes_than_listed_are_found() -> None:
    (found,) = findings(RULE, fetched(a="1", b="3"))
    assert (found.severity, found.path) == ("error", "b.safetensors")
    assert found.said == "SHA-256 2222222222222222…"
    assert "3333333333333333" in found.found


def test_the_same_bytes_are_no_finding() -> None:
    assert not findings(RULE, fetched(a="1", b="2"))


def test_nothing_is_said_of_what_was_not_fetched() -> None:
    assert not findings(RULE, fetched())
