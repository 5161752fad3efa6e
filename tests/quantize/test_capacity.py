from __future__ import annotations

from pathlib import Path

import msgspec

from hubq.model.environment import Gpu
from hubq.model.recipe import Calibration, VariantSpec
from hubq.quantize import capacity
from hubq.quantize.capacity import Capacity
from hubq.quantize.footprint import Estimate, estimate
from hubq.quantize.shapes import from_config
from tests.quantize.test_shapes import QWEN2_VL_2B

GIB = 1 << 30
H200 = Gpu(name="NVIDIA H200", memory_bytes=139 * GIB, capability="9.0")


def machine(folder: Path, group: str = "0::/job\n") -> Path:
    (folder / "proc" / "self").mkdir(parents=True)
    (folder / "proc" / "meminfo").write_text(
        "MemTotal:       33554432 kB\nMemAvailable:   16777216 kB\n"
    )
    (folder / "proc" / "self" / "cgroup").write_text(group)
    return folder


def there(folder: Path, *gpus: Gpu) -> Capacity:
    return capacity.available(
        folder / "runs" / "new", gpus, process=folder / "proc", control=folder / "cgroup"
    )


def control(folder: Path, group: str, limit: str, used: str, cached: int = 0) -> None:
    place = folder / "cgroup" / group
    place.mkdir(parents=True, exist_ok=True)
    (place / "memory.max").write_text(limit)
    (place / "memory.current").write_text(used)
    (place / "memory.stat").write_text(f"anon 5\ninactive_file {cached}\n")


def one(device: str = "cpu") -> Estimate:
    return estimate(
        from_config(QWEN2_VL_2B, 4_418_050_848),
        VariantSpec(name="GPTQ-Int4", method="gptq", bits=4),
        Calibration(dataset="c.jsonl", samples=128, length=2048),
        "cuda" if device == "cuda" else "cpu",
    )


def test_free_memory_is_what_the_kernel_says(tmp_path: Path) -> None:
    found = there(machine(tmp_path))
    assert found.ram_bytes == 16 * GIB
    assert found.disk_bytes > 0
    assert found.gpu_bytes is None


def test_a_control_groups_limit_counts_and_its_cached_files_do_not(tmp_path: Path) -> None:
    control(machine(tmp_path), "job", f"{8 * GIB}\n", f"{5 * GIB}\n", cached=GIB)
    assert there(tmp_path).ram_bytes == 4 * GIB


def test_the_limit_of_a_group_above_counts_too(tmp_path: Path) -> None:
    machine(tmp_path, group="0::/slice/job\n")
    control(tmp_path, "slice/job", "max\n", f"{GIB}\n")
    control(tmp_path, "slice", f"{3 * GIB}\n", f"{GIB}\n")
    assert there(tmp_path).ram_bytes == 2 * GIB


def test_within_a_container_the_root_group_is_looked_at(tmp_path: Path) -> None:
    machine(tmp_path, group="0::/docker/abc\n")
    control(tmp_path, "", f"{2 * GIB}\n", "0\n")
    assert there(tmp_path).ram_bytes == 2 * GIB


def test_old_control_groups_are_understood(tmp_path: Path) -> None:
    machine(tmp_path, group="5:cpu,cpuacct:/x\n4:memory:/job\n")
    place = tmp_path / "cgroup" / "memory" / "job"
    place.mkdir(parents=True)
    (place / "memory.limit_in_bytes").write_text(f"{6 * GIB}\n")
    (place / "memory.usage_in_bytes").write_text(f"{GIB}\n")
    (place.parent / "memory.limit_in_bytes").write_text(f"{2**63 - 4096}\n")
    (place.parent / "memory.usage_in_bytes").write_text(f"{GIB}\n")
    assert there(tmp_path).ram_bytes == 5 * GIB


def test_what_cannot_be_known_is_not_guessed(tmp_path: Path) -> None:
    found = there(tmp_path)
    assert found.ram_bytes is None
    assert capacity.warnings(one(), msgspec.structs.replace(found, disk_bytes=1 << 50)) == ()


def test_this_machine_has_memory_and_disk(tmp_path: Path) -> None:
    found = capacity.available(tmp_path)
    assert found.disk_bytes > 0
    assert found.ram_bytes is None or found.ram_bytes > 0


def test_what_will_be_lacking_is_said_with_both_numbers() -> None:
    enough = Capacity(ram_bytes=64 * GIB, disk_bytes=64 * GIB, gpu_bytes=64 * GIB)
    assert capacity.warnings(one(), enough) == ()
    assert capacity.warnings(one("cuda"), enough) == ()
    little = Capacity(ram_bytes=4_000_000_000, disk_bytes=1_000_000_000, gpu_bytes=GIB)
    assert capacity.warnings(one(), little) == (
        "GPTQ-Int4: takes about 7.8 GB of memory, 4.0 GB is free",
        "GPTQ-Int4: takes about 5.0 GB of disk, 1.0 GB is free",
    )
    assert capacity.warnings(one("cuda"), little)[-1].endswith(
        "of GPU memory, 1.1 GB are on the GPU"
    )


def test_the_largest_gpu_counts(tmp_path: Path) -> None:
    small = Gpu(name="T4", memory_bytes=15 * GIB)
    assert there(machine(tmp_path), small, H200).gpu_bytes == 139 * GIB
