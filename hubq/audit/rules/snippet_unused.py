"""Python on a card that prepares data and then passes other data."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from hubq.audit.bindings import used
from hubq.audit.rule import Rule, finding
from hubq.audit.snippets import Snippet, snippets, spot_in
from hubq.audit.subject import Subject
from hubq.model.finding import Finding


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each list that is made of data and left, where those go on."""
    document = subject.document
    every = [one for one in snippets(document) if one.tree is not None]
    for at, snippet in enumerate(every):
        for name, sources in _filled(snippet.tree):
            following = _following(every, at)
            if any(name in used(one.tree) for one in following if one.tree):
                continue
            call = next((one for one in _calls(following, sources)), None)
            if call is None:
                continue
            where, node, source = call
            spot = spot_in(document, where, node.lineno, source)
            yield finding(
                subject,
                RULE.id,
                f"this call takes `{source}`; `{name}`, made from it above, is never used",
                severity="warning",
                at=spot,
                said=document.quote(spot.line).strip()[:120],
                remedy=f"Pass `{name}`, or leave out the code that makes it.",
                part=name,
            )


def _following(every: Sequence[Snippet], at: int) -> list[Snippet]:
    """Return the snippets behind one under the same heading."""
    heading = every[at].code.heading
    return [one for one in every[at + 1 :] if one.code.heading == heading]


def _filled(tree: ast.Module | None) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield (list, names that it is filled from) where code does nothing else with a list."""
    body = tree.body if tree else []
    for node in body:
        value = node.value if isinstance(node, ast.Assign) else None
        if not (isinstance(node, ast.Assign) and isinstance(value, ast.List) and not value.elts):
            continue
        for target in node.targets:
            if isinstance(target, ast.Name):
                loops = [one for one in body if isinstance(one, ast.For) and _fills(one, target.id)]
                reads = sum(_reads(one, target.id) for one in body)
                if len(loops) == 1 and reads == 1:
                    yield target.id, frozenset(used(loops[0].iter))


def _fills(loop: ast.For, name: str) -> bool:
    """Say whether a loop appends to a list."""
    return any(
        isinstance(one, ast.Call)
        and isinstance(one.func, ast.Attribute)
        and one.func.attr in {"append", "extend"}
        and isinstance(one.func.value, ast.Name)
        and one.func.value.id == name
        for one in ast.walk(loop)
    )


def _reads(tree: ast.AST, name: str) -> int:
    return sum(
        isinstance(one, ast.Name) and one.id == name and isinstance(one.ctx, ast.Load)
        for one in ast.walk(tree)
    )


def _calls(
    following: Sequence[Snippet], sources: frozenset[str]
) -> Iterator[tuple[Snippet, ast.Name, str]]:
    """Yield (snippet, argument, name) of calls of a method that take one of some names."""
    for snippet in following:
        for node in ast.walk(snippet.tree) if snippet.tree else ():
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            for given in (*node.args, *(keyword.value for keyword in node.keywords)):
                if isinstance(given, ast.Name) and given.id in sources:
                    yield snippet, given, given.id


RULE = Rule(
    id="snippet-unused",
    group="prose",
    title="A snippet prepares data and then passes other data",
    severity="warning",
    why="Calibration data that were tokenized and then left aside mean that the code does not do "
    "what the text says, or does not run: the call gets raw samples. How the weights were made "
    "cannot be repeated from it.",
    example="""```python
calib_data = []
for batch in batched(dataset, 1):
    calib_data.append(processor(batch))
```

```python
model.quantize(dataset)
```

``this call takes `dataset`; `calib_data`, made from it above, is never used``""",
    fix="Pass what was prepared.",
    check=check,
)
