"""`hubq env`: the isolated environments that workers run in."""

from __future__ import annotations

from typing import Any

import click

from hubq.cli import output
from hubq.cli.options import format_option
from hubq.release.environments import (
    build_environment,
    check_environment,
    describe_environment,
    list_environments,
    remove_environment,
)
from hubq.units import human_size

device_option = click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True
)


@click.group()
def env() -> None:
    """Build, check and describe the environments that quantizers and models run in."""


@env.command("list")
@format_option
def list_(format_: str) -> None:
    """List the environments and whether they are built on this machine."""
    found = list_environments()
    if format_ == "json":
        output.data(found)
        return
    rows = [[e["name"], e["device"], e["python"], e["state"], e["path"]] for e in found]
    output.table(["name", "device", "python", "state", "folder"], rows)


@env.command()
@click.argument("name")
@device_option
@click.option("--offline", is_flag=True, help="Use only what uv has in its cache.")
def build(name: str, device: str, offline: bool) -> None:
    """Build environment NAME from its lock file; one that is built is left as it is."""
    built = build_environment(name, device, offline=offline, progress=output.say)
    output.text(str(built.interpreter))


@env.command()
@click.argument("name")
@device_option
@format_option
def show(name: str, device: str, format_: str) -> None:
    """Describe environment NAME exactly: Python, machine, GPU, driver, every package."""
    stack = describe_environment(name, device)
    if format_ == "json":
        output.data(stack)
        return
    for title, pairs in stack_lines(stack).items():
        output.text(title)
        output.facts(pairs)
        output.text("")


@env.command()
@click.argument("name")
@device_option
def check(name: str, device: str) -> None:
    """Check that environment NAME holds what its lock says and that its packages import."""
    problems = check_environment(name, device)
    for problem in problems:
        output.say(f"{name}: {problem}")
    if problems:
        raise click.exceptions.Exit(1)
    output.say(f"{name}: good")


@env.command()
@click.argument("name")
@device_option
def remove(name: str, device: str) -> None:
    """Remove environment NAME from this machine."""
    output.say(f"removed {remove_environment(name, device)}")


def stack_lines(stack: Any) -> dict[str, dict[str, object]]:
    """Return a description in the groups that people read it in."""
    hardware, installed = stack.hardware, stack.installed
    gpus = ", ".join(f"{gpu.name} ({human_size(gpu.memory_bytes)})" for gpu in hardware.gpus)
    return {
        "machine": {
            "system": f"{hardware.os}, {hardware.kernel}",
            "cpu": f"{hardware.cpu}, {hardware.threads} threads",
            "memory": human_size(hardware.memory_bytes),
            "gpu": gpus or "none",
            "driver": hardware.driver or "none",
        },
        "torch": {
            "version": installed.torch.version or "none",
            "cuda": installed.torch.cuda or "none",
            "attention": ", ".join(installed.attention),
        },
        f"packages (Python {installed.python})": {
            package.name: f"{package.version}  {package.sha256[:12]}"
            for package in installed.packages
        },
    }
