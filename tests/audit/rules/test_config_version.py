from __future__ import annotations

from hubq.audit.rules.config_version import RULE
from hubq.audit.subject import Subject
from tests.audit.cases import case, findings
from tests.rows import each_row


def repo(card: str, version: object, **more: object) -> Subject:
    return case(card, texts={"config.json": {"transformers_version": version, **more}})


def test_files_from_after_the_stated_stack_are_found() -> None:
    (found,) = findings(RULE, repo("- Transformers 4.38.2\n", "4.45.0.dev0"))
    assert (found.severity, found.path, found.line) == ("info", "README.md", 1)
    assert "written by transformers 4.45.0.dev0, which is newer" in found.found


def test_a_config_from_before_its_architecture_is_found() -> None:
    (found,) = findings(RULE, repo("x", "4.41.2", model_type="qwen2_vl"))
    assert (found.severity, found.path) == ("info", "config.json")
    assert found.line == 1
    assert "4.45.0 of 2024-09-25" in found.found


@each_row(
    "card",
    [
        "- Transformers 4.46.3\n",
        "- Transformers 4.45.2\n",
        "- Transformers 4.45\n",
        "Requires transformers>=4.38.\n",
        "```bash\npip install transformers==4.38.2\n```\n",
        "x",
    ],
)
def test_newer_stacks_and_requirements_are_silent(card: str) -> None:
    assert not findings(RULE, repo(card, "4.45.0", model_type="qwen2_vl"))


def test_a_preview_of_the_first_release_is_silent() -> None:
    assert not findings(RULE, repo("x", "4.45.0.dev0", model_type="qwen2_vl"))


def test_models_with_their_own_code_are_silent() -> None:
    auto = {"AutoModelForCausalLM": "modeling_phi3.Phi3ForCausalLM"}
    assert not findings(RULE, repo("x", "4.39.3", model_type="phi3", auto_map=auto))


@each_row("version", [None, 4.45, "latest", ""])
def test_what_is_no_version_is_silent(version: object) -> None:
    assert not findings(RULE, repo("- Transformers 4.38.2\n", version, model_type="qwen2_vl"))
