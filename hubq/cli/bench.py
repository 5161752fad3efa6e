"""`hubq bench`: speed and memory."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click
import msgspec

from hubq.bench.comparing import On, compare
from hubq.cli import output
from hubq.cli.bench_options import (
    limit_option,
    memory_limit_option,
    on_option,
    price_option,
    variant_option,
)
from hubq.cli.bench_text import costs_of, print_run
from hubq.cli.comparison_text import print_comparison
from hubq.cli.options import format_option, release_options, runs_dir_option
from hubq.cli.running import run, say_outcome
from hubq.errors import BadInput
from hubq.model.stage import Kind
from hubq.model.workload import Price
from hubq.release.benching import find_pair, find_run, of_release
from hubq.release.options import Options
from hubq.release.run import Report
from hubq.release.session import Session


@click.group()
def bench() -> None:
    """Measure speed and memory, and compare runs."""


@bench.command("run")
@release_options
@format_option
def bench_run(options: Options, format_: str) -> None:
    """Measure SOURCE and its variants on the recipe's workloads, taking turns."""
    run(options, [Kind.BENCH], yes=True, format_=format_, show=_show)


def _show(session: Session, report: Report, format_: str) -> None:
    """Print what came of the measuring, or the report of the run as JSON."""
    if format_ == "json":
        output.data(report)
        return
    say_outcome(report)
    # Where nothing could be measured, the reasons have just been said.
    with contextlib.suppress(BadInput):
        found = of_release(session.store.root, session.name)
        print_run(found, found.price)


@bench.command("show")
@click.argument("name", required=False, metavar="[RUN]")
@variant_option
@price_option
@runs_dir_option
@format_option
def bench_show(
    name: str | None, variants: tuple[str, ...], price: Price | None, runs_dir: Path, format_: str
) -> None:
    """Print the speed and memory that RUN has measured  [default: the only release].

    RUN is a release's name, RUNS_DIR:NAME, or a folder or file of a run. What --format json prints
    is all that hubq bench compare needs of a run: keep it as a file.
    """
    found = find_run(name, runs_dir, variants)
    known = price or found.price
    if format_ == "json":
        kept = msgspec.to_builtins(msgspec.structs.replace(found, price=known))
        output.data({**kept, "costs": costs_of(found, known)})
    else:
        print_run(found, known)


@bench.command("compare")
@click.argument("old", metavar="RUN")
@click.argument("new", metavar="RUN")
@limit_option
@memory_limit_option
@on_option
@variant_option
@runs_dir_option
@format_option
def bench_compare(
    old: str,
    new: str,
    *,
    limit: float,
    memory_limit: float,
    on: On,
    variants: tuple[str, ...],
    runs_dir: Path,
    format_: str,
) -> None:
    """Say what changed from the first RUN to the second, beyond noise.

    RUN is a release's name, RUNS_DIR:NAME, or a folder or file of a run, such as hubq bench show
    --format json writes. The exit code is 1 when a cell is slower by more than the limit and beyond
    noise, cannot be measured any more, or takes more memory than its limit.
    """
    pair = find_pair(old, new, runs_dir, variants)
    found = compare(*pair, limit=limit, memory_limit=memory_limit, on=on)
    if format_ == "json":
        output.data(found)
    else:
        print_comparison(found)
    if found.beyond:
        raise click.exceptions.Exit(1)
