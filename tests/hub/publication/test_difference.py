from __future__ import annotations

from hubq.hub.publication.difference import difference, moment
from tests.fakes import FakeHub

REPO = "acme/nano"


def test_files_and_commits_in_between_are_said(hub: FakeHub) -> None:
    before = hub.add(REPO, {"a.txt": b"1", "b.txt": b"22", "gone.txt": b"3", "same.txt": b"4"})
    hub.add(REPO, {"a.txt": b"1234567890", "b.txt": b"33"}, author="carol", title="Mend a")
    now = hub.add(REPO, {"new.bin": bytes(2000)}, removed=("gone.txt",), author="dan", title="Tidy")
    assert difference(hub, REPO, before, "main") == [
        "- gone.txt",
        "+ new.bin  2.0 kB",
        "~ a.txt  1 B, now 10 B",
        "~ b.txt  2 B, other bytes",
        f"{now[:7]} Tidy (dan, 2026-11-21 00:00 UTC)",
        f"{hub.history(REPO)[1].commit[:7]} Mend a (carol, 2026-11-21 00:00 UTC)",
    ]


def test_a_repo_that_was_not_there_is_said_whole(hub: FakeHub) -> None:
    hub.add(REPO, {"a.txt": b"1"})
    said = difference(hub, REPO, None, "main")
    assert said[1] == "+ a.txt  1 B"
    assert said[-1].endswith("initial commit (acme, 2026-11-21 00:00 UTC)")


def test_a_great_difference_is_cut(hub: FakeHub) -> None:
    before = hub.add(REPO, {})
    for number in range(12):
        hub.add(REPO, {f"{number:02}.txt": b"x"}, title=f"Commit {number}")
    said = difference(hub, REPO, before, "main")
    assert len(said) == 8 + 1 + 5 + 1
    assert said[8] == "and 4 more files"
    assert said[-1] == "and 7 more commits"


def test_a_history_that_was_rewritten_and_a_commit_that_is_gone_are_said(hub: FakeHub) -> None:
    before = hub.add(REPO, {"a.txt": b"1"})
    found = hub.repos[REPO]
    head = hub.add(REPO, {"b.txt": b"1"})
    found.parents[head] = None
    assert difference(hub, REPO, before, "main")[-1].startswith("its history was rewritten")
    assert difference(hub, REPO, "0" * 40, "main") == [f"{REPO}: one of the two commits is gone"]


def test_a_moment_is_shown_to_the_minute() -> None:
    assert moment("2026-11-21T21:14:55.123Z") == "2026-11-21 21:14 UTC"
    assert moment("yesterday") == "yesterday"
