from __future__ import annotations

from hubq.audit.rules.copied_command import RULE
from tests.audit.cases import case, findings
from tests.rows import each_row

OWN = "acme/Tern-VL-7B-Instruct-quantized.w4a16"
FRONT = "---\nbase_model: origin/Tern-VL-7B-Instruct\n---\n\n# Tern\n\n## Evaluation\n\n"


def card(command: str, language: str = "") -> str:
    return f"{FRONT}```{language}\n{command}\n```\n"


@each_row(
    "command",
    [
        "vllm serve acme/otter-12b-quantized.w8a8 --max_model_len 25000",
        "python -m eval.run eval_vllm \\\n    --model_name acme/otter-12b-quantized.w8a8 \\",
        'lm_eval --model vllm --model_args pretrained="acme/otter-12b-quantized.w8a8",dtype=auto',
        "huggingface-cli download acme/otter-12b-quantized.w8a8 --local-dir x",
        "git clone https://huggingface.co/acme/otter-12b-quantized.w8a8",
        'curl x -d \'{\n  "model": "acme/otter-12b-quantized.w8a8"}\'',
    ],
)
def test_a_command_of_another_model_is_found(command: str) -> None:
    (found,) = findings(RULE, case(card(command), repo=OWN))
    assert found.severity == "warning"
    assert "acme/otter-12b-quantized.w8a8" in found.found
    assert "acme/otter" in found.quote


def test_each_line_is_a_finding_of_its_own() -> None:
    command = "vllm serve acme/otter-12b\nrun --model_name acme/otter-12b"
    assert [one.line for one in findings(RULE, case(card(command), repo=OWN))] == [10, 11]


@each_row(
    "command",
    [
        f"vllm serve {OWN} --max_model_len 25000",
        "vllm serve origin/Tern-VL-7B-Instruct",
        f"vllm serve {OWN} --speculative-model acme/otter-1b",
        f"vllm serve {OWN} --lora-modules a=acme/otter-lora",
        "vllm serve path/to/model/of/mine",
        "python finetune.py --model_name_or_path acme/otter-15b",
        "docker run -v x:/data ghcr.io/acme/server:latest --model-id /data/otter",
        "pip install git+https://github.com/acme/otter",
    ],
)
def test_commands_of_the_model_are_no_error(command: str) -> None:
    assert not findings(RULE, case(card(command, "bash"), repo=OWN))


def test_without_the_repos_id_its_base_model_tells() -> None:
    (found,) = findings(RULE, case(card("vllm serve acme/otter-12b-quantized.w8a8")))
    assert "this card is of Tern" in found.found
    assert not findings(RULE, case(card("vllm serve acme/Tern-VL-7B-quantized")))
    assert not findings(RULE, case("# Tern\n\n```\nvllm serve acme/otter-12b\n```\n"))


def test_an_id_is_compared_whole() -> None:
    (found,) = findings(RULE, case(card("vllm serve acme/Tern-VL-7B-Instruct-quantized"), repo=OWN))
    assert found.said.endswith("-quantized")
