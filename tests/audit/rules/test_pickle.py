from __future__ import annotations

from hubq.audit.rules.pickle import RULE
from tests.audit.cases import case, findings
from tests.rows import each_row


def test_pickles_alone_are_found() -> None:
    files = {"pytorch_model-00001-of-00002.bin": 600, "pytorch_model-00002-of-00002.bin": 400}
    (found,) = findings(RULE, case(files=files))
    assert found.severity == "warning"
    assert found.found.startswith("2 files are pickles (1,000 bytes)")


def test_pickles_beside_safetensors_are_worth_a_word() -> None:
    (found,) = findings(RULE, case(files={"model.safetensors": 9, "training_args.bin": 5}))
    assert (found.severity, found.path) == ("info", "training_args.bin")


@each_row(
    "path", ["model.bin", "openvino_model.bin", "ggml-model.bin", "x.onnx", "notes.ptx", "x.gguf"]
)
def test_other_files_are_fine(path: str) -> None:
    assert not findings(RULE, case(files={path: 9}))
