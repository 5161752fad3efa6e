"""Python on a card that prepares data and then passes other data."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence

from hubq.audit.bindings import used
from hubq.audit.rule import Rule, finding
from hubq.audit.snippets import Snippet, snippets, spot_in
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

_MOST = 10
"""Lists of a card that are looked at."""


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each list that is made of data and left, where those go on."""
    document = subject.document
    every = snippets(document)
    if not any("append" in one.code.text or "extend" in one.code.text for one in every):
        return
    trees = [one for one in every if one.tree is not None]
    unread = "\n".join(one.code.text for one in every if one.tree is None)
    reads = Counter(name for one in trees if one.tree for name in _reads(one.tree))
    lists = [
        (at, name, sources)
        for at, one in enumerate(trees)
        for name, sources in _filled(one.tree)
        if reads[name] == 1 and name not in unread
    ]
    for at, name, sources in lists[:_MOST]:
        call = next(_calls(_following(trees, at), sources), None)
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


def _following(trees: Sequence[Snippet], at: int) -> list[Snippet]:
    """Return the snippets behind one under the same heading."""
    heading = trees[at].code.heading
    return [one for one in trees[at + 1 :] if one.code.heading == heading]


def _reads(tree: ast.AST) -> Iterator[str]:
    """Yield each name as often as it is read."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id


def _filled(tree: ast.Module | None) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield (list, names that it is filled from) for each empty list that one loop appends to."""
    body = tree.body if tree else []
    loops: dict[str, list[ast.For]] = {}
    for node in body:
        for name in _appended(node) if isinstance(node, ast.For) else ():
            loops.setdefault(name, []).append(node)  # type: ignore[arg-type]
    for node in body:
        value = node.value if isinstance(node, ast.Assign) else None
        if isinstance(node, ast.Assign) and isinstance(value, ast.List) and not value.elts:
            for target in node.targets:
                found = loops.get(target.id, []) if isinstance(target, ast.Name) else []
                if isinstance(target, ast.Name) and len(found) == 1:
                    yield target.id, frozenset(used(found[0].iter))


def _appended(loop: ast.AST) -> set[str]:
    """Return the lists that a loop appends to."""
    return {
        one.func.value.id
        for one in ast.walk(loop)
        if isinstance(one, ast.Call)
        and isinstance(one.func, ast.Attribute)
        and one.func.attr in {"append", "extend"}
        and isinstance(one.func.value, ast.Name)
    }


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
