from __future__ import annotations

from hubq.audit.rules.front_matter import RULE
from tests.audit.cases import case, findings
from tests.rows import each_row

GOOD = "---\nlicense: mit\nbase_model: acme/x\ntags:\n- gptq\n---\n\n# x-GPTQ\n\nText.\n"


def test_a_readable_front_matter_is_fine() -> None:
    assert not findings(RULE, case(GOOD, repo="acme/x-GPTQ"))


def test_a_card_without_front_matter_is_found() -> None:
    (found,) = findings(RULE, case("# x-GPTQ\n\nText.\n", repo="acme/x-GPTQ"))
    assert (found.severity, found.line) == ("warning", 1)


def test_a_readme_of_no_model_needs_none() -> None:
    assert not findings(RULE, case("# A tool\n\nText.\n"))


@each_row(
    ("line", "severity", "row"),
    [
        ("base_model: ./models/x", "error", 3),
        ("license: free-for-all", "error", 3),
        ("tags: [a", "error", 4),
        ("base_modle: acme/x", "info", 3),
    ],
)
def test_what_the_hub_refuses_or_ignores_is_found(line: str, severity: str, row: int) -> None:
    card = f"---\nlanguage: en\n{line}\n---\n\n# x\n\nText.\n"
    (found,) = findings(RULE, case(card, repo="acme/x"))
    assert (found.severity, found.line) == (severity, row)


def test_a_key_said_twice_is_found() -> None:
    card = GOOD.replace("tags:", "license: mit\ntags:")
    (found,) = findings(RULE, case(card, repo="acme/x-GPTQ"))
    assert (found.severity, found.line) == ("error", 4)


def test_what_other_rules_say_is_left_to_them() -> None:
    card = "---\nlicense: other\nlanguage: english\npipeline_tag: chatting\n---\n\n# x\n"
    assert not findings(RULE, case(card, repo="acme/x-GPTQ"))


def test_many_faults_of_one_key_are_one_finding() -> None:
    card = "---\nlicense: mit\ndatasets: [./a, ./b, ./c]\n---\n\n# x\n\nText.\n"
    (found,) = findings(RULE, case(card, repo="acme/x"))
    assert found.found.endswith(", and 2 more like it")
