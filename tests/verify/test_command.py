"""`hubq verify` says what was checked, what is wrong and where, and exits with what came of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hubq.cli.main import cli
from hubq.errors import BadInput
from tests.fakes import write_files
from tests.release.releases import Releases
from tests.verify.publishing import AWQ, INT8, Repos, Shop


def hubq(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["verify", *arguments])


@pytest.fixture
def folder(repos: Repos, tmp_path: Path) -> Path:
    """What somebody downloaded."""
    return write_files(tmp_path / "download", repos[AWQ])


def alone(folder: Path) -> tuple[str, ...]:
    """Return the arguments that verify a folder without any hub."""
    return (str(folder), "--no-siblings", "--no-source")


def test_a_good_folder_is_verified_without_a_hub(folder: Path) -> None:
    done = hubq(*alone(folder))
    assert done.exit_code == 0, done.output
    assert f"seen in {folder}" in done.stdout
    assert "scores        ok" in done.stdout
    assert "siblings      skipped  not looked for" in done.stdout
    assert done.stdout.splitlines()[-1].startswith(f"{folder}: good; 1")


def test_what_is_wrong_is_named_and_the_exit_code_is_one(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    done = hubq(*alone(folder))
    assert done.exit_code == 1
    assert "files         FAILED" in done.stdout
    assert "  model.safetensors: is not the file that was published" in done.stdout
    assert done.stdout.splitlines()[-1] == f"{folder}: 1 thing is not as the card says"


def test_json_has_a_schema_and_every_finding(folder: Path) -> None:
    (folder / "README.md").unlink()
    done = hubq(*alone(folder), "--format", "json")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert told["schema"] == 1
    (found,) = told["verified"]
    assert {check["name"]: check["state"] for check in found["checks"]}["card"] == "failed"
    assert {"rule", "path", "line", "said", "found", "severity"} <= found["findings"][0].keys()


def test_many_findings_are_cut_for_people(folder: Path, shop: Shop) -> None:
    def spoil(told: dict[str, list[dict[str, float]]]) -> None:
        for claim in told["claims"]:
            claim["value"] = claim["value"] + 1

    shop.edit_json("hubq.json", spoil)
    write_files(folder, {"hubq.json": shop.files["hubq.json"]})
    done = hubq(*alone(folder))
    assert "more [claim-wrong]: --format json has all of them" in done.stdout
    assert len(done.stdout.splitlines()) < 40


def test_what_is_no_release_of_hubqs_is_wrong_use(tmp_path: Path) -> None:
    done = hubq(str(write_files(tmp_path / "other", {"README.md": b"# Other\n"})))
    assert isinstance(done.exception, BadInput)
    assert (done.exception.exit_code, "no hubq.json" in done.exception.message) == (2, True)


def test_half_an_identity_is_wrong_use(folder: Path) -> None:
    done = hubq(*alone(folder), "--identity", "me@example.org")
    assert isinstance(done.exception, BadInput)


def test_the_key_that_was_asked_for_must_have_signed(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("model_signing")
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    key = tmp_path / "key.pub"
    key.write_bytes(public.public_bytes(serialization.Encoding.PEM, form))
    done = hubq(*alone(folder), "--key", str(key))
    assert done.exit_code == 1
    assert "signature     FAILED" in done.stdout
    assert "the release is not signed [signature-missing]" in done.stdout


@pytest.mark.long
def test_a_family_on_the_embedded_hub_is_verified(finished: Releases) -> None:
    runs = str(finished.folder / "runs")
    done = hubq(AWQ, INT8, "--hub", "local", "--runs-dir", runs, "--deep")
    assert done.exit_code == 0, done.output
    assert done.stdout.count("siblings      ok") == 2
    missing = hubq("acme/Nothing", "--hub", "local", "--runs-dir", runs)
    assert isinstance(missing.exception, BadInput)
