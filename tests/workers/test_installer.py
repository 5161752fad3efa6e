from __future__ import annotations

import os
from pathlib import Path

import pytest

from hubq.errors import EnvironmentProblem
from hubq.workers.installer import (
    Installer,
    parse_pip_config,
    remedy_for,
    settings_from_pip,
    uv_environ,
)
from tests.rows import each_row


def test_pips_settings_become_uvs(tmp_path: Path) -> None:
    settings = settings_from_pip(
        {},
        {
            "global.index-url": "https://mirror/simple",
            "global.extra-index-url": "file:///a/simple\nhttps://b/simple",
            "global.find-links": str(tmp_path),
            "global.cert": "/certs.pem",
            "global.proxy": "http://proxy:3128",
            "install.no-index": "true",
            "global.trusted-host": "a b",
        },
    )
    assert settings == {
        "UV_DEFAULT_INDEX": "https://mirror/simple",
        "UV_INDEX": "file:///a/simple https://b/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_FIND_LINKS": str(tmp_path),
        "SSL_CERT_FILE": "/certs.pem",
        "ALL_PROXY": "http://proxy:3128",
        "UV_NO_INDEX": "1",
        "UV_INSECURE_HOST": "a b",
    }


def test_a_variable_of_pips_wins_over_its_configuration(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    settings = settings_from_pip(
        {"PIP_FIND_LINKS": f"{one} {other.as_uri()}"}, {"global.find-links": "/elsewhere"}
    )
    assert settings == {"UV_FIND_LINKS": f"{one},{other.as_uri()}"}


def test_a_setting_of_one_command_wins_over_the_global_one() -> None:
    config = {"global.index-url": "https://a", "install.index-url": "https://b"}
    assert settings_from_pip({}, config)["UV_DEFAULT_INDEX"] == "https://b"


def test_a_wheel_folder_that_is_not_there_is_left_out() -> None:
    assert settings_from_pip({"PIP_FIND_LINKS": "/no/such/folder"}, {}) == {}


def test_uvs_own_variables_win_over_pips() -> None:
    environ = {"UV_DEFAULT_INDEX": "https://mine"}
    config = {"global.index-url": "https://pips"}
    assert uv_environ(environ, config)["UV_DEFAULT_INDEX"] == "https://mine"


def test_secrets_stay_out_of_builds_but_index_credentials_reach_uv() -> None:
    environ = {"HF_TOKEN": "x", "UV_PUBLISH_TOKEN": "x", "UV_INDEX_A_PASSWORD": "y", "PATH": "/bin"}
    token = "hf_" + "aB3" * 12
    addresses = {"HTTPS_PROXY": f"http://{token}@proxy", "UV_DEFAULT_INDEX": f"https://{token}@x"}
    kept = uv_environ({**environ, **addresses, "MINE": token}, {})
    assert "MINE" not in kept
    assert kept.items() >= addresses.items()
    assert "x" not in kept.values()
    assert kept["UV_INDEX_A_PASSWORD"] == "y"


def test_the_output_of_pip_config_list_is_read() -> None:
    text = ":env:.find-links='/a b'\nglobal.index-url='https://x'\nnonsense\n"
    expected = {":env:.find-links": "/a b", "global.index-url": "https://x"}
    assert parse_pip_config(text) == expected


def test_uv_that_fails_is_a_problem_with_its_last_lines_and_a_next_step(tmp_path: Path) -> None:
    uv = Installer(offline=True, environ={"PATH": os.environ["PATH"]}, pip_config={})
    lines: list[str] = []
    with pytest.raises(EnvironmentProblem, match="uv pip install failed") as caught:
        uv.stream(
            ["pip", "install", "--target", "x", "-r", "missing.txt"],
            progress=lines.append,
            folder=tmp_path,
        )
    assert "missing.txt" in caught.value.message
    assert "missing.txt" in "".join(lines)
    assert caught.value.remedy


def test_a_full_disk_is_told_apart(tmp_path: Path) -> None:
    class Full(Installer):
        """An installer whose uv finds no room."""

        def _command(self, _arguments: object) -> list[str]:
            return ["sh", "-c", "echo 'error: No space left on device (os error 28)' >&2; exit 2"]

    uv = Full(environ={"PATH": os.environ["PATH"]}, pip_config={})
    with pytest.raises(EnvironmentProblem, match="No space left") as caught:
        uv.stream(["venv"], progress=lambda _line: None, folder=tmp_path)
    assert "disk space" in caught.value.remedy


@each_row(
    ("said", "offline", "advice"),
    [
        ("error: No interpreter found for Python 3.11", False, "uv python install"),
        ("error: No interpreter found for Python 3.11", True, "without --offline"),
        ("No solution found when resolving", False, "configured indexes"),
        ("No solution found when resolving", True, "without --offline"),
        ("Hash mismatch for `x`", True, "another file"),
        ("error: command '/usr/bin/gcc' failed with exit code 1", False, "C compiler"),
        ("fatal error: Python.h: No such file", False, "headers"),
        ("something new", True, "without --offline"),
        ("something new", False, "again"),
    ],
)
def test_what_to_do_next_follows_from_what_uv_said(said: str, offline: bool, advice: str) -> None:
    assert advice in remedy_for(said, offline=offline)
