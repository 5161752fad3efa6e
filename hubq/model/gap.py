"""Gaps: why a stage of a release has no result."""

from __future__ import annotations

import msgspec

from hubq.model.card import CellState
from hubq.secrets import redact


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the place of a result that is not there.

    Attributes:
        state: as it will stand in the cells of tables.
        reason: one line for people.
        because: the stage whose gap caused this one; empty when the stage itself failed.
        refused: true when a guard refused what the stage made.
        exit_code: what the program ends with when this gap remains.
        phase: what the worker was doing when it ended: `load`, `quantize`.
        log: where the worker's log is, for people; neither it nor what follows is part of a key.
        log_tail: the log's last lines.
    """

    state: CellState
    reason: str
    because: str = ""
    refused: bool = False
    exit_code: int = 1
    phase: str = ""
    log: str = ""
    log_tail: str = ""

    def redacted(self) -> Gap:
        """Return the same gap without secrets: what a worker or a hub said may hold some."""
        said = {name: redact(getattr(self, name)) for name in ("reason", "phase", "log_tail")}
        return msgspec.structs.replace(self, **said)
