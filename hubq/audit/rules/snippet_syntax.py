"""Python on a card that is no Python."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hubq.audit.parts import Code
from hubq.audit.rule import Rule, finding
from hubq.audit.snippets import snippets
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

#: What tells a program from a sketch in words that look like one.
_PROGRAM = re.compile(r"^[ \t]*(?:import |from \w|def |class |[\w.]+ ?= ?\S|\w+\()", re.MULTILINE)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each block that says it is Python and does not parse."""
    for snippet in snippets(subject.document):
        problem = snippet.parsed.problem
        if problem is None or _is_sketch(subject, snippet.code):
            continue
        line = snippet.line(problem.line)
        program = _PROGRAM.search(snippet.code.text) is not None
        yield finding(
            subject,
            RULE.id,
            f"this does not parse as Python: {problem.said}",
            severity="error" if program else "info",
            at=(line, 1),
            said=subject.document.quote(line).strip()[:120],
            remedy="Mend the code and run it as it stands on the card.",
        )


def _is_sketch(subject: Subject, code: Code) -> bool:
    """Say whether a card calls its code a sketch, or leaves lines of it out."""
    if any(line.strip() == "…" for line in code.text.split("\n")):
        return True
    above = [one for one in subject.document.passages if one.line < code.line]
    return any("pseudo" in one.text.lower() for one in above[-2:])


RULE = Rule(
    id="snippet-syntax",
    group="prose",
    title="A Python snippet does not parse",
    severity="error",
    why="Whoever copies it gets a `SyntaxError` before anything is loaded. It also shows that the "
    "code on the card was never run, so nothing says that the rest of it works.",
    example="""```python
quantize_config = BaseQuantizeConfig(
    quant_method="fp8"
    activation_scheme="static"
)
```

`this does not parse as Python: invalid syntax. Perhaps you forgot a comma?`

Notebook magics, shell lines, prompts (`>>>`), `...` and blanks such as `<your token>` are no
error, and a block whose fence does not say `python` is not held to it.""",
    fix="Copy the code out of the card, run it, and paste back what ran.",
    check=check,
    sources=("https://docs.python.org/3/library/ast.html#ast.parse",),
)
