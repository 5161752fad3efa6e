"""One clear line each: what a user sees when the network is not as it should be."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hubq.localhub.server import LocalHub
from tests.fakes import model_files
from tests.hub.wires import TlsHub, certificate, proxy

pytestmark = pytest.mark.long

HERE = Path(__file__).parents[2]
NOBODY = "http://127.0.0.1:9"
LOOK = "from hubq.cli.main import main; main()"
PUBLISH = """
import sys
from pathlib import Path
from hubq.errors import UserError
from hubq.hub.huggingface import HuggingFaceHub
from hubq.hub.retry import Retries
url, token, shard, repo = sys.argv[1:]
hub = HuggingFaceHub(url, token, retries=Retries(attempts=1))
try:
    hub.create(repo, private=False)
    files = {"model.safetensors": Path(shard), "config.json": b"{}"}
    known = {}
    print(hub.upload(repo, files, known=known))
    head = hub.head(repo)
    print(len(hub.commit(repo, files, message="Release", parent=head)))
except UserError as error:
    print(error)
    sys.exit(error.exit_code)
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    with LocalHub(tmp_path_factory.mktemp("hub"), faults=True, durable=False) as served:
        yield served


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory, pem: Path) -> Iterator[TlsHub]:
    with TlsHub(tmp_path_factory.mktemp("tls"), pem) as served:
        yield served


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    path = tmp_path / "shard"
    path.write_bytes(model_files()["model.safetensors"] * 100)
    return path


def python(script: str, *given: str, **environment: str) -> tuple[int, list[str]]:
    """Run a script in a process of its own; return its exit code and all that it wrote."""
    proxies = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file")
    kept = {key: value for key, value in os.environ.items() if key.lower() not in proxies}
    done = subprocess.run(
        [sys.executable, "-c", script, *given],
        env={**kept, "PYTHONPATH": str(HERE), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, (done.stdout + done.stderr).splitlines()


def publish(hub: LocalHub, shard: Path, **environment: str) -> tuple[int, list[str]]:
    repo = f"local/{secrets.token_hex(4)}"
    return python(PUBLISH, hub.url, hub.token, str(shard), repo, **environment)


def look(endpoint: str, **environment: str) -> tuple[int, list[str]]:
    """What `hubq plan` says of a model on a hub; the tries before the last are left out."""
    code, lines = python(LOOK, "plan", "acme/base", HF_ENDPOINT=endpoint, **environment)
    return code, [line for line in lines if not line.endswith((" s", "looking up acme/base"))]


def test_a_server_without_xet_is_published_to_by_lfs(hub: LocalHub, shard: Path) -> None:
    assert publish(hub, shard) == (0, ["LFS", "40"])


def test_a_certificate_that_nobody_signed(tls: TlsHub, pem: Path, shard: Path) -> None:
    untrusted = f"{tls.url}: its certificate is not trusted on this machine"
    remedy = "Set SSL_CERT_FILE to the authority's certificate."
    assert look(tls.url) == (4, [f"Error: {untrusted}", remedy])
    assert publish(tls, shard) == (4, [untrusted, remedy])
    assert publish(tls, shard, SSL_CERT_FILE=str(pem)) == (0, ["LFS", "40"])


def test_a_proxy_that_works(hub: LocalHub, tls: TlsHub, pem: Path, shard: Path) -> None:
    with proxy() as between:
        assert publish(hub, shard, HTTP_PROXY=between.url) == (0, ["LFS", "40"])
        assert between.asked[0].startswith(f"POST {hub.url}/api/repos/create")
        between.asked.clear()
        trusted = {"SSL_CERT_FILE": str(pem), "HTTPS_PROXY": between.url}
        assert publish(tls, shard, **trusted) == (0, ["LFS", "40"])
        assert between.asked[0] == f"CONNECT {tls.url.removeprefix('https://')}"


@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "403 Forbidden"])
def test_a_proxy_that_refuses(tls: TlsHub, shard: Path, status: str) -> None:
    with proxy(status) as between:
        said = f"{tls.url}: the proxy {between.url} refused: {status}"
        remedy = "Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY."
        secret = between.url.replace("//", "//me:hunter2@")
        assert look(tls.url, HTTPS_PROXY=secret) == (4, [f"Error: {said}", remedy])
        assert publish(tls, shard, HTTPS_PROXY=secret) == (4, [said, remedy])


def test_a_proxy_that_refuses_plain_http(hub: LocalHub) -> None:
    with proxy("407 Proxy Authentication Required") as between:
        code, lines = look(hub.url, HTTP_PROXY=between.url)
        said = f"Error: {hub.url}: the proxy {between.url} refused: 407"
        assert code == 4
        assert lines[0].startswith(said)
        assert len(lines) == 2


def test_a_proxy_that_is_not_there(hub: LocalHub, shard: Path) -> None:
    code, lines = publish(hub, shard, HTTP_PROXY=NOBODY)
    assert code == 4
    assert lines[0].startswith(f"{hub.url} cannot be reached through the proxy {NOBODY} (")
    assert lines[1:] == ["Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY."]
    assert publish(hub, shard, HTTP_PROXY=NOBODY, NO_PROXY="127.0.0.1")[0] == 0


def test_offline_by_choice(hub: LocalHub, shard: Path) -> None:
    code, lines = look(hub.url, HF_HUB_OFFLINE="1")
    said = f"not on this machine, and HF_HUB_OFFLINE forbids asking {hub.url}"
    assert (code, lines) == (4, [f"Error: acme/base: {said}", "Unset HF_HUB_OFFLINE."])
    code, lines = publish(hub, shard, HF_HUB_OFFLINE="1")
    assert code == 4
    assert len(lines) == 2
    assert f"HF_HUB_OFFLINE forbids asking {hub.url}" in lines[0]


@pytest.mark.parametrize(
    ("endpoint", "why"),
    [(NOBODY, "Connection refused"), ("http://nowhere.invalid", "not known|resolution|resolve")],
)
def test_offline_by_chance(endpoint: str, why: str, shard: Path) -> None:
    code, lines = python(PUBLISH, endpoint, "hf_" + "w" * 34, str(shard), "local/x")
    assert code == 4
    assert lines[0].startswith(f"{endpoint} cannot be reached (")
    assert any(word in lines[0] for word in why.split("|"))
    assert lines[1:] == ["Run the same command again; what is done is kept."]
