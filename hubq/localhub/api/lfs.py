"""Large files: the LFS batch, uploads whole or in parts, verification."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from hubq.localhub.api.call import Call, Service, refusal
from hubq.localhub.problems import BadRequestError, LocalHubError
from hubq.localhub.values import Kind

_MAX_OBJECTS = 256


class _Object(msgspec.Struct, frozen=True, kw_only=True):
    """A content the client wants to upload."""

    oid: str
    size: int


class _Batch(msgspec.Struct, frozen=True, kw_only=True):
    """The question where contents are to be uploaded to."""

    operation: str
    objects: list[_Object]
    transfers: tuple[str, ...] = ("basic",)
    hash_algo: str = "sha256"


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part that has arrived, by what its upload was answered with."""

    number: int = msgspec.field(name="partNumber")
    etag: str


class _Completion(msgspec.Struct, frozen=True, kw_only=True):
    """The word that all parts have arrived."""

    oid: str
    parts: list[_Part]


def batch(call: Call) -> Any:
    """Answer for each content that it is there, or where to send it."""
    repo = call.repo
    # Whoever may open a pull request may upload what it holds.
    account = call.user
    try:
        asked = msgspec.json.decode(call.body, type=_Batch)
    except msgspec.DecodeError as error:
        raise BadRequestError(f"Invalid request: {error}") from None
    if asked.operation != "upload" or asked.hash_algo != "sha256":
        raise BadRequestError("Only uploads by sha256; files are downloaded from resolve/")
    if len(asked.objects) > _MAX_OBJECTS:
        raise BadRequestError(f"At most {_MAX_OBJECTS} objects at once")
    multipart = "multipart" in asked.transfers
    answers = []
    for item in asked.objects:
        answer: dict[str, Any] = {"oid": item.oid, "size": item.size}
        if not repo.owns(item.oid):
            answer["authenticated"] = account is not None
            answer["actions"] = _actions(call, item, multipart=multipart)
        answers.append(answer)
    transfer = "multipart" if multipart else "basic"
    return {"transfer": transfer, "objects": answers, "hash_algo": "sha256"}


def complete(call: Call) -> Any:
    """Join the parts of an upload."""
    fields = call.service.signer.check("complete", dict(call.request.query_params))
    try:
        asked = msgspec.json.decode(call.body, type=_Completion)
    except msgspec.DecodeError as error:
        raise BadRequestError(f"Invalid request: {error}") from None
    parts = {part.number: part.etag.strip('"') for part in asked.parts}
    expected = _parts(int(fields["size"]), int(fields["part_bytes"]))
    if asked.oid != fields["oid"] or list(parts) != list(range(1, expected + 1)):
        raise BadRequestError(f"Expected parts 1 to {expected} of {fields['oid']}")
    if not all(parts.values()):
        raise BadRequestError("A part is named by the ETag that its upload was answered with")
    call.storage.blobs.assemble(fields["oid"], int(fields["size"]), parts)
    _claim(call.service, fields)
    return {}


def verify(call: Call) -> Any:
    """Confirm that an upload arrived."""
    fields = call.service.signer.check("verify", dict(call.request.query_params))
    if call.field("oid") != fields["oid"] or not call.storage.blobs.has(fields["oid"]):
        raise BadRequestError(f"{fields['oid']} has not arrived")
    if call.storage.blobs.size(fields["oid"]) != call.json.get("size"):
        raise BadRequestError(f"{fields['oid']} has another size")
    return {}


async def put(service: Service, request: Request) -> Response:
    """Receive a content, or one part of it, at a signed address."""
    try:
        fields = service.signer.check("put", dict(request.query_params))
        etag = await _receive(service, request, fields)
        if not int(fields["part"]):
            blobs, size = service.storage.blobs, int(fields["size"])
            await run_in_threadpool(blobs.assemble, fields["oid"], size, {0: ""})
            await run_in_threadpool(_claim, service, fields)
    except LocalHubError as error:
        return refusal(error, anonymous=False)
    except ClientDisconnect:
        return Response(status_code=400)  # nobody reads it; the part has not arrived
    return Response(headers={"ETag": f'"{etag}"'})


async def _receive(service: Service, request: Request, fields: dict[str, str]) -> str:
    """Write a request's body to its part file and return its sha256.

    Raises:
        BadRequestError: it has not the promised length.
    """
    limit = int(fields["length"])
    path = service.storage.blobs.part_path(fields["oid"], int(fields["part"]))
    digest = hashlib.sha256()
    received = 0
    with ExitStack() as stack:
        file = stack.enter_context(service.storage.blobs.disk.replacing(path))
        async for chunk in request.stream():
            received += len(chunk)
            if received > limit:
                break
            digest.update(chunk)
            file.write(chunk)
        if received != limit:
            raise BadRequestError(f"Expected {limit} bytes")
        # Flushing to the disk takes its time; other requests go on meanwhile.
        await run_in_threadpool(stack.pop_all().close)
    return digest.hexdigest()


def _actions(call: Call, item: _Object, *, multipart: bool) -> dict[str, Any]:
    """Return where to send one content."""
    sign, repo_id, kind = call.service.signer.sign, call.repo_id, call.kind
    place: dict[str, str | int] = {"oid": item.oid, "size": item.size}
    place |= {"repo": repo_id, "kind": kind}
    address = f"{call.endpoint}/_lfs"
    verification = {"href": f"{address}/verify?{sign('verify', **place)}"}
    part_bytes = call.service.part_bytes
    if not multipart or item.size <= part_bytes:
        query = sign("put", **place, part=0, length=item.size)
        return {"upload": {"href": f"{address}/part?{query}"}, "verify": verification}
    header = {"chunk_size": str(part_bytes)}
    for number in range(1, _parts(item.size, part_bytes) + 1):
        length = min(part_bytes, item.size - (number - 1) * part_bytes)
        query = sign("put", **place, part=number, length=length)
        header[str(number)] = f"{address}/part?{query}"
    stored = call.storage.blobs.stored_parts(item.oid)
    if stored:
        # The client passes over keys that are no numbers; one that resumes can read them.
        header["stored"] = ",".join(str(number) for number in stored)
    completion = f"{address}/complete?{sign('complete', **place, part_bytes=part_bytes)}"
    return {"upload": {"href": completion, "header": header}, "verify": verification}


def _claim(service: Service, fields: dict[str, str]) -> None:
    """Remember which repo was given a content."""
    kinds: dict[str, Kind] = {"model": "model", "dataset": "dataset", "space": "space"}
    service.storage.repo(fields["repo"], kinds[fields["kind"]]).claim(fields["oid"])


def _parts(size: int, part_bytes: int) -> int:
    """Return how many parts a content has."""
    return -(-size // part_bytes)
