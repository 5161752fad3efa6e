"""Python on a card that imports what no release of a package has."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator

from hubq.audit.known.exports import Exports, exports_of
from hubq.audit.rule import Rule, finding
from hubq.audit.snippets import snippets, spot_in
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

_MODULES = frozenset(
    {
        *("transformers", "auto_gptq", "awq", "peft", "qwen_vl_utils", "llmcompressor", "mlx_lm"),
        *("mlx_vlm", "huggingface_hub", "accelerate", "auto_round", "compressed_tensors"),
        *("datasets", "lm_eval", "gptqmodel"),
    }
)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each imported name that its package never had."""
    document = subject.document
    for snippet in snippets(document):
        if snippet.tree is None or "import" not in snippet.code.text:
            continue
        for node in ast.walk(snippet.tree):
            if not isinstance(node, ast.ImportFrom) or node.level or not node.module:
                continue
            known = exports_of(node.module) if node.module in _MODULES else None
            for alias in node.names if known else ():
                if known and alias.name != "*" and alias.name not in known.last:
                    spot = spot_in(document, snippet, alias.lineno, alias.name)
                    yield finding(
                        subject,
                        RULE.id,
                        _words(node.module, alias.name, known),
                        severity="error",
                        at=spot,
                        said=document.quote(spot.line).strip()[:120],
                        remedy=_remedy(alias.name, known),
                        part=alias.name,
                        sources=(f"https://pypi.org/project/{_project(node.module)}/#history",),
                    )


def _words(module: str, name: str, known: Exports) -> str:
    return (
        f"`{module}` has no `{name}`: none of its releases from {known.oldest} to {known.newest} "
        "exports that name"
    )


def _remedy(name: str, known: Exports) -> str:
    near = difflib.get_close_matches(name, known.last, 1, 0.8) if len(name) < 80 else []
    return f"`{near[0]}` may be meant." if near else "Import what the snippet was run with."


def _project(module: str) -> str:
    root = module.partition(".")[0]
    return {"auto_gptq": "auto-gptq", "awq": "autoawq"}.get(root, root.replace("_", "-"))


RULE = Rule(
    id="snippet-import",
    group="prose",
    title="A snippet imports a name that its package never had",
    severity="error",
    why="The first line that a reader runs ends in an `ImportError`. A name that no release ever "
    "exported was made up or misspelt, so the code was not run.",
    example="""```python
from transformers import AutoTokenizers
```

`` `transformers` has no `AutoTokenizers`: none of its releases from 4.0.1 to 5.23.0 exports that name ``

The names are read from the released wheels, the last one of each minor version. Names of a package
that is not among them, of its submodules, and names that some release had are left alone.""",
    fix="Run the snippet, and name the release that it was run with.",
    check=check,
    sources=("https://docs.python.org/3/library/exceptions.html#ImportError",),
)
