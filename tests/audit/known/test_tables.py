"""The tables as they lie in the package, against what is known from elsewhere."""

from __future__ import annotations

from hubq.audit.known import architectures, cuda, engines, releases, tables
from hubq.audit.known.versions import Version, readable
from tests.rows import each_row


@each_row(
    ("model_type", "first"),
    [
        ("llama", "4.28.0"),
        ("mistral", "4.34.0"),
        ("mixtral", "4.36.0"),
        ("qwen2", "4.37.0"),
        ("qwen2_vl", "4.45.0"),
        ("mllama", "4.45.0"),
        ("qwen2_5_vl", "4.49.0"),
        ("gpt_oss", "4.55.0"),
    ],
)
def test_architectures_have_a_first_release(model_type: str, first: str) -> None:
    span = architectures.of_type(model_type)
    assert span is not None
    assert span.first == first


def test_what_was_there_before_the_first_release_that_was_read_is_not_told_of() -> None:
    assert "gpt2" in tables.transformers().model_types
    assert architectures.of_type("gpt2") is None
    assert architectures.of_class("GPT2LMHeadModel") is None


def test_unknown_architectures_are_unknown() -> None:
    assert architectures.of_type("chatglm") is None
    assert architectures.of_class("FooForCausalLM") is None
    assert architectures.in_engine("FooForCausalLM", "vllm") is None


def test_a_preview_of_the_first_release_may_know_it() -> None:
    span = architectures.of_type("qwen2_vl")
    assert span is not None
    assert not span.before(Version.of("4.45.0.dev0"))
    assert span.before(Version.of("4.44.2"))


@each_row(
    ("model", "model_type"),
    [
        ("Qwen2-VL-7B-Instruct-GPTQ-Int4", "qwen2_vl"),
        ("Qwen2.5-VL-7B-Instruct-quantized.w4a16", "qwen2_5_vl"),
        ("Qwen2.5-7B-Instruct-AWQ", "qwen2"),
        ("Mixtral-8x7B-v0.1-GPTQ", "mixtral"),
        ("CodeLlama-7B-GPTQ", ""),
        ("Nous-Hermes-13B-GPTQ", ""),
        ("phi-2-GPTQ", ""),
    ],
)
def test_names_tell_of_architectures(model: str, model_type: str) -> None:
    found = architectures.type_in_name(model)
    assert found == model_type or (not model_type and architectures.of_type(found) is None)


def test_vllm_calls_architectures_by_class() -> None:
    assert architectures.class_of("qwen2_5_vl", "vllm") == "Qwen2_5_VLForConditionalGeneration"
    span = architectures.in_engine("Qwen2_5_VLForConditionalGeneration", "vllm")
    assert span is not None
    assert span.first == "0.7.2"


def test_methods_of_engines() -> None:
    awq = engines.method("awq")
    assert awq is not None
    assert awq.first == "0.2.0"
    assert engines.method("int4") is None
    assert tables.transformers().methods["awq"].first == "4.35.0"
    assert engines.loads("awq", "gptq") is False
    assert engines.loads("gptq_marlin", "gptq") is True
    assert engines.loads("fp8", "compressed-tensors") is False
    assert engines.loads("awq", "hqq") is None
    assert engines.loads("torchao", "gptq") is None


def test_gpus_that_methods_need() -> None:
    assert engines.least_capability("awq") == 75
    assert engines.least_capability("gptq") == 60
    assert engines.least_capability("no such method") == 0
    assert cuda.capability("V100") == 70


def test_what_vllm_needs() -> None:
    assert engines.pinned("0.6.3", "torch") == "==2.4.0"
    assert engines.pinned("9.9.9", "torch") == ""
    assert engines.allows("==2.4.0", Version.of("2.4.0+cu121"))
    assert not engines.allows("==2.4.0", Version.of("2.2.1"))
    assert engines.allows(">=4.45.0,<5", Version.of("4.45.0.dev0"))
    assert not engines.allows(">=4.45.0,<5", Version.of("4.44.2"))
    assert not engines.allows(">=4.45.0,<5", Version.of("5.1.0"))


def test_builds_of_torch() -> None:
    assert cuda.builds(Version.of("2.2.1+cu118")) == ("11.8", "12.1")
    assert cuda.builds(Version.of("0.4.0")) == ()
    assert cuda.of_tag("cu118") == "11.8"
    assert cuda.of_tag("cu92") == "9.2"
    assert cuda.of_tag("rocm5.4") == ""


def test_releases_have_days() -> None:
    assert releases.day_of("transformers", "4.45.0") == "2024-09-25"
    assert releases.released("transformers", Version.of("4.46.0")), "withdrawn ones were released"
    assert not releases.released("transformers", Version.of("4.38.7"))
    assert releases.near("transformers", Version.of("4.38.7")) == ("4.38.2", "4.39.0")
    assert releases.near("transformers", Version.of("0.0.1"))[0] == ""
    assert not releases.is_known("no-such-package")


def test_tables_are_whole() -> None:
    for name, listed in tables.packages().packages.items():
        assert listed, name
        assert all(readable(version) and len(day) == 10 for version, day in listed.items()), name
    known = set(tables.transformers().releases)
    for span in tables.transformers().model_types.values():
        assert span.first in known
        assert not span.last or span.last in known
    assert len(tables.transformers().classes) > 2000
    for name in ("vllm", "sglang"):
        table = tables.engine(name)
        assert set(table.methods) == set(table.capabilities)
        assert "LlamaForCausalLM" in table.architectures
        assert {"awq", "gptq", "fp8"} <= set(table.methods)
