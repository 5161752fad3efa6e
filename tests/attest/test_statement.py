"""The statement is in-toto's, in an envelope that anybody's DSSE implementation opens."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from hubq.attest.envelope import Untrusted, enclosed, preauthenticated, unseal
from hubq.attest.facts import Check, Facts
from hubq.attest.keys import public_key
from hubq.attest.signing import signer_for
from hubq.attest.statement import OWN, PREDICATE, STATEMENT, named, statement
from tests.attest.conftest import Keys


def test_it_is_about_the_model_and_rests_on_the_evidence(facts: Facts) -> None:
    content = json.loads(statement(facts))
    assert (content["_type"], content["predicateType"]) == (STATEMENT, PREDICATE)
    assert {one["name"]: one["digest"]["sha256"] for one in content["subject"]} == facts.model
    assert set(facts.model) == {
        "config.json",
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
    }
    configured = {one["name"] for one in content["predicate"]["configuration"]}
    assert configured == {"hubq.json", "evidence/AWQ.zip"}


def test_the_checks_of_the_certificate_are_its_tests(facts: Facts) -> None:
    predicate = json.loads(statement(facts))["predicate"]
    assert predicate["result"] == "PASSED"
    assert predicate["passedTests"] == ["transformers/loads", "transformers/divergence"]
    failing = (*facts.checks, Check(engine="vllm", name="loads", good=False))
    spoiled = json.loads(statement(msgspec.structs.replace(facts, checks=failing)))["predicate"]
    assert (spoiled["result"], spoiled["failedTests"]) == ("FAILED", ["vllm/loads"])


def test_scores_stand_with_their_questions_and_intervals(facts: Facts) -> None:
    told = json.loads(statement(facts))["predicate"][OWN]
    score = told["scores"][0]
    assert (score["task"], score["n"], score["value"]) == ("DocVQA_VAL", 200, 0.875)
    assert (score["low"], score["high"], score["delta"]) == (0.82, 0.92, -0.005)
    assert told["claims"]["sha256"] == facts.files["hubq.json"]
    assert told["recipe"]["sha256"] == facts.recipe


def test_the_same_facts_give_the_same_bytes(facts: Facts) -> None:
    assert statement(facts) == statement(facts)


def test_in_totos_own_classes_find_it_valid(facts: Facts) -> None:
    from google.protobuf import json_format
    from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
    from in_toto_attestation.v1 import statement_pb2
    from in_toto_attestation.v1.statement import Statement

    read = json_format.Parse(statement(facts), statement_pb2.Statement())
    Statement.copy_from_pb(read).validate()
    predicate = json_format.MessageToDict(read.predicate)
    result = test_result_pb2.TestResult()
    json_format.ParseDict(predicate, result, ignore_unknown_fields=True)
    assert result.result == "PASSED"
    assert [one.name for one in result.configuration] == ["evidence/AWQ.zip", "hubq.json"]


def test_an_independent_dsse_implementation_verifies_it(facts: Facts, keys: Keys) -> None:
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]

    made = json.loads(signer_for(f"key:{keys.private}").sign_statement(statement(facts)))
    key = load_pem_public_key(keys.public.read_bytes())
    known = SSlibKey.from_crypto(key, keyid=made["signatures"][0]["keyid"])
    envelope = Envelope.from_dict(made)
    assert envelope.verify([known], threshold=1)
    assert envelope.payload == statement(facts)


def test_what_is_signed_has_its_type_and_lengths_before_it() -> None:
    said = preauthenticated("http://example.com/HelloWorld", b"hello world")
    assert said == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_another_type_of_payload_is_not_opened(facts: Facts, keys: Keys) -> None:
    made = json.loads(signer_for(f"key:{keys.private}").sign_statement(statement(facts)))
    other = json.dumps(made | {"payloadType": "text/plain"}).encode()
    with pytest.raises(Untrusted, match="it holds text/plain, not"):
        unseal(other, public_key(keys.public))


def test_a_changed_payload_is_not_believed(facts: Facts, keys: Keys) -> None:
    made = json.loads(signer_for(f"key:{keys.private}").sign_statement(statement(facts)))
    better = base64.b64decode(made["payload"]).replace(b"0.875", b"0.975")
    spoiled = json.dumps(made | {"payload": base64.b64encode(better).decode()}).encode()
    assert enclosed(spoiled) == better
    with pytest.raises(Untrusted, match="changed since"):
        unseal(spoiled, public_key(keys.public))


def test_a_statement_of_another_kind_is_none_of_ours(facts: Facts) -> None:
    other = statement(facts).replace(PREDICATE.encode(), b"https://slsa.dev/provenance/v1")
    with pytest.raises(Untrusted, match=r"it is https://slsa\.dev/provenance/v1"):
        named(other)


def test_the_key_is_named_by_what_model_signing_names_it(
    facts: Facts, hashes: dict[str, str], keys: Keys, tmp_path: Path
) -> None:
    signer = signer_for(f"key:{keys.private}")
    made = json.loads(signer.sign_statement(statement(facts)))
    bundle = json.loads(signer.sign_files("x", hashes))
    hint = bundle["verificationMaterial"]["publicKey"]["hint"]
    assert made["signatures"][0]["keyid"] == hint == signer.fingerprint
