"""Print, as JSON, what is installed in this interpreter and what machine it runs on.

    python -I side/describe.py packages              Python, packages, torch build, attention
    python -I side/describe.py hardware              OS, CPU, memory, GPUs, driver
    python -I side/describe.py imports NAME...       import each; the errors by name

Only the standard library is used, and only `imports` imports anything that is installed.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import importlib
import json
import os
import platform
import re
import runpy
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path
from typing import Any

#: The CPU features that decide which kernels torch and the quantized layers take.
FLAGS_OF_NOTE = (
    "avx", "avx2", "f16c", "fma", "avx512f", "avx512bw", "avx512_vnni", "avx512_bf16",
    "avx512_fp16", "avx_vnni", "amx_tile", "amx_int8", "amx_bf16", "neon", "asimd", "sve", "i8mm",
    "bf16",
)  # fmt: skip
#: What uv and pip write into a package's folder about how it got there.
INSTALLER_FILES = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json")
ATTENTION_PACKAGES = {
    "flash-attn": "flash_attention_2",
    "flash-attn-3": "flash_attention_3",
    "flash-attn-4": "flash_attention_4",
}


def main(arguments: list[str]) -> int:
    """Print what was asked for; return the exit status."""
    what = arguments[0] if arguments else ""
    if what == "packages":
        found: object = packages()
    elif what == "hardware":
        found = hardware()
    elif what == "imports":
        with contextlib.redirect_stdout(sys.stderr):
            found = imports(arguments[1:])
    else:
        sys.stderr.write("usage: describe.py packages | hardware | imports NAME...\n")
        return 2
    sys.stdout.write("\n" + json.dumps(found, sort_keys=True) + "\n")
    return 0


def packages() -> dict[str, Any]:
    """Return Python, the installed packages with their hashes, and what torch says of itself."""
    found = {}
    for distribution in metadata.distributions():
        name = re.sub(r"[-_.]+", "-", distribution.metadata["Name"] or "").lower()
        if name and name not in found:
            found[name] = {
                "name": name,
                "version": distribution.version,
                "sha256": record_digest(distribution),
            }
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "packages": [found[name] for name in sorted(found)],
        "torch": torch_build(),
        "attention": attention(set(found)),
    }


def record_digest(distribution: metadata.Distribution) -> str:
    """Return the SHA-256 over the sorted lines of a package's RECORD, or "" without one.

    Left out are byte code, the installer's own notes and the files outside site-packages, whose
    first lines name the interpreter: two machines with the same wheel have the same digest.
    """
    text = distribution.read_text("RECORD")
    if not text:
        return ""
    kept = []
    for line in text.splitlines():
        path = line.rsplit(",", 2)[0].strip('"')
        outside = path.startswith(("..", "/"))
        if outside or path.endswith(".pyc") or path.rsplit("/", 1)[-1] in INSTALLER_FILES:
            continue
        kept.append(line)
    return hashlib.sha256("\n".join(sorted(kept)).encode()).hexdigest()


def torch_build() -> dict[str, str]:
    """Return torch's version, CUDA and HIP versions and commit, without importing torch."""
    path = Path(sysconfig.get_path("purelib")) / "torch" / "version.py"
    if not path.is_file():
        return {}
    said = runpy.run_path(str(path))
    return {
        "version": str(said.get("__version__") or ""),
        "cuda": str(said.get("cuda") or ""),
        "hip": str(said.get("hip") or ""),
        "commit": str(said.get("git_version") or ""),
    }


def attention(installed: set[str]) -> list[str]:
    """Return the attention implementations that transformers can use with these packages."""
    if "torch" not in installed:
        return []
    extra = [ATTENTION_PACKAGES[name] for name in ATTENTION_PACKAGES if name in installed]
    return ["eager", "sdpa", "flex_attention", *extra]


def imports(names: list[str]) -> dict[str, str]:
    """Import each module; return its version, or `error: ...` with the reason."""
    found = {}
    for name in names:
        try:
            module = importlib.import_module(name)
            found[name] = str(getattr(module, "__version__", ""))
        except BaseException as error:  # a broken library may do anything on import
            found[name] = f"error: {type(error).__name__}: {error}"
    return found


def hardware() -> dict[str, Any]:
    """Return OS, kernel, CPU, memory and GPUs of this machine."""
    gpus, driver, cuda = _gpus()
    model, flags, physical = _cpu()
    return {
        "os": _os_name(),
        "kernel": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "cpu": model,
        "cpu_flags": flags,
        "cores": physical,
        "threads": _usable_threads(),
        "memory_bytes": _memory_bytes(),
        "gpus": gpus,
        "driver": driver,
        "driver_cuda": cuda,
    }


def _os_name() -> str:
    if sys.platform == "darwin":
        return f"macOS {platform.mac_ver()[0]}"
    with contextlib.suppress(OSError):
        return platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    return platform.system()


def _usable_threads() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu() -> tuple[str, list[str], int]:
    """Return the CPU's model, its features of note and the number of physical cores."""
    if sys.platform == "darwin":
        return _said("sysctl", "-n", "machdep.cpu.brand_string"), [], _usable_threads()
    blocks = [dict(_pairs(block)) for block in _read("/proc/cpuinfo").split("\n\n") if block]
    first = blocks[0] if blocks else {}
    flags = set((first.get("flags") or first.get("Features") or "").split())
    cores = {(b.get("physical id"), b.get("core id")) for b in blocks if "core id" in b}
    model = first.get("model name") or first.get("Hardware") or platform.processor()
    kept = [flag for flag in FLAGS_OF_NOTE if flag in flags]
    return model or "unknown", kept, len(cores) or len(blocks) or _usable_threads()


def _pairs(block: str) -> list[tuple[str, str]]:
    lines = (line.split(":", 1) for line in block.splitlines() if ":" in line)
    return [(key.strip(), value.strip()) for key, value in lines]


def _memory_bytes() -> int:
    """Return the memory this process may use: the machine's, or its control group's limit."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        limit = _read(path).strip()
        if limit.isdigit():
            total = min(total, int(limit))
    return total


def _gpus() -> tuple[list[dict[str, Any]], str, str]:
    """Return the NVIDIA GPUs, the driver's version and the newest CUDA that it supports."""
    query = "name,memory.total,compute_cap,driver_version"
    table = _said("nvidia-smi", f"--query-gpu={query}", "--format=csv,noheader,nounits")
    gpus, driver = [], ""
    for line in table.splitlines():
        fields = [field.strip() for field in line.split(",")]
        if len(fields) != 4 or not fields[1].isdigit():
            continue
        driver = fields[3]
        gpus.append(
            {"name": fields[0], "memory_bytes": int(fields[1]) << 20, "capability": fields[2]}
        )
    return gpus, driver, _driver_cuda() if gpus else ""


def _driver_cuda() -> str:
    number = ctypes.c_int(0)
    try:
        ctypes.CDLL("libcuda.so.1").cuDriverGetVersion(ctypes.byref(number))
    except (OSError, AttributeError):
        return ""
    return f"{number.value // 1000}.{number.value % 1000 // 10}"


def _said(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
