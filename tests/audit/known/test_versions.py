from __future__ import annotations

import pytest

from hubq.audit.known.versions import Version, readable
from tests.rows import each_row

ORDER = [
    *("4.9.2", "4.38.2", "4.44.2", "4.45.0.dev0", "4.45.0rc1", "4.45.0", "4.45.0.post1"),
    *("4.45.1", "4.100", "5.0.0a1", "5.0.0b1", "5.0.0rc2", "5.0.0"),
]


def test_versions_are_in_order() -> None:
    shuffled = [*ORDER[::2], *ORDER[1::2]]
    assert sorted(shuffled, key=Version.of) == ORDER


def test_zeros_at_the_end_and_what_was_built_count_for_nothing() -> None:
    assert Version.of("4.45") == Version.of("4.45.0")
    assert Version.of("2.2.1+cu118") == Version.of("v2.2.1")
    assert Version.of("2.2.1+cu118").local == "cu118"
    assert hash(Version.of("4.45")) == hash(Version.of("4.45.0"))


def test_a_preview_leads_to_its_release() -> None:
    assert Version.of("4.45.0.dev0").early
    assert Version.of("4.45.0.dev0").base == Version.of("4.45.0")
    assert not Version.of("0.2.1.post1").early


def test_short_versions_stand_for_many() -> None:
    assert Version.of("4.45").covers(Version.of("4.45.2"))
    assert Version.of("5.0").covers(Version.of("5.0.1"))
    assert not Version.of("4.45").covers(Version.of("4.46.0"))


@each_row("text", ["", "4.x", "latest", "1." * 40, "git+https://x"])
def test_what_is_no_version_is_told(text: str) -> None:
    assert not readable(text)
    with pytest.raises(ValueError, match="is no version"):
        Version(text)
