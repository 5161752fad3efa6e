"""What Linux tells of a processor besides time: clocks, heat, pressure, quotas and energy."""

from __future__ import annotations

from pathlib import Path

from processors import read_text

_PACKAGE = "intel-rapl:"
#: Names of sensors that sit in or on the processor.
_CPU_ZONES = ("x86_pkg_temp", "cpu", "soc", "coretemp", "k10temp", "zenpower")


class Sensors:
    """The sensors of one machine, below a root folder that is / but for tests."""

    def __init__(self, root: Path) -> None:
        """Find which sensors there are."""
        self._proc, self._sys = root / "proc", root / "sys"
        cpus = self._sys / "devices" / "system" / "cpu"
        self._clocks = sorted(cpus.glob("cpu[0-9]*/cpufreq/scaling_cur_freq"))
        self._throttles = sorted(cpus.glob("cpu[0-9]*/thermal_throttle/package_throttle_count"))
        self._heat = self._thermometers()
        self._quota = self._quota_file()
        self._energy = [
            path / "energy_uj"
            for path in sorted((self._sys / "class" / "powercap").glob(f"{_PACKAGE}*"))
            if path.name.count(":") == 1 and read_text(path / "energy_uj").strip().isdigit()
        ]
        self._last_energy: list[int] = []
        self._microjoules = 0

    def mhz(self) -> float | None:
        """Return the fastest processor's clock, in MHz: the others may be idle."""
        found = [_number(path) for path in self._clocks]
        known = [one / 1000 for one in found if one is not None]
        if not self._clocks:
            lines = read_text(self._proc / "cpuinfo").splitlines()
            known = [float(line.split(":")[1]) for line in lines if line.startswith("cpu MHz")]
        return max(known, default=None)

    def governor(self) -> str:
        """Return what sets the clocks, such as `powersave`; empty where nothing says so."""
        return (
            read_text(self._clocks[0].with_name("scaling_governor")).strip() if self._clocks else ""
        )

    def celsius(self) -> float | None:
        """Return the hottest reading of the processor, in degrees Celsius."""
        found = [_number(path) for path in self._heat]
        return max((one / 1000 for one in found if one is not None), default=None)

    def throttled(self) -> int | None:
        """Return how often the processor has slowed down for heat since the machine started."""
        found = [_number(path) for path in self._throttles]
        return max((one for one in found if one is not None), default=None)

    def quota_seconds(self) -> float | None:
        """Return for how long a control group's quota has kept its processes waiting."""
        if self._quota is None:
            return None
        fields = dict(
            line.split()[:2] for line in read_text(self._quota).splitlines() if " " in line
        )
        found = fields.get("throttled_usec", "")
        return int(found) / 1e6 if found.isdigit() else None

    def stalled_seconds(self, what: str) -> float | None:
        """Return for how long some process has waited for `cpu`, `memory` or `io`."""
        for line in read_text(self._proc / "pressure" / what).splitlines():
            head, _, total = line.rpartition("total=")
            if head.startswith("some") and total.isdigit():
                return int(total) / 1e6
        return None

    def load(self) -> float | None:
        """Return how many processes ran or waited for a processor in the last minute."""
        first = read_text(self._proc / "loadavg").partition(" ")[0]
        return float(first) if first else None

    def joules(self) -> float | None:
        """Return the energy that all processors took since the first call, in J.

        The counters start again at 0 after some minutes; it is called more often than that.
        """
        now = [_number(path) for path in self._energy]
        known = [one for one in now if one is not None]
        if not known or len(known) < len(now):
            return None
        for path, last, here in zip(self._energy, self._last_energy, known, strict=False):
            around = _number(path.with_name("max_energy_range_uj")) or 0
            self._microjoules += here - last if here >= last else here - last + around
        self._last_energy = known
        return self._microjoules / 1e6

    def _thermometers(self) -> list[Path]:
        zones = (self._sys / "class" / "thermal").glob("thermal_zone*/type")
        found = [path.with_name("temp") for path in sorted(zones) if _of_cpu(path)]
        chips = (self._sys / "class" / "hwmon").glob("hwmon*/name")
        for path in sorted(chips):
            if _of_cpu(path):
                found += sorted(path.parent.glob("temp*_input"))
        return found

    def _quota_file(self) -> Path | None:
        """Return the statistics of the control group that this process is in (version 2)."""
        group = ""
        for line in read_text(self._proc / "self" / "cgroup").splitlines():
            if line.startswith("0::"):
                group = line[3:].strip("/")
        top = self._sys / "fs" / "cgroup"
        for path in (top / group / "cpu.stat", top / "cpu.stat"):
            if "throttled_usec" in read_text(path):
                return path
        return None


def _of_cpu(path: Path) -> bool:
    return read_text(path).strip().lower().startswith(_CPU_ZONES)


def _number(path: Path) -> int | None:
    text = read_text(path).strip()
    return int(text) if text.lstrip("-").isdigit() else None
