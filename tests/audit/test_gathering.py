from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from hubq.audit.gathering import FIRST, deepened, gather_folder, gather_readme, gather_repo
from hubq.hub.port import Unavailable
from tests.fakes import BOB, FakeHub, safetensors, write_files

REPO = "acme/nano-AWQ"
CARD = b"---\nbase_model: acme/nano\n---\n# Nano\n"
FILES = {
    "README.md": CARD,
    "config.json": b'{"model_type": "nano"}',
    "model-00001-of-00002.safetensors": safetensors(seed=1),
    "model-00002-of-00002.safetensors": safetensors(seed=2),
    "tokenizer.json": b"{}",
}


@pytest.fixture
def hub(tmp_path: Path) -> FakeHub:
    hub = FakeHub(tmp_path / "hub")
    hub.add(REPO, FILES)
    return hub


def test_a_repo_is_looked_up_by_few_requests_and_without_its_weights(hub: FakeHub) -> None:
    info = hub.info(REPO)
    found = gather_repo(hub, info)
    assert found.card == CARD.decode()
    assert (found.repo, found.commit, found.url) == (REPO, info.commit, hub.url(REPO))
    assert set(found.texts) == {"config.json"}
    assert set(found.headers) == {path for path in FILES if path.endswith(".safetensors")}
    assert all(header.tensors and not header.problem for header in found.headers.values())
    assert set(found.changed) == {"README.md", "config.json", *found.headers}
    assert not found.problems
    asked = Counter(line.split()[0] for line in hub.asked)
    assert asked == {"info": 1, "read_range": 4, "changed": 1}


def test_kin_is_looked_up_by_less(hub: FakeHub) -> None:
    found = gather_repo(hub, hub.info(REPO), kin=True)
    assert found.card
    assert found.texts
    assert not found.headers
    assert Counter(line.split()[0] for line in hub.asked) == {"info": 1, "read_range": 2}


def test_a_header_that_is_larger_than_the_first_piece_takes_one_more(hub: FakeHub) -> None:
    names = {
        f"layer.{n}": {"dtype": "F16", "shape": [0], "data_offsets": [0, 0]} for n in range(3000)
    }
    header = json.dumps(names).encode()
    assert len(header) > FIRST
    hub.add("acme/wide", {"model.safetensors": len(header).to_bytes(8, "little") + header})
    hub.asked.clear()
    found = gather_repo(hub, hub.info("acme/wide"))
    assert len(found.headers["model.safetensors"].tensors) == 3000
    assert Counter(hub.asked)["read_range acme/wide model.safetensors"] == 2


def test_a_header_that_lies_about_its_length_costs_nothing(hub: FakeHub) -> None:
    hub.add("acme/lie", {"model.safetensors": (500 << 20).to_bytes(8, "little") + b"{}"})
    hub.asked.clear()
    found = gather_repo(hub, hub.info("acme/lie"))
    assert found.headers["model.safetensors"].problem
    assert Counter(hub.asked)["read_range acme/lie model.safetensors"] == 1


def test_a_gated_repo_is_a_problem_in_words(hub: FakeHub) -> None:
    hub.set_gate(REPO, "auto")
    theirs = hub.seen_by(BOB)
    found = gather_repo(theirs, theirs.info(REPO))
    assert found.gated
    assert found.files
    assert not found.texts
    assert "config.json could not be read" in " ".join(found.problems)
    # Refused once for the card and once for the rest, it is not asked for each file.
    assert sum(line.startswith("read_range") for line in theirs.asked) == 2


def test_a_file_that_does_not_come_is_a_problem_in_words(hub: FakeHub) -> None:
    hub.fail("read_range", Unavailable("the hub answered 503"), skip=1)
    found = gather_repo(hub, hub.info(REPO))
    assert found.card
    assert found.headers
    assert found.problems == ("config.json could not be read: the hub answered 503",)


def test_a_file_that_is_too_large_is_not_read(hub: FakeHub) -> None:
    hub.add("acme/big", {"config.json": b" " * (17 << 20)})
    found = gather_repo(hub, hub.info("acme/big"))
    assert found.problems == ("config.json was not read: 17,825,792 bytes",)


def test_weights_are_hashed_where_that_is_asked_for(hub: FakeHub) -> None:
    found = deepened(hub, gather_repo(hub, hub.info(REPO)))
    assert found.hashes == {path: found.files[path].sha256 for path in found.headers}  # type: ignore[index]


def test_a_folder_gives_the_same(hub: FakeHub, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "nano-AWQ", {**FILES, "NOTE.md": b"acme/nano-AWQ"})
    there, here = gather_repo(hub, hub.info(REPO)), gather_folder(folder)
    assert (here.card, here.texts, here.headers) == (there.card, there.texts, there.headers)
    assert (here.repo, here.commit, here.url) == ("", "", "")
    assert set(here.files or ()) == {*FILES, "NOTE.md"}
    assert gather_folder(folder, "acme/nano-AWQ").repo == "acme/nano-AWQ"


def test_names_are_relative_to_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(tmp_path / "cards" / "nano", {"README.md": CARD, "config.json": b"{}"})
    monkeypatch.chdir(tmp_path)
    assert gather_folder(tmp_path / "cards" / "nano").name == "cards/nano"
    found = gather_readme(str(tmp_path / "cards" / "nano" / "README.md"))
    assert found.name == found.card_path == "cards/nano/README.md"
    assert found.files is None


def test_a_readme_may_be_no_utf_8(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_bytes(b"\xff\xfe # \xe9")
    found = gather_readme(str(tmp_path / "README.md"))
    assert found.card
    assert "\ufffd" in found.card
