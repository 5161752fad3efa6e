"""What a card becomes where it is shown: elements, links and tables of the parsed page."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import cmarkgfm
from cmarkgfm.cmark import Options
from selectolax.lexbor import LexborHTMLParser, LexborNode

from hubq.cards.facts import CardFacts
from hubq.cards.family import Family
from hubq.cards.gathering import report_facts
from hubq.cards.rendering import marked_card, marked_text, render_card, render_report
from hubq.markdown.escaping import escape
from hubq.markdown.frontmatter import parse
from hubq.model.recipe import BASELINE

_EXTENSIONS = ["table", "autolink", "strikethrough", "tasklist"]
_PIPE = re.compile(r"(?<!\\)\|")
_INLINE = re.compile(r"(?<![\\`])(`+)(?!`)[^\n]*?(?<!`)\1(?!`)")
_FENCED = re.compile(r"^(`{3,})[^`\n]*\n.*?^\1`*$", re.DOTALL | re.MULTILINE)


def marked(family: Family, variant: str, templates: tuple[Path, ...]) -> str:
    """Return a card with marks around its claims, or the report when no variant is named."""
    if variant:
        return marked_card(family, variant, templates)
    return marked_text(report_facts(family), templates, "report.md.j2")


def files_of(family: Family, variant: str, templates: tuple[Path, ...]) -> dict[str, bytes]:
    """Return the files of a card, or of the report when no variant is named; no pictures."""
    if variant:
        return render_card(family, variant, templates, charts=False)
    return render_report(family, templates, charts=False)


def text_of(files: dict[str, bytes]) -> str:
    """Return the Markdown of a card's or the report's files."""
    return files["README.md" if "README.md" in files else "report.md"].decode()


def page_of(markdown: str) -> LexborHTMLParser:
    """Return the page of a card, nothing of it left out."""
    options = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_SOURCEPOS
    body = parse(markdown).body
    return LexborHTMLParser(
        cmarkgfm.markdown_to_html_with_extensions(body, options=options, extensions=_EXTENSIONS)
    )


def elements(page: LexborHTMLParser) -> list[str]:
    """Return the elements of a page in order, each with its parent, attributes and host."""
    assert page.body is not None
    return [
        f"{node.parent.tag if node.parent else ''} > {node.tag} {_attributes(node)}"
        for node in page.body.traverse(include_text=False)
        if not str(node.tag).startswith(("-", "_", "!"))
    ]


def _attributes(node: LexborNode) -> str:
    names = sorted(node.attributes.keys() - {"data-sourcepos"})
    address = node.attributes.get("href") or node.attributes.get("src") or ""
    parts = urlsplit(address)
    return " ".join([*names, parts.scheme, parts.netloc])


def hosts(page: LexborHTMLParser) -> set[str]:
    """Return scheme and host of every address on a page."""
    found = [node.attributes.get("href") or "" for node in page.css("[href]")]
    found += [node.attributes.get("src") or "" for node in page.css("[src]")]
    return {f"{urlsplit(address).scheme}:{urlsplit(address).netloc}" for address in found}


def uneven_tables(markdown: str) -> list[str]:
    """Return the rows that have more or fewer cells than the head of their table.

    They are counted in the text, since a parser fills up or cuts off a row as it reads it.
    """
    lines, found = re.split(r"\r\n|\n|\r", parse(markdown).body), []
    for table in page_of(markdown).css("table"):
        place = re.match(r"(\d+):\d+-(\d+):", table.attributes.get("data-sourcepos") or "")
        if place is None:
            continue
        rows = lines[int(place[1]) - 1 : int(place[2])]
        found += [row for row in rows if len(_PIPE.findall(row)) != len(_PIPE.findall(rows[0]))]
    return found


def prose(markdown: str) -> str:
    """Return a card's text without its front matter and code."""
    return _INLINE.sub("", _FENCED.sub("", parse(markdown).body))


def nameless(text: str, family: Family, facts: CardFacts) -> str:
    """Return a card's text without front matter, code, addresses, tags, and names with digits."""
    text = _FENCED.sub("", parse(text).body)
    text = re.sub(r"(`+)[^`\n]*\1|\]\([^)\s]*\)|<[^>\n]*>", "", text)
    return without_names(text, family, facts)


def without_names(text: str, family: Family, facts: CardFacts) -> str:
    """Return text without names of variants, tasks, models, methods, machines and programs.

    What people and engines said goes with them: the recipe's paragraph, and why one cannot load.
    """
    names = {
        BASELINE,
        facts.title,
        facts.intro,
        family.source.name,
        family.source.repo or "",
        family.version,
    }
    names |= {facts.hardware, facts.speed.dtype, facts.requirements.torch, facts.license.name}
    names |= {task.name for task in family.tasks} | {*family.published, *family.controls}
    names |= {workload.name for workload in family.loaded.workloads.workloads}
    names |= {line for stack in facts.stacks for line in (*stack.lines, stack.name)}
    for made in facts.making.values():
        names |= {made.hardware, made.method, *made.libraries}
    for given in (found for found in facts.certificates.values() if found):
        names |= {text for tried in given.engines for text in (tried.engine, tried.said)}
    names |= {escape(name) for name in names}
    for name in sorted(names | _TERMS, key=len, reverse=True):
        text = text.replace(name, "") if name else text
    return text


_TERMS = {
    "SHA-256",
    "16 bits",
    "float32",
    "float16",
    "bfloat16",
    "FP8",
    "INT8",
    "p50",
    "p90",
    "p99",
    "Int3",
    "Int4",
    "Int8",
}
"""Words of prose that hold digits and count nothing."""
