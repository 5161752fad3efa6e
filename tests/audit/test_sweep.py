from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hubq.audit.cache import Cache
from hubq.audit.crashes import Crashes
from hubq.audit.expanding import items_of
from hubq.audit.library import Library
from hubq.audit.rule import Rule, finding
from hubq.audit.rules.no_card import RULE as NO_CARD
from hubq.audit.subject import Subject
from hubq.audit.sweep import Item, Sweep, Swept
from hubq.audit.targets import Target, targets_of
from hubq.errors import BadInput, HubProblem
from hubq.hub.port import Unavailable
from hubq.model.audit import Audited
from hubq.model.finding import Finding
from tests.fakes import FakeHub, write_files

CARD = "---\nbase_model: acme/nano\n---\n# {}\n\nLoad `acme/{}`.\n"


def rule(check: object, id_: str = "made-up") -> Rule:
    return msgspec.structs.replace(NO_CARD, id=id_, check=check)


def tell_kin(subject: Subject) -> Iterator[Finding]:
    """A rule that says who is akin to a subject."""
    base = subject.base.repo if subject.base else "none"
    siblings = " ".join(sorted(one.repo for one in subject.siblings))
    yield finding(subject, "made-up", f"base {base}; siblings {siblings}", severity="info")


def fail(subject: Subject) -> Iterator[Finding]:
    """A rule with a fault."""
    if subject.repo.endswith("AWQ"):
        raise ZeroDivisionError("a fault")
    yield finding(subject, "made-up", "fine", severity="info")


@pytest.fixture
def hub(tmp_path: Path) -> FakeHub:
    hub = FakeHub(tmp_path / "hub")
    for name in ("nano", "nano-AWQ", "nano-GPTQ-Int4", "other"):
        hub.add(
            f"acme/{name}", {"README.md": CARD.format(name, name).encode(), "config.json": b"{}"}
        )
    return hub


class Sweeper:
    """Sweeps over a hub in memory, with a cache of its own."""

    def __init__(self, hub: FakeHub | None, folder: Path) -> None:
        self.hub, self.folder = hub, folder

    def __call__(self, *words: str, rules: tuple[Rule, ...] = (NO_CARD,), **more: object) -> Swept:
        return self.sweep(*words, rules=rules, **more).run()

    def sweep(self, *words: str, rules: tuple[Rule, ...] = (NO_CARD,), **more: object) -> Sweep:
        endpoint = self.hub.endpoint if self.hub else "https://hub.test"
        library = Library(self.hub, Cache(endpoint, self.folder / "cache"))
        items = items_of(targets_of(words, endpoint), library)
        crashes = Crashes(self.folder / "crashes")
        return Sweep(library, items, rules, crashes=crashes, **more)  # type: ignore[arg-type]


@pytest.fixture
def sweep(hub: FakeHub, tmp_path: Path) -> Sweeper:
    return Sweeper(hub, tmp_path)


def found(swept: Swept) -> dict[str, list[str]]:
    return {one.name: [f.found for f in one.findings] for one in swept.audited}


def test_an_owners_repos_are_audited_beside_each_other(sweep: Sweeper) -> None:
    swept = sweep("acme", rules=(rule(tell_kin),))
    assert found(swept) == {
        "acme/other": ["base acme/nano; siblings "],
        "acme/nano-GPTQ-Int4": ["base acme/nano; siblings acme/nano-AWQ"],
        "acme/nano-AWQ": ["base acme/nano; siblings acme/nano-GPTQ-Int4"],
        "acme/nano": ["base none; siblings acme/nano-AWQ acme/nano-GPTQ-Int4"],
    }
    assert (swept.missed, swept.left, swept.crashes) == ((), 0, ())


def test_kin_is_looked_up_for_one_repo(sweep: Sweeper) -> None:
    swept = sweep("acme/nano-AWQ", rules=(rule(tell_kin),))
    assert found(swept) == {"acme/nano-AWQ": ["base acme/nano; siblings acme/nano-GPTQ-Int4"]}


def test_folders_and_cards_are_audited_beside_each_other_without_a_hub(tmp_path: Path) -> None:
    for name, card in {
        "nano": "Load `acme/nano`.",
        "nano-AWQ": CARD.format("A", "nano-AWQ"),
    }.items():
        files = {"README.md": card.encode(), "config.json": b"{}"}
        write_files(tmp_path / "all" / name, files)
    text = CARD.format("nano-GPTQ-Int4", "nano-GPTQ-Int4")
    write_files(tmp_path / "all", {"acme_nano-GPTQ-Int4.md": text.encode()})
    swept = Sweeper(None, tmp_path)(str(tmp_path / "all"), rules=(rule(tell_kin),))
    said = sorted(line for lines in found(swept).values() for line in lines)
    assert said == [
        "base acme/nano; siblings acme/nano-AWQ",
        "base acme/nano; siblings acme/nano-GPTQ-Int4",
        "base none; siblings acme/nano-AWQ acme/nano-GPTQ-Int4",
    ]


def test_folders_ask_no_hub_unless_they_are_to(
    hub: FakeHub, sweep: Sweeper, tmp_path: Path
) -> None:
    folder = tmp_path / "nano-AWQ"
    files = {"README.md": CARD.format("nano-AWQ", "nano-AWQ").encode(), "config.json": b"{}"}
    write_files(folder, files)
    hub.asked.clear()
    sweep(str(folder), rules=(rule(tell_kin),))
    assert hub.asked == []
    swept = sweep(str(folder), rules=(rule(tell_kin),), lookup=True)
    assert found(swept)[str(folder)] == ["base acme/nano; siblings acme/nano-GPTQ-Int4"]


def test_a_repo_that_is_not_there_is_missed_and_the_rest_is_audited(sweep: Sweeper) -> None:
    swept = sweep("acme/nano", "acme/nothing")
    assert list(found(swept)) == ["acme/nano"]
    assert [name for name, _ in swept.missed] == ["acme/nothing"]
    assert not swept.away


def test_a_hub_that_does_not_answer_is_said(hub: FakeHub, sweep: Sweeper) -> None:
    hub.fail("info", Unavailable("the hub answered 503"))
    swept = sweep("acme/nano", "acme/other", jobs=1)
    assert swept.missed == (("acme/nano", "the hub answered 503"),)
    assert swept.away


def test_kin_that_cannot_be_looked_up_is_a_problem_in_words(hub: FakeHub, sweep: Sweeper) -> None:
    hub.fail("models", Unavailable("the hub answered 503"))
    (one,) = sweep("acme/nano-AWQ").audited
    assert one.problems == ("its base model and siblings were not looked up: the hub answered 503",)


def test_a_fault_in_one_rule_on_one_repo_loses_nothing_else(sweep: Sweeper, tmp_path: Path) -> None:
    swept = sweep("acme/nano", "acme/nano-AWQ", rules=(rule(fail), rule(tell_kin, "kin")))
    assert [len(one.findings) for one in swept.audited] == [2, 1]
    (path,) = swept.crashes
    report = Path(path).read_text(encoding="utf-8")
    assert "rule made-up on acme/nano-AWQ" in report
    assert "ZeroDivisionError: a fault" in report
    assert swept.audited[1].problems == (f"made-up failed, which is a fault of hubq: see {path}",)


def test_a_fault_that_is_met_often_is_written_down_once(sweep: Sweeper) -> None:
    def broken(subject: Subject) -> Iterator[Finding]:
        raise KeyError(subject.repo)

    swept = sweep("acme", rules=(rule(broken),))
    (path,) = swept.crashes
    assert [one.problems for one in swept.audited] == [
        (f"made-up failed, which is a fault of hubq: see {path}",)
    ] * 4


def test_evidence_that_a_hub_does_not_give_is_a_problem_in_words(sweep: Sweeper) -> None:
    def away(_: Subject) -> list[Finding]:
        raise HubProblem("the hub answered 503")

    (one,) = sweep("acme/nano", rules=(rule(away),)).audited
    assert one.problems == ("made-up could not be applied: the hub answered 503",)


def test_what_was_there_when_it_was_stopped_is_audited(hub: FakeHub, sweep: Sweeper) -> None:
    started = sweep.sweep("acme/nano", "acme/nano-AWQ", "acme/other", jobs=1)
    # Ctrl-C reaches the main thread, which hears of each answer there.
    note, answers = started._note, []

    def interrupted(at: int, answer: object) -> None:
        note(at, answer)  # type: ignore[arg-type]
        answers.append(at)
        if len(answers) == 2:
            raise KeyboardInterrupt

    started._note = interrupted  # type: ignore[method-assign]
    swept = started.run()
    assert list(found(swept)) == ["acme/nano", "acme/nano-AWQ"]
    assert (swept.interrupted, swept.left) == (True, 1)


def test_what_was_audited_when_it_was_stopped_again_is_reported(sweep: Sweeper) -> None:
    seen: list[str] = []

    def see(one: Audited, _: Subject) -> Audited:
        seen.append(one.name)
        if len(seen) == 2:
            raise KeyboardInterrupt
        return one

    swept = sweep.sweep("acme/nano", "acme/nano-AWQ", "acme/other").run(see)
    assert list(found(swept)) == ["acme/nano"]
    assert (swept.interrupted, swept.left) == (True, 2)


def test_a_sweep_goes_on_where_another_was_stopped(hub: FakeHub, sweep: Sweeper) -> None:
    sweep("acme/nano", "acme/nano-AWQ")
    hub.asked.clear()
    sweep("acme")
    asked = [line for line in hub.asked if not line.startswith("models")]
    assert {line.split()[1] for line in asked} == {"acme/nano-GPTQ-Int4", "acme/other"}


def test_several_repos_are_looked_up_at_a_time(hub: FakeHub, sweep: Sweeper) -> None:
    together = threading.Barrier(3, timeout=5)
    for _ in range(3):
        hub.meanwhile("info", together.wait)
    swept = sweep("acme/nano", "acme/nano-AWQ", "acme/other", jobs=3)
    assert len(swept.audited) == 3


def test_each_is_given_away_as_it_is_done(sweep: Sweeper) -> None:
    seen: list[str] = []

    def see(one: Audited, subject: Subject) -> Audited:
        assert subject.repo == one.repo
        seen.append(one.name)
        return msgspec.structs.replace(one, title="seen")

    swept = sweep.sweep("acme/nano", "acme/other").run(see)
    assert sorted(seen) == ["acme/nano", "acme/other"]
    assert [one.title for one in swept.audited] == ["seen", "seen"]


def test_collections_and_searches_stand_for_repos(hub: FakeHub, tmp_path: Path) -> None:
    library = Library(hub, Cache(hub.endpoint, tmp_path / "cache"))
    made = hub.create_collection("acme", "Nano")
    hub.add_item(made.slug, "acme/nano-AWQ", "")
    hub.add_item(made.slug, "acme/nano", "")
    of = items_of((Target(kind="collection", name=made.slug),), library)
    assert [one.target.name for one in of] == ["acme/nano-AWQ", "acme/nano"]
    by_search = items_of((), library, search="gptq")
    assert by_search == (
        Item(
            target=Target(kind="repo", name="acme/nano-GPTQ-Int4"),
            commit=hub.head("acme/nano-GPTQ-Int4") or "",
        ),
    )
    assert len(items_of((Target(kind="owner", name="acme"),), library, limit=2)) == 2


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (Target(kind="collection", name="acme/gone-123"), "no such collection"),
        (Target(kind="owner", name="nobody"), "nobody: the Hub has no such model"),
    ],
)
def test_what_stands_for_nothing_is_refused(
    hub: FakeHub, tmp_path: Path, target: Target, said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        items_of((target,), Library(hub, Cache(hub.endpoint, tmp_path / "cache")))


@pytest.mark.parametrize("kind", ["owner", "collection"])
def test_offline_only_the_hub_would_know_what_is_in_it(tmp_path: Path, kind: Any) -> None:
    library = Library(None, Cache("https://hub.test", tmp_path / "cache"))
    with pytest.raises(BadInput, match="only the Hub knows"):
        items_of((Target(kind=kind, name="acme"),), library)


def test_the_readme_of_a_project_that_a_card_links_to_stands_beside_it(tmp_path: Path) -> None:
    (tmp_path / "acme_tool__README.md").write_text("# Tool\n", encoding="utf-8")
    card = "# Nano\n\nMeasured with [it](https://github.com/acme/tool).\n"
    (tmp_path / "nano.md").write_text(card, encoding="utf-8")
    (tmp_path / "other.md").write_text("# Other\n", encoding="utf-8")
    beside: dict[str, list[str]] = {}

    def note(subject: Subject) -> Iterator[Finding]:
        beside[Path(subject.name).name] = [Path(one.name).name for one in subject.siblings]
        yield from ()

    Sweeper(None, tmp_path)(str(tmp_path), rules=(rule(note),))
    assert beside == {
        "acme_tool__README.md": [],
        "nano.md": ["acme_tool__README.md"],
        "other.md": [],
    }
