from __future__ import annotations

from hubq.audit.rules.leaked_path import RULE
from tests.audit.cases import case, findings
from tests.rows import each_row

_CARD = "---\nbase_model: acme/Small\n---\n# X\n"


@each_row(
    ("path", "severity"),
    [
        ("/home/jane/models/small", "warning"),
        ("/Users/jane/models/small", "warning"),
        ("/mnt/nvme/small", "info"),
        ("/scratch/gptqmodel_x1", "info"),
        ("C:\\models\\small", "info"),
        ("./small", "info"),
    ],
)
def test_paths_of_a_machine_are_found(path: str, severity: str) -> None:
    texts = {"config.json": {"a": 1, "meta": {"offload_to_disk_path": path}}}
    (found,) = findings(RULE, case(texts=texts))
    assert (found.severity, found.said) == (severity, path)
    assert found.line == 1


def test_an_internal_name_of_the_base_is_found() -> None:
    texts = {"config.json": {"_name_or_path": "acme/Small-319"}}
    (found,) = findings(RULE, case(_CARD, repo="acme/Small-AWQ", texts=texts))
    assert (found.severity, found.said) == ("info", "acme/Small-319")


def test_one_path_in_two_places_is_told_once() -> None:
    texts = {"config.json": {"_name_or_path": "/mnt/x/y", "text_config": {"p": "/mnt/x/y"}}}
    assert len(findings(RULE, case(texts=texts))) == 1


def test_the_texts_of_the_calibration_are_found() -> None:
    quantization = {"quant_method": "gptq", "bits": 4, "dataset": ["some text " * 20] * 20}
    texts = {"config.json": {"quantization_config": quantization}}
    (found,) = findings(RULE, case(texts=texts))
    assert found.part == "dataset"


@each_row(
    "value",
    ["acme/Small", "acme/Small-AWQ", "other/Thing", "", "</s>", "/", "1/2", "acme/Small2"],
)
def test_names_that_everybody_knows_are_fine(value: str) -> None:
    texts = {"config.json": {"_name_or_path": value}}
    assert not findings(RULE, case(_CARD, repo="acme/Small-AWQ", texts=texts))


def test_a_name_that_the_card_tells_of_is_fine() -> None:
    texts = {"config.json": {"_name_or_path": "acme/Small-319"}}
    card = f"{_CARD}\nMade from `acme/Small-319`.\n"
    assert not findings(RULE, case(card, repo="acme/Small-AWQ", texts=texts))


def test_deep_and_odd_files_are_read_without_a_crash() -> None:
    deep: object = "/home/jane/x/y"
    for _ in range(200):
        deep = {"a": deep}
    texts = {"config.json": {"a": deep}, "x_config.json": "[" * 50_000, "config.json ": "3"}
    assert not findings(RULE, case(texts=texts))
