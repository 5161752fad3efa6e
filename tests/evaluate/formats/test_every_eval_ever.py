"""Tests of hubq.evaluate.formats.every_eval_ever."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from hubq.evaluate.formats.canonical import Comparison, Identity, Origin, Results, Scored
from hubq.evaluate.formats.every_eval_ever import Question, convert, model_id, schema
from hubq.evaluate.samples import Sample
from tests.evaluate.formats.made import OURS, samples, scored

if TYPE_CHECKING:
    import jsonschema

QUESTIONS = {"A": {"0": Question(text="Which?", gold=("B",), choices=("A. one", "B. two"))}}


@functools.cache
def validator(name: str) -> jsonschema.Draft7Validator:
    import jsonschema

    return jsonschema.Draft7Validator(schema(name))


def documents(files: dict[str, str]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the aggregate and the lines of one variant, both valid."""
    aggregates = [json.loads(text) for path, text in files.items() if path.endswith(".json")]
    lines = [
        json.loads(line)
        for path, text in files.items()
        if path.endswith(".jsonl")
        for line in text.splitlines()
    ]
    for aggregate in aggregates:
        validator("eval").validate(aggregate)
    for line in lines:
        validator("instance_level_eval").validate(line)
    return aggregates[0], lines


def test_the_vendored_schemas_are_those_of_version_0_3_0() -> None:
    for name in ("eval", "instance_level_eval"):
        assert schema(name)["version"] == "0.3.0"
        validator(name).check_schema(schema(name))


def test_what_is_exported_is_valid() -> None:
    found = scored("AWQ", {"A": samples([1, 0]), "B": samples([0.5])}, repo="acme/Small-AWQ")
    aggregate, lines = documents(convert(found))
    assert aggregate["schema_version"] == "0.3.0"
    assert aggregate["model_info"]["id"] == "acme/Small-AWQ"
    assert aggregate["model_info"]["inference_engine"] == {
        "name": "transformers",
        "version": "5.23.0",
    }
    assert aggregate["retrieved_timestamp"] == "1795269600"
    assert [result["evaluation_name"] for result in aggregate["evaluation_results"]] == ["A", "B"]
    first = aggregate["evaluation_results"][0]
    assert first["score_details"]["score"] == 0.5
    assert first["score_details"]["uncertainty"]["num_samples"] == 2
    assert first["source_data"]["hf_repo"] == "acme/items"
    assert len(lines) == 3
    assert {line["evaluation_id"] for line in lines} == {aggregate["evaluation_id"]}


def test_a_model_is_called_by_its_repo_and_the_baseline_by_its_source() -> None:
    made = {"A": samples([1])}
    assert model_id(scored("AWQ", made, repo="acme/Small-AWQ").results) == "acme/Small-AWQ"
    assert model_id(scored("BF16", made).results) == "acme/Small"
    assert model_id(scored("AWQ", made).results) == "local/small-awq"
    local = Results(variant="AWQ", source=Origin(name="My Model"), tasks=())
    assert model_id(local) == "local/my_model-awq"


def test_the_samples_stand_beside_the_aggregate_with_their_digest() -> None:
    files = convert(scored("AWQ", {"A": samples([1, 0])}, repo="acme/Small-AWQ"))
    aggregate, _ = documents(files)
    said = aggregate["detailed_evaluation_results"]
    path = said["file_path"]
    assert re.fullmatch(r"data/hubq/acme/Small-AWQ/[0-9a-f-]{36}_samples\.jsonl", path)
    assert said["checksum"] == hashlib.sha256(files[path].encode()).hexdigest()
    assert said["total_rows"] == 2
    assert path.replace("_samples.jsonl", ".json") in files


def test_the_same_results_give_the_same_files() -> None:
    found = scored("AWQ", {"A": samples([1, 0])})
    assert convert(found) == convert(found)
    other = scored("AWQ", {"A": samples([1, 1])})
    assert convert(found).keys().isdisjoint(convert(other))


def test_questions_and_right_answers_stay_here_unless_asked_for() -> None:
    found = scored("AWQ", {"A": samples([1])})
    _, quiet = documents(convert(found, QUESTIONS))
    assert quiet[0]["input"] == {"raw": "", "reference": []}
    assert len(quiet[0]["sample_hash"]) == 64
    _, open_ = documents(convert(found, QUESTIONS, with_text=True))
    assert open_[0]["input"]["reference"] == ["B"]
    assert open_[0]["input"]["raw"] == "Which?"
    assert open_[0]["sample_hash"] == quiet[0]["sample_hash"]


def test_rotations_are_several_outputs_of_one_sample() -> None:
    turned = samples([0.0], output=("A", "pardon?"), extracted=("A", None), extraction="unparsed")
    _, lines = documents(convert(scored("AWQ", {"A": turned})))
    assert lines[0]["output"]["raw"] == ["A", "pardon?"]
    assert [one["extracted_value"] for one in lines[0]["answer_attribution"]] == ["A"]
    assert not lines[0]["evaluation"]["is_correct"]


def test_tasks_that_were_measured_otherwise_get_a_file_of_their_own() -> None:
    ours = scored("AWQ", {"A": samples([1])})
    theirs = scored("AWQ", {"B": samples([1])}, identity=Identity(harness="lm-eval"))
    tasks = (*ours.results.tasks, *theirs.results.tasks)
    both = Scored(
        results=msgspec.structs.replace(ours.results, tasks=tasks),
        samples={**ours.samples, **theirs.samples},
    )
    files = convert(both)
    documents(files)
    libraries = {json.loads(t)["eval_library"]["name"] for p, t in files.items() if "_s" not in p}
    assert libraries == {"hubq", "lm-eval"}


names = st.text(min_size=1, max_size=12)


@settings(max_examples=40, deadline=None)
@given(
    variant=names,
    task=names,
    output=st.text(max_size=20),
    extracted=st.none() | st.text(max_size=5),
    scores=st.lists(st.floats(0, 1), min_size=1, max_size=4),
    repo=st.sampled_from(["", "acme/Small-AWQ"]),
    address=st.sampled_from(["", "https://example.org/items.tsv", "hub:acme/items", "items.tsv"]),
    compared=st.booleans(),
    ended=st.sampled_from(["", "2026-11-21T14:00:00+00:00"]),
)
def test_whatever_results_there_are_their_export_is_valid(
    *,
    variant: str,
    task: str,
    output: str,
    extracted: str | None,
    scores: list[float],
    repo: str,
    address: str,
    compared: bool,
    ended: str,
) -> None:
    made: tuple[Sample, ...] = samples(scores, output=output, extracted=extracted)
    found = scored(variant, {task: made}, identity=OURS, repo=repo)
    first = found.results.tasks[0]
    pair = Comparison(baseline="BF16", comparable=False, reason="why not") if compared else None
    changed = msgspec.structs.replace(
        first,
        comparison=pair,
        ended=ended,
        dataset=msgspec.structs.replace(first.dataset, address=address),
    )
    results = msgspec.structs.replace(found.results, tasks=(changed,))
    aggregate, lines = documents(convert(Scored(results=results, samples=found.samples)))
    assert len(aggregate["evaluation_results"]) == 1
    assert len(lines) == len(scores)
