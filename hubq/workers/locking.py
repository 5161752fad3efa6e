"""Lock files: how they are read, split for installing, and made again.

A lock is pip's format: every package pinned, with the hashes of every file the registry has for
it. It names no index, host or path. torch is written without its local version (`torch==2.13.0`)
and accepts the hashes of both builds; which one is installed depends on the machine, see
`hubq.workers.environments`.

    python -m hubq.workers.locking            make every lock again from its .in file
    python -m hubq.workers.locking NAME.lock  make one again
"""

from __future__ import annotations

import hashlib
import re
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from hubq.errors import EnvironmentProblem
from hubq.model.environment import EnvironmentSpec
from hubq.workers.installer import Installer
from hubq.workers.specs import LOCKS, SPECS, lock_path

#: What locks are made for.
PLATFORM = "x86_64-manylinux_2_28"

_PIN = re.compile(r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """One package of a lock: normalised name, version, and the SHA-256 of the files accepted."""

    name: str
    version: str
    hashes: tuple[str, ...]

    def line(self, equals: str = "==") -> str:
        """Return the pin in pip's format, over several lines.

        Args:
            equals: `===` means this very build; with `==` a local one (`+cpu`) would be taken
                before it wherever a wheel folder or index offers one.
        """
        hashes = (f"    --hash=sha256:{one}" for one in self.hashes)
        return " \\\n".join([f"{self.name}{equals}{self.version}", *hashes])


def read_lock(text: str) -> tuple[Pin, ...]:
    """Return the pins of a lock in its order.

    Raises:
        EnvironmentProblem: a requirement is not pinned with `==`.
    """
    pins = []
    for entry in text.replace("\\\n", " ").splitlines():
        if not entry.strip() or entry.startswith("#"):
            continue
        match = _PIN.match(entry)
        if match is None:
            raise EnvironmentProblem(f"lock entry without an exact version: {entry.split()[0]}")
        name = normal(match["name"])
        hashes = tuple(_HASH.findall(entry))
        pins.append(Pin(name=name, version=match["version"], hashes=hashes))
    return tuple(pins)


def write_lock(pins: Iterable[Pin], spec: EnvironmentSpec) -> str:
    """Return the text of a lock file."""
    ordered = sorted(pins, key=lambda pin: pin.name)
    head = (
        f"# Environment {spec.name} for {spec.device}, Python {spec.python}, Linux x86_64.\n"
        "# Made by `python -m hubq.workers.locking`; installed without resolving.\n"
    )
    return head + "".join(pin.line() + "\n" for pin in ordered)


def normal(name: str) -> str:
    """Return a package's name in lower case with single hyphens."""
    return re.sub(r"[-_.]+", "-", name).lower()


def remake(spec: EnvironmentSpec, locks: Path = LOCKS, installer: Installer | None = None) -> str:
    """Resolve a spec's .in file afresh and return the text of its new lock.

    Raises:
        EnvironmentProblem: it cannot be resolved any more.
    """
    uv = installer or Installer()
    # A partial mirror would leave hashes out, so only the default index is asked.
    uv.environ.pop("UV_INDEX", None)
    if not spec.local_torch:
        uv.environ.pop("UV_FIND_LINKS", None)
    path = lock_path(spec, locks)
    with tempfile.TemporaryDirectory() as folder:
        overrides = Path(folder) / "overrides.txt"
        overrides.write_text("\n".join(spec.overrides), encoding="utf-8")
        options = ["--override", str(overrides), *torch_backend(spec, uv)]
        text = _compile(uv, [str(path.with_suffix(".in")), *options], spec)
    known = read_lock(path.read_text(encoding="utf-8")) if path.is_file() else ()
    pins = []
    for pin in read_lock(text):
        plain = msgspec.structs.replace(pin, version=pin.version.partition("+")[0])
        pins.append(_all_hashes(plain, known, uv, spec) if plain != pin else pin)
    return write_lock(pins, spec)


def torch_backend(spec: EnvironmentSpec, uv: Installer) -> list[str]:
    """Return the options that make uv take the wanted local build of torch; empty if it would.

    A build in a configured wheel folder is taken as it is; otherwise uv asks PyTorch's own index.
    """
    if not spec.local_torch or local_torch_offered(spec, uv):
        return []
    return ["--torch-backend", spec.local_torch]


def local_torch_offered(spec: EnvironmentSpec, uv: Installer) -> bool:
    """Return whether the configured indexes and wheel folders offer the local build of torch."""
    wanted = [line for line in spec.overrides if line.startswith("torch==")]
    if not wanted or not spec.local_torch:
        return False
    try:
        answer = _compile(uv, ["--no-deps", "-"], spec, stdin=wanted[0])
    except EnvironmentProblem:
        return False
    return f"{wanted[0]}+{spec.local_torch}" in answer


def _compile(uv: Installer, arguments: list[str], spec: EnvironmentSpec, *, stdin: str = "") -> str:
    fixed = ["--quiet", "--generate-hashes", "--no-annotate", "--no-header", "--no-config"]
    target = ["--python-version", spec.python, "--python-platform", PLATFORM]
    return uv.ask(["pip", "compile", *fixed, *target, *arguments], stdin=stdin)


def _all_hashes(pin: Pin, known: tuple[Pin, ...], uv: Installer, spec: EnvironmentSpec) -> Pin:
    """Return a pin that accepts the registry's files, the local wheels and those known before."""
    environ = dict(uv.environ)
    uv.environ.pop("UV_FIND_LINKS", None)
    try:
        text = _compile(uv, ["--no-deps", "-"], spec, stdin=f"{pin.name}=={pin.version}")
    finally:
        uv.environ = environ
    hashes = {one for found in read_lock(text) for one in found.hashes} | set(pin.hashes)
    for old in known:
        if (old.name, old.version) == (pin.name, pin.version):
            hashes |= set(old.hashes)
    for link in environ.get("UV_FIND_LINKS", "").split(","):
        folder = Path(urlsplit(link).path) if link.startswith("file:") else Path(link)
        if link and folder.is_dir():
            wheels = folder.glob(f"{pin.name}-{pin.version}+*.whl")
            hashes |= {hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in wheels}
    return msgspec.structs.replace(pin, hashes=tuple(sorted(hashes)))


def main(arguments: list[str]) -> int:
    """Make the named locks again, or all; return the exit status."""
    for spec in SPECS:
        if not arguments or spec.lock in arguments:
            lock_path(spec).write_text(remake(spec), encoding="utf-8")
            sys.stdout.write(f"{spec.lock}: made again\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
