"""A release carries its signature: made once, kept, and over the very files that are published."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from hubq.attest.checking import check
from hubq.attest.names import BOM, EVALUATION, SIGNATURE
from hubq.attest.statement import OWN
from hubq.attest.trust import Trust
from hubq.errors import BadInput
from hubq.hub.publication.plan import Wanted
from hubq.model.publication import Terms
from hubq.model.stage import Kind
from hubq.release.attesting import attested, check_ready
from hubq.release.publishing import published_files
from hubq.release.views import finished_view
from hubq.store import Store
from tests.release.releases import Releases
from tests.release.stand_in import ITEMS

pytestmark = pytest.mark.long

VARIANT = "GPTQ-Int8"
BENEATH = (Kind.QUANTIZE, Kind.CERTIFY, Kind.GENERATE, Kind.SCORE, Kind.BENCH, Kind.CARD)


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> Wanted:
    """What the repo of a variant is to hold, before anything vouches for it."""
    releases = Releases(tmp_path_factory.mktemp("released"))
    assert releases.run(kinds=BENEATH).exit_code == 0
    with releases.session() as session:
        files, known = published_files(session, VARIANT, finished_view(session))
    files = {name: content for name, content in files.items() if name not in (BOM, SIGNATURE)}
    repo = f"acme/Small-{VARIANT}"
    return Wanted(variant=VARIANT, repo=repo, files=files, known=known, title="Release")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    made = ec.generate_private_key(ec.SECP256R1())
    path = tmp_path / "key.pem"
    path.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = made.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    path.with_suffix(".pub").write_bytes(public)
    return path


def read(wanted: Wanted, path: str) -> bytes:
    content = wanted.files[path]
    return content if isinstance(content, bytes) else content.read_bytes()


def test_the_signature_is_over_the_files_that_are_published(
    wanted: Wanted, key: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    terms = Terms(sign=f"key:{key}", bom=True)
    made = attested(Store(tmp_path), wanted, terms, said.append)
    assert made.files.keys() - wanted.files.keys() == {BOM, EVALUATION, SIGNATURE}
    trust = Trust(key=key.with_suffix(".pub"))
    assert not check(made.known, lambda path: read(made, path), trust)
    assert said == [f"{wanted.repo}: signing {len(made.files) - 2} files"]


def test_the_statement_says_what_was_measured(wanted: Wanted, key: Path, tmp_path: Path) -> None:
    from hubq.attest.envelope import enclosed

    made = attested(Store(tmp_path), wanted, Terms(sign=f"key:{key}"), lambda _: None)
    predicate = json.loads(enclosed(read(made, EVALUATION)))["predicate"]
    (score,) = predicate[OWN]["scores"]
    assert (score["task"], score["n"], score["value"]) == ("Words", ITEMS, 20 / 24)
    assert predicate[OWN]["method"]["bits"] == 8
    assert predicate["passedTests"] == ["transformers/divergence"]


def test_a_signature_is_kept_and_another_files_need_another_one(
    wanted: Wanted, key: Path, tmp_path: Path
) -> None:
    store, terms = Store(tmp_path), Terms(sign=f"key:{key}")
    first = attested(store, wanted, terms, lambda _: None)
    said: list[str] = []
    assert attested(store, wanted, terms, said.append) == first
    assert not said
    other = msgspec.structs.replace(wanted, files={**wanted.files, "notes.txt": b"more"})
    assert read(attested(store, other, terms, said.append), SIGNATURE) != read(first, SIGNATURE)
    assert said


def test_an_edited_card_is_not_signed_again(wanted: Wanted, key: Path, tmp_path: Path) -> None:
    store, terms = Store(tmp_path), Terms(sign=f"key:{key}")
    first = attested(store, wanted, terms, lambda _: None)
    edited = msgspec.structs.replace(
        wanted,
        files={**wanted.files, "README.md": b"# Another card\n"},
        known={path: sha for path, sha in wanted.known.items() if path != "README.md"},
    )
    assert read(attested(store, edited, terms, lambda _: None), SIGNATURE) == read(first, SIGNATURE)


def test_a_dry_run_signs_nothing_but_shows_what_is_kept(
    wanted: Wanted, key: Path, tmp_path: Path
) -> None:
    store, terms, said = Store(tmp_path), Terms(sign=f"key:{key}"), list[str]()
    dry = attested(store, wanted, terms, said.append, signing_allowed=False)
    assert SIGNATURE not in dry.files
    assert said == [f"{wanted.repo}: will be signed when it is published"]
    made = attested(store, wanted, terms, lambda _: None)
    assert attested(store, wanted, terms, said.append, signing_allowed=False) == made


def test_nothing_asked_for_adds_nothing(wanted: Wanted, tmp_path: Path) -> None:
    assert attested(Store(tmp_path), wanted, Terms(), lambda _: None) is wanted
    assert not list(tmp_path.iterdir())


def test_a_key_that_cannot_be_used_is_refused_before_any_work(tmp_path: Path) -> None:
    check_ready(Terms())
    with pytest.raises(BadInput, match="cannot be read"):
        check_ready(Terms(sign=f"key:{tmp_path}/nothing.pem"))
