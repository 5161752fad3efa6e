from __future__ import annotations

import hashlib

import msgspec

from hubq.cards.locks import lock_of, own_lock
from hubq.workers.specs import LOCKS, spec_digest, spec_for
from tests.cards.nano import STACK


def test_a_lock_is_known_by_its_bytes_and_what_it_pins() -> None:
    found = own_lock("gptqmodel", "cpu")
    assert found is not None
    assert found.name == "gptqmodel-cpu.lock"
    assert found.digest == hashlib.sha256((LOCKS / found.name).read_bytes()).hexdigest()
    assert f"transformers=={found.versions['transformers']}" in (LOCKS / found.name).read_text()


def test_a_stack_is_of_a_lock_only_when_it_was_built_from_it() -> None:
    digest = spec_digest(spec_for("gptqmodel", "cpu"))
    built = msgspec.structs.replace(STACK, digest=digest)
    found = lock_of(built)
    assert found is not None
    assert found.name == "gptqmodel-cpu.lock"
    assert lock_of(STACK) is None
    assert lock_of(msgspec.structs.replace(built, external=True)) is None


def test_an_unknown_environment_has_no_lock() -> None:
    assert own_lock("mine", "cpu") is None
