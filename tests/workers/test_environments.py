from __future__ import annotations

import csv
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec
import pytest

from hubq.errors import BadInput, EnvironmentProblem
from hubq.model.environment import EnvironmentSpec
from hubq.workers.environments import EnvironmentStore, default_root
from hubq.workers.specs import SPECS
from hubq.workers.variables import spec_environ
from tests.workers.tiny import Tiny, make_wheel

pytestmark = pytest.mark.long

REPO = Path(__file__).resolve().parents[2]
CPU = [spec for spec in SPECS if spec.device == "cpu"]

BUILD_AND_HANG = """
import sys, time
from pathlib import Path
import msgspec
from hubq.model.environment import EnvironmentSpec
from hubq.workers.environments import EnvironmentStore
from hubq.workers.installer import Installer

root, locks, spec, environ, word = sys.argv[1:]

def progress(line):
    print(line, flush=True)
    if word in line:
        sys.stdin.readline()

environ = msgspec.json.decode(environ, type=dict[str, str])
EnvironmentStore(
    Path(root), locks=Path(locks), installer=lambda _: Installer(environ=environ, pip_config={})
).build(msgspec.json.decode(spec, type=EnvironmentSpec), progress=progress)
"""


def build_and_hang(tiny: Tiny, word: str) -> subprocess.Popen[str]:
    """Start a build in another process that hangs once uv has said a line with that word."""
    environ = {**tiny.installer().environ, "UV_OFFLINE": "1"}
    said = [msgspec.json.encode(value).decode() for value in (tiny.spec, environ)]
    process = subprocess.Popen(
        [sys.executable, "-c", BUILD_AND_HANG, str(tiny.root), str(tiny.locks), *said, word],
        env={**os.environ, "PYTHONPATH": str(REPO)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if word in line:
            break
    return process


def test_an_environment_is_built_once_found_again_checked_and_removed(tiny: Tiny) -> None:
    store = tiny.store()
    lines: list[str] = []
    assert store.find(tiny.spec) is None
    assert store.check(tiny.spec) == ("not built",)
    built = store.build(tiny.spec, progress=lines.append)
    assert any("tinypack==1.0" in line for line in lines)
    assert lines[-1].startswith("built tiny-cpu-")
    assert built.installed.version("tinypack") == "1.0"
    assert built.digest == store.digest(tiny.spec)
    assert store.find(tiny.spec) == built
    assert store.check(tiny.spec) == ()
    lines.clear()
    assert store.build(tiny.spec, progress=lines.append) == built
    assert lines == []
    assert store.describe(built).hardware.threads >= 1
    (folder,) = store.list()
    assert folder.marker is not None
    assert list(folder.path.rglob("tinypack/__pycache__/*.pyc"))
    store.remove(folder.path)
    assert store.list() == ()
    assert store.find(tiny.spec) is None


def test_a_build_that_was_killed_is_finished_by_the_next_one(tiny: Tiny) -> None:
    process = build_and_hang(tiny, "Installed")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    store = tiny.store()
    assert [folder.marker for folder in store.list()] == [None]
    assert store.find(tiny.spec) is None
    assert store.build(tiny.spec).installed.version("tinypack") == "1.0"


def test_the_second_of_two_builds_waits_and_says_for_whom(tiny: Tiny) -> None:
    process = build_and_hang(tiny, "Prepared")
    lines: list[str] = []
    second = threading.Thread(
        target=tiny.store().build, args=(tiny.spec,), kwargs={"progress": lines.append}
    )
    second.start()
    end = time.monotonic() + 10
    while not lines and time.monotonic() < end:
        time.sleep(0.01)
    assert lines[0].startswith(f"waiting for process {process.pid} on ")
    assert second.is_alive()
    with pytest.raises(EnvironmentProblem, match=f"in use: held by process {process.pid}"):
        tiny.store().remove(tiny.store().folder(tiny.spec))
    process.communicate("go on\n")
    second.join(timeout=20)
    assert not second.is_alive()
    assert len(lines) == 1
    assert process.returncode == 0


def test_a_wheel_with_another_hash_is_refused(tiny: Tiny) -> None:
    make_wheel(tiny.wheels, "tinypack", "1.0", code="evil = True\n")
    with pytest.raises(EnvironmentProblem, match=r"Hash mismatch") as caught:
        tiny.store().build(tiny.spec)
    assert "another file than the lock names" in caught.value.remedy
    assert caught.value.exit_code == 1
    assert tiny.store().find(tiny.spec) is None


def test_a_missing_package_is_one_problem_with_uvs_last_lines(tiny: Tiny) -> None:
    for wheel in tiny.wheels.iterdir():
        wheel.unlink()
    with pytest.raises(EnvironmentProblem, match="tinypack") as caught:
        tiny.store().build(tiny.spec)
    assert "--offline" in caught.value.remedy


def test_a_python_that_is_not_there_is_named(tiny: Tiny) -> None:
    spec = msgspec.structs.replace(tiny.spec, python="3.7")
    with pytest.raises(EnvironmentProblem, match=r"3\.7") as caught:
        tiny.store().build(spec)
    assert "--offline" in caught.value.remedy


def test_too_little_room_is_said_before_anything_is_written(tiny: Tiny) -> None:
    spec = msgspec.structs.replace(tiny.spec, disk_bytes=1 << 60)
    with pytest.raises(EnvironmentProblem, match="GB are free") as caught:
        tiny.store().build(spec)
    assert "HUBQ_CACHE" in caught.value.remedy
    assert not tiny.root.exists()


def test_a_package_that_does_not_import_is_found_by_check(tiny: Tiny) -> None:
    tiny.lock(make_wheel(tiny.wheels, "tinypack", "2.0", code="raise RuntimeError('no kernel')\n"))
    store = tiny.store()
    store.build(tiny.spec)
    assert store.check(tiny.spec, imports=False) == ()
    assert store.check(tiny.spec) == ("import tinypack: RuntimeError: no kernel",)


def test_a_package_taken_out_by_hand_is_found_by_check(tiny: Tiny) -> None:
    store = tiny.store()
    built = store.build(tiny.spec)
    uv = tiny.installer()
    uv.ask(["pip", "uninstall", "--python", str(built.interpreter), "tinypack"])
    assert store.check(tiny.spec) == ("tinypack is missing",)


def test_the_digest_changes_with_lock_python_device_and_variables_only(tiny: Tiny) -> None:
    store = tiny.store()
    first = store.digest(tiny.spec)

    def other(**changes: object) -> str:
        spec: EnvironmentSpec = msgspec.structs.replace(tiny.spec, **changes)
        return store.digest(spec)

    assert other(name="renamed", disk_bytes=5) == first
    changed = [
        other(python="3.99"),
        other(device="cuda"),
        other(variables={"A": "1"}),
        other(torchvision_shim=True),
    ]
    tiny.lock(make_wheel(tiny.wheels, "tinypack", "1.1"))
    changed.append(store.digest(tiny.spec))
    assert len({first, *changed}) == 6


def test_variables_change_the_digest_but_not_the_folder(tiny: Tiny) -> None:
    spec: EnvironmentSpec = msgspec.structs.replace(tiny.spec, variables={"A": "1"})
    assert tiny.store().folder(spec) == tiny.store().folder(tiny.spec)


def test_only_an_environment_of_the_store_can_be_removed(tiny: Tiny, tmp_path: Path) -> None:
    outside = tmp_path / "precious"
    outside.mkdir()
    with pytest.raises(BadInput):
        tiny.store().remove(outside)
    assert outside.is_dir()


def test_an_interpreter_of_the_users_own_is_an_environment(tiny: Tiny) -> None:
    store = tiny.store()
    mine = store.external(Path(sys.executable), name="gptqmodel", device="cpu")
    again = store.external(Path(sys.executable), name="gptqmodel", device="cpu")
    assert mine.external
    assert mine.digest == again.digest
    assert mine.installed.version("msgspec")
    assert store.describe(mine).external
    changed = store.external(
        Path(sys.executable), name="gptqmodel", device="cpu", variables={"A": "1"}
    )
    assert changed.digest != mine.digest


def test_something_that_is_no_interpreter_is_refused(tiny: Tiny, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="does not run"):
        tiny.store().external(tmp_path / "python", name="gptqmodel", device="cpu")


def test_environments_lie_in_the_cache_folder_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HUBQ_CACHE", str(tmp_path))
    assert default_root() == tmp_path / "environments"
    monkeypatch.delenv("HUBQ_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert default_root() == tmp_path / "xdg" / "hubq" / "environments"


PROCESS = """
import sys
from PIL import Image
from transformers import AutoProcessor
processor = AutoProcessor.from_pretrained(sys.argv[1])
text = "<|vision_start|><|image_pad|><|vision_end|>Read row 1."
picture = Image.new("RGB", (84, 84), "white")
inputs = processor(text=[text], images=[picture], return_tensors="pt")
print(tuple(inputs["pixel_values"].shape), float(inputs["pixel_values"].sum()))
"""


@pytest.mark.backend
@pytest.mark.parametrize("spec", CPU, ids=lambda spec: spec.name)
class TestRealEnvironments:
    def test_it_builds_and_its_libraries_import(self, spec: EnvironmentSpec) -> None:
        store = EnvironmentStore()
        built = store.build(spec)
        assert store.check(spec) == ()
        assert built.installed.torch.version.startswith("2.13.0")
        assert built.installed.torch.cuda == ""
        assert built.installed.attention[:2] == ("eager", "sdpa")

    def test_no_two_of_its_packages_own_the_same_file(self, spec: EnvironmentSpec) -> None:
        built = EnvironmentStore().build(spec)
        (site,) = built.interpreter.parents[1].glob("lib/python3*/site-packages")
        owners: dict[str, set[str]] = {}
        for record in site.glob("*.dist-info/RECORD"):
            for name, *_ in csv.reader(record.read_text(encoding="utf-8").splitlines()):
                owners.setdefault(name, set()).add(record.parent.name)
        assert len(owners) > 5000
        assert {name: found for name, found in owners.items() if len(found) > 1} == {}

    def test_pictures_are_prepared_alike_in_all(
        self, spec: EnvironmentSpec, tmp_path: Path
    ) -> None:
        source = shutil.copytree(REPO / "examples" / "nano-qwen2-vl" / "model", tmp_path / "model")
        settings = msgspec.json.decode((source / "tokenizer_config.json").read_bytes())
        # transformers 5 writes a list, which 4.51.3 cannot read.
        del settings["extra_special_tokens"]
        (source / "tokenizer_config.json").write_bytes(msgspec.json.encode(settings))
        built = EnvironmentStore().build(spec)
        done = subprocess.run(
            [built.interpreter, "-I", "-c", PROCESS, str(source)],
            capture_output=True,
            text=True,
            check=True,
            env=spec_environ(spec, scratch=tmp_path),
        )
        assert done.stdout.splitlines()[-1] == "(36, 1176) 42336.0"
