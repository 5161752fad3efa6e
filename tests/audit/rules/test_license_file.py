from __future__ import annotations

from hubq.audit.rules.license_file import RULE
from tests.audit.cases import case, findings
from tests.rows import each_row

LLAMA = "---\nlicense: llama3.1\n---\n\n# x-AWQ\n"


def test_a_llama_without_license_and_notice_is_found() -> None:
    (found,) = findings(RULE, case(LLAMA, repo="acme/x-AWQ", files={"model.safetensors": 9}))
    assert (found.severity, found.line) == ("warning", 2)
    assert "a copy of it (section 1.b.i)" in found.found
    assert "a text file named Notice (section 1.b.iii)" in found.found
    assert "Llama 3.1 is licensed under the Llama 3.1 Community License" in found.remedy


def test_what_is_there_is_not_asked_for() -> None:
    (found,) = findings(RULE, case(LLAMA, files={"LICENSE.txt": 9}))
    assert "a copy of it" not in found.found
    assert not findings(RULE, case(LLAMA, files={"LICENSE": 9, "NOTICE": 9}))
    assert not findings(RULE, case(LLAMA, files={"legal/license.md": 9, "Notice.txt": 9}))


def test_a_gate_that_holds_the_agreement_is_a_copy() -> None:
    gate = "  LLAMA 3.1 COMMUNITY LICENSE AGREEMENT\n" + "  Words of it.\n" * 500
    card = LLAMA.replace("llama3.1\n", f"llama3.1\nextra_gated_prompt: |\n{gate}")
    (found,) = findings(RULE, case(card, files={"model.safetensors": 9}))
    assert "a copy of it" not in found.found


def test_the_use_policy_of_the_base_goes_with_it() -> None:
    base = case("# x\n", repo="acme/x", files={"LICENSE": 9, "USE_POLICY.md": 9})
    (found,) = findings(RULE, case(LLAMA, files={"x.safetensors": 9}, base=base))
    assert "use policy along" in found.remedy


@each_row(
    "front",
    [
        "license: gemma",
        "license: other\nlicense_name: qwen-research\nlicense_link: x",
        "license: other\nlicense_name: tongyi-qianwen\nlicense_link: x",
        "base_model: meta-llama/Llama-2-7b-hf",
    ],
)
def test_other_licenses_demand_the_same(front: str) -> None:
    (found,) = findings(
        RULE, case(f"---\n{front}\n---\n\n# x-AWQ\n", files={"model.safetensors": 9})
    )
    assert found.sources


def test_a_license_that_was_left_behind_is_worth_knowing() -> None:
    card = "---\nlicense: apache-2.0\n---\n\n# x\n"
    base = case(card, repo="acme/x", files={"LICENSE": 9})
    (found,) = findings(RULE, case(card, files={"model.safetensors": 9}, base=base))
    assert found.severity == "info"
    assert not findings(RULE, case(card, files={"LICENSE": 9}, base=base))
    assert not findings(RULE, case(card, files={"model.safetensors": 9}))


def test_those_who_gave_the_license_are_not_bound_by_it() -> None:
    assert not findings(RULE, case(LLAMA, repo="acme/x", files={"LICENSE.txt": 9}))
    assert not findings(RULE, case(LLAMA, repo="meta-llama/x-FP8", files={"LICENSE.txt": 9}))
