from __future__ import annotations

from pathlib import Path

import pytest

from hubq.errors import BadInput
from hubq.render import environment, render


@pytest.fixture
def bundled(tmp_path: Path) -> Path:
    folder = tmp_path / "bundled"
    (folder / "partials").mkdir(parents=True)
    (folder / "card.md.j2").write_text(
        "{% block top %}top {{ word }}{% endblock %}\n\n"
        '{% include "partials/end.md.j2" %}{% block extra %}{% endblock %}'
    )
    (folder / "partials" / "end.md.j2").write_text("the end\n")
    return folder


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    (folder / "partials").mkdir(parents=True)
    return folder


def rendered(*folders: Path, name: str = "card.md.j2") -> str:
    return render(environment(*folders), name, {"word": "here"})


def test_a_template_extends_the_bundled_one_of_its_own_name(bundled: Path, mine: Path) -> None:
    (mine / "card.md.j2").write_text(
        '{% extends "bundled/card.md.j2" %}{% block top %}mine, {{ super() }}{% endblock %}'
    )
    assert rendered(mine, bundled) == "mine, top here\nthe end\n"


def test_a_section_is_added(bundled: Path, mine: Path) -> None:
    (mine / "card.md.j2").write_text(
        '{% extends "bundled/card.md.j2" %}{% block extra %}## Mine{% endblock %}'
    )
    assert rendered(mine, bundled).endswith("the end\n## Mine")


def test_a_single_partial_is_replaced_or_wrapped(bundled: Path, mine: Path) -> None:
    part = mine / "partials" / "end.md.j2"
    part.write_text("another end\n")
    assert rendered(mine, bundled) == "top here\nanother end\n"
    part.write_text('before\n{% include "bundled/partials/end.md.j2" %}')
    assert rendered(mine, bundled) == "top here\nbefore\nthe end\n"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("fine\n{{ nothing }}", 2, "'nothing' is undefined"),
        ("{{ word.nothing }}", 1, "has no attribute 'nothing'"),
        ("a\nb\n{% if %}", 3, "Expected an expression"),
        ("\n{% include 'gone.md.j2' %}", 2, "no template named gone.md.j2"),
        ("{{ word + 1 }}", 1, "TypeError"),
        ("{{ 1 / 0 }}", 1, "ZeroDivisionError: division by zero"),
        ("{{ word | nofilter }}", 1, "No filter named 'nofilter'"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(
    bundled: Path, mine: Path, text: str, line: int, said: str
) -> None:
    path = mine / "card.md.j2"
    path.write_text(text)
    with pytest.raises(BadInput) as caught:
        rendered(mine, bundled)
    assert caught.value.message.startswith(f"template {path}:{line}: ")
    assert said in caught.value.message


def test_a_fault_in_a_partial_is_said_of_the_partial(bundled: Path, mine: Path) -> None:
    (mine / "partials" / "end.md.j2").write_text("\n\n{{ lost }}")
    with pytest.raises(BadInput, match=r"mine/partials/end\.md\.j2:3: 'lost' is undefined"):
        rendered(mine, bundled)


def test_a_template_that_is_not_there_is_named(bundled: Path) -> None:
    with pytest.raises(BadInput, match=r"other\.md\.j2: no template named other\.md\.j2"):
        rendered(bundled, name="other.md.j2")


def test_a_bug_of_the_bundled_templates_is_no_users_error(bundled: Path, mine: Path) -> None:
    (bundled / "card.md.j2").write_text("{{ word + 1 }}")
    with pytest.raises(TypeError):
        rendered(mine, bundled)


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ word.__init__.__globals__ }}",
        "{{ self.__init__.__func__.__globals__ }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ ''['__class__'] }}",
        "{{ '{0.__class__}'.format(word) }}",
        "{{ word | attr('__class__') }}",
        "{{ values.update({'a': 1}) }}",
        "{{ names.append('x') }}",
        "{% for a in range(1000000000) %}{% endfor %}",
        "{{ 'a' * 1000000000 }}",
        "{{ [0] * 1000000000 }}",
        "{{ 9 ** 99999999 }}",
        "{% include '../secret' %}",
        "{% include '/etc/hostname' %}",
        "{% include 'bundled/../secret' %}",
        "{% include 'card.md.j2' %}",
    ],
)
def test_the_sandbox_holds(bundled: Path, mine: Path, text: str) -> None:
    (mine.parent / "secret").write_text("secret")
    (mine / "card.md.j2").write_text(text)
    names: list[str] = []
    with pytest.raises(BadInput, match=r"card\.md\.j2:1: "):
        render(environment(mine, bundled), "card.md.j2", {"word": "", "values": {}, "names": names})
    assert names == []


def test_html_pages_are_escaped(tmp_path: Path) -> None:
    (tmp_path / "page.html.j2").write_text("<p>{{ word }}</p>")
    env = environment(tmp_path, autoescape=True)
    assert render(env, "page.html.j2", {"word": "<b>"}) == "<p>&lt;b&gt;</p>"
