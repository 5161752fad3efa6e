"""The machine a release runs on: its device, its environments, and what speed depends on."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path

from hubq.errors import BadInput
from hubq.model.codec import digest
from hubq.model.environment import Device, EnvironmentStack, Hardware
from hubq.release.options import Options
from hubq.workers.describe import describe_hardware
from hubq.workers.environments import Environment, EnvironmentStore
from hubq.workers.specs import spec_for


class Machine:
    """What a release needs to know of its machine.

    Args:
        options: the device wanted and the interpreters that the person named.

    Raises:
        BadInput: a GPU is wanted and there is none.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.environments = EnvironmentStore()
        self._ready: dict[str, Environment] = {}

    @functools.cached_property
    def hardware(self) -> Hardware:
        """The machine as it is now."""
        return describe_hardware(Path(sys.executable))

    @functools.cached_property
    def device(self) -> Device:
        """Where models run: `cuda` when there is a GPU and none other was asked for."""
        if self.options.device == "cpu":
            return "cpu"
        if self.hardware.gpus:
            return "cuda"
        if self.options.device == "cuda":
            raise BadInput(
                "--device cuda: no GPU was found", remedy="See what the driver says: nvidia-smi"
            )
        return "cpu"

    @functools.cached_property
    def digest(self) -> str:
        """What a speed measurement depends on: processor, cores, GPUs and driver."""
        hardware = self.hardware
        driver = hardware.driver if self.gpus else ""
        return digest([hardware.cpu, hardware.threads, self.gpus, driver])

    @property
    def gpus(self) -> tuple[str, ...]:
        """The names of the GPUs in use, in the driver's order."""
        return tuple(gpu.name for gpu in self.hardware.gpus) if self.device == "cuda" else ()

    @property
    def capability(self) -> str:
        """The first GPU's compute capability, `9.0`; empty without one."""
        return self.hardware.gpus[0].capability if self.gpus else ""

    @property
    def cpu_slots(self) -> int:
        """How many CPU stages run side by side."""
        return self.options.slots or len(os.sched_getaffinity(0))

    def environment_digest(self, name: str) -> str:
        """Return the digest of an environment, built or not."""
        if name in self.options.interpreters:
            return self._external(name).digest
        return self.environments.digest(spec_for(name, self.device))

    def environment(self, name: str, progress: Callable[[str], None]) -> Environment:
        """Return an environment, building it when it is not there.

        Raises:
            EnvironmentProblem: it cannot be built.
        """
        if name not in self._ready:
            if name in self.options.interpreters:
                self._ready[name] = self._external(name)
            else:
                spec = spec_for(name, self.device)
                self._ready[name] = self.environments.build(
                    spec, offline=self.options.offline, progress=progress
                )
        return self._ready[name]

    @functools.cache  # noqa: B019 - a machine lives as long as its command
    def stack(self, name: str) -> EnvironmentStack:
        """Return the exact description of an environment that is ready."""
        return self.environments.describe(self._ready[name])

    @functools.cache  # noqa: B019 - a machine lives as long as its command
    def _external(self, name: str) -> Environment:
        variables = spec_for(name, self.device).variables
        return self.environments.external(
            Path(self.options.interpreters[name]),
            name=name,
            device=self.device,
            variables=variables,
        )
