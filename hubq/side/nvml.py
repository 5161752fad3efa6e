"""What NVIDIA's driver tells of a GPU, read from its own library (libnvidia-ml) without packages.

Every reading is None where the GPU, its driver or a virtual slice of it does not tell.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

LIBRARY = "libnvidia-ml.so.1"
_SM, _MEMORY = 1, 2  # nvmlClockType_t
_CELSIUS = 0  # nvmlTemperatureSensors_t: the GPU's own
_TEXT_BYTES = 96
_NO_ROOM = 7  # nvmlReturn_t: NVML_ERROR_INSUFFICIENT_SIZE
_UNKNOWN_BYTES = (1 << 64) - 1
#: Why clocks are lower than asked for, and is no setting: bit of nvmlClocksEventReasons -> words.
SLOWDOWNS = {
    0x04: "its power limit",
    0x08: "a hardware slowdown",
    0x20: "heat (software)",
    0x40: "heat (hardware)",
    0x80: "the power supply's brake",
}


class Unavailable(Exception):  # noqa: N818 - reads as a sentence where it is raised
    """There is no driver, no GPU of that name, or it refuses to be read."""


class User(NamedTuple):
    """A process that holds a GPU, and the memory it holds in bytes where that is known."""

    pid: int
    used_bytes: int | None


class _Utilization(ctypes.Structure):
    _fields_ = (("gpu", ctypes.c_uint), ("memory", ctypes.c_uint))


class _Memory(ctypes.Structure):
    _fields_ = (
        ("total", ctypes.c_ulonglong),
        ("free", ctypes.c_ulonglong),
        ("used", ctypes.c_ulonglong),
    )


class _Process(ctypes.Structure):
    _fields_ = (
        ("pid", ctypes.c_uint),
        ("used_bytes", ctypes.c_ulonglong),
        ("gpu_instance", ctypes.c_uint),
        ("compute_instance", ctypes.c_uint),
    )


class Gpu:
    """A GPU as the driver has it."""

    def __init__(self, device: str, library: Any | None = None) -> None:
        """Find a GPU.

        Args:
            device: `cuda`, `cuda:1`, or a GPU's own name, `GPU-...` or `MIG-...`.
            library: the driver's; by default the one that is installed.

        Raises:
            Unavailable: there is none.
        """
        try:
            self._library = library or ctypes.CDLL(LIBRARY)
        except OSError as error:
            raise Unavailable(str(error)) from None
        if self._call("nvmlInit_v2") is None:
            raise Unavailable("the driver's library could not be started")
        self._handle = ctypes.c_void_p()
        which = visible(device, os.environ)
        asked: tuple[str, Any]
        if which.isdigit():
            asked = ("nvmlDeviceGetHandleByIndex_v2", ctypes.c_uint(int(which)))
        else:
            asked = ("nvmlDeviceGetHandleByUUID", ctypes.c_char_p(which.encode()))
        if self._call(*asked, ctypes.byref(self._handle)) is None:
            raise Unavailable(f"no GPU {which}")

    def close(self) -> None:
        """Let the driver's library go."""
        self._call("nvmlShutdown")

    def name(self) -> str | None:
        """Return what the GPU is called."""
        return self._text("nvmlDeviceGetName", self._handle)

    def driver(self) -> str | None:
        """Return the driver's version."""
        return self._text("nvmlSystemGetDriverVersion")

    def sm_mhz(self) -> int | None:
        """Return the clock of the multiprocessors, in MHz."""
        return self._number("nvmlDeviceGetClockInfo", ctypes.c_uint, ctypes.c_uint(_SM))

    def memory_mhz(self) -> int | None:
        """Return the clock of the memory, in MHz."""
        return self._number("nvmlDeviceGetClockInfo", ctypes.c_uint, ctypes.c_uint(_MEMORY))

    def watts(self) -> float | None:
        """Return the power that the board draws, in W."""
        found = self._number("nvmlDeviceGetPowerUsage", ctypes.c_uint)
        return None if found is None else found / 1000

    def watts_limit(self) -> float | None:
        """Return the power that the board may draw, in W."""
        found = self._number("nvmlDeviceGetEnforcedPowerLimit", ctypes.c_uint)
        return None if found is None else found / 1000

    def celsius(self) -> int | None:
        """Return the GPU's temperature, in degrees Celsius."""
        sensor = ctypes.c_uint(_CELSIUS)
        return self._number("nvmlDeviceGetTemperature", ctypes.c_uint, sensor)

    def joules(self) -> float | None:
        """Return the energy that the board took since the driver was loaded, in J."""
        found = self._number("nvmlDeviceGetTotalEnergyConsumption", ctypes.c_ulonglong)
        return None if found is None else found / 1000

    def slowdowns(self) -> int | None:
        """Return why clocks are lower than asked for, as bits; those of `SLOWDOWNS` matter."""
        return self._number("nvmlDeviceGetCurrentClocksThrottleReasons", ctypes.c_ulonglong)

    def utilisation(self) -> float | None:
        """Return the share of the driver's last interval in which a kernel ran, from 0 to 1."""
        found = _Utilization()
        if self._call("nvmlDeviceGetUtilizationRates", self._handle, ctypes.byref(found)) is None:
            return None
        return int(found.gpu) / 100

    def used_bytes(self) -> int | None:
        """Return the memory in use by all processes and the driver, in bytes."""
        found = _Memory()
        if self._call("nvmlDeviceGetMemoryInfo", self._handle, ctypes.byref(found)) is None:
            return None
        return int(found.used)

    def users(self) -> tuple[User, ...] | None:
        """Return the processes that compute on the GPU, by the driver's numbers for them."""
        room = 32
        while True:
            count, found = ctypes.c_uint(room), (_Process * room)()
            done = self._status(
                "nvmlDeviceGetComputeRunningProcesses_v3",
                self._handle,
                ctypes.byref(count),
                found,
            )
            if done == 0:
                return tuple(_user(one) for one in found[: count.value])
            if done != _NO_ROOM:
                return None
            room = max(2 * room, count.value)

    def _number(self, name: str, kind: Callable[[], Any], *arguments: Any) -> int | None:
        found = kind()
        if self._call(name, self._handle, *arguments, ctypes.byref(found)) is None:
            return None
        return int(found.value)

    def _text(self, name: str, *arguments: Any) -> str | None:
        room = ctypes.create_string_buffer(_TEXT_BYTES)
        if self._call(name, *arguments, room, ctypes.c_uint(_TEXT_BYTES)) is None:
            return None
        return room.value.decode(errors="replace")

    def _call(self, name: str, *arguments: Any) -> bool | None:
        """Call a function of the library; none when it is not there or fails."""
        return True if self._status(name, *arguments) == 0 else None

    def _status(self, name: str, *arguments: Any) -> int:
        function = getattr(self._library, name, None)
        return -1 if function is None else int(function(*arguments))


def visible(device: str, environment: Mapping[str, str]) -> str:
    """Return the driver's number or name of a device, by what CUDA_VISIBLE_DEVICES leaves over."""
    if not device.startswith("cuda"):
        return device
    number = int(device.partition(":")[2] or 0)
    shown = [one.strip() for one in environment.get("CUDA_VISIBLE_DEVICES", "").split(",")]
    return shown[number] if number < len(shown) and shown[number] else str(number)


def _user(process: Any) -> User:
    used = int(process.used_bytes)
    return User(int(process.pid), None if used == _UNKNOWN_BYTES else used)
