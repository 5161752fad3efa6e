"""A user's own templates, and the reference of what templates may say."""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from hubq.cards import text as card_text
from hubq.cards.facts import CardFacts
from hubq.cards.family import Family
from hubq.cards.rendering import render_card
from hubq.errors import BadInput
from tests.cards.nano import loaded_recipe

Golden = Callable[[str, str], None]
Templates = tuple[Path, ...]
DOCS = Path(__file__).parents[2] / "docs" / "templates.md"
EXPLAINED = (
    *("hubq.cards.facts", "hubq.cards.prose", "hubq.cards.making", "hubq.cards.stacks"),
    *("hubq.cards.citation", "hubq.cards.footnotes", "hubq.model"),
)
DRAWN = ("hubq.cards.charts.figures",)
"""What is drawn, which no template reads."""
BEGIN, END = "<!-- reference: begin -->", "<!-- reference: end -->"
_BLOCK = re.compile(r"{% block (\w+) %}")
_INCLUDED = re.compile(r'{% (?:include|import|extends) "([^"]+)"')
_COMMENT = re.compile(r"{#.*?#}", re.DOTALL)
_ENTRY = re.compile(r"^    ([a-z_0-9]+(?:, [a-z_0-9]+)*): ")


def card(family: Family, folder: Path, templates: Templates) -> str:
    files = render_card(family, "AWQ", (folder, *templates), charts=False)
    return files["README.md"].decode()


def test_a_users_file_extends_the_bundled_one_of_its_name(
    family: Family, templates: Templates, tmp_path: Path
) -> None:
    (tmp_path / "vision-language.md.j2").write_text(
        '{% extends "bundled/vision-language.md.j2" %}\n'
        "{% block extra %}\n## Support\n\nAsk us about {{ title }}.\n{% endblock %}\n"
        "{% block environment %}{% endblock %}\n"
        "{% block making %}{{ super() }}\nOn Fridays.\n{% endblock %}\n"
    )
    text = card(family, tmp_path, templates)
    assert "## Support\n\nAsk us about nano-qwen2-vl-AWQ." in text
    assert "## Environment" not in text
    assert "| Bits per weight | 4 |" in text
    assert "On Fridays." in text
    assert text.index("## Coverage gaps") < text.index("## Support") < text.index("## Evidence")


def test_a_single_partial_is_overridden(
    family: Family, templates: Templates, tmp_path: Path
) -> None:
    (tmp_path / "partials").mkdir()
    (tmp_path / "partials" / "license.md.j2").write_text(
        '{% include "bundled/partials/license.md.j2" %}\nAsk our lawyers.\n'
    )
    text = card(family, tmp_path, templates)
    assert "License: apache-2.0" in text
    assert "Ask our lawyers." in text


def test_the_base_can_be_overridden_under_every_kind_of_card(
    family: Family, templates: Templates, tmp_path: Path
) -> None:
    (tmp_path / "base.md.j2").write_text(
        '{% extends "bundled/base.md.j2" %}{% block caveats %}Ask us.\n{% endblock %}'
    )
    text = card(family, tmp_path, templates)
    assert "Ask us." in text
    assert "AutoModelForImageTextToText" in text


def test_a_wrong_partial_is_named_with_its_line(
    family: Family, templates: Templates, tmp_path: Path
) -> None:
    (tmp_path / "partials").mkdir()
    (tmp_path / "partials" / "caveats.md.j2").write_text("one\ntwo\n{{ caveat }}\n")
    with pytest.raises(BadInput, match=r"partials/caveats\.md\.j2:3: 'caveat' is undefined"):
        card(family, tmp_path, templates)


@pytest.mark.parametrize(
    "text",
    [
        "{{ claims[0].__class__.__mro__ }}",
        "{{ metadata.update({'license': 'mit'}) }}",
        "{{ snippets.clear() }}",
        "{{ source.__init__.__globals__ }}",
        "{{ claims[0].unknown }}",
        "{% set claims[0].shown = '99' %}",
        "{{ making[variant].bits.value.__class__.__base__.__subclasses__() }}",
    ],
)
def test_facts_cannot_be_changed_or_left(
    family: Family, templates: Templates, tmp_path: Path, text: str
) -> None:
    (tmp_path / "vision-language.md.j2").write_text(text)
    with pytest.raises(BadInput, match=r"vision-language\.md\.j2:1: "):
        card(family, tmp_path, templates)


def test_a_template_of_ones_own_choice_comes_from_the_recipe(
    family: Family, templates: Templates, tmp_path: Path
) -> None:
    (tmp_path / "mine.md.j2").write_text("{{ title }} has {{ making[variant].bits }} bits\n")
    spec = msgspec.structs.replace(loaded_recipe().recipe.card, template="mine.md.j2")
    changed = msgspec.structs.replace(family, loaded=loaded_recipe(card=spec))
    assert card(changed, tmp_path, templates) == "nano-qwen2-vl-AWQ has 4 bits\n"


def test_the_reference_is_the_sources_own(templates: Templates, golden: Golden) -> None:
    before, _, rest = DOCS.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    reference = "\n".join(_reference(templates[0]))
    golden("../../docs/templates.md", f"{before}{BEGIN}\n{reference}\n{END}{after}")


def test_every_fact_is_explained() -> None:
    unexplained = [
        f"{struct.__name__}.{name}"
        for struct in _structs(CardFacts)
        for name, said in _fields(struct)
        if not said and struct.__module__.startswith(EXPLAINED)
    ]
    assert unexplained == []


def test_every_section_of_a_card_is_explained(templates: Templates) -> None:
    headings = re.findall(r"^## (.+)$", (templates[0] / "base.md.j2").read_text(), re.MULTILINE)
    explained = (DOCS.parent / "cards.md").read_text()
    assert len(headings) > 8
    assert [h for h in headings if f"| {h} |" not in explained and h != "Performance"] == []


def test_every_filter_is_named(templates: Templates) -> None:
    env = card_text._environment(templates, ())
    own = set(env.filters) - set(ImmutableSandboxedEnvironment().filters) | {"escape"}
    text = DOCS.read_text()
    assert [name for name in sorted(own) if f"| {name} }}" not in text] == []


def _reference(folder: Path) -> Iterator[str]:
    yield "### Blocks\n"
    for name in ("base.md.j2", "report.md.j2"):
        blocks = ", ".join(f"`{block}`" for block in _BLOCK.findall((folder / name).read_text()))
        yield f"- `{name}`: {blocks}"
    yield "\n### Files\n"
    for path in sorted(folder.rglob("*.j2")):
        names = _INCLUDED.findall(_COMMENT.sub("", path.read_text()))
        uses = ", ".join(f"`{name}`" for name in dict.fromkeys(names))
        yield f"- `{path.relative_to(folder).as_posix()}`{f': uses {uses}' if uses else ''}"
    yield (
        "\n### Facts\n\nA template sees the fields of `CardFacts` as names, and `front_matter`, "
        "the metadata as text."
    )
    for struct in _structs(CardFacts):
        summary = (inspect.getdoc(struct) or "").partition("\n")[0]
        yield f"\n#### {struct.__name__}\n\n{summary}\n\n| Field | Type | What |\n|:--|:--|:--|"
        for name, said in _fields(struct):
            kind = str(struct.__annotations__[name]).replace("|", "\\|")
            yield f"| `{name}` | `{kind}` | {said.replace('|', chr(92) + '|')} |"


def _structs(first: type[msgspec.Struct]) -> list[type[msgspec.Struct]]:
    """Return a struct and every struct that its fields lead to, in the order of the fields."""
    found = [first]
    for struct in found:
        for hint in typing.get_type_hints(struct).values():
            found += [k for k in _kinds(hint) if k not in found and k.__module__ not in DRAWN]
    return found


def _kinds(hint: Any) -> Iterator[type[msgspec.Struct]]:
    if inspect.isclass(hint) and issubclass(hint, msgspec.Struct):
        yield hint
    for part in typing.get_args(hint):
        yield from _kinds(part)


def _fields(struct: type[msgspec.Struct]) -> list[tuple[str, str]]:
    """Return each field with what the docstring says of it; empty where it says nothing."""
    doc = inspect.getdoc(struct) or ""
    entries: list[str] = []
    for line in doc.partition("Attributes:\n")[2].splitlines():
        if _ENTRY.match(line):
            entries.append(line.strip())
        elif entries and line.startswith("     "):
            entries[-1] += f" {line.strip()}"
    said: dict[str, str] = {}
    for entry in entries:
        for part in re.split(r"; (?=(?:[a-z_0-9]+, )*[a-z_0-9]+: )", entry):
            names, _, text = part.partition(": ")
            said |= dict.fromkeys(names.split(", "), text.rstrip(";"))
    return [(name, said.get(name) or _mentioned(doc, name)) for name in struct.__struct_fields__]


def _mentioned(doc: str, name: str) -> str:
    """Return the sentence of a docstring that speaks of a field in passing."""
    sentences = re.split(r"(?<=[.;])\s+", " ".join(doc.split()))
    word = re.compile(rf"\b{name.replace('_', '[_ ]')}\b", re.IGNORECASE)
    return next((sentence for sentence in sentences if word.search(sentence)), "")
