from __future__ import annotations

import sys

import pytest

from hubq.model.environment import EnvironmentSpec, Installed, Package
from hubq.workers.installation import differences, install, interpreter, steps
from hubq.workers.locking import Pin, read_lock
from tests.workers.tiny import PYTHON, Tiny, make_wheel

LOCAL = EnvironmentSpec(
    name="t",
    device="cpu",
    python=PYTHON,
    lock="tiny.lock",
    overrides=("torch==2.0",),
    local_torch="cpu",
    torchvision_shim=True,
)
PINS = (
    Pin(name="torch", version="2.0", hashes=("a" * 64,)),
    Pin(name="tinypack", version="1.0", hashes=("b" * 64,)),
)
linux = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux has +cpu builds"
)


@linux
def test_a_local_torch_in_a_wheel_folder_is_installed_with_the_rest(tiny: Tiny) -> None:
    make_wheel(tiny.wheels, "torch", "2.0+cpu")
    ((pins, options),) = steps(LOCAL, PINS, tiny.installer())
    assert [(pin.name, pin.version) for pin in pins] == [("torch", "2.0+cpu"), ("tinypack", "1.0")]
    assert options == []


@linux
def test_without_one_it_comes_from_pytorchs_index_in_a_step_of_its_own(tiny: Tiny) -> None:
    (first, options), (second, none) = steps(LOCAL, PINS, tiny.installer())
    assert [pin.name for pin in first] == ["torch"]
    assert options == ["--torch-backend", "cpu"]
    assert [pin.name for pin in second] == ["tinypack"]
    assert none == []


def test_where_the_registrys_torch_is_right_everything_is_one_step(tiny: Tiny) -> None:
    assert steps(tiny.spec, PINS, tiny.installer()) == [(list(PINS), [])]


@linux
def test_the_local_torch_and_the_shim_are_really_installed(tiny: Tiny) -> None:
    wheel = make_wheel(tiny.wheels, "torch", "2.0+cpu")
    tiny.lock(wheel, tiny.wheels / "tinypack-1.0-py3-none-any.whl")
    lock = read_lock((tiny.locks / "tiny.lock").read_text().replace("2.0+cpu", "2.0"))
    folder = tiny.root / "t"
    folder.mkdir(parents=True)
    install(LOCAL, lock, folder=folder, uv=tiny.installer(), progress=lambda _line: None)
    (site,) = interpreter(folder).parents[1].glob("lib/python3*/site-packages")
    assert (site / "torch-2.0+cpu.dist-info").is_dir()
    assert (site / "hubq_torchvision_shim.pth").read_text() == "import hubq_torchvision_shim\n"
    assert sorted(path.name for path in folder.iterdir()) == ["venv"]


def test_a_local_build_is_not_taken_where_the_registrys_is_wanted(tiny: Tiny) -> None:
    wheel = make_wheel(tiny.wheels, "torch", "2.0")
    make_wheel(tiny.wheels, "torch", "2.0+cpu")
    tiny.lock(wheel)
    lock = read_lock((tiny.locks / "tiny.lock").read_text())
    folder = tiny.root / "t"
    folder.mkdir(parents=True)
    install(tiny.spec, lock, folder=folder, uv=tiny.installer(), progress=lambda _line: None)
    (site,) = interpreter(folder).parents[1].glob("lib/python3*/site-packages")
    assert [path.name for path in site.glob("torch-*")] == ["torch-2.0.dist-info"]


def test_differences_from_the_lock_are_named() -> None:
    installed = Installed(
        python="3.11.7",
        implementation="CPython",
        packages=(Package(name="torch", version="2.0+cpu"), Package(name="other", version="9")),
    )
    assert differences(PINS[:1], installed) == []
    assert differences(PINS, installed) == ["tinypack is missing"]
    newer = Pin(name="torch", version="2.1", hashes=())
    assert differences([newer], installed) == ["torch is 2.0+cpu, the lock has 2.1"]
