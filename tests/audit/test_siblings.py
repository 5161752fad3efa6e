from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hubq.audit.rules import sibling_cell, sibling_harness, sibling_prose
from hubq.audit.siblings import MOST, facts_of, others, same_model
from hubq.audit.subject import Gathered, Subject
from tests.audit.cases import case
from tests.audit.fuzzing import limit

CARDS = Path(__file__).resolve().parents[3] / "shared" / "cards"
AWQ = "Qwen2-VL-2B-Instruct-AWQ"


def test_facts_are_read_once() -> None:
    subject = case("# x\n\nThree models with 2, 7 and 72 billion parameters.\n", repo="acme/x")
    assert facts_of(subject) is facts_of(subject)
    (sizes,) = facts_of(subject).sizes.values()
    assert (sizes.numbers, sizes.text) == (("2", "7", "72"), "2, 7 and 72 billion")


def test_a_repo_is_no_sibling_of_itself_and_one_without_a_card_says_nothing() -> None:
    kin = (case("# x\n", repo="acme/x"), case(None, repo="acme/y"), case("# z\n", repo="acme/z"))
    assert [one.repo for one in others(case("# x\n", repo="acme/x", siblings=kin))] == ["acme/z"]
    many = tuple(case("# y\n", repo=f"acme/{at}") for at in range(MOST + 9))
    assert len(others(case("# x\n", repo="acme/x", siblings=many))) == MOST


def test_one_model_is_told_by_its_base_or_its_name() -> None:
    based = "---\nbase_model: {}\n---\n\n# x\n"
    one, two = (case(based.format("acme/Z-7B"), repo=f"you/{name}") for name in ("a", "b"))
    assert same_model(one, two)
    assert not same_model(one, case(based.format("acme/Z-2B"), repo="you/c"))
    named = case("# x\n", repo="you/Z-7B-AWQ")
    assert same_model(one, named)
    assert not same_model(named, case("# x\n", repo="you/Z-72B-AWQ"))
    assert not same_model(case("# x\n"), case("# x\n"))


@pytest.mark.parametrize(
    "text",
    [
        "1, " * 50_000,
        "1, 2 and " * 20_000 + "B",
        "github.com/" * 20_000,
        "7B/" * 40_000,
        "A100 " * 9,
    ],
)
def test_hostile_prose_is_read_without_a_hang(text: str) -> None:
    with limit(60):
        facts_of(case(f"# x\n\n{text}\n\n{text} billion\n", repo="acme/x"))


def _real(name: str, repo: str) -> Subject:
    path = CARDS / name
    if not path.is_file():
        pytest.skip("the real cards are not here")
    return Subject(Gathered(name=repo, repo=repo, card=path.read_text(encoding="utf-8")))


def _kin(subject: Subject, *siblings: Subject) -> Subject:
    return Subject(subject.gathered, siblings=siblings)


def test_the_sizes_of_a_real_family_disagree() -> None:
    small = _real(f"{AWQ}/README.md", f"Qwen/{AWQ}")
    text = (small.gathered.card or "").replace("2, 7 and 72 billion", "2, 8 and 72 billion")
    name = AWQ.replace("2B", "72B")
    large = msgspec.structs.replace(
        small.gathered, name=name, repo=f"Qwen/{name}", card=text.replace("2B Qwen", "72B Qwen")
    )
    (found,) = sibling_prose.check(_kin(small, Subject(large)))
    assert found.said == "2, 7 and 72 billion"
    assert "2, 8 and 72 billion" in found.found


def test_real_cards_of_one_family_share_their_cells_and_name_two_copies_of_the_harness() -> None:
    card = _real(f"{AWQ}/README.md", f"Qwen/{AWQ}")
    page = _real("github/QwenLM_Qwen2-VL__README.md", "QwenLM/Qwen2-VL")
    subject = _kin(card, page)
    assert len(facts_of(card).cells.keys() & facts_of(page).cells.keys()) == 64
    assert not list(sibling_cell.check(subject))
    (found,) = sibling_harness.check(subject)
    assert found.said == "kq-chen/VLMEvalKit@add_qwen2vl"
    assert "open-compass/VLMEvalKit" in found.found


def test_a_list_of_sizes_that_was_searched_and_replaced_is_found() -> None:
    owner, name = "hugging-quants", "Meta-Llama-3.1-70B-Instruct-{}-INT4"
    one, two = (
        _real(f"readme/{owner}_{name.format(way)}.md", f"{owner}/{name.format(way)}")
        for way in ("AWQ", "GPTQ")
    )
    (found,) = sibling_prose.check(_kin(one, two))
    assert found.said == "8B, 70B, 70B"
