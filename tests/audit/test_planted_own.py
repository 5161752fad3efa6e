"""Our own published family is left in peace, and whatever is changed in it is found."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from hubq.audit.auditing import audit
from hubq.audit.gathering import gather_repo
from hubq.audit.rule import all_rules
from hubq.audit.subject import Subject
from hubq.hub.manifest import MANIFEST
from hubq.hub.port import MAIN, RepoInfo
from hubq.model.finding import Finding
from hubq.verify.place import RepoPlace
from tests.audit.planting.trying import new_findings
from tests.release.releases import Releases
from tests.verify.publishing import AWQ, INT8, Repos, Shop, published

pytestmark = pytest.mark.long

Change = Callable[[Shop], object]

TOY = {"base-model-missing", "missing-file", "not-quantized"}
"""What is true of the stand-in: made from a folder, without a tokenizer, of weights not packed."""


@pytest.fixture(scope="module")
def family(finished: Releases) -> Repos:
    """What a small release published, by repo."""
    return published(finished.folder / "runs" / "hub")


@pytest.fixture
def own(family: Repos, tmp_path: Path) -> Shop:
    """A published family to spoil."""
    return Shop(family, tmp_path / "hub")


def findings(shop: Shop) -> tuple[Finding, ...]:
    """Return what every rule finds in the variant, its sibling beside it."""
    hub = shop.hub()

    def gathered(repo: str) -> Subject:
        info = hub.info(repo, MAIN)
        assert isinstance(info, RepoInfo)
        return Subject(gather_repo(hub, info), place=RepoPlace(hub, repo))

    one, other = gathered(AWQ), gathered(INT8)
    subject = Subject(one.gathered, siblings=(other,), place=one.place)
    return audit(subject, all_rules()).findings


def digit(shop: Shop) -> None:
    """Change a digit of a score on the card."""
    text = shop.files["README.md"].decode()
    found = re.search(r"\d\d\.\d\d(?= \|)", text)
    assert found is not None
    other = f"{(int(found[0][0]) + 3) % 9 + 1}{found[0][1:]}"
    shop.files["README.md"] = f"{text[: found.start()]}{other}{text[found.end() :]}".encode()


def claim(shop: Shop) -> None:
    """Change the value of a claim in `hubq.json`."""

    def change(told: dict[str, list[dict[str, object]]]) -> None:
        one = next(one for one in told["claims"] if isinstance(one["value"], float))
        one["value"] = 0.123456

    shop.edit_json("hubq.json", change)


def claimed_hash(shop: Shop) -> None:
    """Change the hash of the file that a claim was read from."""
    shop.edit_json("hubq.json", lambda told: told["claims"][0].update(sha256="0" * 64))


def weights(shop: Shop) -> None:
    """Exchange the weights."""
    content = bytearray(shop.files["model.safetensors"])
    content[-5] ^= 7
    shop.files["model.safetensors"] = bytes(content)


def listed_hash(shop: Shop) -> None:
    """Change a hash in the list of the repo's files."""
    text = shop.files[MANIFEST].decode()
    found = re.search(r"[0-9a-f]{64}(?= [ *]comparison.json)", text)
    assert found is not None
    shop.edit(MANIFEST, found[0], "0" * 64)


def configuration(shop: Shop) -> None:
    """Say another size in the configuration."""
    shop.edit_json("config.json", lambda told: told.update(hidden_size=256))


def comparison(shop: Shop) -> None:
    """Change a number of the comparison."""
    text = shop.files["comparison.json"].decode()
    found = re.search(r'"delta": (-?\d+\.\d+|-?\d+)', text)
    assert found is not None
    shop.edit("comparison.json", found[0], '"delta": 0.4321')


def evidence(shop: Shop) -> None:
    """Take the evidence away."""
    for path in [path for path in shop.files if path.startswith("evidence/")]:
        del shop.files[path]


def sentence(shop: Shop) -> None:
    """Add a number to a block of ours."""
    shop.edit(
        "README.md",
        "<!-- hubq:end summary -->",
        "It is 12.34 points better.\n<!-- hubq:end summary -->",
    )


KINDS: dict[str, Change] = {
    change.__name__: change
    for change in (
        *(digit, claim, claimed_hash, weights, listed_hash, configuration),
        *(comparison, evidence, sentence),
    )
}


def test_our_own_family_is_left_in_peace(own: Shop) -> None:
    loud = [str(one) for one in findings(own) if one.severity != "info" and one.rule not in TOY]
    assert not loud, "\n".join(loud)


@pytest.mark.parametrize("name", KINDS)
def test_what_is_changed_in_our_own_family_is_found(own: Shop, name: str) -> None:
    before = findings(own)
    KINDS[name](own)
    new = [one for one in new_findings(before, findings(own)) if one.severity != "info"]
    assert new, name
    assert msgspec.json.encode(new)
