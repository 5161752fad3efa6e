"""Options that several commands share, as module values, and how they become `Options`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from hubq.errors import BadInput
from hubq.release.options import Options

F = TypeVar("F", bound=Callable[..., Any])

format_option = click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How facts are printed.",
)
runs_dir_option = click.option(
    "--runs-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("hubq-runs"),
    show_default=True,
    envvar="HUBQ_RUNS_DIR",
    help="Where results are kept.",
)
yes_option = click.option("--yes", "-y", is_flag=True, help="Do not ask before publishing.")

_ENGINE = click.option(
    "--engine",
    type=click.Choice(["transformers", "vllm"]),
    help="What answers the items  [default: the suite's choice]",
)
_RELEASE_OPTIONS = [
    click.argument("source"),
    click.option(
        "--recipe", help="A bundled recipe's name or a YAML file  [default: by model type]"
    ),
    click.option(
        "--namespace",
        "--org",
        "namespace",
        help="User or organisation of the repos  [default: the account's]",
    ),
    click.option(
        "--variant", "variants", multiple=True, help="Only this variant; may be repeated."
    ),
    click.option("--suite", help="Another suite than the recipe's, by name or file."),
    click.option("--task", "tasks", multiple=True, help="Only this task; may be repeated."),
    click.option(
        "--limit",
        type=click.IntRange(min=1),
        help="At most this many questions of each task, drawn by the suite's seed.",
    ),
    runs_dir_option,
    click.option(
        "--hub", help="A Hub's address, or 'local' for an embedded one in the runs folder."
    ),
    click.option("--allow-gaps", is_flag=True, help="Publish cards on which numbers are missing."),
    click.option(
        "--allow-failing-snippets",
        is_flag=True,
        help="Publish cards with code that fails; they say so.",
    ),
    click.option(
        "--allow-overlap",
        is_flag=True,
        help="Quantize with rows that stand in the evaluation sets too; cards say so.",
    ),
    click.option(
        "--templates",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="A folder of card templates that go before the bundled ones.",
    ),
    click.option(
        "--data-dir",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        envvar="HUBQ_DATA_DIR",
        help="Where evaluation and calibration files are.",
    ),
    click.option(
        "--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True
    ),
    click.option("--slots", type=click.IntRange(min=0), default=0, help="CPU stages side by side."),
    click.option(
        "--interpreter",
        "interpreters",
        multiple=True,
        metavar="ENV=PYTHON",
        help="Use a Python of your own for an environment; may be repeated.",
    ),
    click.option(
        "--offline",
        is_flag=True,
        help="Fetch no evaluation files, and build environments from the cache only.",
    ),
]


def release_options(command: F) -> F:
    """Give a command the options of a release, as one argument `options`."""
    return _with_options(command, [*_RELEASE_OPTIONS, _ENGINE])


def certify_options(command: F) -> F:
    """Give a command the options of a release but for `--engine`, which means another thing."""
    return _with_options(command, _RELEASE_OPTIONS)


def _with_options(command: F, options: list[Callable[[Any], Any]]) -> F:
    @functools.wraps(command)
    def with_options(**values: Any) -> Any:
        names = Options.__struct_fields__
        chosen = {name: values.pop(name) for name in list(values) if name in names}
        chosen["interpreters"] = interpreters_of(chosen["interpreters"])
        return command(options=Options(**chosen), **values)

    for option in reversed(options):
        with_options = option(with_options)
    return with_options  # type: ignore[return-value]


def interpreters_of(values: tuple[str, ...]) -> dict[str, str]:
    """Return environment -> Python, as `--interpreter ENV=PYTHON` gives them.

    Raises:
        BadInput: one is no pair, or its Python does not exist.
    """
    pairs = [value.partition("=") for value in values]
    for name, _, path in pairs:
        if not path or not Path(path).expanduser().is_file():
            raise BadInput(f"--interpreter {name}: expected ENV=PYTHON with a Python that exists")
    return {name: path for name, _, path in pairs}
