from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from hubq.errors import BadInput
from hubq.evaluate import samples, scoring
from hubq.evaluate.generation import Record
from hubq.evaluate.items import Item
from hubq.evaluate.marking import rules_of
from hubq.model.suite import Form
from tests.rows import each_row


def item(key: str, gold: str, **fields: Any) -> Item:
    given = {"question_key": key, "cluster": key, "choices": None, "category": "c", **fields}
    return Item(key=key, text="?", images=(), gold=(gold,), max_new_tokens=8, **given)


def record(key: str, output: str, finish: str = "stop") -> Record:
    return msgspec.convert(
        {"key": key, "prompt_hash": f"h{key}", "output": output, "tokens": 2, "finish": finish},
        Record,
    )


def score_one(form: Form, gold: str, output: str, **fields: Any) -> samples.Sample:
    return score_task({"form": form}, gold, output, **fields)


def score_task(task: dict[str, Any], gold: str, output: str, **fields: Any) -> samples.Sample:
    items, records = [item("1", gold, **fields)], [record("1", output)]
    (sample,) = scoring.score_all(rules_of(task), items, records)
    return sample


OPTIONS = {"A": "cat", "B": "dog"}


@each_row(
    ("form", "gold", "output", "expected"),
    [
        ("short-answer", "New York", "new  york", ("new york", "parsed", 1.0)),
        ("short-answer", "343", "\n\n", (None, "empty", 0.0)),
        ("numeric", "12", "The answer is 12.", ("12", "parsed", 1.0)),
        ("numeric", "0.5", "1/2", ("0.5", "parsed", 1.0)),
        ("numeric", "12", "a dozen", (None, "unparsed", 0.0)),
        ("numeric", "12", "twelve", ("12", "parsed", 1.0)),
        ("numeric", "3/4", "0.75", ("0.75", "parsed", 1.0)),
        ("short-answer", "343", "<think>343</think>", (None, "unparsed", 0.0)),
        ("short-answer", "343", "<|im_end|>", (None, "empty", 0.0)),
        ("numeric", "[0, 2]", "[0, 2]", ("[0, 2]", "parsed", 1.0)),
        ("text-answer", "Ab", " ab", ("ab", "parsed", 1.0)),
        ("multiple-choice", "7", "7 of them", ("7", "parsed", 1.0)),
        ("multiple-choice", "blue", "Blue", ("blue", "parsed", 1.0)),
        ("multiple-choice", "Blue.", "So the answer is **blue**.", ("blue", "parsed", 1.0)),
        ("multiple-choice", "blue", "<think>blue", (None, "unparsed", 0.0)),
    ],
)
def test_an_open_answer_is_scored_by_its_form(
    form: Form, gold: str, output: str, expected: tuple[str | None, str, float]
) -> None:
    sample = score_one(form, gold, output)
    assert (sample.extracted, sample.extraction, sample.score) == expected


@pytest.mark.parametrize("form", ["multiple-choice", "numeric"])
def test_a_choice_is_right_wrong_or_unparsed(form: Form) -> None:
    seen = [
        (sample.extracted, sample.extraction, sample.score)
        for said in ("(B)", "A", "both")
        for sample in [score_one(form, "B", said, choices=OPTIONS)]
    ]
    assert seen == [("B", "parsed", 1.0), ("A", "parsed", 0.0), (None, "unparsed", 0.0)]


def circular(*outputs: str) -> samples.Sample:
    items = [
        item("5-r0", "B", question_key="5", choices={"A": "cat", "B": "dog"}),
        item("5-r1", "A", question_key="5", choices={"A": "dog", "B": "cat"}),
    ]
    records = [record(f"5-r{turn}", said) for turn, said in enumerate(outputs)]
    (sample,) = scoring.score_all(rules_of({"form": "circular-multiple-choice"}), items, records)
    return sample


def test_a_circular_question_is_right_only_in_every_order() -> None:
    assert circular("B", "A").score == 1.0
    assert circular("B", "B").score == 0.0
    sample = circular("B", "?")
    assert (sample.extraction, sample.extracted, sample.output) == (
        "unparsed", ("B", None), ("B", "?"),
    )  # fmt: skip
    assert circular("", "?").extraction == "empty"
    assert circular("B", "A").prompt_hash == circular("x", "y").prompt_hash != "h5-r0"


def test_scoring_writes_samples_and_measures_that_point_into_the_file(tmp_path: Path) -> None:
    items = [item(str(n), "4", cluster=str(n // 2)) for n in range(6)]
    records = [
        record(str(n), "4" if n < 4 else "", "length" if n == 5 else "stop") for n in range(6)
    ]
    for name, lines in (("items.jsonl", items), ("records.jsonl", records)):
        (tmp_path / name).write_bytes(msgspec.json.Encoder().encode_lines(lines))
    found = scoring.score({"task": {"form": "numeric"}}, tmp_path, tmp_path, tmp_path)
    measures = {measure.name: measure for measure in found.measures}
    assert measures["score"].value == pytest.approx(4 / 6)
    assert measures["empty"].value == pytest.approx(2 / 6)
    assert measures["unparsed"].value == 0.0
    assert measures["truncated"].value == pytest.approx(1 / 6)
    assert all(measure.n == 6 and measure.low is not None for measure in measures.values())
    written = msgspec.json.decode((tmp_path / scoring.SCORES).read_bytes())
    for measure in measures.values():
        assert written[measure.pointer.split("/")[1]]["value"] == measure.value
    read = samples.read_samples(tmp_path)
    assert [sample.key for sample in read] == [str(n) for n in range(6)]
    assert read == scoring.score_all(rules_of({"form": "numeric"}), items, records)
    assert (written["extraction"], written["scorer"]) == ("number", "number")


def test_records_of_other_prompts_are_refused() -> None:
    for records in ([record("2", "x")], [], [record("1", "x"), record("1", "y")]):
        with pytest.raises(BadInput, match="are not about the same keys"):
            scoring.score_all(rules_of({"form": "numeric"}), [item("1", "x")], records)


def test_the_digest_of_the_scorers_is_stable() -> None:
    assert scoring.program_digest() == scoring.program_digest()
    assert len(scoring.program_digest()) == 64


@each_row(
    ("extraction", "scorer", "gold", "output", "expected"),
    [
        ("final-number", "number", "5 * 3 = 15\n#### 15", "So 15 eggs.", ("15", 1.0)),
        ("final-number", "relaxed", "100", "It is 104", ("104", 1.0)),
        ("final-number", "number", "15", "fifteen", (None, 0.0)),
        ("whole", "relaxed", "100", "104", ("104", 1.0)),
        ("whole", "vqa", "dog", "A dog", ("a dog", 1.0)),
        ("whole", "ned", "abcd", "abce", ("abce", 0.75)),
        ("whole", "contains", "stop", "It says STOP", ("it says stop", 1.0)),
        ("whole", "exact", "ab", "<think>x</think> AB", ("ab", 1.0)),
        ("mathvista", "mathvista", "1.2", "about 1.21 cm", ("1.21", 1.0)),
    ],
)
def test_a_task_may_name_its_extraction_and_scorer(
    extraction: str, scorer: str, gold: str, output: str, expected: tuple[str | None, float]
) -> None:
    task = {"form": "text-answer", "extraction": extraction, "scorer": scorer}
    sample = score_task(task, gold, output)
    assert (sample.extracted, sample.score) == expected


def test_formulas_of_hme100k_are_compared_without_spaces() -> None:
    task = {"form": "short-answer", "scorer": "contains"}
    spaced = {"output": "x ^ { 2 }", "gold": "x^{2}"}
    assert score_task(task, **spaced).score == 0.0
    assert score_task(task, **spaced, facts={"dataset": "HME100k"}).score == 1.0
    named = "Handwritten Mathematical Expression Recognition"
    assert score_task(task, **spaced, category=named).score == 1.0


def test_an_output_ends_at_its_stop_text() -> None:
    stops = {"stop": ("\n\n", "Q:")}
    assert score_task({"form": "numeric"}, "5", "5\n\nQ: 6", **stops).extracted == "5"
    assert score_task({"form": "numeric"}, "5", "\n\n5", **stops).extraction == "empty"


def test_right_answers_that_the_scorer_cannot_use_are_named() -> None:
    task = {"form": "short-answer"}
    judge = {"model": "m", "endpoint": "http://127.0.0.1/v1", "kind": "vllm"}
    with pytest.raises(BadInput, match="item 1: column 'answer': not a number: 'many'"):
        score_task({**task, "extraction": "final-number", "scorer": "number"}, "many", "5")
    with pytest.raises(BadInput, match="column 'type': 'c' is none of OCRBench v2's"):
        score_task({**task, "scorer": "ocrbench-v2"}, "many", "5")
    with pytest.raises(BadInput, match="a judge extracts answers, and extraction 'whole'"):
        rules_of({**task, "judge": judge})


def test_ocrbench_has_the_mean_over_abilities_beside_its_score(tmp_path: Path) -> None:
    kinds = ("text recognition en", "text recognition en", "math QA en")
    items = [item(str(n), "4", facts={"type": kind}) for n, kind in enumerate(kinds)]
    records = [record("0", "5"), record("1", "4"), record("2", "4")]
    for name, lines in (("items.jsonl", items), ("records.jsonl", records)):
        (tmp_path / name).write_bytes(msgspec.json.Encoder().encode_lines(lines))
    task = {"form": "short-answer", "scorer": "ocrbench-v2"}
    identity = {"harness": "hubq", "engine": "vllm", "dtype": "bfloat16"}
    found = scoring.score({"task": task, "identity": identity}, tmp_path, tmp_path, tmp_path)
    written = msgspec.json.decode((tmp_path / scoring.SCORES).read_bytes())
    assert written["score"]["value"] == pytest.approx(2 / 3)
    assert written["abilities"]["en"]["overall"] == 0.75
    assert found.facts["identity"] == written["identity"] == identity
    assert "METEOR" in found.facts["label"]


def test_a_harness_s_samples_are_written_in_the_same_form(tmp_path: Path) -> None:
    given = [score_one("numeric", "4", said) for said in ("4", "many")]
    told = [msgspec.structs.replace(one, key=str(n)) for n, one in enumerate(given)]
    identity = {"harness": "lm-eval", "version": "0.4.13"}
    settings = {"task": {"form": "text-answer"}, "identity": identity}
    found = scoring.score_harness(settings, told, tmp_path)
    assert samples.read_samples(tmp_path) == tuple(told)
    assert [(m.name, m.value) for m in found.measures[:2]] == [("score", 0.5), ("unparsed", 0.5)]
    assert found.facts == {"questions": 2, "prompts": 2, "identity": identity}
    for bad in ([], [told[0], told[0]]):
        with pytest.raises(BadInput, match="the harness left"):
            scoring.score_harness(settings, bad, tmp_path)


def test_a_draw_says_what_it_knows_of_the_whole_file(tmp_path: Path) -> None:
    strata = ["a"] * 4 + ["b"] * 2
    items = [item(str(n), "4", stratum=name) for n, name in enumerate(strata)]
    records = [record(str(n), said) for n, said in enumerate("445454")]
    for name, lines in (("items.jsonl", items), ("records.jsonl", records)):
        (tmp_path / name).write_bytes(msgspec.json.Encoder().encode_lines(lines))
    facts: dict[str, Any] = {"population": 12, "questions": 6}
    for told in ({}, {"a": {"population": 8, "drawn": 4}, "b": {"population": 4, "drawn": 2}}):
        (tmp_path / "task.json").write_bytes(msgspec.json.encode({**facts, "strata": told}))
        found = scoring.score({"task": {"form": "numeric"}}, tmp_path, tmp_path, tmp_path)
        written = msgspec.json.decode((tmp_path / scoring.SCORES).read_bytes())["drawn"]
        last = found.measures[-1]
        assert (last.name, last.pointer) == ("score_of_file", "/drawn/file/value")
        assert last.value == written["file"]["value"] == pytest.approx(4 / 6)
        score = found.measures[0]
        assert last.se is not None
        assert score.se is not None
        assert ("stratified" in written) == bool(told)
        assert last.se < score.se
    (tmp_path / "task.json").write_bytes(msgspec.json.encode({"population": 6, "questions": 6}))
    found = scoring.score({"task": {"form": "numeric"}}, tmp_path, tmp_path, tmp_path)
    assert [measure.name for measure in found.measures][-1] == "truncated"
