"""An environment's digest follows from its lock, its Python and its variables."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from hubq.model.codec import pretty
from hubq.workers.specs import LOCKS, lock_path, spec_digest, spec_for
from tests.verify.publishing import Shop, errors

LOCK = "evidence/locks/legacy-cpu.lock"
NAME = "evidence/environments.json"


def add_lock(shop: Shop, **changes: Any) -> None:
    """Publish hubq's own lock of an environment, and what its digest is taken of."""
    spec = spec_for("legacy", "cpu")
    shop.files[LOCK] = lock_path(spec, LOCKS).read_bytes()
    entry = {
        "name": spec.name,
        "device": spec.device,
        "digest": spec_digest(spec),
        "python": spec.python,
        "variables": spec.variables,
        "lock": LOCK,
        "lock_sha256": hashlib.sha256(shop.files[LOCK]).hexdigest(),
        "stages": ["quantize"],
    }
    told = json.loads(shop.files[NAME])
    told["environments"].append({**entry, **changes})
    shop.files[NAME] = pretty(told).encode()


def test_a_digest_is_worked_out_from_the_lock(shop: Shop) -> None:
    add_lock(shop)
    shop.forge()
    found = shop.verify(siblings=False)
    assert not [f for f in found.findings if f.path in (NAME, LOCK) and f.severity == "error"]


@pytest.mark.parametrize("forged", [False, True])
def test_an_edited_lock_is_named(shop: Shop, forged: bool) -> None:
    add_lock(shop)
    shop.forge()
    shop.files[LOCK] = shop.files[LOCK].replace(b"torch==", b"torch==9", 1)
    if forged:
        shop.forge()
    wrong = [f for f in shop.verify(siblings=False).findings if f.rule == "lock-changed"]
    assert [f.path for f in wrong] == [LOCK]
    assert "it is not what quantize ran with" in wrong[0].found
    assert wrong[0].said.startswith("legacy (cpu) ")


def test_a_lock_that_is_gone_is_named(shop: Shop) -> None:
    add_lock(shop)
    del shop.files[LOCK]
    assert f"{LOCK}: is not there" in "\n".join(errors(shop.verify(siblings=False)))


@pytest.mark.parametrize("change", [{"python": "3.12"}, {"variables": {"A": "1"}}])
def test_another_python_or_variable_makes_another_digest(
    shop: Shop, change: dict[str, Any]
) -> None:
    add_lock(shop, **change)
    shop.forge()
    wrong = [f for f in shop.verify(siblings=False).findings if f.rule == "environment-changed"]
    assert [f.path for f in wrong] == [NAME]


def test_an_environment_that_a_stage_ran_in_must_be_there(shop: Shop) -> None:
    shop.edit_json(NAME, lambda told: told.update(environments=[]))
    text = "\n".join(errors(shop.verify(siblings=False)))
    assert f"{NAME}: has no environment" in text
    assert "bench/sitting" in text


def test_one_of_which_nothing_is_published_cannot_be_checked(shop: Shop) -> None:
    add_lock(shop, lock="", lock_sha256="")
    del shop.files[LOCK]
    shop.forge()
    found = shop.verify(siblings=False)
    said = {check.name: check.said for check in found.checks}["environments"]
    assert "legacy cannot be checked: its lock is not published" in said
    assert not [f for f in found.findings if f.path == NAME and f.severity == "error"]
