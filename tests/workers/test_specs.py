from __future__ import annotations

import re

import pytest

from hubq.errors import BadInput
from hubq.model.environment import EnvironmentSpec
from hubq.workers.locking import read_lock
from hubq.workers.specs import LOCKS, SPECS, lock_path, spec_digest, spec_for

WHEEL_OF_TORCH_FOR_CPUS = "6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b"


def test_gptqmodel_has_a_lock_for_each_device() -> None:
    assert spec_for("gptqmodel", "cpu").lock == "gptqmodel-cpu.lock"
    assert spec_for("gptqmodel", "cuda").lock == "gptqmodel-cuda.lock"


def test_an_unknown_environment_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadInput, match=r"known: gptqmodel \(cpu\), gptqmodel \(cuda\)"):
        spec_for("vllm", "cuda")


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.lock)
class TestLocks:
    def test_every_package_is_pinned_with_hashes(self, spec: EnvironmentSpec) -> None:
        pins = read_lock(lock_path(spec).read_text(encoding="utf-8"))
        assert len(pins) > 60
        assert all(pin.hashes for pin in pins)
        assert len({pin.name for pin in pins}) == len(pins)

    def test_what_cards_snippets_need_is_in_it(self, spec: EnvironmentSpec) -> None:
        pins = {
            pin.name: pin.version for pin in read_lock(lock_path(spec).read_text(encoding="utf-8"))
        }
        assert {"setuptools", "torchvision", "torch", "optimum", "pillow"} <= set(pins)
        assert (pins["gptqmodel"], pins["transformers"]) == ("7.7.0", "5.23.0")

    def test_no_path_or_address_is_in_it(self, spec: EnvironmentSpec) -> None:
        for path in (lock_path(spec), lock_path(spec).with_suffix(".in")):
            assert not re.search(r"https?://|file:|[a-z]/[a-z]+/", path.read_text(encoding="utf-8"))


def test_the_cpu_lock_accepts_the_local_wheel_and_the_registrys_and_needs_no_cuda() -> None:
    pins = {pin.name: pin for pin in read_lock((LOCKS / "gptqmodel-cpu.lock").read_text())}
    assert WHEEL_OF_TORCH_FOR_CPUS in pins["torch"].hashes
    assert len(pins["torch"].hashes) > 2
    assert pins["torch"].version == "2.13.0"
    assert not [name for name in pins if name.startswith("nvidia-")]


def test_the_cuda_lock_has_the_libraries_that_its_torch_loads() -> None:
    names = {pin.name for pin in read_lock((LOCKS / "gptqmodel-cuda.lock").read_text())}
    assert {"nvidia-cublas", "nvidia-cudnn-cu13", "nvidia-nccl-cu13", "triton"} <= names


def test_devices_have_different_digests() -> None:
    assert len({spec_digest(spec) for spec in SPECS}) == len(SPECS)
