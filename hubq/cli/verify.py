"""`hubq verify`: whether a published variant is what its card says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import msgspec

from hubq.attest.trust import Trust
from hubq.cli import output
from hubq.cli.options import format_option, interpreters_of, runs_dir_option
from hubq.cli.progress import narrating, watching
from hubq.model.finding import Finding
from hubq.release.endpoint import Endpoint
from hubq.release.options import Options
from hubq.release.rerunning import Rerun, describe, rerun
from hubq.verify.place import open_place
from hubq.verify.verification import Verification
from hubq.verify.verification import verify as check

_MARKS = {"ok": "ok", "failed": "FAILED", "skipped": "skipped"}
_MOST = 6
"""How many findings of a rule are shown to people; as JSON there are all."""

_RERUN_OPTIONS = [
    click.option(
        "--rerun",
        "count",
        type=click.IntRange(min=1),
        help="Evaluate this many questions again, and say whether they agree.",
    ),
    click.option("--seed", type=int, default=0, show_default=True, help="Of --rerun's draw."),
    click.option(
        "--data-dir",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        envvar="HUBQ_DATA_DIR",
        help="Where evaluation files are, for --rerun.",
    ),
    click.option(
        "--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True
    ),
    click.option(
        "--interpreter",
        "interpreters",
        multiple=True,
        metavar="ENV=PYTHON",
        help="Use a Python of your own for --rerun; may be repeated.",
    ),
    click.option("--offline", is_flag=True, help="Fetch no evaluation files for --rerun."),
]
_TRUST_OPTIONS = [
    click.option(
        "--key",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="The public key that must have signed the release.",
    ),
    click.option("--identity", default="", help="Who must have signed it, by Sigstore."),
    click.option("--issuer", default="", help="Who vouches for that identity."),
    click.option(
        "--trust-config",
        "root",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="A Sigstore trust configuration  [default: its public instance]",
    ),
]


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed([*_TRUST_OPTIONS, *_RERUN_OPTIONS]):
        command = option(command)
    return command


@click.command()
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
@click.option("--hub", help="A Hub's address, or 'local' for an embedded one in the runs folder.")
@runs_dir_option
@click.option("--deep", is_flag=True, help="Fetch and hash the weights, too.")
@click.option("--no-siblings", is_flag=True, help="Leave the family's other repos alone.")
@click.option("--no-source", is_flag=True, help="Leave the source model alone.")
@_options
@format_option
def verify(targets: tuple[str, ...], format_: str, **given: Any) -> None:
    """Check published variants against the evidence that lies beside their weights.

    TARGET is a repo (org/name or org/name@revision) or a folder with a repo's files. Every number
    on the card is worked out again from the samples; hashes, keys, locks, siblings and the source
    are compared. docs/verify.md says what that proves, and what it does not.
    """
    trust = Trust(**{name: given.pop(name) for name in ("key", "identity", "issuer", "root")})
    endpoint = Endpoint(given["hub"], given["runs_dir"])
    try:
        found = [_verified(target, endpoint, trust, given) for target in targets]
    finally:
        endpoint.close()
    again = [_rerun(target, given) for target in targets] if given["count"] else []
    _show(found, again, format_)
    if not all(one.good for one in found) or not all(one.agrees for one in again):
        raise click.exceptions.Exit(1)


def _verified(target: str, endpoint: Endpoint, trust: Trust, given: dict[str, Any]) -> Verification:
    """Check one target."""
    with narrating(f"verify {target}") as tell:
        place = open_place(target, lambda: endpoint.hub)
        look = not (given["no_siblings"] and given["no_source"])
        return check(
            place,
            hub=endpoint.hub if look else None,
            deep=given["deep"],
            siblings=not given["no_siblings"],
            source=not given["no_source"],
            trust=trust,
            tell=tell,
        )


def _rerun(target: str, given: dict[str, Any]) -> Rerun:
    """Evaluate part of one target again."""
    options = Options(
        source=target,
        hub=given["hub"],
        runs_dir=given["runs_dir"],
        data_dir=given["data_dir"],
        device=given["device"],
        interpreters=interpreters_of(given["interpreters"]),
        offline=given["offline"],
    )
    return rerun(options, given["count"], watching, output.say, seed=given["seed"])


def _show(found: list[Verification], again: list[Rerun], format_: str) -> None:
    if format_ == "json":
        told = {"schema": 1, "verified": msgspec.to_builtins(found)}
        output.data({**told, **({"rerun": msgspec.to_builtins(again)} if again else {})})
        return
    for one in found:
        _tell(one)
    for another in again:
        for line in describe(another):
            output.text(line)


def _tell(found: Verification) -> None:
    """Print what was checked in one place, and what is wrong."""
    rows = [[check.name, _MARKS[check.state], check.said] for check in found.checks]
    output.table(["check", "", f"seen in {found.target}"], rows)
    wrong = [one for one in found.findings if one.severity == "error"]
    doubts = [one for one in found.findings if one.severity == "warning"]
    remarks = [one for one in found.findings if one.severity == "info"]
    if not found.good:
        remarks = []
    for title, findings in (("wrong", wrong), ("doubtful", doubts), ("worth knowing", remarks)):
        _list(title, findings)
    output.text("")
    output.text(_verdict(found, len(wrong)))


def _list(title: str, findings: list[Finding]) -> None:
    """Print findings, of each rule the first few."""
    if findings:
        output.text("")
        output.text(f"{title}:")
    counts: Counter[str] = Counter()
    for finding in findings:
        counts[finding.rule] += 1
        if counts[finding.rule] <= _MOST:
            output.text(f"  {finding}")
            if finding.remedy:
                output.text(f"    {finding.remedy}")
    left = {rule: count - _MOST for rule, count in counts.items() if count > _MOST}
    for rule, count in left.items():
        output.text(f"  ... and {count} more [{rule}]: --format json has all of them")


def _verdict(found: Verification, wrong: int) -> str:
    """Return what came of it, in one line."""
    if wrong:
        things = "thing is" if wrong == 1 else "things are"
        return f"{found.target}: {wrong} {things} not as the card says"
    return (
        f"{found.target}: good; {found.claims:,} claims on the card, "
        f"{found.recomputed:,} numbers worked out again from {found.samples:,} samples"
    )
