from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import httpx2
import pytest
from huggingface_hub import CommitOperationAdd, HfApi

from hubq.localhub.server import LocalHub

PART_BYTES = 4 << 20  # as the fixture `hub` serves


def _batch(http: httpx2.Client, api: HfApi, repo_id: str, content: bytes) -> dict[str, Any]:
    oid = hashlib.sha256(content).hexdigest()
    answer = http.post(
        f"{api.endpoint}/{repo_id}.git/info/lfs/objects/batch",
        json={
            "operation": "upload",
            "transfers": ["basic", "multipart"],
            "objects": [{"oid": oid, "size": len(content)}],
        },
        headers={"Authorization": f"Bearer {api.token}"},
    )
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()["objects"][0]
    return found


def test_a_large_file_goes_up_in_parts_and_comes_back(
    hub: LocalHub, api: HfApi, repo_id: str, tmp_path: Path
) -> None:
    assert hub.faults is not None
    content = os.urandom(11_500_000)
    file = tmp_path / "big.safetensors"
    file.write_bytes(content)
    hub.faults.clear_log()
    api.upload_file(path_or_fileobj=file, path_in_repo="big.safetensors", repo_id=repo_id)
    log = hub.faults.log()
    puts = [entry.received for entry in log if entry.method == "PUT"]
    assert puts == [PART_BYTES, PART_BYTES, len(content) - 2 * PART_BYTES]
    assert [entry.path for entry in log if entry.path.startswith("/_lfs/")][-2:] == [
        "/_lfs/complete",
        "/_lfs/verify",
    ]
    path = api.hf_hub_download(repo_id, "big.safetensors")
    assert Path(path).read_bytes() == content


def test_a_text_file_above_ten_megabytes_goes_to_lfs(api: HfApi, repo_id: str) -> None:
    content = b"x" * 10_000_001
    api.upload_file(path_or_fileobj=content, path_in_repo="big.txt", repo_id=repo_id)
    assert api.get_paths_info(repo_id, ["big.txt"])[0].lfs is not None  # type: ignore[union-attr]


def test_several_files_go_up_at_once(api: HfApi, repo_id: str) -> None:
    contents = {f"{number}.safetensors": os.urandom(50_000) for number in range(6)}
    operations = [CommitOperationAdd(path, content) for path, content in contents.items()]
    api.create_commit(repo_id, operations, commit_message="Shards")
    for path, content in contents.items():
        assert Path(api.hf_hub_download(repo_id, path)).read_bytes() == content


def test_what_a_repo_has_is_not_asked_for_again(
    http: httpx2.Client, api: HfApi, repo_id: str
) -> None:
    content = os.urandom(1000)
    api.upload_file(path_or_fileobj=content, path_in_repo="a.bin", repo_id=repo_id)
    assert "actions" not in _batch(http, api, repo_id, content)


def test_one_repo_cannot_take_anothers_content_by_its_hash(
    http: httpx2.Client, api: HfApi, repo_id: str
) -> None:
    content = os.urandom(1000)
    api.upload_file(path_or_fileobj=content, path_in_repo="a.bin", repo_id=repo_id)
    api.create_repo("acme/thief", exist_ok=True)
    assert "actions" in _batch(http, api, "acme/thief", content)


def test_an_interrupted_upload_tells_which_parts_arrived(
    http: httpx2.Client, api: HfApi, repo_id: str
) -> None:
    content = os.urandom(2 * PART_BYTES + 1)
    header = _batch(http, api, repo_id, content)["actions"]["upload"]["header"]
    assert "stored" not in header
    answer = http.put(header["2"], content=content[PART_BYTES : 2 * PART_BYTES])
    assert answer.headers["etag"]
    action = _batch(http, api, repo_id, content)["actions"]["upload"]
    assert action["header"]["stored"] == "2"
    oid = hashlib.sha256(content).hexdigest()
    pieces = [content[at : at + PART_BYTES] for at in range(0, len(content), PART_BYTES)]
    parts = [
        {"partNumber": number, "etag": hashlib.sha256(piece).hexdigest()}
        for number, piece in enumerate(pieces, start=1)
    ]
    early = http.post(action["href"], json={"oid": oid, "parts": parts})
    assert early.status_code == 400
    http.put(header["1"], content=content[:PART_BYTES])
    http.put(header["3"], content=content[2 * PART_BYTES :])
    for wrong in ("x", ""):
        other = [{"partNumber": 1, "etag": wrong}, *parts[1:]]
        refused = http.post(action["href"], json={"oid": oid, "parts": other})
        assert refused.status_code == 400
    for _ in range(2):
        assert http.post(action["href"], json={"oid": oid, "parts": parts}).status_code == 200
    assert "actions" not in _batch(http, api, repo_id, content)


def test_a_wrong_upload_is_refused(http: httpx2.Client, api: HfApi, repo_id: str) -> None:
    content = os.urandom(1000)
    actions = _batch(http, api, repo_id, content)["actions"]
    address = actions["upload"]["href"]
    assert http.put(address, content=b"short").status_code == 400
    assert http.put(address, content=content + b"long").status_code == 400
    assert http.put(address, content=os.urandom(1000)).status_code == 400
    oid = hashlib.sha256(content).hexdigest()
    verify = actions["verify"]["href"]
    assert http.post(verify, json={"oid": oid, "size": 1000}).status_code == 400
    assert http.put(address.replace("size=1000", "size=5"), content=b"12345").status_code == 403
    assert http.put(address, content=content).status_code == 200
    assert http.post(verify, json={"oid": oid, "size": 999}).status_code == 400
    assert http.post(verify, json={"oid": oid, "size": 1000}).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"operation": "download", "objects": []},
        {"operation": "upload", "objects": [{"oid": 1}]},
        {"operation": "upload", "objects": [{"oid": "../../x", "size": 1}]},
    ],
)
def test_malformed_batches_are_refused(
    http: httpx2.Client, api: HfApi, repo_id: str, body: dict[str, object]
) -> None:
    address = f"{api.endpoint}/{repo_id}.git/info/lfs/objects/batch"
    headers = {"Authorization": f"Bearer {api.token}"}
    assert http.post(address, json=body, headers=headers).status_code == 400
    assert http.post(address, json=body).status_code == 401
