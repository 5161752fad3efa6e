"""`hubq recipe`: the recipes that come with hubq, and people's own."""

from __future__ import annotations

from pathlib import Path

import click

from hubq import recipes
from hubq.cli import output
from hubq.cli.options import format_option
from hubq.errors import BadInput
from hubq.model.recipe import VariantSpec


@click.group()
def recipe() -> None:
    """List, show, copy and check recipes."""


@recipe.command("list")
@format_option
def list_(format_: str) -> None:
    """List the bundled recipes."""
    found = [recipes.load(name).recipe for name in recipes.names()]
    if format_ == "json":
        output.data(
            [{"name": r.name, "title": r.title, "model_types": r.model_types} for r in found]
        )
        return
    rows = [
        [r.name, r.title, ", ".join(r.model_types) or "(by name only)", _variants(r.variants)]
        for r in found
    ]
    output.table(["name", "title", "model types", "variants"], rows)


def _variants(variants: tuple[VariantSpec, ...]) -> str:
    return ", ".join(v.name if v.publish else f"({v.name})" for v in variants)


@recipe.command()
@click.argument("name")
@format_option
def show(name: str, format_: str) -> None:
    """Print a recipe as its file says it, or with all defaults filled in (--format json)."""
    if format_ == "json":
        loaded = recipes.load(name)
        parts = {"recipe": loaded.recipe, "suite": loaded.suite, "workloads": loaded.workloads}
        output.data({**parts, "digest": recipes.recipe_digest(loaded)})
        return
    output.text(recipes.find(name).read_text(encoding="utf-8").rstrip("\n"))


@recipe.command()
@click.argument("name")
@click.argument("target", type=click.Path(path_type=Path))
def copy(name: str, target: Path) -> None:
    """Copy recipe NAME to the file TARGET, to be changed there."""
    if target.exists():
        raise BadInput(f"{target}: exists already", remedy="Choose another name.")
    target.write_bytes(recipes.find(name).read_bytes())
    output.say(f"Wrote {target}. Use it with: --recipe {target}")


@recipe.command()
@click.option("--of", "part", type=click.Choice(["recipe", "suite", "workloads"]), default="recipe")
def schema(part: str) -> None:
    """Print the JSON Schema, for editors."""
    output.data(recipes.json_schema(part))


@recipe.command()
@click.argument("reference")
def check(reference: str) -> None:
    """Check that a recipe (a name or a file) reads well."""
    loaded = recipes.load(reference)
    count = len(loaded.recipe.variants)
    output.say(f"{loaded.origin}: good ({count} variants, {len(loaded.suite.tasks)} tasks)")
