"""The statement of what was measured: an in-toto statement about the files of a release.

Its predicate is in-toto's `test-result` (https://in-toto.io/attestation/test-result/v0.1), which
any policy engine reads: the checks of the certificate are its tests. What was measured stands in a
field of our own, which others pass over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from hubq.attest.envelope import Untrusted
from hubq.attest.facts import Facts
from hubq.model.codec import pretty

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"
OWN = "hubqEvaluation"
"""The field of the predicate that is ours."""


def statement(facts: Facts) -> bytes:
    """Return the statement about a variant, the same bytes for the same facts; nothing is signed.

    Its subjects are the files of the model; recipe, suite and evidence are its configuration.
    """
    passed = [f"{check.engine}/{check.name}" for check in facts.checks if check.good]
    failed = [f"{check.engine}/{check.name}" for check in facts.checks if not check.good]
    predicate = {
        "result": "FAILED" if failed else "PASSED",
        "configuration": _resources(facts.evidence.items()),
        "passedTests": passed,
        "warnedTests": [],
        "failedTests": failed,
        OWN: _measured(facts),
    }
    content = {
        "_type": STATEMENT,
        "subject": _resources(facts.model.items()),
        "predicateType": PREDICATE,
        "predicate": predicate,
    }
    return pretty(content).encode()


def _resources(files: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    return [{"name": path, "digest": {"sha256": sha256}} for path, sha256 in sorted(files)]


def _measured(facts: Facts) -> dict[str, Any]:
    return {
        "hubq": facts.hubq,
        "repo": facts.repo,
        "variant": facts.variant,
        "baseline": facts.baseline,
        "source": facts.source,
        "method": facts.method,
        "recipe": {"sha256": facts.recipe},
        "suite": facts.suite,
        "claims": {"name": "hubq.json", "sha256": facts.files.get("hubq.json", "")},
        "environments": facts.environments,
        "datasets": facts.datasets,
        "scores": facts.scores,
        "checks": facts.checks,
    }


class _Named(msgspec.Struct, frozen=True):
    digest: dict[str, str]
    name: str = ""


class _Configured(msgspec.Struct, frozen=True):
    configuration: tuple[_Named, ...] = ()


class _Statement(msgspec.Struct, frozen=True, rename={"kind": "_type", "type": "predicateType"}):
    kind: str
    subject: tuple[_Named, ...]
    type: str
    predicate: _Configured


def named(payload: bytes) -> Mapping[str, str]:
    """Return path -> SHA-256 of every file that a statement is about or rests on.

    Raises:
        Untrusted: it is no such statement.
    """
    try:
        found = msgspec.json.decode(payload, type=_Statement)
    except msgspec.MsgspecError as error:
        raise Untrusted(f"it is no statement about files: {error}") from error
    if (found.kind, found.type) != (STATEMENT, PREDICATE):
        raise Untrusted(f"it is {found.type}, not {PREDICATE}")
    both = (*found.subject, *found.predicate.configuration)
    return {one.name: one.digest.get("sha256", "") for one in both}
