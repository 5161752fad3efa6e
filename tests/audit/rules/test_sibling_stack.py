from __future__ import annotations

from hubq.audit.rules.sibling_stack import RULE
from tests.audit.cases import case, findings

CARD = """# Zeta-7B

## Speed Benchmark

The environment of the evaluation is:
- NVIDIA A100 80GB
- CUDA 11.8
- Transformers {version}

| Model | Quantization | Speed(tokens/s) | GPU Memory(GB) |
|---|---|---|---|
| Zeta-7B | BF16 | {speed} | 16.07 |
| Zeta-7B | AWQ | 32.08 | 7.07 |
"""


def _card(version: str, speed: str = "39.02") -> str:
    return CARD.format(version=version, speed=speed)


def test_one_table_with_two_stacks_is_found() -> None:
    other = case(_card("4.45.0"), repo="acme/Zeta-7B-GPTQ-Int4")
    subject = case(_card("4.38.2"), repo="acme/Zeta-7B-AWQ", siblings=(other,))
    (found,) = findings(RULE, subject)
    assert (found.severity, found.line) == ("warning", 8)
    assert "4.38.2" in found.said
    assert "4.45.0" in found.found


def test_tables_measured_apart_are_worth_knowing() -> None:
    other = case(_card("4.45.0", "41.10"), repo="acme/Zeta-7B-GPTQ-Int4")
    subject = case(_card("4.38.2"), repo="acme/Zeta-7B-AWQ", siblings=(other,))
    (found,) = findings(RULE, subject)
    assert found.severity == "info"


def test_the_same_stack_and_cards_without_one_are_fine() -> None:
    other = case(_card("4.38.2"), repo="acme/Zeta-7B-GPTQ-Int4")
    subject = case(_card("4.38.2"), repo="acme/Zeta-7B-AWQ", siblings=(other,))
    assert not findings(RULE, subject)
    other = case("# Zeta\n\nNothing.\n", repo="acme/Zeta-7B-GPTQ-Int4")
    subject = case(_card("4.38.2"), repo="acme/Zeta-7B-AWQ", siblings=(other,))
    assert not findings(RULE, subject)


def test_requirements_are_no_stack() -> None:
    card = "# Zeta\n\n## Requirements\n\n```\npip install transformers=={}\n```\n"
    other = case(card.format("4.45.0"), repo="acme/Zeta-7B-GPTQ-Int4")
    subject = case(card.format("4.38.2"), repo="acme/Zeta-7B-AWQ", siblings=(other,))
    assert not findings(RULE, subject)


def test_one_table_from_two_gpus_is_found() -> None:
    other = case(_card("4.38.2").replace("A100", "H100"), repo="acme/Zeta-7B-GPTQ-Int4")
    subject = case(_card("4.38.2"), repo="acme/Zeta-7B-AWQ", siblings=(other,))
    (found,) = findings(RULE, subject)
    assert (found.severity, found.said, found.line) == ("warning", "NVIDIA A100", 6)
    assert "names NVIDIA H100" in found.found


def test_other_speeds_on_other_gpus_are_fine() -> None:
    other = case(_card("4.38.2", "55.1").replace("A100", "H100"), repo="acme/Zeta-7B-GPTQ-Int4")
    subject = case(_card("4.38.2"), repo="acme/Zeta-7B-AWQ", siblings=(other,))
    assert not findings(RULE, subject)
