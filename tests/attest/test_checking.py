"""Signatures are checked against hashes alone; each file that is another one is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hubq.attest.checking import check
from hubq.attest.facts import Facts
from hubq.attest.names import EVALUATION, SIGNATURE
from hubq.attest.signing import signer_for
from hubq.attest.statement import statement
from hubq.attest.trust import Trust
from hubq.errors import BadInput
from tests.attest.conftest import Keys, sha256

Files = dict[str, bytes]


@pytest.fixture
def vouched(hashes: dict[str, str], facts: Facts, keys: Keys) -> Files:
    """The signed statement and the signature, which covers it; `hashes` then names both."""
    signer = signer_for(f"key:{keys.private}")
    made = {EVALUATION: signer.sign_statement(statement(facts))}
    hashes[EVALUATION] = sha256(made[EVALUATION])
    made[SIGNATURE] = signer.sign_files("Small-AWQ", hashes)
    hashes[SIGNATURE] = sha256(made[SIGNATURE])
    return made


def rules(hashes: dict[str, str], files: Files, trust: Trust) -> list[tuple[str, str, str]]:
    found = check(hashes, files.__getitem__, trust)
    return [(one.rule, one.path, one.severity) for one in found]


def test_nothing_is_found_on_what_was_signed(
    hashes: dict[str, str], vouched: Files, keys: Keys
) -> None:
    assert not rules(hashes, vouched, Trust(key=keys.public))


def test_an_edited_card_is_no_matter_of_the_signature(
    hashes: dict[str, str], vouched: Files, keys: Keys
) -> None:
    changed = hashes | {"README.md": "0" * 64, "SHA256SUMS": "1" * 64, ".gitattributes": "2" * 64}
    assert not rules(changed, vouched, Trust(key=keys.public))


@pytest.mark.parametrize(
    "path", ["config.json", "model-00002-of-00002.safetensors", "hubq.json", "evidence/AWQ.zip"]
)
def test_a_changed_file_is_named_by_both(
    hashes: dict[str, str], vouched: Files, keys: Keys, path: str
) -> None:
    found = check(hashes | {path: "0" * 64}, vouched.__getitem__, Trust(key=keys.public))
    assert [(one.rule, one.path) for one in found] == [
        ("signature-file", path),
        ("attestation-file", EVALUATION),
    ]
    assert found[0].said == hashes[path]
    assert path in found[1].said


def test_a_file_taken_away_is_an_error_and_one_added_a_warning(
    hashes: dict[str, str], vouched: Files, keys: Keys
) -> None:
    del hashes["config.json"]
    found = rules(hashes | {"notes.txt": "0" * 64}, vouched, Trust(key=keys.public))
    assert ("signature-file", "config.json", "error") in found
    assert ("signature-file", "notes.txt", "warning") in found


def test_a_strangers_key_believes_neither(
    hashes: dict[str, str], vouched: Files, keys: Keys
) -> None:
    assert rules(hashes, vouched, Trust(key=keys.stranger)) == [
        ("signature-wrong", SIGNATURE, "error"),
        ("attestation-wrong", EVALUATION, "error"),
    ]


def test_hashes_are_compared_when_nobody_is_named_and_that_is_said(
    hashes: dict[str, str], vouched: Files
) -> None:
    unchecked = ("signature-unchecked", SIGNATURE, "info")
    assert rules(hashes, vouched, Trust()) == [unchecked]
    changed = hashes | {"config.json": "0" * 64}
    assert ("signature-file", "config.json", "error") in rules(changed, vouched, Trust())


def _without_payload(content: bytes) -> bytes:
    document = json.loads(content)
    document.get("dsseEnvelope", document)["payload"] = ""
    return json.dumps(document).encode()


def _other_payload(content: bytes) -> bytes:
    document = json.loads(content)
    envelope = document.get("dsseEnvelope", document)
    envelope["payload"] = envelope["payload"][:-8] + envelope["payload"][-4:] * 2
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: b"",
        lambda _: b"\xff\xfe",
        lambda _: b"[]",
        lambda _: b'{"payload": 1}',
        lambda content: content[:-40],
        _without_payload,
        _other_payload,
    ],
)
@pytest.mark.parametrize("trusted", [True, False])
def test_what_is_no_signature_is_a_finding_and_never_a_crash(
    hashes: dict[str, str],
    vouched: Files,
    keys: Keys,
    spoil: Callable[[bytes], bytes],
    trusted: bool,
) -> None:
    trust = Trust(key=keys.public) if trusted else Trust()
    broken = {path: spoil(content) for path, content in vouched.items()}
    found = {one[:2] for one in rules(hashes, broken, trust)}
    assert ("signature-wrong", SIGNATURE) in found
    assert ("attestation-wrong", EVALUATION) in found


def test_one_cannot_stand_for_the_other(hashes: dict[str, str], vouched: Files, keys: Keys) -> None:
    swapped = {SIGNATURE: vouched[EVALUATION], EVALUATION: vouched[SIGNATURE]}
    found = rules(hashes, swapped, Trust(key=keys.public))
    assert {one[0] for one in found} == {"signature-wrong", "attestation-wrong"}


def test_an_unsigned_release_is_missing_a_signature_only_when_one_is_asked_for(
    hashes: dict[str, str], keys: Keys
) -> None:
    assert not rules(hashes, {}, Trust())
    missing = ("signature-missing", SIGNATURE, "error")
    assert rules(hashes, {}, Trust(key=keys.public)) == [missing]


def test_half_an_identity_and_two_signers_are_refused(
    hashes: dict[str, str], keys: Keys, tmp_path: Path
) -> None:
    for trust, said in (
        (Trust(identity="me@example.com"), "only together with its issuer"),
        (Trust(key=keys.public, identity="me@example.com", issuer="https://x"), "not of both"),
        (Trust(key=tmp_path / "nothing.pub"), "No such file"),
        (Trust(key=keys.private), "no public key can be read"),
    ):
        with pytest.raises(BadInput, match=said):
            check(hashes, Files().__getitem__, trust)


def test_a_signature_of_a_key_is_none_of_an_identity(
    hashes: dict[str, str], vouched: Files
) -> None:
    trust = Trust(identity="me@example.com", issuer="https://accounts.example.com")
    assert rules(hashes, vouched, trust) == [
        ("signature-wrong", SIGNATURE, "error"),
        ("attestation-wrong", EVALUATION, "error"),
    ]


def test_a_file_that_is_no_root_of_trust_is_refused(hashes: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "root.json").write_text("{}")
    trust = Trust(identity="me@x.com", issuer="https://x.com", root=tmp_path / "root.json")
    with pytest.raises(BadInput, match="no root of trust"):
        check(hashes, Files().__getitem__, trust)
