from __future__ import annotations

from hubq.audit.rules.cuda_torch import RULE
from tests.audit.cases import case, findings
from tests.rows import each_row


def test_a_build_that_was_never_published_is_found() -> None:
    (found,) = findings(RULE, case("- Pytorch 2.2.1+cu124\n"))
    assert (found.severity, found.line, found.column) == ("warning", 1, 11)
    assert found.found == (
        "PyTorch 2.2.1 was published for CUDA 11.8 and 12.1; there is no `cu124` build"
    )


def test_kernels_for_another_major_version_are_found() -> None:
    card = "# Stack\n\n- Pytorch 2.2.1+cu118\n- AutoGPTQ 0.6.0+cu121\n"
    (found,) = findings(RULE, case(card))
    assert (found.severity, found.line) == ("warning", 4)
    assert "cannot be loaded beside that torch" in found.found


def test_kernels_for_another_minor_version_are_info() -> None:
    (found,) = findings(RULE, case("- Pytorch 2.0.1+cu117\n- AutoGPTQ 0.4.2+cu118\n"))
    assert found.severity == "info"


def test_a_cuda_that_torch_does_not_use_is_info() -> None:
    (found,) = findings(RULE, case("- CUDA 12.1\n- Pytorch 2.2.1+cu118\n"))
    assert (found.severity, found.said) == ("info", "CUDA 12.1")
    assert "brings CUDA 11.8 with it" in found.found


def test_a_cuda_that_torch_was_not_published_for_is_info() -> None:
    card = "The profiling runs on one A100 with PyTorch 2.0.1 and CUDA 11.4.\n"
    (found,) = findings(RULE, case(card))
    assert found.severity == "info"
    assert found.found == "PyTorch 2.0.1 was published for CUDA 11.7 and 11.8, not 11.4"


@each_row(
    "card",
    [
        "- CUDA 11.8\n- Pytorch 2.2.1+cu118\n- AutoAWQ 0.2.5+cu118\n",
        "- CUDA 11.8.0\n- Pytorch 2.2.1+cu118\n",
        "- CUDA 12.1\n- Pytorch 2.2.1\n",
        "- PyTorch 2.0 and above\n- CUDA 11.4 and above\n",
        "- torch 2.2.1+cpu\n- CUDA 11.4\n",
        "- torch 2.3.0a0+ebedce2\n- CUDA 12.3\n",
        "- torch 99.0.0+cu999\n",
        "## A\n\n- torch 2.2.1+cu118\n\n## B\n\n- CUDA 12.1\n",
        "- torch 2.2.1+cu118\n- torch 2.4.0+cu124\n- CUDA 12.4\n",
        "- CUDA 12.1\n",
    ],
)
def test_stacks_that_go_together_are_silent(card: str) -> None:
    assert not findings(RULE, case(card))
