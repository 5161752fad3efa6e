from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from huggingface_hub import HfApi

from hubq.errors import UserError
from hubq.localhub.server import LocalHub

pytestmark = pytest.mark.long


def _status(url: str, path: str, host: str) -> int:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=5)
    connection.request("GET", path, headers={"Host": host})
    status = connection.getresponse().status
    connection.close()
    return status


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    with LocalHub(tmp_path) as hub:
        api = HfApi(endpoint=hub.url, token=hub.token)
        api.create_repo("acme/x")
        content, token = os.urandom(1000), hub.token
        api.upload_file(path_or_fileobj=content, path_in_repo="x.bin", repo_id="acme/x")
        api.create_tag("acme/x", tag="v1")
        sha = api.model_info("acme/x").sha
    with LocalHub(tmp_path) as hub:
        api = HfApi(endpoint=hub.url, token=token)
        assert api.model_info("acme/x", revision="v1").sha == sha
        path = api.hf_hub_download("acme/x", "x.bin", cache_dir=tmp_path / "cache")
        assert Path(path).read_bytes() == content


def test_a_port_in_use_is_said_in_one_line(hub: LocalHub, tmp_path: Path) -> None:
    port = int(hub.url.rsplit(":", 1)[1])
    with pytest.raises(UserError, match=f"port {port} on 127.0.0.1 is in use") as caught:
        LocalHub(tmp_path, port=port).start()
    assert caught.value.remedy
    with LocalHub(tmp_path) as other:
        assert other.url != hub.url


def test_two_servers_do_not_share_a_folder(hub: LocalHub) -> None:
    with pytest.raises(UserError, match="another embedded Hub serves this folder"):
        LocalHub(hub.storage.directory).start()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="file"):
        LocalHub(tmp_path / "file" / "hub").start()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org"])  # noqa: S104
def test_it_listens_on_loopback_unless_told(tmp_path: Path, host: str) -> None:
    with pytest.raises(UserError, match="loopback only"):
        LocalHub(tmp_path, host=host).start()


def test_other_names_for_this_address_are_turned_away(hub: LocalHub) -> None:
    assert _status(hub.url, "/", "localhost:1") == 200
    assert _status(hub.url, "/", "evil.example") == 421


def test_with_remote_access_any_name_is_answered(tmp_path: Path) -> None:
    with LocalHub(tmp_path, host="0.0.0.0", allow_remote=True) as hub:  # noqa: S104
        port = hub.url.rsplit(":", 1)[1]
        url = f"http://127.0.0.1:{port}"
        assert _status(url, "/", "build-machine:80") == 200
        api = HfApi(endpoint=url, token=hub.token)
        api.create_repo("acme/x")
        api.upload_file(path_or_fileobj=b"weights", path_in_repo="x.bin", repo_id="acme/x")
        # Under a name that is not loopback's there is no other name to redirect to.
        assert _status(url, "/acme/x/resolve/main/x.bin", "build-machine:80") == 200
        assert _status(url, "/acme/x/resolve/main/x.bin", f"127.0.0.1:{port}") == 302


_SERVE = """
import sys
from pathlib import Path
from hubq.localhub.server import LocalHub
hub = LocalHub(Path(sys.argv[1]))
hub.serve_forever(lambda: print(hub.url, flush=True))
print("ended")
"""


def test_it_serves_in_the_foreground_until_interrupted(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _SERVE, str(tmp_path / "hub")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            assert _status(url, "/", "localhost") == 200
            server.send_signal(signal.SIGINT)
            output, _ = server.communicate(timeout=10)
        finally:
            server.kill()
    assert output.strip() == "ended"
    assert server.returncode == 0


def test_a_stopped_server_ends_the_waiting(tmp_path: Path) -> None:
    hub = LocalHub(tmp_path).start()
    timer = threading.Timer(0.05, hub.stop)
    timer.start()
    hub.wait()
    timer.join()
    with pytest.raises(ConnectionRefusedError):
        _status(hub.url, "/", "localhost")
    hub.stop()
