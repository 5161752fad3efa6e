"""What `hubq bench` understands on the command line: percents and prices."""

from __future__ import annotations

import re

import click

from hubq.model.workload import Price

_PRICE = re.compile(r"(?P<amount>\d+(\.\d*)?|\.\d+)(:(?P<currency>[A-Za-z]{1,8}))?")


def percentage(_ctx: click.Context, _param: click.Parameter, value: str) -> float:
    """Return a share given in percent, with or without the sign, as a fraction.

    Raises:
        click.BadParameter: it is none.
    """
    try:
        found = float(value.strip().removesuffix("%")) / 100
    except ValueError:
        raise click.BadParameter(f"expected a percentage such as 5%, got {value!r}") from None
    if not 0 <= found < float("inf"):
        raise click.BadParameter(f"expected a percentage of at least 0, got {value!r}")
    return found


def price_per_hour(_ctx: click.Context, _param: click.Parameter, value: str | None) -> Price | None:
    """Return a price given as `2.5` or `2.5:EUR`; in USD when nothing else is said.

    Raises:
        click.BadParameter: it is none.
    """
    if value is None:
        return None
    found = _PRICE.fullmatch(value.strip())
    if found is None or float(found["amount"]) <= 0:
        raise click.BadParameter(f"expected a price such as 2.5 or 2.5:EUR, got {value!r}")
    return Price(per_hour=float(found["amount"]), currency=(found["currency"] or "USD").upper())


limit_option = click.option(
    "--limit",
    metavar="PERCENT",
    callback=percentage,
    default="5%",
    show_default=True,
    help="How much slower a cell may become: this much, beyond noise, is exit code 1.",
)
memory_limit_option = click.option(
    "--memory-limit",
    metavar="PERCENT",
    callback=percentage,
    default="5%",
    show_default=True,
    help="How much memory may grow.",
)
on_option = click.option(
    "--on",
    type=click.Choice(["auto", "ratio", "speed"]),
    default="auto",
    show_default=True,
    help="What decides: the speed relative to the baseline's, or the speed as it is  "
    "[auto: ratio for variants; speed for the baseline, on like machines that were not busy]",
)
variant_option = click.option(
    "--variant", "variants", multiple=True, help="Only this variant; may be repeated."
)
price_option = click.option(
    "--price",
    callback=price_per_hour,
    metavar="PER_HOUR[:CURRENCY]",
    help="Say what a million generated tokens cost on this machine  [default: the recipe's price]",
)
