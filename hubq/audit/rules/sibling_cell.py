"""A number of a table that a sibling's card gives otherwise."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.rule import Rule, finding
from hubq.audit.siblings import Key, facts_of, names_model, others, same_model, spot
from hubq.audit.subject import Subject
from hubq.evaluate.published import PublishedMeasure
from hubq.model.finding import Finding

_TWIN = 4
"""Shared cells from which on two tables can be called the same."""
_ALIKE = 0.75
"""Share of them that must agree for that."""


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for every cell that differs in a copied table, one for other tables."""
    cells = facts_of(subject).cells
    seen: set[Key] = set()
    if not cells:
        return
    for sibling in others(subject):
        theirs = facts_of(sibling).cells
        one_model = same_model(subject, sibling)
        shared: dict[str, list[Key]] = {}
        for key in cells:
            if key in theirs and (one_model or names_model(cells[key])):
                shared.setdefault(key[0], []).append(key)
        for keys in shared.values():
            differing = [key for key in keys if _differs(cells[key], theirs[key])]
            new = [key for key in differing if key not in seen]
            seen.update(new)
            if new:
                alike = 1 - len(differing) / len(keys)
                twin = len(keys) >= _TWIN and alike >= _ALIKE
                yield from _found(subject, sibling, new, len(keys), twin=twin)


def _found(
    subject: Subject, sibling: Subject, keys: list[Key], shared: int, *, twin: bool
) -> Iterator[Finding]:
    cells, theirs = facts_of(subject).cells, facts_of(sibling).cells
    rest = f"; {len(keys)} of {shared} cells that both cards have differ" if not twin else ""
    for key in keys if twin else keys[:1]:
        ours, other = cells[key], theirs[key]
        where = f" (line {other.at[0]})" if other.at[0] else ""
        yield finding(
            subject,
            RULE.id,
            f"{sibling.name} gives {other.shown} for {ours.variant}, {ours.task}{where}{rest}",
            severity="warning" if twin else "info",
            at=spot(ours),
            said=ours.shown,
            remedy="Look up which is right."
            if twin
            else "Say under which conditions each of them was measured.",
            sources=(f"https://huggingface.co/{sibling.repo}",) if sibling.repo else (),
            part=f"{ours.variant}/{ours.task}",
        )


def _differs(one: PublishedMeasure, other: PublishedMeasure) -> bool:
    """Return whether two cells cannot be one number printed with more or fewer digits."""
    if one.value is None or other.value is None or one.unit.lower() != other.unit.lower():
        return False
    step = 10.0 ** -min(one.decimals, other.decimals)
    return abs(one.value - other.value) > step * 1.001 * (one.decimals != other.decimals) + 1e-9


RULE = Rule(
    id="sibling-cell",
    group="siblings",
    title="The same cell holds another number on a sibling's card",
    severity="warning",
    why="Families share tables. Where the same model's score on the same benchmark is two numbers "
    "on two cards, one was mistyped or measured anew without saying so, and every difference to it "
    "is in doubt.",
    example="MMMU of the BF16 model is 53.77 on the AWQ card and 53.66 on the GPTQ card.",
    fix="Look the number up in the evidence, and print the same everywhere; if it was measured "
    "again, say when and how.",
    check=check,
    needs=("card", "siblings"),
)
