"""Watch what the machine does while a benchmark runs: other processes, clocks, heat and power.

    with conditions.watch(lambda: [server.pid], "cuda") as watcher:
        before = watcher.joules()
        ...
    found = watcher.conditions()

A thread looks twice a second, and less often where a look is dear: it takes less than 1 % of a
core. On systems without /proc only what Python itself tells is read. Nothing here ever fails: what
cannot be read is None.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import condition_words
import nvml
from processors import TICKS, Kin, Machine, read_machine
from sensors import Sensors
from ticking import Ticker

#: Seconds from one look to the next.
EVERY_S = 0.5
#: Seconds between looks at what moves slowly or is dear to read: clocks, heat, users of a GPU.
SLOWLY_S = 2.0
#: A look waits until this many times its own time has passed: it takes 0.5 % of a core at most.
PATIENCE = 200
#: The worst second is looked for in stretches at least this long; ticks are too coarse for less.
WORST_S = 1.0
#: A series is thinned to at most this many readings, each the mean of those in its stretch.
MOST_READINGS = 600

_FAST = ("gpu_sm_mhz", "gpu_memory_mhz", "gpu_watts", "gpu_celsius", "gpu_utilisation")


def watch(
    pids: Callable[[], Collection[int]] = tuple,
    device: str = "cpu",
    *,
    root: Path = Path("/"),
    gpu: Any | None = None,
    every: float = EVERY_S,
) -> Watcher:
    """Return a watcher, to be entered when the first round begins.

    Args:
        pids: processes whose time is the benchmark's own, with all their descendants; this process
            and its descendants always are.
        device: `cpu`, `cuda`, `cuda:1` or a GPU's own name.
        root: of /proc and /sys.
        gpu: read instead of the driver's library, with the methods of `nvml.Gpu`.
        every: seconds from one look to the next.
    """
    return Watcher(pids, device, root=root, gpu=gpu, every=every)


def process_bytes(pid: int, device: str = "cuda", *, gpu: Any | None = None) -> int | None:
    """Return the memory of a GPU that one process holds, by its driver, in bytes.

    None where the driver does not tell, as in a container, whose processes it knows by numbers of
    its own.
    """
    found = gpu if gpu is not None else _gpu(device)
    if found is None:
        return None
    users = found.users() or ()
    found.close()
    held = [user.used_bytes for user in users if user.pid == pid]
    return held[0] if held else None


class Watcher:
    """Looks at the machine between being entered and being left."""

    def __init__(
        self,
        pids: Callable[[], Collection[int]],
        device: str,
        *,
        root: Path,
        gpu: Any | None,
        every: float,
    ) -> None:
        """Take what `watch` was given."""
        self._every = every
        self._proc = root / "proc"
        self._kin = Kin(self._proc, pids)
        self._sensors = Sensors(root)
        self._gpu = gpu if gpu is not None else _gpu(device)
        self._cuda = device != "cpu"
        self._series: dict[str, list[float | None]] = {}
        self._ticks: list[tuple[float, Machine, int]] = []
        self._first: dict[str, Any] = {}
        self._last: dict[str, Any] = {}
        self._gpu_named: dict[str, Any] = {}
        self._slowdowns: dict[str, int] = {}
        self._users: tuple[int, int | None] = (0, None)
        self._slowly_at = -SLOWLY_S
        self._took = 0.0
        self._lock = threading.Lock()
        self._ticker = Ticker("conditions", every, self._tick)
        self._began = 0.0

    def __enter__(self) -> Self:
        """Look for the first time and go on looking."""
        self._began = time.monotonic()
        self._first = self._counters()
        self._gpu_named = self._gpu_facts()
        self.look()
        self._ticker.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Look for the last time."""
        self._ticker.stop()
        self.look(slowly=True)
        self._last = self._counters()
        if self._gpu is not None:
            self._gpu.close()

    def joules(self) -> float | None:
        """Return a running count of the energy of the GPU, or of all processors, in J.

        Only differences mean anything. None where nothing tells, or may be asked.
        """
        if self._cuda:
            found = self._gpu.joules() if self._gpu is not None else None
            return None if found is None else float(found)
        with self._lock:
            return self._sensors.joules()

    def busy(self) -> list[str]:
        """Return why the machine counts as busy so far, in words; empty where nothing was seen."""
        with self._lock:
            return condition_words.busy(self._facts(self._series))

    def conditions(self) -> dict[str, Any]:
        """Return what was seen so far: `busy`, `facts` and `series` of a sitting's conditions."""
        with self._lock:
            series = {name: list(values) for name, values in self._series.items()}
            facts = self._facts(series)
        kept = {
            name: values
            for name, values in series.items()
            if any(value is not None for value in values)
        }
        return {"busy": condition_words.busy(facts), "facts": facts, "series": thinned(kept)}

    def look(self, *, slowly: bool = False) -> None:
        """Take one reading of everything; `slowly` also of what is read less often."""
        with self._lock:
            now = time.monotonic() - self._began
            slowly = slowly or now - self._slowly_at >= SLOWLY_S
            readings: dict[str, float | None] = {"seconds": round(now, 3)}
            readings |= self._processors(now)
            if self._gpu is not None:
                readings |= {name: getattr(self._gpu, name[4:])() for name in _FAST}
                readings["gpu_memory_bytes"] = self._gpu.used_bytes()
                self._count_slowdowns()
            if slowly:
                self._slowly_at = now
                readings["cpu_mhz"] = self._sensors.mhz()
                readings["cpu_celsius"] = self._sensors.celsius()
                self._sensors.joules()
                self._count_users()
            many = len(self._series.get("seconds", ()))
            for name in readings:
                self._series.setdefault(name, [None] * many)
            for name, values in self._series.items():
                values.append(readings.get(name))

    def _tick(self) -> float:
        began = time.thread_time()
        self.look()
        took = time.thread_time() - began
        self._took += took
        return max(self._every, PATIENCE * took)

    def _processors(self, now: float) -> dict[str, float | None]:
        """Return how many cores were busy for us, for others and for other virtual machines."""
        # Own time is read before the machine's, so that none of it is missing in the sum.
        own, machine = self._kin.update(), read_machine(self._proc)
        if machine is None:
            return {}
        last = self._ticks[-1] if self._ticks else None
        self._ticks.append((now, machine, own))
        if last is None or now - last[0] < self._every / 2:
            return {}
        found = _cores(last, self._ticks[-1])
        return {name: round(max(0.0, value), 3) for name, value in found.items()}

    def _count_slowdowns(self) -> None:
        bits = self._gpu.slowdowns() if self._gpu is not None else None
        for bit, words in nvml.SLOWDOWNS.items():
            if bits is not None and int(bits) & bit:
                self._slowdowns[words] = self._slowdowns.get(words, 0) + 1

    def _count_users(self) -> None:
        """Keep the most processes of others that were seen on the GPU at once."""
        users = self._gpu.users() if self._gpu is not None else None
        if not users:
            return
        own = self._kin.pids()
        others = [user for user in users if user.pid not in own]
        # In a container the driver gives numbers that mean nothing here: one of them may be ours.
        strange = [user for user in others if not (self._proc / str(user.pid)).exists()]
        count = len(others)
        if strange and len(others) == len(users):
            count -= 1
        if count > self._users[0]:
            sizes = [user.used_bytes for user in others]
            known = count == len(others) and all(size is not None for size in sizes)
            self._users = (count, sum(size or 0 for size in sizes) if known else None)

    def _counters(self) -> dict[str, Any]:
        sensors = self._sensors
        stalled = {what: sensors.stalled_seconds(what) for what in ("cpu", "memory", "io")}
        return {
            "load": sensors.load() if self._proc.is_dir() else _load(),
            "throttled": sensors.throttled(),
            "quota": sensors.quota_seconds(),
            "stalled": stalled,
        }

    def _facts(self, series: dict[str, list[float | None]]) -> dict[str, Any]:
        first, last = self._first or self._counters(), self._last or self._counters()
        seconds = float(series.get("seconds", [0.0])[-1] or 0.0)
        stalled = {
            f"{what}_stalled_share": _share(_less(last["stalled"][what], before), seconds)
            for what, before in first["stalled"].items()
        }
        return {
            "seconds": seconds,
            "readings": len(series.get("seconds", ())),
            "watching_cores": _share(self._took, seconds),
            "allowed_cores": _allowed_cores(),
            **_time_facts(self._ticks),
            "load_before": first["load"],
            "load_after": last["load"],
            **_spread("cpu_mhz", series, "own_cores", 0.5),
            "cpu_governor": self._sensors.governor(),
            "cpu_celsius_most": _most(series.get("cpu_celsius", [])),
            "cpu_throttled": _less(last["throttled"], first["throttled"]),
            "quota_seconds": _less(last["quota"], first["quota"]),
            **stalled,
            **self._gpu_named,
            **self._gpu_series(series),
        }

    def _gpu_facts(self) -> dict[str, Any]:
        if self._gpu is None:
            return {}
        return {
            "gpu_name": self._gpu.name(),
            "gpu_driver": self._gpu.driver(),
            "gpu_watts_limit": self._gpu.watts_limit(),
        }

    def _gpu_series(self, series: dict[str, list[float | None]]) -> dict[str, Any]:
        if self._gpu is None:
            return {}
        looks = max(1, len(series.get("seconds", ())))
        shares = {words: round(many / looks, 4) for words, many in self._slowdowns.items()}
        return {
            **_spread("gpu_sm_mhz", series, "gpu_utilisation", 0.5),
            **_spread("gpu_memory_mhz", series, "gpu_utilisation", 0.5),
            **_spread("gpu_watts", series, "gpu_utilisation", 0.5),
            "gpu_celsius_most": _most(series.get("gpu_celsius", [])),
            "gpu_memory_bytes_most": _most(series.get("gpu_memory_bytes", [])),
            "gpu_slowed_share": shares,
            "gpu_other_processes": self._users[0],
            "gpu_other_bytes": self._users[1],
        }


def thinned(
    series: dict[str, list[float | None]], most: int = MOST_READINGS
) -> dict[str, list[float | None]]:
    """Return series with at most so many readings, each the mean of those in its stretch."""
    long = max((len(values) for values in series.values()), default=0)
    step = -(-long // most) if long > most else 1
    if step == 1:
        return series
    return {
        name: [_mean(values[at : at + step]) for at in range(0, len(values), step)]
        for name, values in series.items()
    }


def _gpu(device: str) -> nvml.Gpu | None:
    if device == "cpu":
        return None
    try:
        return nvml.Gpu(device)
    except nvml.Unavailable:
        return None


def _cores(
    before: tuple[float, Machine, int], after: tuple[float, Machine, int]
) -> dict[str, float]:
    """Return the cores' worth of time between two looks, of others, our own and stolen."""
    ticks = (after[0] - before[0]) * TICKS
    own = (after[2] - before[2]) / ticks
    busy = (after[1].busy - before[1].busy) / ticks
    steal = (after[1].steal - before[1].steal) / ticks
    return {"others_cores": busy - own, "own_cores": own, "steal_cores": steal}


def _time_facts(ticks: list[tuple[float, Machine, int]]) -> dict[str, Any]:
    if len(ticks) < 2 or ticks[-1][0] <= ticks[0][0]:
        return {"cores": ticks[-1][1].cores if ticks else os.cpu_count(), "others_cores": None}
    whole = {name: max(0.0, value) for name, value in _cores(ticks[0], ticks[-1]).items()}
    wanted = whole["others_cores"] + whole["own_cores"] + whole["steal_cores"]
    return {
        "cores": ticks[-1][1].cores,
        "others_cores": round(whole["others_cores"], 3),
        "others_cores_most": round(_worst(ticks), 3),
        "own_cores": round(whole["own_cores"], 3),
        "steal_share": round(whole["steal_cores"] / wanted, 4) if wanted else 0.0,
    }


def _worst(ticks: list[tuple[float, Machine, int]]) -> float:
    """Return the most cores that others took in a stretch of a second."""
    worst, start = 0.0, 0
    for end, after in enumerate(ticks):
        while start + 1 < end and after[0] - ticks[start + 1][0] >= WORST_S:
            start += 1
        if after[0] - ticks[start][0] >= WORST_S or (end == len(ticks) - 1 and start == 0 < end):
            worst = max(worst, _cores(ticks[start], after)["others_cores"])
    return worst


def _spread(
    name: str, series: dict[str, list[float | None]], busy: str, least: float
) -> dict[str, float | None]:
    """Return mean, least and most of a series while another says that work was done."""
    values = series.get(name, [])
    work = series.get(busy, [])
    found = [
        value
        for value, share in zip(values, work, strict=False)
        if value is not None and share is not None and share >= least
    ]
    return {
        name: _mean(found),
        f"{name}_least": min(found, default=None),
        f"{name}_most": max(found, default=None),
    }


def _mean(values: list[float | None] | list[float]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known), 3) if known else None


def _most(values: list[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _less(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else round(after - before, 6)


def _share(part: float | None, whole: float) -> float | None:
    return None if part is None or not whole else round(part / whole, 4)


def _allowed_cores() -> int | None:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _load() -> float | None:
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None
