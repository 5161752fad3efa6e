"""What a sitting was asked to measure: each workload, and each step of a server's load."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from hubq.model.workload import Load, ServingWorkload, Workload


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of `bench.json`: a workload of plain generation, or one step of a server's load.

    Attributes:
        workload: what is generated.
        load: how requests come; none for plain generation.
        load_spread: how far loading a model afresh moves its speed, see
            `hubq.model.workload.Rounds`.
    """

    workload: Workload | ServingWorkload
    load: Load | None = None
    load_spread: float = 0.0

    @property
    def step(self) -> str:
        """The name of the load's step; empty for plain generation."""
        return "" if self.load is None else self.load.step

    @property
    def place(self) -> str:
        """What comes after a measure's name: `WORKLOAD`, or `WORKLOAD/STEP`."""
        return f"{self.workload.name}/{self.step}" if self.step else self.workload.name

    def document(self) -> dict[str, Any]:
        """Return it as `bench.json` has it: the workload and its load, without their names."""
        told: dict[str, Any] = msgspec.to_builtins(self.workload)
        kept = {name: told[name] for name in told if name not in ("name", "loads")}
        return kept | (msgspec.to_builtins(self.load) if self.load is not None else {})


def asked_of(settings: Mapping[str, Any]) -> tuple[Asked, ...]:
    """Return what the settings of a sitting's stage ask for.

    Raises:
        msgspec.ValidationError: they are not those of a sitting.
    """
    plain = msgspec.convert(settings.get("workloads", ()), tuple[Workload, ...])
    serving = msgspec.convert(settings.get("serving", ()), tuple[ServingWorkload, ...])
    # Sittings of before it was thought of took it to be nothing.
    spread = float(settings.get("rounds", {}).get("load_spread", 0.0))
    return (
        *(Asked(workload=one, load_spread=spread) for one in plain),
        *(
            Asked(workload=one, load=load, load_spread=spread)
            for one in serving
            for load in one.loads
        ),
    )
