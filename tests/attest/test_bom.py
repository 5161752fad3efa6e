"""Bills of materials are valid CycloneDX and the same bytes for the same variant."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from hubq.attest import bom
from hubq.attest.facts import Facts


def bill(facts: Facts) -> dict[str, Any]:
    # It takes seconds to import, and pytest imports every module of tests.
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    made = bom.bill(facts).decode()
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(made)
    assert problem is None, problem
    found: dict[str, Any] = json.loads(made)
    return found


def test_it_is_valid_and_says_what_the_model_is(facts: Facts) -> None:
    model = bill(facts)["metadata"]["component"]
    assert (model["type"], model["group"], model["name"]) == (
        "machine-learning-model",
        "acme",
        "Small-AWQ",
    )
    assert model["licenses"] == [{"license": {"id": "Apache-2.0"}}]
    assert model["modelCard"]["modelParameters"]["task"] == "image-text-to-text"
    (source,) = model["pedigree"]["ancestors"]
    assert source["purl"] == f"pkg:huggingface/acme/Small@{'a' * 40}"


def test_every_file_of_the_model_stands_with_its_hash(facts: Facts) -> None:
    files = bill(facts)["metadata"]["component"]["components"]
    assert {one["name"]: one["hashes"][0]["content"] for one in files} == facts.model


def test_scores_are_performance_metrics_with_their_intervals(facts: Facts) -> None:
    card = bill(facts)["metadata"]["component"]["modelCard"]
    first, difference, thin = card["quantitativeAnalysis"]["performanceMetrics"]
    assert first == {
        "type": "anls score",
        "value": "0.875",
        "slice": "DocVQA_VAL",
        "confidenceInterval": {"lowerBound": "0.82", "upperBound": "0.92"},
    }
    assert (difference["type"], difference["value"]) == ("difference from BF16", "-0.005")
    assert "confidenceInterval" not in thin


def test_the_packages_it_was_evaluated_in_are_its_components(facts: Facts) -> None:
    made = bill(facts)
    assert [one["purl"] for one in made["components"]] == ["pkg:pypi/torch@2.13.0%2Bcpu"]
    assert made["dependencies"] == [{"ref": "model", "dependsOn": ["source", "package:torch"]}]


def test_the_same_variant_has_the_same_bytes_and_another_one_another_number(facts: Facts) -> None:
    assert bom.bill(facts) == bom.bill(facts)
    other = msgspec.structs.replace(facts, recipe="0" * 64)
    assert bill(facts)["serialNumber"] != bill(other)["serialNumber"]


@pytest.mark.parametrize("license_", ["mit", "llama3", "other", "cc-by-nc-4.0", "gpl-3.0"])
def test_licenses_are_spdx_where_they_are_one_and_named_otherwise(
    facts: Facts, license_: str
) -> None:
    metadata = (
        {"license": license_, "license_name": "own-terms"}
        if license_ == "other"
        else {"license": license_}
    )
    model = bill(msgspec.structs.replace(facts, metadata=metadata))["metadata"]["component"]
    (told,) = model["licenses"]
    assert (
        told["license"]
        == {
            "mit": {"id": "MIT"},
            "llama3": {"name": "llama3"},
            "other": {"name": "own-terms"},
            "cc-by-nc-4.0": {"id": "CC-BY-NC-4.0"},
            "gpl-3.0": {"name": "gpl-3.0"},
        }[license_]
    )


def test_a_variant_of_which_little_is_known_is_valid_too(facts: Facts) -> None:
    bare = Facts(
        hubq="0.1.0",
        repo="Small",
        variant="AWQ",
        baseline="BF16",
        source=msgspec.structs.replace(facts.source, repo="", commit=""),
        files={"model.safetensors": "f" * 64},
    )
    model = bill(bare)["metadata"]["component"]
    assert model["hashes"] == [{"alg": "SHA-256", "content": "f" * 64}]
    assert "licenses" not in model
