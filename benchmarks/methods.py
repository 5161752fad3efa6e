"""The table of docs/methods.md, from the results of a release of every method.

    cp -r examples/nano-qwen2-vl/model nano-qwen2-vl
    hubq release ./nano-qwen2-vl --recipe nano-methods --hub local --allow-gaps --yes
    python benchmarks/methods.py hubq-runs nano-qwen2-vl > table.md

With `--update` the part of docs/methods.md between its two marks is replaced.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from hubq.model.gap import Gap
from hubq.model.result import Measure, Result
from hubq.model.stage import Kind, Stage
from hubq.release.session import Release
from hubq.store import Store

BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "methods.md"
HEAD = (
    *("Variant", "Backend", "Method", "Bits", "Group", "Time (s)", "Peak (MB)", "Size (MB)"),
    *("KL (nats/token)", "Top-1 (%)"),
)


class Table:
    """The table of one release.

    Args:
        runs: the runs folder.
        name: of the release.
    """

    def __init__(self, runs: Path, name: str) -> None:
        self.store = Store(runs)
        self.release = msgspec.json.decode(self.store.index(name).read_bytes(), type=Release)
        scores = [s for s in self.release.plan.stages if s.kind is Kind.SCORE]
        self.tasks = list(dict.fromkeys(stage.task for stage in scores))

    def lines(self) -> Iterator[str]:
        """Yield the table's lines, the baseline first."""
        head = [*HEAD, *(task.partition("_")[0] for task in self.tasks), "transformers", "vLLM"]
        yield f"| {' | '.join(head)} |"
        yield f"|:--|:--|:--|{'--:|' * (len(head) - 5)}:--|:--|"
        blank = ["–"] * (len(HEAD) - 1)
        yield self._line(["BF16", *blank, *self._scores("BF16"), "–", "–"])
        reasons = []
        for stage in self.release.plan.stages:
            if stage.kind is Kind.QUANTIZE:
                yield self._line(self._row(stage))
                reasons += self._reasons(stage.variant)
        yield ""
        yield from dict.fromkeys(reasons)

    def _row(self, stage: Stage) -> list[str]:
        name, settings = stage.variant, stage.settings
        group = settings["group_size"] if settings["group_size"] > 0 else "channel"
        extra = ", act-order" if settings["desc_act"] else ""
        row = [name, stage.backend, settings["method"] + extra, settings["bits"], group]
        made = self._result(stage.id)
        given = self._result(f"certify/{name}")
        if made is None:
            state = self._gap(stage.id)
            row += [state, *["–"] * (len(HEAD) - 6), *["–"] * len(self.tasks), "–", "–"]
            return [str(cell) for cell in row]
        row += [
            f"{made.measure('seconds').value:.1f}",
            f"{made.measure('peak_resident_bytes').value / 1e6:.0f}",
            f"{made.measure('size_bytes').value / 1e6:.2f}",
            _with_interval(given.measure("kl"), "{:.4f}") if given else "–",
            f"{100 * given.measure('top1_agreement').value:.1f}" if given else "–",
            *self._scores(name),
            _kernels(given) if given else self._gap(f"certify/{name}"),
            self._engine(name),
        ]
        return [str(cell) for cell in row]

    def _scores(self, name: str) -> list[str]:
        found = [self._result(f"score/{name}/{task}") for task in self.tasks]
        return [f"{100 * r.measure('score').value:.1f}" if r else "–" for r in found]

    def _engine(self, name: str) -> str:
        result = self._result(f"certify/{name}/vllm")
        if result is None:
            return self._gap(f"certify/{name}/vllm")
        return "yes" if result.facts["state"] == "loads" else str(result.facts["state"])

    def _reasons(self, name: str) -> list[str]:
        made, served = (self.release.gaps.get(f"{k}/{name}") for k in ("quantize", "certify"))
        said = [f"- {name}: {gap.state.value}: {gap.reason}" for gap in (made, served) if gap]
        engine = self._result(f"certify/{name}/vllm")
        if engine is not None and engine.facts["state"] != "loads":
            said.append(f"- {name} in vLLM: {engine.facts['reason']}")
        return said

    def _result(self, stage: str) -> Result | None:
        key = self.release.keys.get(stage, "")
        return self.store.load(key) if key and self.store.has(key) else None

    def _gap(self, stage: str) -> str:
        gap: Gap | None = self.release.gaps.get(stage)
        return gap.state.value if gap else "–"

    @staticmethod
    def _line(cells: list[str]) -> str:
        return f"| {' | '.join(cells)} |"


def _with_interval(measure: Measure, form: str) -> str:
    text = form.format(measure.value)
    if measure.low is None or measure.high is None:
        return text
    return f"{text} ({form.format(measure.low)}–{form.format(measure.high)})"


def _kernels(given: Result) -> str:
    kernels = given.facts.get("kernels", {})
    packed = [name for name in kernels if name != "Linear"]
    return ", ".join(packed) or "yes"


def main() -> None:
    """Print the table, or put it into the document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path)
    parser.add_argument("name")
    parser.add_argument("--update", action="store_true")
    chosen = parser.parse_args()
    text = "\n".join(Table(chosen.runs, chosen.name).lines())
    if not chosen.update:
        sys.stdout.write(text + "\n")
        return
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    DOCUMENT.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
