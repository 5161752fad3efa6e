from __future__ import annotations

import msgspec

from hubq.audit.bases import certain_base, is_quantized, linked_base, same_name, stated_bases
from hubq.audit.subject import Subject
from tests.audit.cases import case

CONFIG = {"config.json": {"model_type": "zeta", "hidden_size": 64}}


def test_stated_bases_are_ids_alone() -> None:
    card = "---\nbase_model: [acme/a, ./b, [c]]\n---\n\n# x\n"
    assert stated_bases(case(card)) == ("acme/a",)
    assert stated_bases(case("# x\n")) == ()


def test_names_and_configurations_tell_of_quantization() -> None:
    assert is_quantized(case("# x\n", repo="acme/x-GPTQ"))
    assert is_quantized(case("# x-AWQ\n"))
    assert is_quantized(case("# x\n", files={"x-Q4_K_M.gguf": 1}))
    assert not is_quantized(case("# x-AWQ\n", repo="acme/x"))
    assert not is_quantized(case("# x\n", repo="acme/x-mlx"))
    assert is_quantized(case("# x\n", repo="acme/x-mlx-4bit"))


def test_a_readmes_own_name_tells_of_it_where_the_repo_is_not_known() -> None:
    gathered = case("# Zeta\n").gathered
    named = msgspec.structs.replace(gathered, card_path="cards/acme_Zeta-7B-AWQ.md")
    assert is_quantized(Subject(named))
    assert not is_quantized(Subject(msgspec.structs.replace(named, repo="acme/Zeta-7B")))
    assert not is_quantized(Subject(gathered))


def test_names_differ_in_more_than_punctuation() -> None:
    assert same_name("Zeta-7B", "acme/zeta_7b")
    assert not same_name("Zeta-7B", "Zeta-7B-Instruct")
    assert not same_name("", "--")


def test_the_one_link_of_the_name_is_the_base() -> None:
    card = "# x\n\n[a](https://hf.co/acme/Zeta-7B) [b](https://hf.co/acme/Zeta-7B/tree/main)\n"
    base, spot = linked_base(case(card, repo="you/Zeta-7B-AWQ"))
    assert (base, spot.line) == ("acme/Zeta-7B", 3)
    assert linked_base(case(card)) == ("", (0, 0))


def test_a_base_is_certain_when_its_name_and_shapes_agree() -> None:
    base = case("# x\n", repo="acme/Zeta-7B", texts=CONFIG)
    assert certain_base(case("# y\n", repo="you/Zeta-7B-AWQ", texts=CONFIG, base=base))
    assert not certain_base(case("# y\n", repo="you/Zeta-8B-AWQ", texts=CONFIG, base=base))
    assert not certain_base(case("# y\n", repo="you/Zeta-7B-AWQ", base=base))
    other = {"config.json": {"model_type": "zeta", "hidden_size": 65}}
    assert not certain_base(case("# y\n", repo="you/Zeta-7B-AWQ", texts=other, base=base))
    assert not certain_base(case("# y\n", repo="you/Zeta-7B-AWQ", texts=CONFIG))
