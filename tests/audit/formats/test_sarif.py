from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from hubq.audit.formats import sarif
from hubq.audit.rule import all_rules
from hubq.model.audit import Report
from tests.audit.reports import HOSTILE, audited, everything, finding, folder, hostile, report

SCHEMA = Path(__file__).parent / "data" / "sarif-schema-2.1.0.json"


@cache
def validator() -> Any:
    import jsonschema

    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    checker = jsonschema.Draft4Validator.FORMAT_CHECKER
    return jsonschema.Draft4Validator(schema, format_checker=checker)


def run_of(given: Report) -> dict[str, Any]:
    """Return the run of a log that was held against the official schema."""
    log = json.loads(sarif.render(given))
    validator().validate(log)
    (run,) = log["runs"]
    found: dict[str, Any] = run
    return found


def only(given: Report) -> dict[str, Any]:
    (result,) = run_of(given)["results"]
    found: dict[str, Any] = result
    return found


@pytest.mark.parametrize("given", [report(), everything(), hostile()], ids=str.__class__)
def test_every_log_fits_the_official_schema(given: Report) -> None:
    run_of(given)


def test_a_result_points_at_the_columns_of_what_the_card_says() -> None:
    one = finding()
    result = only(report(audited(one)))
    assert (result["ruleId"], result["level"]) == ("made-up-average", "error")
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "acme/Model-GPTQ-Int4/README.md"}
    region = place["region"]
    assert (region["startLine"], region["snippet"]) == (31, {"text": "55.90"})
    assert one.quote[region["startColumn"] - 1 : region["endColumn"] - 1] == "55.90"
    assert place["contextRegion"]["snippet"]["text"] == one.quote
    assert result["hostedViewerUri"].endswith("/README.md?code=true#L31")


def test_files_of_a_checkout_are_named_as_the_checkout_does() -> None:
    for name, path, uri in (
        ("models/x", "README.md", "models/x/README.md"),
        (".", "README.md", "README.md"),
        ("./cards/a b.md", "cards/a b.md", "cards/a%20b.md"),
        ("/somewhere", "README.md", "file:///somewhere/README.md"),
    ):
        place = only(report(folder(finding(path=path), name=name)))["locations"][0]
        assert place["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_a_finding_without_a_line_is_about_the_whole_file() -> None:
    result = only(report(audited(finding(line=0, column=0, quote="", said=""))))
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}


def test_github_works_out_the_hash_of_a_line_that_it_can_read_and_is_given_that_of_others() -> None:
    here = only(report(folder(finding())))["partialFingerprints"]
    there = only(report(audited(finding())))["partialFingerprints"]
    assert set(here) == {"hubqFinding/v1"}
    assert set(there) == {"hubqFinding/v1", "primaryLocationLineHash"}


def test_a_fingerprint_stays_when_the_line_moves_and_changes_with_what_it_says() -> None:
    def print_of(**more: Any) -> str:
        prints = only(report(folder(finding(**more))))["partialFingerprints"]
        return str(prints["hubqFinding/v1"])

    assert print_of() == print_of(line=99)
    assert print_of() != print_of(said="55.91")
    twice = run_of(report(folder(finding(), finding(line=44))))["results"]
    assert len({one["partialFingerprints"]["hubqFinding/v1"] for one in twice}) == 2


def test_accepted_findings_are_suppressed_and_all_others_say_that_they_are_not() -> None:
    results = run_of(everything())["results"]
    held = {one["ruleId"]: len(one["suppressions"]) for one in results}
    assert held == {"made-up-average": 0, "made-up-bits": 0, "made-up-file": 1}
    assert results[-1]["ruleId"] == "made-up-file"


def test_the_worst_come_first_since_a_reader_may_stop() -> None:
    levels = [one["level"] for one in run_of(everything())["results"]]
    assert levels == ["error", "error", "warning", "note", "error"]


def test_no_more_results_than_github_accepts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "LARGEST", 2)
    run = run_of(everything())
    assert len(run["results"]) == 2
    (note,) = run["invocations"][0]["toolExecutionNotifications"][2:]
    assert note["message"]["text"].startswith("3 more results are left out")


def test_rules_carry_their_help_and_results_name_them_by_number() -> None:
    run = run_of(report(audited(finding(rule="no-card"), finding(rule="of-another-version"))))
    rules = run["tool"]["driver"]["rules"]
    assert [rules[one["ruleIndex"]]["id"] for one in run["results"]] == [
        "no-card",
        "of-another-version",
    ]
    assert len(rules) == len(all_rules()) + 1
    about = next(one for one in rules if one["id"] == "no-card")
    assert "**How to fix it**" in about["help"]["markdown"]
    assert about["helpUri"].endswith("/docs/rules/no-card.md")
    assert all(len(one["fullDescription"]["text"]) <= 1024 for one in rules[:-1])


def test_several_repos_are_one_run_with_the_commit_of_each() -> None:
    run = run_of(everything())
    assert [one["mappedTo"]["uri"] for one in run["versionControlProvenance"]] == [
        "acme/Model-GPTQ-Int4/",
        "acme/Model-AWQ/",
    ]
    assert "automationDetails" not in run
    alone = run_of(report(audited()))
    assert alone["automationDetails"]["id"].startswith("hubq-audit/acme/Model-GPTQ-Int4/0123")
    assert "automationDetails" not in run_of(report(folder()))


def test_what_was_not_looked_at_is_told() -> None:
    (invocation,) = run_of(everything())["invocations"]
    assert invocation["executionSuccessful"] is False
    said = [one["message"]["text"] for one in invocation["toolExecutionNotifications"]]
    assert said == ["acme/Gone: no such repo", "acme/Model-GPTQ-Int4: config.json is no JSON"]


def test_text_of_a_card_makes_no_link() -> None:
    result = run_of(hostile())["results"][0]
    assert HOSTILE.count("](") == 1
    assert "](" not in result["message"]["text"]
