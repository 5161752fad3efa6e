from __future__ import annotations

from pathlib import Path

import pytest

from hubq.audit.targets import Target, repo_id, targets_of
from hubq.errors import BadInput
from tests.rows import each_row

HUB = "https://hub.test"
SLUG = "acme/nano-64f9a55bb3115b4f513ec026"


def write(path: Path, text: str = "# X\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@each_row(
    ("word", "target"),
    [
        ("acme/nano-AWQ", Target(kind="repo", name="acme/nano-AWQ")),
        ("acme/nano@v1", Target(kind="repo", name="acme/nano", revision="v1")),
        ("acme/nano@refs/pr/3", Target(kind="repo", name="acme/nano", revision="refs/pr/3")),
        ("acme", Target(kind="owner", name="acme")),
        (SLUG, Target(kind="collection", name=SLUG)),
        (f"{HUB}/collections/{SLUG}", Target(kind="collection", name=SLUG)),
        (f"{HUB}/acme/nano", Target(kind="repo", name="acme/nano")),
        (f"{HUB}/acme/nano/tree/v1", Target(kind="repo", name="acme/nano", revision="v1")),
        (f"{HUB}/acme", Target(kind="owner", name="acme")),
        ("-", Target(kind="readme", name="-")),
    ],
)
def test_words_are_told_apart(word: str, target: Target) -> None:
    assert targets_of((word,), HUB) == (target,)


@each_row(
    ("word", "said"),
    [
        ("./nothing", "no such file or folder"),
        ("cards/nothing.md", "no such file or folder"),
        ("a/b/c", "nothing that can be audited"),
        ("https://elsewhere.test/acme/nano", "not a page of https://hub.test"),
        (f"{HUB}/datasets/acme/x", "no model, user, organization or collection"),
    ],
)
def test_what_names_nothing_is_refused(word: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        targets_of((word,), HUB)


def test_a_folder_of_a_model_is_one_target(tmp_path: Path) -> None:
    write(tmp_path / "README.md")
    write(tmp_path / "config.json", "{}")
    write(tmp_path / "docs" / "more.md")
    assert targets_of((str(tmp_path),)) == (Target(kind="folder", name=str(tmp_path)),)


def test_a_folder_of_cards_and_of_models_is_looked_through(tmp_path: Path) -> None:
    names = ["acme_nano.md", "deep/README.md", "m1/config.json", "m2/model.safetensors"]
    for name in names:
        write(tmp_path / name)
    write(tmp_path / ".git" / "README.md")
    write(tmp_path / "notes.pdf")
    found = targets_of((str(tmp_path),))
    assert [(one.kind, Path(one.name).relative_to(tmp_path).as_posix()) for one in found] == [
        ("readme", "acme_nano.md"),
        ("readme", "deep/README.md"),
        ("folder", "m1"),
        ("folder", "m2"),
    ]


def test_a_folder_with_nothing_in_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="neither a model's folder nor any README"):
        targets_of((str(tmp_path),))


def test_a_list_names_targets_and_whose_a_file_is(tmp_path: Path) -> None:
    write(tmp_path / "card.md")
    lines = ["# what we publish", "", "acme/nano-AWQ@v1", "card.md acme/nano-GPTQ", "acme"]
    listed = write(tmp_path / "targets.txt", "\n".join(lines))
    assert targets_of((str(listed), "acme/nano-AWQ@v1"), HUB) == (
        Target(kind="repo", name="acme/nano-AWQ", revision="v1"),
        Target(kind="readme", name=str(tmp_path / "card.md"), repo="acme/nano-GPTQ"),
        Target(kind="owner", name="acme"),
    )


@pytest.mark.parametrize("line", ["acme/nano acme/nano", "one two three", "./nothing.md"])
def test_a_wrong_line_of_a_list_is_named(tmp_path: Path, line: str) -> None:
    listed = write(tmp_path / "targets.txt", f"acme\n{line}\n")
    with pytest.raises(BadInput, match=r"targets\.txt:2: "):
        targets_of((str(listed),), HUB)


@each_row(
    ("name", "card", "repo"),
    [
        ("acme_nano-AWQ.md", "Load `acme/nano-AWQ` with vLLM.", "acme/nano-AWQ"),
        ("acme__nano-AWQ.md", "Load `acme/nano-AWQ`.", "acme/nano-AWQ"),
        ("acme_nano-AWQ.md", "Load `Acme/Nano-awq`.", "Acme/nano-AWQ"),
        ("nano-AWQ", "From `acme/nano-AWQ`: see there.", "acme/nano-AWQ"),
        ("acme_nano.md", "Load `acme/nano-AWQ`.", ""),
        ("acme_nano.md", "Made from `acme/nano`.", ""),
        ("README.md", "Load `acme/README`.", ""),
    ],
)
def test_a_files_name_gives_the_repo_where_the_card_confirms_it(
    name: str, card: str, repo: str
) -> None:
    assert repo_id(Path(name), card, lambda: "acme/nano") == repo
