from __future__ import annotations

from hubq.audit.rules.same_weights import RULE
from hubq.audit.subject import Subject
from tests.audit.cases import case, findings

_ONE, _OTHER = "1000 " + "a" * 64, "1000 " + "b" * 64


def _repo(name: str, **files: str) -> Subject:
    return case(
        repo=f"acme/{name}", files={f"{key}.safetensors": size for key, size in files.items()}
    )


def _with(name: str, siblings: tuple[Subject, ...], base: Subject | None = None) -> Subject:
    return case(
        repo=f"acme/{name}", files={"model.safetensors": _ONE}, siblings=siblings, base=base
    )


def test_another_variants_weights_are_found() -> None:
    subject = _with("Small-GPTQ-Int8", (_repo("Small-GPTQ-Int4", model=_ONE),))
    (found,) = findings(RULE, subject)
    assert (found.severity, found.part) == ("error", "acme/Small-GPTQ-Int4")
    assert found.found == "the weights are those of acme/Small-GPTQ-Int4, byte for byte"


def test_a_copy_under_another_name_is_a_warning() -> None:
    (found,) = findings(RULE, _with("Small-GPTQ-Int4", (_repo("Tiny-GPTQ-Int4", model=_ONE),)))
    assert found.severity == "warning"


def test_the_bases_own_weights_are_found() -> None:
    (found,) = findings(RULE, _with("Small-AWQ", (), _repo("Small", model=_ONE)))
    assert (found.severity, found.part) == ("error", "acme/Small")
    assert found.found == "the weights are those of the base model acme/Small, byte for byte"


def test_a_copy_of_a_quantized_base_is_worth_a_word() -> None:
    (found,) = findings(RULE, _with("Small-AWQ", (), _repo("Other-AWQ", model=_ONE)))
    assert found.severity == "info"


def test_other_weights_and_shared_parts_are_fine() -> None:
    assert not findings(RULE, _with("Small-GPTQ-Int8", (_repo("Small-AWQ", model=_OTHER),)))
    both = case(
        repo="acme/Small-AWQ",
        files={"model-1.safetensors": _ONE, "model-2.safetensors": _OTHER},
        siblings=(_repo("Small-GPTQ", **{"model-1": _ONE, "model-2": "9 " + "c" * 64}),),
    )
    assert not findings(RULE, both)
    unknown = case(
        repo="acme/A-Int4",
        files={"model.safetensors": 9},
        siblings=(case(repo="acme/A-Int8", files={"model.safetensors": 9}),),
    )
    assert not findings(RULE, unknown)
