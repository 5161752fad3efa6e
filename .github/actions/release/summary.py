"""Write what a release came to for the people who look at the job: summary, outputs, an error.

    summary.py make|push SOURCE RELEASE.json FOLDER

RELEASE.json is what `hubq release --format json` printed; FOLDER is what `hubq push --into` wrote.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

#: A summary may have 1 MiB a step; the report of a family has some tens of KiB.
LARGEST = 900_000
#: Pictures of a report lie beside it, where a summary cannot show them.
PICTURE = re.compile(r"^\s*(?:<picture>.*|!\[[^\]]*\]\([^)]*\)\s*)$")


def main(step: str, source: str, told: Path, folder: Path) -> None:
    """Write all three."""
    text = told.read_text(encoding="utf-8") if told.is_file() else ""
    facts: dict[str, Any] = json.loads(text) if text.strip() else {}
    lines = [f"# {source}: {'made' if step == 'make' else 'published'}", ""]
    if not facts:
        lines = [f"# {source}: nothing was {'made' if step == 'make' else 'published'}", ""]
        lines += ["The log of this step says why.", ""]
    lines += [f"- **{name}**: {address}" for name, address in facts.get("urls", {}).items()]
    lines += [f"- **collection**: {facts['collection']}"] if facts.get("collection") else []
    lines += gaps(facts)
    report = folder / "report" / "report.md"
    if report.is_file():
        lines += ["", *body(report.read_text(encoding="utf-8"))]
    write("GITHUB_STEP_SUMMARY", cut("\n".join(lines) + "\n"))
    urls = json.dumps(facts.get("urls", {})) if facts.get("urls") else ""
    outputs = {"folder": str(folder), "repos": urls, "collection": facts.get("collection", "")}
    write("GITHUB_OUTPUT", "".join(f"{name}={value}\n" for name, value in outputs.items()))


def gaps(facts: dict[str, Any]) -> list[str]:
    """Return what has no result, and why, as a list; each as an annotation too."""
    found = facts.get("gaps", {})
    if not found:
        return []
    for name, gap in found.items():
        sys.stdout.write(f"::warning title=hubq {name}::{escaped(gap['reason'])}\n")
    rows = [f"| {name} | {gap['state']} | {cell(gap['reason'])} |" for name, gap in found.items()]
    return ["", "| Without a result | State | Why |", "|:--|:--|:--|", *rows]


def body(report: str) -> list[str]:
    """Return a family's report without its pictures."""
    return [line for line in report.splitlines() if not PICTURE.match(line)]


def cell(text: str) -> str:
    """Return a text as a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def escaped(text: str) -> str:
    """Return a text as the message of an annotation."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def cut(text: str) -> str:
    """Return a summary that is not too long; one that is says so."""
    data = text.encode()
    if len(data) <= LARGEST:
        return text
    return data[:LARGEST].decode(errors="ignore") + "\n\n... the rest is in the artifact.\n"


def write(variable: str, text: str) -> None:
    """Append to the file that a variable of the runner names."""
    with Path(os.environ[variable]).open("a", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
