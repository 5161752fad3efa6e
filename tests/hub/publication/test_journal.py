from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hubq.errors import BadInput, Refused
from hubq.hub.publication import receipt
from hubq.hub.publication.journal import JOURNAL_FILE
from hubq.hub.publication.plan import FamilyPlan
from hubq.hub.publication.protocol import publish, resume, unfinished
from hubq.hub.retry import Retries
from hubq.model.publication import Terms
from tests.fakes import FakeHub, Killed
from tests.hub.publication.conftest import view_of
from tests.hub.publication.families import REPOS, check_complete, plan_of, sha

pytestmark = pytest.mark.usefixtures("fast")

FIRST, SECOND, THIRD = REPOS


def test_a_file_that_changed_or_went_is_named_before_anything_is_sent(
    hub: FakeHub, publications: Path, patient: Retries, tmp_path: Path
) -> None:
    plan = plan_of(hub, folder=tmp_path / "made")
    place = tmp_path / "made" / "GPTQ-Int4-1.safetensors"
    hub.die_at(5)
    with pytest.raises(Killed):
        publish(hub, plan, publications, retries=patient)
    content = place.read_bytes()
    sent = list(hub.log)
    for other in (content + b"more", bytes(len(content))):
        place.write_bytes(other)
        with pytest.raises(Refused, match=r"GPTQ-Int4-1\.safetensors has changed"):
            resume(hub, publications, retries=patient)
    place.unlink()
    with pytest.raises(Refused, match=r"GPTQ-Int4-1\.safetensors has gone"):
        resume(hub, publications, retries=patient)
    assert hub.log == sent
    place.write_bytes(content)
    resume(hub, publications, retries=patient)
    check_complete(view_of(FakeHub(tmp_path)), view_of(hub), 1)


def test_a_journal_of_another_publication_is_not_written_over(
    hub: FakeHub, publications: Path, patient: Retries
) -> None:
    hub.die_at(4)
    with pytest.raises(Killed):
        publish(hub, plan_of(hub), publications, retries=patient)
    with pytest.raises(Refused, match="0123abcd-000001 is not finished") as caught:
        publish(hub, plan_of(hub, number=2), publications, retries=patient)
    assert "--resume" in caught.value.remedy
    publish(hub, unfinished(publications) or plan_of(hub), publications, retries=patient)
    assert unfinished(publications) is None


def test_a_journal_is_resumed_by_a_hub_at_another_address(
    hub: FakeHub, publications: Path, patient: Retries
) -> None:
    before = view_of(hub)
    hub.die_at(9, after=True)
    with pytest.raises(Killed):
        publish(hub, plan_of(hub), publications, retries=patient)
    moved = FakeHub(hub.folder, endpoint="https://hub.test:8443")
    moved.state = hub.state
    published = resume(moved, publications, retries=patient)
    check_complete(before, view_of(hub), 1)
    assert published.repos[0].url.startswith("https://hub.test:8443/")


def test_a_publication_that_is_finished_leaves_a_receipt_and_its_history(
    hub: FakeHub, publications: Path, patient: Retries
) -> None:
    published = publish(hub, plan_of(hub), publications, retries=patient)
    left = receipt.read(publications, hub.endpoint)
    assert left is not None
    assert left.repos[FIRST].commit == published.repos[0].commit
    assert left.slug in published.collection
    assert sorted(path.name for path in publications.iterdir()) == ["history", "receipt.json"]
    assert [file.stem for file in (publications / "history").iterdir()] == [published.id]


def test_only_the_last_few_journals_are_kept(
    hub: FakeHub, publications: Path, patient: Retries
) -> None:
    for number in range(8):
        publish(hub, plan_of(hub, number % 2 + 1, number=number), publications, retries=patient)
    assert len(list((publications / "history").iterdir())) == 5


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"{", "damaged"), (b'{"schema": 9}', "another version"), (b'{"schema": 1}', "damaged")],
)
def test_a_journal_that_cannot_be_read_is_said(
    hub: FakeHub, publications: Path, content: bytes, said: str
) -> None:
    publications.mkdir()
    (publications / JOURNAL_FILE).write_bytes(content)
    with pytest.raises(BadInput, match=said):
        unfinished(publications)


def test_there_is_nothing_to_resume_where_nothing_is_under_way(
    hub: FakeHub, publications: Path
) -> None:
    with pytest.raises(BadInput, match="no publication is under way"):
        resume(hub, publications)


def test_a_plan_comes_back_as_it_was_written(
    old: FakeHub, publications: Path, patient: Retries, tmp_path: Path
) -> None:
    terms = Terms(visibility="public", gated="manual", tag="v2", direct=True)
    plan = plan_of(old, 2, terms=terms, folder=tmp_path / "made")
    first = msgspec.structs.replace(
        plan.repos[0], readme={"merged": True}, remarks=("a remark",), kept=("notes.md",)
    )
    plan = msgspec.structs.replace(plan, repos=(first, *plan.repos[1:]))
    old.die_at(1)
    with pytest.raises(Killed):
        publish(old, plan, publications, retries=patient)
    back = unfinished(publications)
    assert back is not None
    assert bare(back) == bare(plan)
    for one, other in zip(back.repos, plan.repos, strict=True):
        assert {path: file.mark for path, file in one.files.items()} == {
            path: file.mark for path, file in other.files.items()
        }
        assert one.sent.keys() == other.sent.keys()
        assert all(sha(file.content) == file.mark.sha256 for file in one.files.values())


def bare(plan: FamilyPlan) -> FamilyPlan:
    """A plan without its files."""
    repos = tuple(msgspec.structs.replace(one, files={}) for one in plan.repos)
    return msgspec.structs.replace(plan, repos=repos)


def test_what_a_killed_write_leaves_is_swept_away(
    hub: FakeHub, publications: Path, patient: Retries
) -> None:
    publications.mkdir()
    (publications / ".journal.json-x.part").write_bytes(b"half")
    publish(hub, plan_of(hub), publications, retries=patient)
    assert sorted(path.name for path in publications.iterdir()) == ["history", "receipt.json"]
