"""Options that say how a family is to stand on the Hub, for the commands that publish."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import click
import msgspec

from hubq.model.publication import Terms
from hubq.release.options import Options

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = [
    click.option(
        "--public",
        "visibility",
        flag_value="public",
        help="Show the repos to everybody, those that are hidden now too.",
    ),
    click.option(
        "--private",
        "visibility",
        flag_value="private",
        help="Keep the repos private  [default: new repos public, others as they are]",
    ),
    click.option(
        "--gated",
        type=click.Choice(["auto", "manual"]),
        help="Give files only to those who ask: at once, or when a person agrees.",
    ),
    click.option(
        "--revision", default="main", show_default=True, help="The branch that is published to."
    ),
    click.option("--tag", default="", help="A tag for the commits of this release."),
    click.option(
        "--direct",
        is_flag=True,
        help="Write to repos that other people made or changed; without, they get a pull request.",
    ),
    click.option(
        "--collection/--no-collection",
        default=True,
        show_default=True,
        help="Keep the family together in a collection.",
    ),
    click.option(
        "--sign",
        default="",
        metavar="key:FILE|identity",
        help="Sign the release with a private key, or with an identity by Sigstore.",
    ),
    click.option("--bom", is_flag=True, help="Publish a CycloneDX bill of materials."),
]


def terms_options(command: F) -> F:
    """Give a command that takes `options` the options of a publication, in `options.terms`."""

    @functools.wraps(command)
    def with_terms(options: Options, **values: Any) -> Any:
        names = Terms.__struct_fields__
        terms = Terms(**{name: values.pop(name) for name in list(values) if name in names})
        return command(options=msgspec.structs.replace(options, terms=terms), **values)

    for option in reversed(_OPTIONS):
        with_terms = option(with_terms)
    return with_terms  # type: ignore[return-value]
