from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


class Library:
    """NVIDIA's library as a program sees it: functions that fill in what they are pointed at."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers

    def __getattr__(self, name: str) -> Callable[..., int]:
        if name not in self.answers and name not in ("nvmlInit_v2", "nvmlShutdown"):
            raise AttributeError(name)
        return lambda *arguments: self._answer(name, arguments)

    def _answer(self, name: str, arguments: tuple[Any, ...]) -> int:
        answer = self.answers.get(name, 0)
        if callable(answer):
            return int(answer(*arguments))
        if isinstance(answer, bytes):
            arguments[-2].value = answer
        elif name not in ("nvmlInit_v2", "nvmlShutdown", "nvmlDeviceGetHandleByIndex_v2"):
            arguments[-1]._obj.value = answer
        return 0


@pytest.fixture
def nvml(side: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return side("nvml")


def gpu(nvml: Any, device: str = "cuda:1", **answers: Any) -> Any:
    return nvml.Gpu(device, Library(nvmlDeviceGetHandleByIndex_v2=0, **answers))


def test_numbers_come_in_the_units_that_people_use(nvml: Any) -> None:
    found = gpu(
        nvml,
        nvmlDeviceGetName=b"NVIDIA H200",
        nvmlSystemGetDriverVersion=b"575.57.08",
        nvmlDeviceGetClockInfo=1980,
        nvmlDeviceGetPowerUsage=412_345,
        nvmlDeviceGetEnforcedPowerLimit=700_000,
        nvmlDeviceGetTemperature=51,
        nvmlDeviceGetTotalEnergyConsumption=5_000_000_123,
        nvmlDeviceGetCurrentClocksThrottleReasons=0x24,
    )
    assert (found.name(), found.driver()) == ("NVIDIA H200", "575.57.08")
    assert (found.sm_mhz(), found.memory_mhz(), found.celsius()) == (1980, 1980, 51)
    assert (found.watts(), found.watts_limit()) == (412.345, 700)
    assert found.joules() == 5_000_000.123
    assert [words for bit, words in nvml.SLOWDOWNS.items() if found.slowdowns() & bit] == [
        "its power limit",
        "heat (software)",
    ]


def test_what_a_driver_does_not_tell_is_none(nvml: Any) -> None:
    found = gpu(nvml, nvmlDeviceGetPowerUsage=lambda *_: 3)
    assert [found.watts(), found.joules(), found.name(), found.users(), found.used_bytes()] == [
        None
    ] * 5


def test_memory_and_utilisation_are_read_from_their_structures(nvml: Any) -> None:
    def memory(_handle: Any, found: Any) -> int:
        found._obj.used = 7 << 30
        return 0

    def rates(_handle: Any, found: Any) -> int:
        found._obj.gpu = 85
        return 0

    found = gpu(nvml, nvmlDeviceGetMemoryInfo=memory, nvmlDeviceGetUtilizationRates=rates)
    assert (found.used_bytes(), found.utilisation()) == (7 << 30, 0.85)


def test_more_processes_than_there_was_room_for_are_asked_for_again(nvml: Any) -> None:
    def processes(_handle: Any, count: Any, rows: Any) -> int:
        room, count._obj.value = count._obj.value, 40
        if room < 40:
            return 7
        for number in range(40):
            rows[number].pid = 100 + number
            rows[number].used_bytes = (1 << 64) - 1 if number else 1 << 20
        return 0

    users = gpu(nvml, nvmlDeviceGetComputeRunningProcesses_v3=processes).users()
    assert len(users) == 40
    assert users[:2] == ((100, 1 << 20), (101, None))


@pytest.mark.parametrize(
    ("device", "shown", "expected"),
    [
        ("cuda", "", "0"),
        ("cuda:2", "", "2"),
        ("cuda", "3,1", "3"),
        ("cuda:1", "3, GPU-abc", "GPU-abc"),
        ("MIG-1", "3", "MIG-1"),
    ],
)
def test_a_device_is_the_one_that_cuda_shows(
    nvml: Any, device: str, shown: str, expected: str
) -> None:
    assert nvml.visible(device, {"CUDA_VISIBLE_DEVICES": shown}) == expected


def test_a_driver_that_cannot_be_started_is_said(nvml: Any) -> None:
    with pytest.raises(nvml.Unavailable, match="could not be started"):
        nvml.Gpu("cuda", Library(nvmlInit_v2=lambda: 9))
    with pytest.raises(nvml.Unavailable, match="no GPU 5"):
        nvml.Gpu("cuda:5", Library(nvmlDeviceGetHandleByIndex_v2=lambda *_: 2))
