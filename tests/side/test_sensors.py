from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="ascii")
    return root


@pytest.fixture
def sensors(side: Any) -> Any:
    return side("sensors")


def test_nothing_is_known_where_nothing_can_be_read(tmp_path: Path, sensors: Any) -> None:
    found = sensors.Sensors(tmp_path)
    assert [found.mhz(), found.celsius(), found.throttled(), found.quota_seconds()] == [None] * 4
    assert [found.stalled_seconds("cpu"), found.load(), found.joules()] == [None] * 3
    assert found.governor() == ""


def test_the_fastest_clock_is_the_clock(tmp_path: Path, sensors: Any) -> None:
    cpus = "sys/devices/system/cpu"
    root = write(
        tmp_path,
        {
            f"{cpus}/cpu0/cpufreq/scaling_cur_freq": "800000\n",
            f"{cpus}/cpu0/cpufreq/scaling_governor": "powersave\n",
            f"{cpus}/cpu1/cpufreq/scaling_cur_freq": "4600000\n",
        },
    )
    assert sensors.Sensors(root).mhz() == 4600
    assert sensors.Sensors(root).governor() == "powersave"


def test_the_kernel_s_list_gives_the_clock_where_nothing_else_does(
    tmp_path: Path, sensors: Any
) -> None:
    root = write(tmp_path, {"proc/cpuinfo": "cpu MHz\t\t: 2596.134\nbogomips: 5\ncpu MHz: 2100.0"})
    assert sensors.Sensors(root).mhz() == 2596.134


def test_heat_is_of_the_processor_only(tmp_path: Path, sensors: Any) -> None:
    root = write(
        tmp_path,
        {
            "sys/class/thermal/thermal_zone0/type": "acpitz\n",
            "sys/class/thermal/thermal_zone0/temp": "99000\n",
            "sys/class/thermal/thermal_zone1/type": "x86_pkg_temp\n",
            "sys/class/thermal/thermal_zone1/temp": "61000\n",
            "sys/class/hwmon/hwmon2/name": "k10temp\n",
            "sys/class/hwmon/hwmon2/temp1_input": "64500\n",
            "sys/class/hwmon/hwmon3/name": "nvme\n",
            "sys/class/hwmon/hwmon3/temp1_input": "70000\n",
        },
    )
    assert sensors.Sensors(root).celsius() == 64.5


def test_pressure_load_and_throttling_are_read(tmp_path: Path, sensors: Any) -> None:
    root = write(
        tmp_path,
        {
            "proc/pressure/memory": "some avg10=0.00 avg60=0.00 avg300=0.00 total=2500000\n"
            "full avg10=0.00 avg60=0.00 avg300=0.00 total=9\n",
            "proc/loadavg": "1.25 0.4 0.3 1/99 5\n",
            "sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count": "7\n",
        },
    )
    found = sensors.Sensors(root)
    assert (found.stalled_seconds("memory"), found.load(), found.throttled()) == (2.5, 1.25, 7)


@pytest.mark.parametrize("group", ["/", "/job/7"])
def test_a_quota_is_read_from_this_process_s_group(
    tmp_path: Path, sensors: Any, group: str
) -> None:
    folder = f"sys/fs/cgroup/{group.strip('/')}"
    root = write(
        tmp_path,
        {
            "proc/self/cgroup": f"4:memory:/x\n0::{group}\n",
            f"{folder}/cpu.stat": "usage_usec 3\nthrottled_usec 1500000",
        },
    )
    assert sensors.Sensors(root).quota_seconds() == 1.5


def test_energy_goes_on_when_a_counter_starts_again(tmp_path: Path, sensors: Any) -> None:
    rapl = "sys/class/powercap/intel-rapl:0"
    root = write(
        tmp_path,
        {
            f"{rapl}/energy_uj": "900000\n",
            f"{rapl}/max_energy_range_uj": "1000000\n",
            "sys/class/powercap/intel-rapl:0:0/energy_uj": "5\n",
            "sys/class/powercap/intel-rapl:1/energy_uj": "0\n",
        },
    )
    found = sensors.Sensors(root)
    assert found.joules() == 0
    write(root, {f"{rapl}/energy_uj": "950000\n"})
    assert found.joules() == pytest.approx(0.05)
    write(root, {f"{rapl}/energy_uj": "50000\n"})
    assert found.joules() == pytest.approx(0.15)
