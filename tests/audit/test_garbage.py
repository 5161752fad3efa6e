from __future__ import annotations

import gc

import pytest

from hubq.audit.garbage import looked_for_rarely


def test_cycles_are_looked_for_rarely_within_the_block_alone() -> None:
    before = gc.get_threshold()
    with looked_for_rarely():
        assert gc.get_threshold()[0] > before[0]
        assert gc.isenabled()
    assert gc.get_threshold() == before


def test_a_fault_changes_nothing_for_later() -> None:
    before = gc.get_threshold()
    with pytest.raises(ZeroDivisionError), looked_for_rarely():
        raise ZeroDivisionError
    assert gc.get_threshold() == before
