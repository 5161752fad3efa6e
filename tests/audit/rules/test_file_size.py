from __future__ import annotations

from hubq.audit.rules.file_size import RULE
from tests.audit.cases import case, findings
from tests.rows import each_row

_FILES = "# X\n\n| Filename | Quant type | File Size |\n|---|---|---|\n"
_BRANCH = "# X\n\n| Branch | Bits | Size |\n|---|---|---|\n"


def test_another_size_than_the_files_is_found() -> None:
    card = f"{_FILES}| [x-Q6_K.gguf](x-Q6_K.gguf) | Q6_K | 4.38GB |\n"
    (found,) = findings(RULE, case(card, files={"x-Q6_K.gguf": 6_250_000_000}))
    assert (found.severity, found.line, found.said) == ("warning", 5, "4.38GB")
    assert found.found == "x-Q6_K.gguf: 6,250,000,000 bytes, 6.25 GB"


def test_the_row_of_this_branch_is_that_of_the_weights() -> None:
    card = f"{_BRANCH}| main | 4 | 2.91 GB |\n| other | 8 | 7.68 GB |\n"
    (found,) = findings(RULE, case(card, files={"model.safetensors": 4_160_000_000}))
    assert found.said == "2.91 GB"


def test_less_memory_than_the_weights_have_is_found() -> None:
    card = "# X\n\nAround 4 GiB of VRAM are needed only for loading the checkpoint.\n"
    (found,) = findings(RULE, case(card, files={"model.safetensors": 5_700_000_000}))
    assert found.found == "the weights alone have 5.70 GB (5.31 GiB)"
    assert found.line == 3


@each_row(
    ("card", "size"),
    [
        (f"{_FILES}| model.safetensors | Q6_K | 6.25GB |\n", 6_251_000_000),
        (f"{_FILES}| model.safetensors | Q6_K | 6.25 GB |\n", 6_711_000_000),
        (f"{_FILES}| model.safetensors | Q6_K | 5.82 GiB |\n", 6_250_000_000),
        (f"{_FILES}| gone.gguf | Q6_K | 1 GB |\n", 6_250_000_000),
        (f"{_FILES}| model.safetensors | Q6_K | small |\n", 6_250_000_000),
        (f"{_BRANCH}| gptq-8bit | 8 | 7.68 GB |\n", 4_160_000_000),
        ("# X\n\nAround 35 GiB of VRAM are needed only for loading it.\n", 39_000_000_000),
        ("# X\n\nAround 40 GB of VRAM is required to load it, with a cache.\n", 39_000_000_000),
    ],
)
def test_sizes_in_either_unit_and_other_files_are_fine(card: str, size: int) -> None:
    assert not findings(RULE, case(card, files={"model.safetensors": size}))
