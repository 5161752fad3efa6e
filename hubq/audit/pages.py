"""Pages: the documentation of every rule, made from the rule itself so that it cannot rot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from hubq.audit.rule import Group, Need, Rule

_MADE = "Made from the rules themselves; `pytest --update-goldens` makes it again."
_ABOUT = """\
`error` is what is wrong for certain, `warning` what needs an answer, `info` what is worth knowing
and everything that is not certain; the severity below is a rule's worst. `hubq audit --select` and
`--ignore` take ids and names of groups."""
_GROUPS: Mapping[Group, tuple[str, str]] = {
    "arithmetic": ("Arithmetic", "Numbers that follow from others on the same card."),
    "scores": ("Scores", "What a printed score can be, and what it still tells."),
    "weights": ("Weights", "Name, prose, configuration and tensors against one another."),
    "environment": ("Environment", "Versions and engines that cannot have run this."),
    "prose": ("Prose", "What the text promises, shows and quotes."),
    "siblings": ("Siblings", "Cards of one family against one another."),
    "metadata": ("Metadata", "Front matter, licences, files and links."),
    "evidence": ("Evidence", "Cards that hubq published, against what they rest on."),
}
_SEVERITIES = {
    "error": "`error`: it is wrong for certain",
    "warning": "`warning`: it needs an answer",
    "info": "`info`: it is worth knowing, or not certain",
}
_NEEDS: Mapping[Need, str] = {
    "card": "a README",
    "repo": "the repo's id",
    "files": "the list of its files",
    "config": "its `config.json`",
    "headers": "the headers of its safetensors files",
    "base": "the model it was made from, looked up",
    "siblings": "other repos of its family, looked up",
    "evidence": "`hubq.json`, which hubq publishes with a card",
}


def body(rule: Rule) -> str:
    """Return what a rule is about, how it looks and how it is mended, as Markdown without title."""
    parts = [
        rule.why.strip(),
        f"**Example**\n\n{rule.example.strip()}",
        f"**How to fix it**\n\n{rule.fix.strip()}",
    ]
    parts += [_sources(rule.sources)] if rule.sources else []
    return "\n\n".join(parts) + "\n"


def page(rule: Rule) -> str:
    """Return a rule's page."""
    needs = ", ".join(_NEEDS[need] for need in rule.needs) or "nothing"
    facts = [
        f"- {_SEVERITIES[rule.severity]}{_AT_MOST if rule.severity != 'info' else ''}",
        f"- group: {_GROUPS[rule.group][0].lower()}",
        f"- needs: {needs}",
    ]
    sections = [
        f"# {rule.id}\n\n{rule.title}.\n\n" + "\n".join(facts),
        f"## Why it matters\n\n{rule.why.strip()}",
        f"## Example\n\n{rule.example.strip()}",
        f"## How to fix it\n\n{rule.fix.strip()}",
    ]
    if rule.sources:
        sections.append("## Sources\n\n" + _addresses(rule.sources))
    sections.append(f"---\n\n[All rules](README.md). {_MADE}")
    return "\n\n".join(sections) + "\n"


_AT_MOST = "; what is not certain is reported as `info`"


def index(rules: Sequence[Rule]) -> str:
    """Return the list of all rules.

    Args:
        rules: by group.
    """
    sections = [f"# Rules of `hubq audit`\n\n{len(rules)} rules. {_MADE}\n\n{_ABOUT}"]
    for group, some in groupby(rules, key=lambda one: one.group):
        title, about = _GROUPS[group]
        rows = [
            f"| [{one.id}]({one.id}.md) | {one.severity} | {_cell(one.title)} |" for one in some
        ]
        table = "\n".join(["| Rule | Severity | What is wrong |", "|:--|:--|:--|", *rows])
        sections.append(f"## {title}\n\n{about}\n\n{table}")
    return "\n\n".join(sections) + "\n"


def pages(rules: Sequence[Rule]) -> dict[str, str]:
    """Return every page of docs/rules by its name."""
    return {"README.md": index(rules)} | {f"{rule.id}.md": page(rule) for rule in rules}


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _sources(sources: Sequence[str]) -> str:
    return f"**Sources**\n\n{_addresses(sources)}"


def _addresses(sources: Sequence[str]) -> str:
    return "\n".join(f"- <{source}>" for source in sources)
