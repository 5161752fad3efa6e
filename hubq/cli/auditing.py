"""What `hubq audit` does: settings, the sweep, reports, and how it ends."""

from __future__ import annotations

import sys
import time
from contextlib import nullcontext
from pathlib import Path
from shutil import get_terminal_size

import click
import msgspec

from hubq.audit.baseline import read_baseline, write_baseline
from hubq.audit.cache import Cache
from hubq.audit.expanding import items_of
from hubq.audit.fixing import Fix
from hubq.audit.formats import terminal
from hubq.audit.formats.registry import FORMATS
from hubq.audit.library import Library
from hubq.audit.rule import all_rules
from hubq.audit.settings import Settings, failing, find_settings, read_settings, rule_named
from hubq.audit.subject import Subject
from hubq.audit.sweep import Item, Sweep, Swept
from hubq.audit.targets import targets_of
from hubq.audit.web import Links
from hubq.cli import output
from hubq.cli.fixing import mend, show, wanted
from hubq.cli.progress import narrating
from hubq.errors import BadInput, UserError
from hubq.hub.proxies import proxy_for
from hubq.hub.publication.telling import Tell
from hubq.model.audit import Audited, Report
from hubq.release.endpoint import DEFAULT_ENDPOINT, Endpoint
from hubq.units import human_duration
from hubq.version import version

_FAILED, _WRONG_USE, _AWAY, _INTERRUPTED = 1, 2, 4, 130
_TELLING_S = 5.0
"""Seconds of waiting for the Hub that are worth a word."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The command's options, as `hubq audit --help` has them."""

    targets: tuple[str, ...]
    search: str
    limit: int | None
    hub: str | None
    runs_dir: Path
    offline: bool
    lookup: bool
    web: bool
    deep: bool
    jobs: int
    config: Path | None
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    fail_on: str | None
    baseline: Path | None
    write_baseline: Path | None
    format_: str
    output: Path | None
    reports: tuple[str, ...]
    fix: bool
    dry_run: bool
    yes: bool
    list_rules: bool = False
    explain: str | None = None


def run(asked: Asked) -> None:
    """Audit what was asked for, write the reports, and end as they say.

    Raises:
        Exit: with 1 for findings or a fault of hubq, 4 for a hub that does not answer, 130 after
            Ctrl-C; 2 where a target cannot be looked at.
        BadInput: nothing can be audited so.
    """
    settings = _settings(asked)
    more = _reports(asked)
    settings.rules()
    if asked.baseline and not asked.write_baseline:
        read_baseline(asked.baseline)
    endpoint = Endpoint(asked.hub, asked.runs_dir)
    failed: list[tuple[str, UserError]] = []
    try:
        items, library = _opened(asked, endpoint)
        fixes: list[Fix] = []
        swept = _swept(asked, settings, library, items, fixes)
        report = _report(swept, settings)
        _write(report, asked, more)
        if asked.write_baseline:
            count = write_baseline(asked.write_baseline, report.audited)
            output.say(f"{asked.write_baseline}: {count} findings accepted")
            report = msgspec.structs.replace(report, fail_on="")
        if asked.dry_run:
            show(fixes)
        elif asked.fix:
            failed = mend(fixes, library.hub, ask=not asked.yes and not endpoint.local)
    finally:
        endpoint.close()
    for _, error in failed[:1]:
        raise click.exceptions.Exit(error.exit_code)
    _end(report, swept)


def _settings(asked: Asked) -> Settings:
    """Return what the settings file says, and what the command line says instead."""
    found = read_settings(asked.config or find_settings(Path.cwd()))
    said = {
        "select": asked.select or found.select,
        "ignore": (*found.ignore, *asked.ignore),
        "fail_on": asked.fail_on or found.fail_on,
        "baseline": str(asked.baseline or found.baseline),
    }
    return msgspec.structs.replace(found, **said)


def _reports(asked: Asked) -> list[tuple[str, Path]]:
    """Return the formats and files of `--report`.

    Raises:
        BadInput: one is no pair of a format and a file.
    """
    found = []
    for said in asked.reports:
        name, _, path = said.partition("=")
        if name not in (*FORMATS, "text") or not path:
            known = ", ".join(("text", *FORMATS))
            raise BadInput(f"--report {said}: expected FORMAT=FILE, with one of {known}")
        found.append((name, Path(path)))
    return found


def _opened(asked: Asked, endpoint: Endpoint) -> tuple[tuple[Item, ...], Library]:
    """Return what to audit, and what looks it up.

    Raises:
        click.UsageError: nothing was named.
        BadInput: the web cannot be asked from here.
    """
    if not asked.targets and not asked.search:
        raise click.UsageError("Missing argument 'TARGET...': name one, or say --search.")
    if asked.dry_run and not asked.fix:
        raise click.UsageError("--dry-run is of --fix: say both.")
    if asked.web and asked.offline:
        raise click.UsageError("--web asks sites, --offline asks nobody: say one of them.")
    if asked.web and proxy_for("https://arxiv.org"):
        raise BadInput(
            "--web asks sites directly, and the environment names a proxy",
            remedy="Leave --web out, or run it where sites answer without one.",
        )
    named = DEFAULT_ENDPOINT if endpoint.local else endpoint.name
    targets = targets_of(asked.targets, named)
    here = bool(targets) and all(one.kind in ("folder", "readme") for one in targets)
    asking = not asked.offline and (not here or asked.lookup)
    hub = endpoint.hub if asking else None
    if hub is not None:
        hub.pace(_waiting)
    where = endpoint.folder.resolve().as_uri() if endpoint.local else endpoint.name
    library = Library(hub, Cache(where))
    return items_of(targets, library, search=asked.search, limit=asked.limit or 0), library


def _waiting(seconds: float) -> None:
    if seconds >= _TELLING_S:
        output.say(f"waiting {human_duration(seconds)}: the Hub's rate limit")


def _swept(
    asked: Asked,
    settings: Settings,
    library: Library,
    items: tuple[Item, ...],
    fixes: list[Fix],
) -> Swept:
    """Audit some items; one that cannot be looked at is said as it is when it is alone.

    Args:
        asked: the options.
        settings: which rules, and what is passed over.
        library: looks repos up.
        items: what to audit.
        fixes: gets what can be mended, where that is asked for.

    Raises:
        UserError: of the only item.
    """
    kept = read_baseline(Path(settings.baseline)) if _has_baseline(asked, settings) else None

    def see(audited: Audited, subject: Subject) -> Audited:
        found = settings.applied(audited)
        found = kept.applied(found) if kept else found
        fix = wanted(found, subject) if asked.fix else None
        fixes.extend([fix] if fix else [])
        return found

    def go(tell: Tell | None) -> Swept:
        sweep = Sweep(
            library,
            items,
            settings.rules(),
            jobs=asked.jobs,
            lookup=asked.lookup,
            deep=asked.deep,
            web=Links() if asked.web else None,
            tell=tell,
        )
        return sweep.run(see)

    alone = len(items) == 1
    with nullcontext() if alone and not asked.web else narrating("audit") as tell:
        swept = go(tell)
    for error in swept.errors if alone else ():
        raise error
    return swept


def _has_baseline(asked: Asked, settings: Settings) -> bool:
    """Say whether there is a baseline to be read; one that is written now need not be there."""
    path = settings.baseline
    return bool(path) and not (asked.write_baseline and not Path(path).is_file())


def _report(swept: Swept, settings: Settings) -> Report:
    return Report(
        version=version(),
        made=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        audited=swept.audited,
        missed=swept.missed,
        fail_on="" if settings.fail_on == "never" else settings.fail_on,
    )


def _write(report: Report, asked: Asked, more: list[tuple[str, Path]]) -> None:
    """Write a report in every format that was asked for.

    Raises:
        BadInput: a file cannot be written.
    """
    for name, path in [*more, *([(asked.format_, asked.output)] if asked.output else [])]:
        text = FORMATS[name](report) if name in FORMATS else terminal.render(report)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise BadInput(f"{path}: {error.strerror}") from None
    if asked.output:
        return
    if asked.format_ != "text":
        output.text(FORMATS[asked.format_](report).removesuffix("\n"))
        return
    colour = sys.stdout.isatty()
    width = get_terminal_size().columns if colour else 80
    output.text(terminal.render(report, colour=colour, width=width).removesuffix("\n"))


def _end(report: Report, swept: Swept) -> None:
    """End with the code that fits.

    Raises:
        Exit: for everything but a good end.
    """
    for path in swept.crashes:
        output.say(f"a fault of hubq itself; please report what is in {path}")
    if swept.left or swept.interrupted:
        output.say(f"interrupted with {swept.left} left; the same command goes on from here")
        raise click.exceptions.Exit(_INTERRUPTED)
    failed = any(failing(one.findings, report.fail_on) for one in report.audited)
    if failed or swept.crashes:
        raise click.exceptions.Exit(_FAILED)
    if swept.away:
        raise click.exceptions.Exit(_AWAY)
    if swept.missed:
        raise click.exceptions.Exit(_WRONG_USE)


def list_rules(format_: str) -> None:
    """Print every rule with its group and severity."""
    rules = all_rules()
    if format_ == "json":
        names = ("id", "group", "severity", "title", "needs")
        output.data([{name: getattr(rule, name) for name in names} for rule in rules])
        return
    rows = [[rule.id, rule.group, rule.severity, rule.title] for rule in rules]
    output.table(["rule", "group", "at most", "what it finds"], rows)


def explain(name: str, format_: str) -> None:
    """Print what a rule is about.

    Raises:
        BadInput: there is no such rule.
    """
    rule = rule_named(name)
    if format_ == "json":
        names = [field for field in rule.__struct_fields__ if field != "check"]
        output.data({field: getattr(rule, field) for field in names})
        return
    output.text(f"{rule.id} ({rule.group}, {rule.severity} at most): {rule.title}")
    parts = (("Why it matters", rule.why), ("Example", rule.example), ("How to fix it", rule.fix))
    for title, text in parts:
        output.text(f"\n{title}\n\n{text.strip()}")
    for source in rule.sources:
        output.text(f"\n{source}" if source == rule.sources[0] else source)
