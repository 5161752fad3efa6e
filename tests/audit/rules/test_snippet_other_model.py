from __future__ import annotations

from hubq.audit.rules.snippet_other_model import RULE
from tests.audit.cases import case, findings
from tests.rows import each_row

OWN = "acme/Tern-7B-Instruct-AWQ"
FRONT = "---\nbase_model: origin/Tern-7B-Instruct\n---\n\n# Tern-7B-Instruct-AWQ\n\n"


def card(repo: str, text: str = "Load it:", heading: str = "Use") -> str:
    code = f'model = AutoModelForCausalLM.from_pretrained(\n    "{repo}",\n)'
    return f"{FRONT}## {heading}\n\n{text}\n\n```python\n{code}\n```\n"


def test_another_quantized_repo_of_the_family_is_found_where_it_stands() -> None:
    (found,) = findings(RULE, case(card("acme/Tern-7B-AWQ"), repo=OWN))
    assert (found.severity, found.line, found.column) == ("warning", 13, 6)
    assert found.said == "acme/Tern-7B-AWQ"


def test_a_model_of_another_family_is_found() -> None:
    (found,) = findings(RULE, case(card("acme/Otter-12B"), repo=OWN))
    assert found.severity == "warning"
    assert "another family" in found.found


def test_another_size_of_the_origin_is_info() -> None:
    (found,) = findings(RULE, case(card("origin/Tern-70B-Instruct"), repo=OWN))
    assert found.severity == "info"


def test_an_id_in_a_variable_is_followed() -> None:
    code = 'model_id = "acme/Otter-12B-AWQ"\nllm = LLM(model=model_id)'
    (found,) = findings(RULE, case(f"{FRONT}```python\n{code}\n```\n", repo=OWN))
    assert found.line == 8


@each_row(
    "repo",
    [
        OWN,
        OWN.lower(),
        "origin/Tern-7B-Instruct",
        "other/Tern-7B-Instruct",
        "mirror/tern_7b-instruct",
    ],
)
def test_the_model_itself_and_its_base_are_no_error(repo: str) -> None:
    assert not findings(RULE, case(card(repo), repo=OWN))


@each_row(
    "text",
    [
        "For comparison, the larger model:",
        "With a draft model for speculative decoding:",
        "The same works for `acme/Tern-7B-AWQ`:",
        "To fine-tune from another checkpoint:",
    ],
)
def test_a_sentence_that_says_so_is_enough(text: str) -> None:
    assert not findings(RULE, case(card("acme/Tern-7B-AWQ", text), repo=OWN))


def test_adapters_and_data_sets_are_no_models() -> None:
    code = (
        'model = AutoModelForCausalLM.from_pretrained("acme/Tern-7B-Instruct-AWQ")\n'
        'model = PeftModel.from_pretrained(model, "acme/otter-lora")\n'
        'data = load_dataset("acme/otter-data")\n'
        'from_pretrained("path/to/model.bin/x/y")'
    )
    assert not findings(RULE, case(f"{FRONT}```python\n{code}\n```\n", repo=OWN))
