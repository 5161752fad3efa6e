"""Printing a plan: stages, what is there, what will run, disk, and where the repos go."""

from __future__ import annotations

from collections.abc import Iterable

from hubq.cli import output
from hubq.model.stage import Kind
from hubq.release.options import Options
from hubq.release.session import Session, describe
from hubq.units import human_size


def print_plan(options: Options, kinds: Iterable[Kind], format_: str) -> None:
    """Print what a release would do; nothing is started and nothing is written."""
    with Session(options, kinds, output.say) as session:
        stages = describe(session.plan, session.plan.keys(), session.store)
        facts = {
            "source": session.source.label,
            "recipe": session.loaded.origin,
            "device": session.machine.device,
            "hub": session.endpoint.name,
            "repos": session.plan.repos,
            "disk_needed_bytes": session.needs_disk(),
            "environments": session.context.environments,
        }
        if format_ == "json":
            output.data({**facts, "stages": stages})
            return
        rows = [[s["stage"], s["key"][:12], s["state"]] for s in stages]
        output.table(["stage", "key", "state"], rows)
        output.text("")
        repos = "".join(f"\n  {name}: {repo}" for name, repo in session.plan.repos.items())
        to_run = sum(stage["state"] != "cached" for stage in stages)
        output.facts(
            {
                "source": facts["source"],
                "recipe": facts["recipe"],
                "device": facts["device"],
                "stages": f"{len(stages)}, {to_run} to run",
                "disk needed": human_size(session.needs_disk()),
                "repos": f"on {session.endpoint.name}{repos}",
            }
        )
