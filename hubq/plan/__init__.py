"""Plans: a recipe and a source turned into stages and their order. Pure and printable."""

from hubq.plan.context import Context
from hubq.plan.naming import (
    calibration_of,
    environments,
    quantize_environment,
    repo_names,
    stage_environment,
)
from hubq.plan.planner import (
    ALPHA,
    ORDER,
    PROBES,
    PUSH,
    REPORT,
    VERIFY,
    make_plan,
    resolve_stage,
    targets,
    until,
)
from hubq.plan.snippets import snippet_ids
from hubq.plan.speed import sittings_told

__all__ = [
    "ALPHA",
    "ORDER",
    "PROBES",
    "PUSH",
    "REPORT",
    "VERIFY",
    "Context",
    "calibration_of",
    "environments",
    "make_plan",
    "quantize_environment",
    "repo_names",
    "resolve_stage",
    "sittings_told",
    "snippet_ids",
    "stage_environment",
    "targets",
    "until",
]
