from __future__ import annotations

from hubq.audit.rules.dtype import RULE
from tests.audit import checkpoints
from tests.audit.cases import case, findings


def _config(dtype: str, key: str = "torch_dtype", **quantization: object) -> dict[str, object]:
    return {"config.json": {key: dtype, "quantization_config": quantization}}


def test_a_type_that_no_tensor_has_is_worth_a_word() -> None:
    subject = case(
        texts=_config("float16", quant_method="gptq", bits=4),
        headers=checkpoints.one(checkpoints.gptq(4)),
    )
    (found,) = findings(RULE, subject)
    assert (found.severity, found.said) == ("info", "torch_dtype: float16")
    assert "are BF16" in found.found


def test_awq_in_bfloat16_is_worth_a_word() -> None:
    for key in ("dtype", "torch_dtype"):
        texts = _config("bfloat16", key, quant_method="awq", version="gemm", bits=4)
        (found,) = findings(RULE, case(texts=texts))
        assert "Marlin" in found.found


def test_types_that_fit_are_fine() -> None:
    gptq = checkpoints.one(checkpoints.gptq(4))
    assert not findings(RULE, case(texts=_config("bfloat16", quant_method="gptq"), headers=gptq))
    assert not findings(RULE, case(texts=_config("float16", quant_method="awq")))
    assert not findings(RULE, case(texts=_config("bfloat16", quant_method="awq", version="marlin")))
    assert not findings(RULE, case(texts=_config("auto"), headers=gptq))
