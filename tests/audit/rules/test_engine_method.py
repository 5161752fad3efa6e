from __future__ import annotations

from typing import Any

from hubq.audit.rules.engine_method import RULE
from hubq.audit.subject import Subject
from tests.audit.cases import case, findings
from tests.rows import each_row

REPO = "acme/Llama-3-8B-GPTQ-Int4"


def quantized(card: str, method: str = "gptq", **more: Any) -> Subject:
    config = {"quantization_config": {"quant_method": method, "bits": 4}, **more}
    return case(card, repo=REPO, texts={"config.json": config})


def command(option: str, model: str = REPO) -> str:
    return f"```bash\nvllm serve {model} {option}\n```\n"


def test_a_method_of_another_checkpoint_is_found() -> None:
    (found,) = findings(RULE, quantized(command("--quantization awq")))
    assert (found.severity, found.line, found.column) == ("error", 2, 53)
    assert found.said == "--quantization awq"
    assert "the checkpoint is gptq" in found.found


def test_by_the_name_alone_it_is_a_warning() -> None:
    (found,) = findings(RULE, case(command("--quantization=awq"), repo=REPO))
    assert found.severity == "warning"


def test_arguments_in_python_count_too() -> None:
    card = f'```python\nfrom vllm import LLM\nllm = LLM("{REPO}", quantization="awq")\n```\n'
    (found,) = findings(RULE, quantized(card))
    assert found.line == 3


def test_a_method_that_no_release_has_is_found() -> None:
    (found,) = findings(RULE, case(command("--quantization int4")))
    assert found.severity == "warning"
    assert found.found == "no release of vLLM has a quantization method `int4`"


def test_a_release_from_before_the_method_is_found() -> None:
    (found,) = findings(RULE, quantized("Measured with vLLM 0.2.0.\n"))
    assert found.severity == "info"
    assert "vLLM loads since 0.2.6" in found.found
    (found,) = findings(RULE, quantized("Measured with transformers 4.34.0.\n", "awq"))
    assert "transformers loads since 4.35.0 (2023-11-02)" in found.found


def test_a_gpu_below_what_the_method_needs_is_found() -> None:
    (found,) = findings(RULE, quantized("# Speed\n\n- Tesla V100\n- vLLM 0.6.3\n", "awq"))
    assert (found.severity, found.line) == ("info", 3)
    assert "capability 7.0" in found.found
    assert "needed 7.5" in found.found


@each_row(
    "option",
    [
        "",
        "--quantization gptq",
        "--quantization gptq_marlin",
        "--quantization marlin",
        "--quantization None",
        "--quantization ascend",
        "--quantization <method>",
        "--quantization torchao",
        "--quantization-param-path x.json",
    ],
)
def test_methods_that_load_it_are_silent(option: str) -> None:
    assert not findings(RULE, quantized(command(option)))


def test_commands_about_other_models_and_engines_are_silent() -> None:
    assert not findings(RULE, quantized(command("--quantization awq", "acme/Other-AWQ")))
    sglang = f"```bash\npython -m sglang.launch_server --model {REPO} --quantization awq\n```\n"
    assert not findings(RULE, quantized(sglang))
    assert not findings(RULE, quantized("vLLM takes `--quantization int4`.\n"))


@each_row(
    "card",
    [
        "Measured with vLLM 0.6.3.\n",
        "Use vLLM 0.2.0 or later.\n",
        "- transformers 4.31.0\n- AutoGPTQ 0.4.2\n",
        "# Speed\n\n- Tesla V100\n- A100\n- vLLM 0.6.3\n",
        "# Speed\n\n- Tesla V100\n- vLLM 0.6.3\n",
    ],
)
def test_stacks_that_load_it_are_silent(card: str) -> None:
    assert not findings(RULE, quantized(card))


def test_methods_that_nothing_is_known_of_are_silent() -> None:
    assert not findings(RULE, quantized("Measured with vLLM 0.1.0.\n", "own-method"))
    assert not findings(RULE, case("Measured with vLLM 0.1.0.\n", repo="acme/Model-AWQ"))
