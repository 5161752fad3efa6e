from __future__ import annotations

from hubq.audit.rules.license_differs import RULE
from tests.audit.cases import case, findings
from tests.rows import each_row


def _card(license_: str, base: str = "acme/x", text: str = "") -> str:
    return f"---\nlicense: {license_}\nbase_model: {base}\n---\n\n# x\n\n{text}\n"


def test_another_license_than_the_base_models_is_found() -> None:
    base = case("---\nlicense: apache-2.0\n---\n\n# x\n", repo="acme/x")
    (found,) = findings(RULE, case(_card("mit"), repo="acme/x-AWQ", base=base))
    assert (found.severity, found.said, found.line) == ("warning", "mit", 2)
    assert found.found == "the base model acme/x is under apache-2.0"


def test_a_base_known_by_its_id_needs_no_look() -> None:
    card = _card("apache-2.0", "meta-llama/Llama-3.1-8B-Instruct")
    (found,) = findings(RULE, case(card, repo="acme/Llama-3.1-8B-Instruct-AWQ"))
    assert "llama3.1" in found.found
    assert "https://www.llama.com/llama3_1/license/" in found.sources


def test_one_license_in_two_ways_of_saying_it_is_fine() -> None:
    front = "license: other\nlicense_name: llama3\nbase_model: meta-llama/Meta-Llama-3-8B"
    assert not findings(RULE, case(f"---\n{front}\n---\n\n# x\n", repo="acme/x-AWQ"))
    base = case("---\nlicense: other\n---\n\n# x\n", repo="acme/x")
    assert not findings(RULE, case(_card("mit"), repo="acme/x-AWQ", base=base))


@each_row(
    ("license_", "text"),
    [
        ("mit", "- **License:** Apache 2.0"),
        ("llama2", "* **License**: The weights are under the [Zeta NON-COMMERCIAL License](x)"),
        ("apache-2.0", "- Released under the **MIT License**"),
        ("apache-2.0", "A line. This model is released under the MIT License."),
    ],
)
def test_another_license_in_the_text_is_worth_knowing(license_: str, text: str) -> None:
    (found,) = findings(RULE, case(_card(license_, text=text)))
    assert (found.severity, found.line) == ("info", 8)


@each_row(
    ("license_", "text"),
    [
        ("apache-2.0", "- Released under the **Apache 2 License**"),
        ("cc-by-4.0", "- **License:** CC-BY"),
        ("llama3", "- **License(s):** [Llama3](https://llama.meta.com/llama3/license/)"),
        ("llama3.1", "**License:** Llama 3.1 Community License"),
        ("apache-2.0", "This code repository is licensed under the MIT License."),
        ("apache-2.0", "**License:** the code is under MIT"),
        ("apache-2.0", "It is code; this code is released under the MIT License."),
        ("apache-2.0", "The model is licensed under the LLaMA model, the data is free."),
        ("apache-2.0", "This model is released under the Apache License 2.0."),
        ("other", "This model is released under the MIT License."),
        ("mit", "The MIT models were released under the sea."),
        ("llama2", "**License** A custom commercial license is available."),
        ("apache-2.0", "Mit diesem Modell: License pending, see below."),
    ],
)
def test_the_same_license_or_none_in_the_text_is_fine(license_: str, text: str) -> None:
    assert not findings(RULE, case(_card(license_, text=text)))
