from __future__ import annotations

from hubq.audit.rules.vision_quantized import RULE
from tests.audit import checkpoints
from tests.audit.cases import case, findings

_TOWER = checkpoints.gptq(4) | checkpoints.gptq_module("visual.blocks.0.mlp.fc1", 64, 128, 4, 64)
_HEADERS = checkpoints.one(_TOWER)


def test_a_quantized_tower_without_a_word_is_found() -> None:
    (found,) = findings(RULE, case("# X\n\nQuantized.\n", headers=_HEADERS))
    assert found.severity == "info"
    assert "1 modules of the vision tower" in found.found


def test_one_that_the_configuration_leaves_out_is_a_warning() -> None:
    texts = {
        "config.json": checkpoints.config(quant_method="awq", modules_to_not_convert=["visual"])
    }
    (found,) = findings(RULE, case("# X\n", texts=texts, headers=_HEADERS))
    assert found.severity == "warning"


def test_one_that_the_card_says_was_left_is_a_warning() -> None:
    for said in ("The vision tower keeps its 16 bits", "The vision encoder is not quantized"):
        card = f"# X\n\nA model. {said}, as in the base. It is fast.\n"
        (found,) = findings(RULE, case(card, headers=_HEADERS))
        assert (found.severity, found.line) == ("warning", 3)
        assert "says that the tower was left" in found.found


def test_a_word_about_it_is_enough() -> None:
    card = "# X\n\nThe vision tower is quantized too.\n"
    assert not findings(RULE, case(card, headers=_HEADERS))


def test_towers_of_full_precision_are_fine() -> None:
    for tensors in (checkpoints.gptq(4), checkpoints.full(), checkpoints.awq(4)):
        assert not findings(RULE, case("# X\n", headers=checkpoints.one(tensors)))
