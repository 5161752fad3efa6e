from __future__ import annotations

from hubq.audit.rules.one_config_two_values import RULE
from tests.audit.cases import case, findings

CARD = """\
Evaluation: the 2B uses the medium set (N = 1536), the 3B the small one (N = 384).

## Some-VL-2B-Instruct

| Config | Overall | ChartQA |
|---|---|---|
| Float baseline (bf16) | 0.4291 | 0.5371 |
| FQ W8A8 `sq` α=0.8 (per-tensor Q/K) | 0.3739 | 0.4668 |
| FQ W8A8 `sq-ph` α=0.8 (per-head Q/K/V) | 0.4140 | 0.5273 |

## Other-VL-3B-Instruct

| Config | Overall | ChartQA |
|---|---|---|
| Float baseline (bf16) | 0.4564 | 0.5078 |
| FQ W8A8 `sq-ph` α=0.8 | 0.4871 | 0.6016 |

## Real int8 (Some-VL-2B)

| Run | Overall | Wall time | ms / item |
|---|---|---|---|
| Fake-quant W8A8 (`sq-ph` α=0.8) | 0.3942 | 58.5 min | 9 140 |
| Real-int8 + bf16 dequant | 0.3694 | 58.9 min | 9 210 |
"""


def test_one_configuration_with_two_values_is_found() -> None:
    (found,) = findings(RULE, case(CARD))
    assert (found.said, found.severity, found.line) == ("0.3942", "info", 22)
    assert "0.4140" in found.found
    assert "over 384 items" in found.found
    assert "1536" in found.found


def test_the_same_value_twice_is_fine() -> None:
    assert not findings(RULE, case(CARD.replace("0.3942", "0.4140")))


def test_another_setting_is_another_configuration() -> None:
    assert not findings(RULE, case(CARD.replace("(`sq-ph` α=0.8)", "(`sq-ph` α=0.65)")))


def test_another_model_is_another_configuration() -> None:
    assert not findings(RULE, case(CARD.replace("(Some-VL-2B)", "(Third-VL-7B)")))


def test_rows_that_only_say_bf16_or_awq_are_not_compared() -> None:
    rows = "| Model | MMLU |\n|---|---|\n| BF16 | {} |\n| AWQ | {} |\n"
    card = f"## 0-shot\n\n{rows.format(60.1, 59.1)}\n## 5-shot\n\n{rows.format(62.1, 61.1)}"
    assert not findings(RULE, case(card))
