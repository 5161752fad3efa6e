from __future__ import annotations

import json
from pathlib import Path

import pytest

from hubq.audit.cache import Cache
from hubq.audit.kin import (
    alone,
    bases_of,
    family_of,
    looked_up,
    project_of,
    projects_linked,
)
from hubq.audit.library import Library
from tests.audit.cases import case
from tests.fakes import FakeHub
from tests.rows import each_row

NOBODY = frozenset[str]()


def card(text: str) -> bytes:
    return text.encode()


@pytest.fixture
def hub(tmp_path: Path) -> FakeHub:
    hub = FakeHub(tmp_path / "hub")
    hub.add("acme/nano-2B", {"README.md": b"# Nano\n", "config.json": b"{}"})
    for name in ("nano-2B-AWQ", "nano-2B-GPTQ-Int4", "nano-2B-GPTQ-Int8", "nano-7B-AWQ"):
        hub.add(
            f"acme/{name}", {"README.md": card(f"---\nbase_model: acme/nano-2B\n---\n# {name}")}
        )
    return hub


@pytest.fixture
def library(hub: FakeHub, tmp_path: Path) -> Library:
    return Library(hub, Cache(hub.endpoint, tmp_path / "cache"))


@each_row(
    ("repo", "family"),
    [
        ("acme/nano-2B-GPTQ-Int4", "acme/nano"),
        ("Acme/Nano-2B", "acme/nano"),
        ("acme/nano-7B-AWQ", "acme/nano"),
        ("acme/nano-next-7B-AWQ", "acme/nanonext"),
        ("acme/mini-AWQ", "acme/mini"),
        ("", ""),
    ],
)
def test_a_family_is_an_owners_models_of_one_name(repo: str, family: str) -> None:
    assert family_of(repo) == family


def test_bases_are_said_by_the_card_the_config_and_the_name() -> None:
    config = {"_name_or_path": "acme/nano-2B-v2"}
    text = "---\nbase_model: [acme/nano-2B-v3, acme/nano-2B-AWQ]\n---\n"
    subject = case(text, repo="acme/nano-2B-AWQ", texts={"config.json": config})
    found = bases_of(subject.gathered)
    assert found == ("acme/nano-2B-v3", "acme/nano-2B-v2", "acme/nano-2B")
    machine = case("# X", texts={"config.json": {"_name_or_path": "/data/models/nano"}})
    assert bases_of(machine.gathered) == ()


def test_base_and_siblings_are_looked_up(library: Library) -> None:
    gathered = library.repo("acme/nano-2B-AWQ")
    kin = looked_up(library, gathered, NOBODY)
    assert kin.base == "acme/nano-2B"
    assert set(kin.siblings[:2]) == {"acme/nano-2B-GPTQ-Int4", "acme/nano-2B-GPTQ-Int8"}
    assert kin.siblings[2:] == ("acme/nano-7B-AWQ",)
    assert kin.gone == ()


def test_what_is_audited_itself_is_not_looked_up(hub: FakeHub, library: Library) -> None:
    gathered = library.repo("acme/nano-2B-AWQ")
    hub.asked.clear()
    names = ("nano-2B", "nano-2B-GPTQ-Int4", "nano-2B-GPTQ-Int8", "nano-7B-AWQ")
    known = frozenset(f"acme/{name}" for name in names)
    kin = looked_up(library, gathered, known)
    assert kin.base == "acme/nano-2B"
    assert len(kin.siblings) == 3
    assert hub.asked == ["models acme nano"]


def test_names_that_lead_nowhere_are_gone(hub: FakeHub, library: Library) -> None:
    text = """---
base_model: acme/never-was
---
See [Int4](https://huggingface.co/acme/nano-2B-GPTQ-Int4),
[Int2](https://huggingface.co/acme/nano-2B-GPTQ-Int2) and
[another](https://huggingface.co/elsewhere/nothing).
"""
    hub.add("acme/nano-2B-FP8", {"README.md": card(text)})
    kin = looked_up(library, library.repo("acme/nano-2B-FP8"), NOBODY)
    assert kin.gone == ("acme/never-was", "acme/nano-2B-GPTQ-Int2")
    assert kin.base == "acme/nano-2B"


def test_a_config_that_is_no_mapping_says_nothing(hub: FakeHub, library: Library) -> None:
    hub.add("acme/odd-AWQ", {"config.json": json.dumps([1]).encode()})
    assert alone(library.repo("acme/odd-AWQ")).bases == ("acme/odd",)


@each_row(
    ("path", "project"),
    [
        ("cards/Acme_nano-vl__README.md", "acme/nano-vl"),
        ("Acme_nano_2__README.md", "acme/nano_2"),
        ("Acme_nano.md", ""),
        ("README.md", ""),
    ],
)
def test_a_projects_readme_is_known_by_its_name(path: str, project: str) -> None:
    assert project_of(path) == project


def test_the_projects_that_a_card_links_to_are_read() -> None:
    text = "See [it](https://github.com/Acme/nano.git), https://github.com/other/tool/tree/main."
    assert projects_linked(text) == ("acme/nano", "other/tool")
    assert projects_linked("github.com/") == ()
