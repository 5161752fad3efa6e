from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import quote

from hubq.secrets import find_secret, forms, keep_known, keep_secret, redact, redact_file
from tests.rows import each_row

TOKEN = "hf_" + "aB3" * 12
HEX = "0123456789abcdef" * 4
EXAMPLES = {
    "a Hugging Face token": [TOKEN, "api_org_" + "aB" * 17, "hf_oauth_" + "eyJ.-_" * 8],
    "a GitHub token": [
        "ghp_" + "aB1" * 12,
        "ghs_" + "Z9x" * 12,
        f"github_pat_{'a1' * 11}_{HEX[:59]}",
    ],
    "a GitLab token": ["glpat-" + "aB1_-" * 4],
    "an API key": [
        "sk-" + "aB1" * 16,
        "sk-proj-" + "aB1_" * 8 + "T3BlbkFJ" + "cD2-" * 8,
        "sk-ant-api03-" + "aB1_" * 22,
        "sk-or-v1-" + HEX,
    ],
    "an AWS access key": ["AKIA" + "ABCDEFG2" * 2, "ASIA" + "ZYXWVU77" * 2],
    "a Google API key": ["AIza" + "aB1-_" * 7],
    "a Slack token": ["xoxb-123456789012-" + "aB1" * 8, "xapp-1-A012BCD34EF-1234567890123-" + HEX],
    "an npm token": ["npm_" + "aB1" * 12],
    "a PyPI token": ["pypi-AgEIcHlwaS5vcmc" + "aB1_" * 14],
    "a private key": [
        "-----BEGIN " + "OPENSSH PRIVATE KEY-----",
        "-----BEGIN " + "PRIVATE KEY-----",
    ],
}
CASES = [(name, text) for name, texts in EXAMPLES.items() for text in texts]


@each_row(("name", "text"), CASES)
def test_a_secret_is_known_by_its_shape(name: str, text: str) -> None:
    for around in ("{}", "key = '{}'", '{{"a": "b\\n{}"}}', "x {} y", "\x1b[32m{}\x1b[0m"):
        said = around.format(text)
        assert find_secret(said.encode()) == name
        assert text not in redact(said)


@each_row(
    "text",
    [
        "hf_hub_download, hf_transfer and HF_TOKEN; hf_" + "a" * 29,
        "_apply_hf_processorz2BaseMultiModalProcessorAndMore",
        "AKIAIOSFODNN7EXAMPLE of the manual, task-specific-tokenization-of-2024-rows",
        "sk-learn, risk-" + "a" * 47 + " and sha256-" + HEX,
        "-----BEGIN CERTIFICATE----- and a PRIVATE KEY",
        "AIza and AKIA, ghp_short, xoxb-1, npm_config_cache, pypi-AgE",
        base64.b64encode(bytes(range(256)) * 40).decode(),
    ],
)
def test_ordinary_text_is_no_secret(text: str) -> None:
    assert find_secret(text.encode()) == ""
    assert redact(text) == text


def test_headers_addresses_and_signatures_are_taken_out() -> None:
    assert redact("Authorization: Bearer abc.def") == "Authorization: Bearer ***"
    assert redact("{'authorization': 'Basic dXNlcjpw'}") == "{'authorization': 'Basic ***'}"
    assert redact("got bearer abcdefghijklmnop12") == "got bearer ***"
    assert redact("https://me:pass@host/x?a=1") == "https://***@host/x?a=1"
    signed = "https://s3.example/x?X-Amz-Date=2026&X-Amz-Signature=abc123&x-id=1"
    assert redact(signed) == "https://s3.example/x?X-Amz-Date=2026&X-Amz-Signature=***&x-id=1"
    kept = "https://host:8080/a@b and http://a/b:c"
    assert redact(kept) == kept


def test_a_whole_private_key_goes() -> None:
    key = "-----BEGIN " + "EC PRIVATE KEY-----\nMHcCAQEE\nabc==\n-----END EC PRIVATE KEY-----"
    assert redact(f"before\n{key}\nafter") == "before\n***\nafter"


def test_a_secret_in_use_is_taken_out_in_every_form() -> None:
    value = "not/so+plain=of any shape:ü"
    keep_secret(value)
    basic = [base64.b64encode(b"x" * n + value.encode() + b"tail").decode() for n in range(4)]
    for shown in (value, quote(value, safe=""), json.dumps(value, ensure_ascii=False), *basic):
        said = redact(f"[{shown}]")
        assert "***" in said
        assert not any(form in said for form in forms(value))
        assert find_secret(f"[{shown}]".encode()) == "a secret that is in use on this machine"


def test_what_is_as_short_as_a_word_is_no_secret() -> None:
    keep_secret("EMPTY")
    keep_secret("")
    keep_secret(None)
    assert redact("api_key=EMPTY") == "api_key=EMPTY"


def test_a_secret_may_be_given_for_one_text() -> None:
    assert redact("a local-only here", "local-only", "") == "a *** here"
    assert redact("a local-only here") == "a local-only here"


def test_what_the_environment_and_the_clients_store_hold_is_known(tmp_path: Path) -> None:
    home = tmp_path / "huggingface"
    home.mkdir()
    (home / "token").write_text("stored-of-no-shape\n")
    (home / "stored_tokens").write_text("[work]\nhf_token = other-of-no-shape\n")
    environ = {
        "XDG_CACHE_HOME": str(tmp_path),
        "HF_TOKEN": "env-of-no-shape",
        "WANDB_API_KEY": "0123456789abcdefg",
        "TOKENIZERS_PARALLELISM": "perhaps-it-does",
        "NO_PASSWORD": "production",
    }
    keep_known(environ)
    said = redact(" ".join(["stored-of-no-shape other-of-no-shape", *environ.values()]))
    assert said == f"*** *** {tmp_path} *** *** perhaps-it-does production"
    keep_known({"HF_HOME": str(home)} | {"HF_TOKEN_PATH": str(tmp_path / "none")})


def test_a_file_is_rid_of_secrets(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_bytes(b"\xff line\n" + TOKEN.encode() + b"\nend\n")
    log.chmod(0o640)
    assert redact_file(log)
    assert log.read_bytes() == b"\xff line\nhf***\nend\n"
    assert log.stat().st_mode & 0o777 == 0o640
    assert not redact_file(log)
    assert [path.name for path in tmp_path.iterdir()] == ["log.txt"]


def test_only_secrets_in_use_are_taken_out_of_results(tmp_path: Path) -> None:
    keep_secret("in-use-of-no-shape")
    result = tmp_path / "samples.jsonl"
    result.write_text(f"{TOKEN} in-use-of-no-shape")
    assert redact_file(result, in_use_only=True)
    assert result.read_text() == f"{TOKEN} ***"
    assert not redact_file(result, in_use_only=True)
