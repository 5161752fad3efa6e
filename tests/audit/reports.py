"""Reports made up for tests of formats."""

from __future__ import annotations

from typing import Any

from hubq.model.audit import Audited, Recovered, Report, Skipped, Statement
from hubq.model.finding import Finding

ROW = "| GPTQ-Int4 | 41.69 | 70.19 | 55.90 |"
HOSTILE = (
    "</script><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
    "'\"&amp;`|](javascript:alert(1)) \x1b[31mred\x07 \u202egnp.exe ]]> <!-- --> {{ 7*7 }}"
)
"""What breaks out of HTML, scripts, Markdown, terminals, XML or templates that let it."""


def finding(**more: Any) -> Finding:
    """Return a finding about a wrong average, with any of its values changed."""
    values: dict[str, Any] = {
        "rule": "made-up-average",
        "severity": "error",
        "repo": "acme/Model-GPTQ-Int4",
        "path": "README.md",
        "line": 31,
        "column": ROW.index("55.90") + 1,
        "said": "55.90",
        "found": "the mean of 41.69 and 70.19 is 55.94",
        "remedy": "Write 55.94.",
        "quote": ROW,
        "sources": ("https://example.org/means",),
    }
    return Finding(**(values | more))


def recovered(**more: Any) -> Recovered:
    """Return what a printed score tells, with any of its values changed."""
    values: dict[str, Any] = {
        "table": 1,
        "line": 31,
        "column": 14,
        "variant": "GPTQ-Int4",
        "task": "MMMU",
        "shown": "41.69",
        "n": 900,
        "said": "the validation split",
        "counts": (375,),
        "cut": False,
        "low": 0.3849,
        "high": 0.4492,
        "detectable": ((0.1, 0.0295),),
        "baseline": "BF16",
        "delta": -0.027,
        "told": "sometimes",
        "limit": 0.081,
    }
    return Recovered(**(values | more))


def audited(*findings: Finding, **more: Any) -> Audited:
    """Return a repo of a hub with findings, with any of its values changed."""
    name = more.get("name", "acme/Model-GPTQ-Int4")
    values: dict[str, Any] = {
        "name": name,
        "repo": name,
        "commit": "0123456789abcdef0123456789abcdef01234567",
        "url": f"https://huggingface.co/{name}",
        "title": "Model GPTQ Int4",
        "findings": findings,
        "checked": 12,
    }
    return Audited(**(values | more))


def folder(*findings: Finding, **more: Any) -> Audited:
    """Return a folder of this machine with findings."""
    values: dict[str, Any] = {"name": "models/x", "repo": "", "commit": "", "url": ""}
    return audited(*findings, **(values | more))


def report(*repos: Audited, **more: Any) -> Report:
    """Return a report on some repos."""
    values: dict[str, Any] = {
        "version": "1.2.3",
        "made": "2026-01-02T03:04:05Z",
        "audited": repos,
    }
    return Report(**(values | more))


def everything() -> Report:
    """Return a report in which every part of one is used."""
    first = audited(
        finding(),
        finding(
            severity="warning",
            rule="made-up-bits",
            path="config.json",
            line=0,
            column=0,
            said="",
            quote="",
            found="the name says 4 bits, `quantization_config.bits` says 8",
            remedy="Rename the repo, or publish the weights it names.",
            sources=(),
        ),
        finding(severity="info", line=33, column=0, quote="A line of prose.", said="prose"),
        accepted=(
            finding(rule="made-up-file", line=0, column=0, quote="", found="accepted before"),
        ),
        recovered=(
            recovered(),
            recovered(task="DocVQA", shown="93.05", n=5349, told="never", delta=-0.0012),
            recovered(variant="BF16", delta=None, baseline="", told="unknown", limit=None),
            recovered(task="MME", shown="1872", counts=(), low=None, high=None, delta=None),
        ),
        statements=(
            Statement(
                line=12,
                text="Quantization is nearly lossless.",
                told="never",
                why="the mean falls by 2.70 points",
            ),
            Statement(line=13, text="It is fast.", told="unknown", why="no table has speeds"),
        ),
        skipped=(
            Skipped(rule="made-up-index", why="no headers of weights were read"),
            Skipped(rule="made-up-license", why="its base model was not looked up"),
        ),
        problems=("config.json is no JSON",),
    )
    second = audited(name="acme/Model-AWQ")
    third = folder(finding(repo=""))
    return report(first, second, third, missed=(("acme/Gone", "no such repo"),))


def hostile() -> Report:
    """Return a report whose every text tries to break out."""
    texts = dict.fromkeys(("rule", "path", "said", "found", "remedy", "quote", "part"), HOSTILE)
    one = finding(**texts, sources=("javascript:alert(1)", f"https://x.example/{HOSTILE}"))
    repo = audited(
        one,
        one,
        name=f"acme/{HOSTILE}",
        url=f"javascript:{HOSTILE}",
        commit=HOSTILE,
        title=HOSTILE,
        accepted=(one,),
        recovered=(recovered(variant=HOSTILE, task=HOSTILE, shown=HOSTILE, said=HOSTILE),),
        statements=(Statement(line=1, text=HOSTILE, told="never", why=HOSTILE),),
        skipped=(Skipped(rule=HOSTILE, why=HOSTILE),),
        problems=(HOSTILE,),
    )
    return report(repo, missed=((HOSTILE, HOSTILE),))


def sweep(repos: int = 200, each: int = 15) -> Report:
    """Return a sweep with many findings."""
    kinds = ("error", "warning", "info")
    rules = tuple(f"made-up-{name}" for name in ("average", "bits", "prose", "score", "link"))
    return report(
        *(
            audited(
                *(
                    finding(
                        severity=kinds[(index + repo) % 3],
                        rule=rules[(index * 7 + repo) % len(rules)],
                        repo=f"acme/Model-{repo}",
                        line=index + 1,
                        found=f"the mean of the cells is {repo}.{index:02d}, and not as printed",
                    )
                    for index in range(each)
                ),
                name=f"acme/Model-{repo}",
                recovered=tuple(recovered(task=f"T{index}") for index in range(8)),
            )
            for repo in range(repos)
        )
    )
