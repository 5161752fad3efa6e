from __future__ import annotations

from pathlib import Path

from hubq.secrets import keep_secret
from hubq.workers.specs import SPECS, spec_for
from hubq.workers.variables import spec_environ, worker_environ
from tests.rows import each_row

SCRATCH = Path("/scratch")


@each_row(
    "name",
    ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "OPENAI_API_KEY", "CUDA_TOKEN"],
)
def test_no_secret_is_handed_on(name: str) -> None:
    assert name not in worker_environ({}, scratch=SCRATCH, base={name: "x", "PATH": "/bin"})


def test_a_secret_under_any_name_is_not_handed_on() -> None:
    keep_secret("variable-of-no-shape")
    base = {"CUDA_HOME": "hf_" + "aB3" * 12, "LANG": "C", "USER": "variable-of-no-shape"}
    environ = worker_environ({}, scratch=SCRATCH, base=base)
    assert "CUDA_HOME" not in environ
    assert "USER" not in environ
    assert environ["LANG"] == "C"


def test_only_listed_variables_are_handed_on() -> None:
    base = {"PATH": "/bin", "NVIDIA_VISIBLE_DEVICES": "all", "HTTPS_PROXY": "p", "PYTHONPATH": "q"}
    environ = worker_environ({}, scratch=SCRATCH, base=base)
    assert environ["PATH"] == "/bin"
    assert environ["NVIDIA_VISIBLE_DEVICES"] == "all"
    assert not {"HTTPS_PROXY", "PYTHONPATH"} & set(environ)


def test_the_caches_lie_in_the_workers_scratch_whatever_the_user_has_set() -> None:
    environ = worker_environ({}, scratch=SCRATCH, base={"HF_HOME": "/home/me/hf"})
    assert environ["HF_HOME"] == "/scratch/huggingface"
    for name in ("HF_HUB_CACHE", "HF_MODULES_CACHE", "TRANSFORMERS_CACHE", "HF_DATASETS_CACHE"):
        assert environ[name].startswith("/scratch/")


def test_the_number_of_threads_wins_over_the_environments_own() -> None:
    variables = {"OMP_NUM_THREADS": "1"}
    assert worker_environ(variables, scratch=SCRATCH, base={})["OMP_NUM_THREADS"] == "1"
    wide = worker_environ(variables, scratch=SCRATCH, threads=8, base={})
    assert wide["OMP_NUM_THREADS"] == wide["MKL_NUM_THREADS"] == "8"


def test_a_cpu_environment_sees_no_gpu_and_a_cuda_one_the_given_one() -> None:
    cpu = spec_environ(spec_for("gptqmodel", "cpu"), scratch=SCRATCH, gpu="1")
    cuda = spec_environ(spec_for("gptqmodel", "cuda"), scratch=SCRATCH, gpu="1")
    assert (cpu["CUDA_VISIBLE_DEVICES"], cuda["CUDA_VISIBLE_DEVICES"]) == ("", "1")


def test_every_environment_keeps_its_workers_offline() -> None:
    for spec in SPECS:
        assert spec.variables["HF_HUB_OFFLINE"] == "1"
        assert spec.variables["HF_HUB_DISABLE_TELEMETRY"] == "1"
