from __future__ import annotations

from hubq.audit.architecture import against, imported, in_engine, in_transformers
from hubq.audit.document import Document
from hubq.audit.known.versions import Version
from hubq.audit.subject import Subject
from tests.audit.cases import case
from tests.rows import each_row

CODE = "```python\nfrom transformers import (\n    AutoProcessor,\n    {},\n)\n```\n"


def first(subject: Subject) -> tuple[str, str, bool]:
    found = in_transformers(subject)[0]
    return found.name, found.span.first, found.certain


def test_config_says_it_for_certain() -> None:
    subject = case("x", texts={"config.json": {"model_type": "qwen2_vl"}})
    assert first(subject) == ("qwen2_vl", "4.45.0", True)


def test_the_base_model_says_it_where_the_repo_does_not() -> None:
    base = case("x", texts={"config.json": {"model_type": "mllama"}})
    assert first(case("x", base=base)) == ("mllama", "4.45.0", True)


def test_code_in_the_repo_needs_no_release() -> None:
    config = {"model_type": "qwen2_vl", "auto_map": {"AutoModel": "modeling.X"}}
    assert not in_transformers(case("x", texts={"config.json": config}))


def test_imports_say_it() -> None:
    card = CODE.format("Qwen2VLForConditionalGeneration")
    assert first(case(card)) == ("Qwen2VLForConditionalGeneration", "4.45.0", True)
    one_line = "```\nfrom transformers import Phi3ForCausalLM, AutoTokenizer\n```"
    assert imported(Document(one_line)) == ("Phi3ForCausalLM",)


def test_classes_of_all_models_say_nothing() -> None:
    assert not in_transformers(case(CODE.format("AutoModelForImageTextToText")))
    assert not in_transformers(case("from transformers import Qwen2VLForConditionalGeneration"))


def test_quoted_errors_say_it() -> None:
    assert first(case("or you get `KeyError: 'qwen2_vl'`")) == ("qwen2_vl", "4.45.0", True)
    assert not in_transformers(case("or you get `KeyError: 'image_grid'`"))


def test_names_say_it_but_not_for_certain() -> None:
    assert first(case("x", repo="acme/Qwen2-VL-2B-AWQ")) == ("qwen2_vl", "4.45.0", False)
    assert first(case("# Qwen2-VL-2B-AWQ\n")) == ("qwen2_vl", "4.45.0", False)
    assert first(case("---\nbase_model: Qwen/Qwen2-VL-2B\n---\nx")) == ("qwen2_vl", "4.45.0", False)


def test_names_of_models_that_bring_code_say_nothing() -> None:
    text = "```python\nmodel = load(x, trust_remote_code={})\n```"
    assert not in_transformers(case(text.format(True), repo="acme/Qwen2-VL-2B-AWQ"))
    assert in_transformers(case(text.format(False), repo="acme/Qwen2-VL-2B-AWQ"))


@each_row("model_type", ["chatglm", "telechat", "gpt2", None, 3])
def test_unknown_architectures_are_silent(model_type: object) -> None:
    assert not in_transformers(case("x", texts={"config.json": {"model_type": model_type}}))


def test_vllm_knows_architectures_by_class() -> None:
    config = {"model_type": "qwen2_vl", "architectures": ["Qwen2VLForConditionalGeneration", 3]}
    found = in_engine(case("x", texts={"config.json": config}), "vllm")
    assert (found[0].span.first, found[0].certain) == ("0.6.1", True)
    assert in_engine(case("x", repo="acme/Qwen2-VL-2B-AWQ"), "vllm")[0].certain is False


def test_short_versions_and_previews_of_the_first_release_are_not_excluded() -> None:
    found = in_transformers(case("x", texts={"config.json": {"model_type": "qwen2_vl"}}))
    for version in ("4.45", "4.45.0.dev0", "4.45.0", "5.0"):
        assert against(found, Version.of(version)) is None
    for version in ("4.44", "4.44.2", "4.38.2", "4.44.0.dev0"):
        assert against(found, Version.of(version)) is not None


def test_vllm_runs_unknown_models_with_code_of_transformers_in_later_releases() -> None:
    found = in_engine(
        case("x", texts={"config.json": {"architectures": ["Qwen3ForCausalLM"]}}), "vllm"
    )
    assert against(found, Version.of("0.6.0")) is not None
    assert against(found, Version.of("0.8.0")) is None
