"""Python on a card that imports what no release of a package has."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator
from itertools import islice

from hubq.audit.known.exports import Exports, exports_of
from hubq.audit.rule import Rule, finding
from hubq.audit.snippets import Snippet, nodes, snippets, spot_in
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

_MOST = 20
_MODULES = frozenset(
    {
        *("transformers", "auto_gptq", "awq", "peft", "qwen_vl_utils", "llmcompressor", "mlx_lm"),
        *("mlx_vlm", "huggingface_hub", "accelerate", "auto_round", "compressed_tensors"),
        *("datasets", "lm_eval", "gptqmodel", "gptqmodel.quantization", "gptqmodel.utils.eval"),
        *("vllm", "vllm.sampling_params", "vllm.lora.request", "vllm.assets.image"),
        *("optimum.gptq", "optimum.bettertransformer"),
    }
)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each imported name that its package never had, at most 20 of a card."""
    for snippet, module, name, line in islice(_unknown(subject), _MOST):
        document = subject.document
        known = exports_of(module)
        if known is None:
            continue
        spot = spot_in(document, snippet, line, name)
        near = _near(name, known)
        yield finding(
            subject,
            RULE.id,
            f"`{module}` has no `{name}`: none of its releases that were read, from {known.oldest} "
            f"to {known.newest}, exports it",
            severity="error" if near else "warning",
            at=spot,
            said=document.quote(spot.line).strip()[:120],
            remedy=f"`{near}` may be meant." if near else "Import what the snippet was run with.",
            part=name,
            sources=(f"https://pypi.org/project/{_project(module)}/#history",),
        )


def _unknown(subject: Subject) -> Iterator[tuple[Snippet, str, str, int]]:
    """Yield (snippet, module, name, line of the code) of imports that no release answers."""
    for snippet in snippets(subject.document):
        if snippet.tree is None or "import" not in snippet.code.text:
            continue
        for node in nodes(snippet.tree).get(ast.ImportFrom, ()):
            if node.level or node.module not in _MODULES:
                continue
            known = exports_of(node.module)
            for alias in node.names if known else ():
                if known and not _is_there(alias.name, known):
                    yield snippet, node.module, alias.name, alias.lineno


def _is_there(name: str, known: Exports) -> bool:
    return name in known.last or name == "*" or name.startswith("__")


def _near(name: str, known: Exports) -> str:
    """Return the name that is most like one; empty where none is."""
    near = difflib.get_close_matches(name, known.last, 1, 0.8) if len(name) < 80 else []
    return near[0] if near else ""


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

`` `transformers` has no `AutoTokenizers`: none of its releases that were read exports it ``

The names are read from released wheels: of every version of vllm, gptqmodel, optimum and auto-gptq,
else of the last one of each minor version. Names of a package that is not among them, of its
submodules, and names that some release had are left alone. It is a warning where no name of the
package is like the one that is asked for.""",
    fix="Run the snippet, and name the release that it was run with.",
    check=check,
    sources=("https://docs.python.org/3/library/exceptions.html#ImportError",),
)
