from __future__ import annotations

from hubq.model.card import CellState
from hubq.model.gap import Gap

TOKEN = "hf_" + "aB3" * 12


def test_a_gap_can_be_rid_of_secrets() -> None:
    gap = Gap(
        state=CellState.FAILED,
        reason=f"refused {TOKEN}",
        phase=f"sending {TOKEN}",
        log="/runs/log.txt",
        log_tail=f"a\n{TOKEN}\nb",
        exit_code=4,
    ).redacted()
    assert (gap.reason, gap.phase) == ("refused hf***", "sending hf***")
    assert gap.log_tail == "a\nhf***\nb"
    assert (gap.state, gap.log, gap.exit_code) == (CellState.FAILED, "/runs/log.txt", 4)
