from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hubq.audit.fixing import TITLE, Fix, fix_of, propose, write
from hubq.audit.rule import all_rules
from hubq.audit.subject import Subject
from hubq.errors import BadInput, RemoteMoved
from hubq.hub.port import Unavailable
from tests.audit.cases import case
from tests.fakes import BOB, FakeHub

REPO = "acme/nano-AWQ"
CARD = "---\r\nlicense: mit # ours\r\n---\r\n# Nano\r\n\r\nText.\r\n"
AFTER = CARD.replace("---\r\n# Nano", "base_model: acme/nano\r\n---\r\n# Nano")


@pytest.fixture
def hub(tmp_path: Path) -> FakeHub:
    hub = FakeHub(tmp_path / "hub")
    hub.add(REPO, {"README.md": CARD.encode(), "config.json": b"{}"}, author="owner")
    return hub


@pytest.fixture
def fix(hub: FakeHub) -> Fix:
    return Fix(
        name=REPO,
        repo=REPO,
        commit=hub.head(REPO) or "",
        before=CARD,
        after=AFTER,
        said=("add `base_model: acme/nano`",),
        suggestions=("README.md:9: `75.95`: the mean is 75.55",),
    )


def audited() -> Subject:
    base = case("---\nlicense: mit\n---\n# Nano\n", repo="acme/nano", texts={"config.json": {}})
    text = "---\nlicense: mit\nbase_model: acme/nano\n---\n# Nano\n"
    config = {"model_type": "nano", "quantization_config": {"quant_method": "awq", "bits": 4}}
    return case(text, repo=REPO, texts={"config.json": config}, base=base)


def test_safe_repairs_become_one_edit_and_say_themselves() -> None:
    subject = audited()
    findings = [
        one for rule in all_rules() if rule.group == "metadata" for one in rule.check(subject)
    ]
    fix = fix_of(subject, findings)
    assert fix is not None
    assert "base_model_relation: quantized" in fix.after
    assert "+base_model_relation: quantized" in fix.difference
    assert fix.after.endswith("---\n# Nano\n")
    assert all(f"- {line}" in fix.description for line in fix.said)


def test_nothing_found_is_nothing_mended() -> None:
    assert fix_of(audited(), []) is None


def test_a_pull_request_is_opened_without_touching_main(hub: FakeHub, fix: Fix) -> None:
    done = propose(hub, fix)
    assert done.did == "opened"
    (pull,) = hub.pull_requests(REPO, author="alice")
    assert (pull.title, pull.url) == (TITLE, done.url)
    assert hub.files(REPO, pull.ref)["README.md"] == AFTER.encode()
    assert hub.files(REPO)["README.md"] == CARD.encode()


def test_a_token_that_may_only_read_will_do(hub: FakeHub, fix: Fix) -> None:
    assert propose(hub.seen_by(BOB), fix).did == "opened"


def test_our_own_open_one_is_kept_up_to_date(hub: FakeHub, fix: Fix) -> None:
    first = propose(hub, fix)
    hub.log.clear()
    again = propose(hub, fix)
    assert (again.did, again.url) == ("already open", first.url)
    assert hub.log == []
    more = msgspec.structs.replace(fix, after=AFTER.replace("Text.", "Text!"))
    assert propose(hub, more).did == "brought up to date"
    (pull,) = hub.pull_requests(REPO, author="alice")
    assert hub.files(REPO, pull.ref)["README.md"].endswith(b"Text!\r\n")


def test_one_that_somebody_works_on_is_left_alone(hub: FakeHub, fix: Fix) -> None:
    propose(hub, fix)
    (pull,) = hub.pull_requests(REPO, author="alice")
    hub.add(REPO, {"README.md": b"theirs"}, author="carol", revision=pull.ref)
    with pytest.raises(RemoteMoved, match="carol changed our pull request 1"):
        propose(hub, fix)


def test_a_card_that_was_changed_meanwhile_is_left_alone(hub: FakeHub, fix: Fix) -> None:
    hub.add(REPO, {"README.md": b"# Better\n"})
    with pytest.raises(RemoteMoved, match="its main branch is not at"):
        propose(hub, fix)
    assert not hub.pull_requests(REPO, author="alice")


def test_an_answer_that_gets_lost_opens_no_second_one(hub: FakeHub, fix: Fix) -> None:
    hub.fail("propose", Unavailable("gone"), after=True)
    assert propose(hub, fix).did == "opened"
    assert len(hub.pull_requests(REPO, author="alice")) == 1
    hub.close(REPO, 1)
    hub.fail("propose", Unavailable("gone"))
    with pytest.raises(Unavailable):
        propose(hub, fix)


def test_a_file_is_edited_in_place_byte_for_byte(tmp_path: Path, fix: Fix) -> None:
    path = tmp_path / "README.md"
    path.write_bytes(CARD.encode())
    path.chmod(0o640)
    assert write(msgspec.structs.replace(fix, path=str(path))).did == "edited"
    assert path.read_bytes() == AFTER.encode()
    assert path.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in tmp_path.iterdir() if one.is_file()] == ["README.md"]
    with pytest.raises(BadInput, match="changed since it was read"):
        write(msgspec.structs.replace(fix, path=str(path)))


def test_the_difference_and_the_text_are_for_people(fix: Fix) -> None:
    assert fix.difference.startswith(f"--- a/{REPO}\n+++ b/{REPO}\n")
    assert "+base_model: acme/nano" in fix.difference
    assert "- add `base_model: acme/nano`" in fix.description
    assert "Not edited, but worth a look:\n\n- README.md:9" in fix.description
