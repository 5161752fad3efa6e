"""The environment variables a worker starts with: an allow-list, never the user's whole set.

Nothing that looks like a secret is ever among them. Workers run offline; the Hub's caches point
into the worker's own scratch folder, so no token and no cached repo of the user's is in reach.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from hubq.model.environment import EnvironmentSpec
from hubq.resources import cache_folder
from hubq.secrets import find_secret
from hubq.workers.installer import is_secret

ALLOWED = frozenset(
    {
        "CC",
        "CXX",
        "HOME",
        "LANG",
        "LC_ALL",
        "LD_LIBRARY_PATH",
        "LOGNAME",
        "PATH",
        "SYSTEMROOT",
        "TMPDIR",
        "TZ",
        "USER",
        "XDG_CACHE_HOME",
    }
)
ALLOWED_PREFIXES = ("CUDA_", "NCCL_", "NVIDIA_", "ROCM_", "HIP_")
#: Each is set to the number of threads that a worker may use.
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def worker_environ(
    variables: Mapping[str, str],
    *,
    scratch: Path,
    threads: int | None = None,
    gpu: str | None = None,
    base: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return everything a worker's process finds in its environment.

    Args:
        variables: of the environment's spec.
        scratch: a folder of the worker's own; the Hub's and the compilers' caches go there.
        threads: how many threads its libraries may use; by default what `variables` say.
        gpu: which GPU it may see, as CUDA_VISIBLE_DEVICES; "" hides all, None leaves it alone.
        base: what is filtered through the allow-list; the process's own environment by default.
    """
    source = os.environ if base is None else base
    environ = {name: value for name, value in source.items() if _allowed(name, value)}
    environ.setdefault("LANG", "C.UTF-8")
    environ.update(variables)
    environ.update(_caches(scratch))
    if threads is not None:
        environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    if gpu is not None:
        environ["CUDA_VISIBLE_DEVICES"] = gpu
    return environ


def spec_environ(
    spec: EnvironmentSpec,
    *,
    scratch: Path,
    threads: int | None = None,
    gpu: str | None = None,
) -> dict[str, str]:
    """Return `worker_environ` for a spec: a CPU environment sees no GPU."""
    visible = "" if spec.device == "cpu" else gpu
    return worker_environ(spec.variables, scratch=scratch, threads=threads, gpu=visible)


def _caches(scratch: Path) -> dict[str, str]:
    hub = scratch / "huggingface"
    return {
        "HF_HOME": str(hub),
        "HF_HUB_CACHE": str(hub / "hub"),
        "HF_DATASETS_CACHE": str(hub / "datasets"),
        "HF_MODULES_CACHE": str(hub / "modules"),
        "TRANSFORMERS_CACHE": str(hub / "hub"),
        "TORCHINDUCTOR_CACHE_DIR": str(scratch / "inductor"),
        "TRITON_CACHE_DIR": str(scratch / "triton"),
        # What vLLM finds out about an architecture takes it half a minute and is worth keeping.
        "VLLM_CACHE_ROOT": str(cache_folder() / "vllm"),
        "VLLM_CONFIG_ROOT": str(scratch / "vllm"),
    }


def _allowed(name: str, value: str) -> bool:
    known = name in ALLOWED or name.startswith(ALLOWED_PREFIXES)
    return known and not is_secret(name) and not find_secret(value.encode(errors="replace"))
