"""Printing a plan: stages, what is there, what will run, disk, and where the repos go."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from hubq.cli import output
from hubq.model.stage import Kind
from hubq.plan import sittings_told
from hubq.quantize import capacity, footprint, tensor_parallel
from hubq.release.options import Options
from hubq.release.session import Session, describe
from hubq.units import human_size


def print_plan(options: Options, kinds: Iterable[Kind], format_: str) -> None:
    """Print what a release would do; nothing is started and nothing is written."""
    with Session(options, kinds, output.say, fetch=False) as session:
        stages = describe(session.plan, session.plan.keys(), session.store)
        if format_ == "json":
            output.data({**_facts(session), "stages": stages})
            return
        output.table(
            ["stage", "key", "state"], [[s["stage"], s["key"][:12], s["state"]] for s in stages]
        )
        output.text("")
        _print_costs(session)
        turns = "".join(f"\n  {name}: {told}" for name, told in _sittings(session).items())
        repos = "".join(f"\n  {name}: {repo}" for name, repo in session.plan.repos.items())
        to_run = sum(stage["state"] != "cached" for stage in stages)
        output.facts(
            {
                "source": session.source.label,
                "recipe": session.loaded.origin,
                "device": session.machine.device,
                "stages": f"{len(stages)}, {to_run} to run",
                "disk needed": human_size(session.needs_disk()),
                **({"timed": turns} if turns else {}),
                "repos": f"on {session.endpoint.name}{repos}",
            }
        )


def _facts(session: Session) -> dict[str, Any]:
    """Return a plan's facts but for its stages, for machines."""
    return {
        "source": session.source.label,
        "recipe": session.loaded.origin,
        "device": session.machine.device,
        "hub": session.endpoint.name,
        "repos": session.plan.repos,
        "disk_needed_bytes": session.needs_disk(),
        "environments": session.context.environments,
        "sittings": _sittings(session),
        "estimates": msgspec.to_builtins(session.estimates()),
        "tensor_parallel": msgspec.to_builtins(session.splits()),
        "infeasible": [
            {"variant": name, "engine": engine, "reason": reason}
            for (name, engine), reason in session.refusals().items()
        ],
    }


def _sittings(session: Session) -> dict[str, str]:
    return sittings_told(session.plan, session.loaded, session.context)


def _print_costs(session: Session) -> None:
    """Print what each variant takes, over how many GPUs it splits, and what cannot be done here."""
    estimates = session.estimates()
    if estimates:
        output.table(footprint.HEADINGS, footprint.table(estimates))
        output.text("")
        output.text("splits over GPUs (vLLM's --tensor-parallel-size)")
        alike: dict[str, list[str]] = {}
        for name, row in session.splits().items():
            alike.setdefault(tensor_parallel.summary(row), []).append(name)
        for said, names in alike.items():
            output.text(f"  {', '.join(names)}: {said}")
        output.text("")
    for (name, engine), reason in session.refusals().items():
        output.say(f"infeasible: {name} in {engine}: {reason}")
    for remark in session.remarks():
        output.say(f"note: {remark}")
    there = capacity.available(session.options.runs_dir, session.machine.hardware.gpus)
    for one in estimates:
        for warning in capacity.warnings(one, there):
            output.say(f"warning: {warning}")
