from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from hubq.errors import EnvironmentProblem
from hubq.model.environment import EnvironmentSpec
from hubq.workers.installation import requirements_text
from hubq.workers.installer import Installer
from hubq.workers.locking import PLATFORM, Pin, normal, read_lock, remake, write_lock
from hubq.workers.specs import SPECS, lock_path
from tests.workers.tiny import PYTHON, Tiny, make_wheel

A, B = "a" * 64, "b" * 64


def test_a_lock_is_read_back_as_it_was_written() -> None:
    spec = EnvironmentSpec(name="x", device="cpu", python="3.11", lock="x.lock")
    pins = (
        Pin(name="alpha", version="1.0", hashes=(A, B)),
        Pin(name="beta", version="2.0+cpu", hashes=(B,)),
    )
    text = write_lock(reversed(pins), spec)
    assert read_lock(text) == pins
    assert "Python 3.11" in text.splitlines()[0]


def test_names_are_normalised() -> None:
    assert normal("Typing_Extensions.X") == "typing-extensions-x"
    assert read_lock(f"Foo_Bar==1 --hash=sha256:{A}\n")[0].name == "foo-bar"


def test_an_entry_without_an_exact_version_is_refused() -> None:
    with pytest.raises(EnvironmentProblem, match="torch>=2"):
        read_lock("torch>=2\n")


def test_a_lock_is_made_again_from_what_the_indexes_offer(tiny: Tiny) -> None:
    make_wheel(tiny.wheels, "tinypack", "1.5")
    (tiny.locks / "tiny.in").write_text("tinypack\n", encoding="utf-8")
    uv = tiny.installer()
    uv.environ.update(UV_DEFAULT_INDEX=_index(tiny.wheels))
    (pin,) = read_lock(remake(tiny.spec, tiny.locks, uv))
    assert (pin.name, pin.version, len(pin.hashes)) == ("tinypack", "1.5", 1)


def test_a_local_build_is_locked_under_its_plain_version_with_both_hashes(tiny: Tiny) -> None:
    plain = make_wheel(tiny.wheels.parent / "registry", "torch", "2.0")
    local = make_wheel(tiny.wheels, "torch", "2.0+cpu", code="device = 'cpu'\n")
    spec = EnvironmentSpec(
        name="t",
        device="cpu",
        python=PYTHON,
        lock="t.lock",
        overrides=("torch==2.0",),
        local_torch="cpu",
    )
    (tiny.locks / "t.in").write_text("torch==2.0\n", encoding="utf-8")
    uv = tiny.installer()
    uv.environ.update(UV_DEFAULT_INDEX=_index(plain.parent))
    (pin,) = read_lock(remake(spec, tiny.locks, uv))
    assert pin.version == "2.0"
    assert set(pin.hashes) == {_sha256(plain), _sha256(local)}


def _index(wheels: Path) -> str:
    """Write a folder in the form of a package index and return its address."""
    root = wheels.parent / f"index-of-{wheels.name}"
    for wheel in wheels.glob("*.whl"):
        page = root / wheel.name.split("-")[0] / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        link = f'<a href="{wheel.as_uri()}#sha256={_sha256(wheel)}">{wheel.name}</a>\n'
        page.write_text((page.read_text() if page.exists() else "") + link, encoding="utf-8")
    return root.as_uri()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.network
@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.lock)
def test_every_lock_can_still_be_resolved_afresh(spec: EnvironmentSpec) -> None:
    fresh = {pin.name: pin.version for pin in read_lock(remake(spec))}
    wanted = re.findall(
        r"^([\w-]+)==(\S+)$", lock_path(spec).with_suffix(".in").read_text(), re.MULTILINE
    )
    assert {name: fresh[name] for name, _ in wanted} == dict(wanted)


@pytest.mark.network
@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.lock)
def test_every_file_of_a_lock_is_still_in_the_registry(
    spec: EnvironmentSpec, tmp_path: Path
) -> None:
    uv = Installer()
    if spec.local_torch:
        # Elsewhere they stay: a wheel folder's local builds must not be taken for the registry's.
        uv.environ.pop("UV_FIND_LINKS", None)
    pins = read_lock(lock_path(spec).read_text(encoding="utf-8"))
    (tmp_path / "requirements.txt").write_text(requirements_text(pins), encoding="utf-8")
    fixed = ["--dry-run", "--no-deps", "--require-hashes", "--target", str(tmp_path / "x")]
    target = ["--python-version", spec.python, "--python-platform", PLATFORM]
    lines: list[str] = []
    uv.stream(
        ["pip", "install", *fixed, *target, "-r", "requirements.txt"],
        progress=lines.append,
        folder=tmp_path,
    )
    found = dict(re.findall(r"^ \+ ([\w.-]+)==(\S+)$", "\n".join(lines), re.MULTILINE))
    assert found == {pin.name: pin.version for pin in pins}
