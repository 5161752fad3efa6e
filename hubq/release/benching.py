"""Runs of a benchmark by what people call them: a release, a folder, or a file that was kept."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from hubq import recipes
from hubq.bench.runs import Run, make_run, narrowed, read_bench, read_run
from hubq.errors import BadInput, UserError
from hubq.model.stage import Kind
from hubq.model.workload import Price
from hubq.release.session import Release
from hubq.release.status import load_release
from hubq.store import Store

_INDICES = "releases"


def find_pair(
    old: str, new: str, runs_dir: Path, variants: Collection[str] = ()
) -> tuple[Run, Run]:
    """Return two runs that can be compared.

    Raises:
        BadInput: one is not there, or they have no variant in common.
    """
    runs = find_run(old, runs_dir, variants), find_run(new, runs_dir, variants)
    held = [{(one.variant, one.engine) for one in run.benches} for run in runs]
    if not held[0] & held[1]:
        told = [", ".join(sorted(f"{name} ({engine})" for name, engine in one)) for one in held]
        raise BadInput(
            f"nothing to compare: {old} has {told[0]}; {new} has {told[1]}",
            remedy="Name two runs of one release.",
        )
    return runs


def find_run(reference: str | None, runs_dir: Path, variants: Collection[str] = ()) -> Run:
    """Return the run that people mean.

    Args:
        reference: a release's name in the runs folder, `RUNS_DIR:NAME`, a folder with results, a
            `bench.json`, a `sitting.json`, or what `hubq bench show --format json` wrote. None for
            the only release.
        runs_dir: where releases are looked for.
        variants: only these; empty for all.

    Raises:
        BadInput: there is no such thing, or no speed in it; the message says what there is.
    """
    return narrowed(_found(reference, runs_dir), variants)


def _found(reference: str | None, runs_dir: Path) -> Run:
    if reference is None:
        return of_release(runs_dir, _only(runs_dir))
    if reference in _names(runs_dir):
        return of_release(runs_dir, reference)
    path = Path(reference).expanduser()
    if path.exists():
        return of_release(path, _only(path)) if (path / _INDICES).is_dir() else read_run(path)
    folder, colon, name = reference.rpartition(":")
    if colon and folder and Path(folder).expanduser().is_dir():
        return of_release(Path(folder).expanduser(), name)
    known = ", ".join(_names(runs_dir)) or "none"
    raise BadInput(
        f"{reference}: no such release in {runs_dir}, and no such file or folder",
        remedy=f"Releases there: {known}. A release elsewhere is RUNS_DIR:NAME.",
    )


def of_release(runs_dir: Path, name: str) -> Run:
    """Return the speed that a release has measured.

    Raises:
        BadInput: there is no such release, or it has measured none; the message says why not.
    """
    release, store = load_release(runs_dir, name), Store(runs_dir)
    stages = [one for one in release.plan.stages if one.kind is Kind.BENCH and one.variant]
    folders = [
        store.folder(key)
        for stage in stages
        if (key := release.keys.get(stage.id)) and store.has(key)
    ]
    if not folders:
        reasons = [
            f"; {stage}: {gap.reason}"
            for stage, gap in release.gaps.items()
            if stage.startswith(f"{Kind.BENCH.value}/")
        ]
        raise BadInput(
            f"release {name} has no speed yet{''.join(reasons[:1])}",
            remedy="Measure it: hubq bench run SOURCE",
        )
    benches = tuple(read_bench(folder) for folder in folders)
    return make_run(name, benches, price_of(release))


def price_of(release: Release) -> Price | None:
    """Return the price in a release's recipe; none where it has none, or is not there any more.

    A price changes no result, so it is read from the recipe as it is today.
    """
    origin = Path(release.recipe)
    bundled = origin.parent == Path("recipes")
    try:
        return recipes.load(origin.stem if bundled else release.recipe).workloads.price
    except UserError:
        return None


def _names(runs_dir: Path) -> list[str]:
    return sorted(path.stem for path in (runs_dir / _INDICES).glob("*.json"))


def _only(runs_dir: Path) -> str:
    """Return the name of the only release.

    Raises:
        BadInput: there is none, or there are several.
    """
    found = _names(runs_dir)
    if len(found) != 1:
        raise BadInput(
            f"{runs_dir} holds {len(found)} releases: {', '.join(found) or 'none'}",
            remedy=f"Name one: {runs_dir}:NAME",
        )
    return found[0]
