"""The LFS protocol: contents go to the addresses that a hub gives, whole or in parts.

What has arrived is noted part by part. A hub's addresses expire: one that is refused is asked for
anew, and its content begun again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import msgspec

from hubq.errors import BadInput, HubProblem, UserError
from hubq.hub.pieces import Meter, Parcel, in_parallel, pieces, slot
from hubq.hub.port import FileProgress, Unavailable
from hubq.hub.upload_notes import Notes, Progress, Route
from hubq.hub.wire import AddressRefused, Wire

T = TypeVar("T")

AT_ONCE = 4
"""Parts, or whole files, that are sent at the same time."""

_FILES_AT_ONCE = 2  # in parts: while the hub joins those of one, the next is sent

_BATCH = 256


class _Action(msgspec.Struct, frozen=True, kw_only=True):
    href: str
    header: dict[str, Any] | None = None


class _Actions(msgspec.Struct, frozen=True, kw_only=True):
    upload: _Action | None = None
    verify: _Action | None = None


class _Refusal(msgspec.Struct, frozen=True, kw_only=True):
    code: int = 0
    message: str = ""


class _Object(msgspec.Struct, frozen=True, kw_only=True):
    oid: str
    actions: _Actions | None = None
    error: _Refusal | None = None


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    objects: list[_Object]


class Transfer:
    """An upload by LFS to one repo.

    Args:
        wire: what the requests go through.
        notes: what has arrived already.
        ref: the branch that the contents are for; empty when it is not known yet.
        progress: told of each file's bytes.
    """

    def __init__(
        self, wire: Wire, notes: Notes, *, ref: str, progress: FileProgress | None
    ) -> None:
        self._wire = wire
        self._notes = notes
        self._ref = ref
        self._progress = progress
        self._repo = wire.call.repo
        self._slots = threading.Semaphore(AT_ONCE)

    def send(self, parcels: Sequence[Parcel]) -> int:
        """Bring contents to the hub and return how many it did not have.

        Raises:
            UserError: broken off; what has arrived is noted.
        """
        routes = self._ask(parcels)
        for parcel in parcels:
            if parcel.oid not in routes:
                self._notes.drop(self._repo, parcel.oid)
                Meter(parcel, self._progress).finish()
        wanted = [parcel for parcel in parcels if parcel.oid in routes]
        whole = [parcel for parcel in wanted if not self._noted(parcel, routes).route.complete]
        in_parallel([partial(self._bring, parcel, routes) for parcel in whole], AT_ONCE)
        parted = [parcel for parcel in wanted if parcel not in whole]
        in_parallel([partial(self._bring, parcel, routes) for parcel in parted], _FILES_AT_ONCE)
        return len(wanted)

    def _noted(self, parcel: Parcel, routes: Mapping[str, Route]) -> Progress:
        """Return how far a content is: on the route noted before, or at the start of a new one."""
        known = self._notes.get(self._repo, parcel.oid, parcel.size)
        return known or Progress(route=routes[parcel.oid])

    def _bring(self, parcel: Parcel, routes: Mapping[str, Route], stop: threading.Event) -> None:
        """Send one content, and have it looked at.

        Raises:
            UserError: broken off, or refused; names the file.
        """
        meter = Meter(parcel, self._progress)
        try:
            route = self._send_all(parcel, routes, meter, stop)
            if route is not None and route.verify:
                self._wire.tell(route.verify, {"oid": parcel.oid, "size": parcel.size})
        except AddressRefused as refused:
            self._notes.drop(self._repo, parcel.oid)
            if parcel.oid in self._ask([parcel]):
                raise _named(parcel, refused.said) from None
        except UserError as error:
            raise _named(parcel, error) from None
        self._notes.drop(self._repo, parcel.oid)
        meter.finish()

    def _send_all(
        self, parcel: Parcel, routes: Mapping[str, Route], meter: Meter, stop: threading.Event
    ) -> Route | None:
        """Send one content and return the hub's newest route for it, once again when one is stale.

        Returns none when the content was there, and only an answer was lost.
        """
        progress, newest = self._noted(parcel, routes), routes[parcel.oid]
        try:
            self._follow(parcel, progress, meter, stop)
        except AddressRefused:
            self._notes.drop(self._repo, parcel.oid)
            found = self._ask([parcel]).get(parcel.oid)
            if found is None:
                return None
            newest = found
            meter.begin({})
            self._follow(parcel, Progress(route=newest), meter, stop)
        return newest

    def _follow(
        self, parcel: Parcel, progress: Progress, meter: Meter, stop: threading.Event
    ) -> None:
        """Send what is missing of one content to its addresses."""
        if progress.route.complete:
            self._send_parts(parcel, progress, meter, stop)
        else:
            self._put(parcel, progress.route, 1, meter, stop)

    def _send_parts(
        self, parcel: Parcel, progress: Progress, meter: Meter, outer: threading.Event
    ) -> None:
        """Send the parts that are missing, a few at once, and have them joined.

        Raises:
            HubProblem: the hub does not say what it calls a part.
        """
        route, etags = progress.route, dict(progress.etags)
        if not etags:
            self._notes.begin(self._repo, parcel.oid, route)
        meter.begin({number: _stretch(route, number)[1] for number in etags})

        def send(number: int, stop: threading.Event) -> None:
            etag = self._put(parcel, route, number, meter, stop)
            if not etag:
                raise HubProblem(f"{self._wire.endpoint} gave no ETag for part {number}")
            etags[number] = etag
            self._notes.arrived(self._repo, parcel.oid, number, etag)

        missing = [number for number in sorted(route.parts) if number not in etags]
        in_parallel([partial(send, number) for number in missing], AT_ONCE, outer)
        parts = [{"partNumber": number, "etag": etags[number]} for number in sorted(etags)]
        self._wire.tell(route.complete, {"oid": parcel.oid, "parts": parts})

    def _put(
        self, parcel: Parcel, route: Route, number: int, meter: Meter, stop: threading.Event
    ) -> str:
        """Send one part and return what the hub calls it."""
        start, length = _stretch(route, number)

        def told(done: int) -> None:
            meter.set(number, done)

        with slot(self._slots, stop):
            return self._wire.put(
                route.parts[number],
                lambda: pieces(parcel.content, start, length, told, stop),
                length,
                route.headers,
                stop,
            )

    def _ask(self, parcels: Sequence[Parcel]) -> dict[str, Route]:
        """Return where to send the contents that the hub does not have, by SHA-256.

        Raises:
            UserError: the hub refuses one, or does not answer.
        """
        routes: dict[str, Route] = {}
        for start in range(0, len(parcels), _BATCH):
            batch = parcels[start : start + _BATCH]
            by_oid = {parcel.oid: parcel for parcel in batch}
            for answer in self._batch(batch):
                parcel = by_oid.get(answer.oid)
                if parcel is None:
                    continue
                if answer.error is not None:
                    raise self._refused(parcel, answer.error)
                if answer.actions is not None and answer.actions.upload is not None:
                    routes[parcel.oid] = self._planned(parcel, answer.actions)
        return routes

    def _batch(self, parcels: Iterable[Parcel]) -> list[_Object]:
        asked: dict[str, Any] = {
            "operation": "upload",
            "transfers": ["basic", "multipart"],
            "objects": [{"oid": parcel.oid, "size": parcel.size} for parcel in parcels],
            "hash_algo": "sha256",
        }
        if self._ref:
            asked["ref"] = {"name": self._ref}
        path = f"/{self._repo}.git/info/lfs/objects/batch"
        return said(self._wire, self._wire.ask("POST", path, body=asked, lfs=True), _Answer).objects

    def _planned(self, parcel: Parcel, actions: _Actions) -> Route:
        """Return a route as the hub describes it.

        Raises:
            HubProblem: its parts do not make up the content.
        """
        from huggingface_hub.utils._http import fix_hf_endpoint_in_url

        def own(address: str) -> str:
            return str(fix_hf_endpoint_in_url(address, self._wire.endpoint))

        assert actions.upload is not None  # noqa: S101 - the caller looked
        header = actions.upload.header or {}
        verify = own(actions.verify.href) if actions.verify else ""
        href = own(actions.upload.href)
        if "chunk_size" not in header:
            headers = {key: value for key, value in header.items() if isinstance(value, str)}
            return Route(
                size=parcel.size, chunk=parcel.size, parts={1: href}, verify=verify, headers=headers
            )
        parts = {int(key): str(value) for key, value in header.items() if key.isdecimal()}
        chunk = str(header["chunk_size"])
        count = -(-parcel.size // int(chunk)) if chunk.isdecimal() and int(chunk) else 0
        if not count or sorted(parts) != list(range(1, count + 1)):
            raise HubProblem(
                f"{self._wire.endpoint} did not answer as a hub does: it wants {parcel.name} "
                f"({parcel.size} bytes) in {len(parts)} parts of {chunk}"
            )
        return Route(size=parcel.size, chunk=int(chunk), parts=parts, complete=href, verify=verify)

    def _refused(self, parcel: Parcel, refusal: _Refusal) -> UserError:
        """Return the error for a content that the hub does not want."""
        text = f"{parcel.name}: {self._wire.endpoint} does not take it into {self._repo}"
        text += f": {refusal.message}" if refusal.message else ""
        if refusal.code == 429 or refusal.code >= 500:
            return Unavailable(text, remedy="Run the same command again; what is done is kept.")
        return BadInput(text)


def said(wire: Wire, answer: Any, kind: type[T]) -> T:
    """Return an answer as a value.

    Raises:
        HubProblem: it is not one.
    """
    try:
        return msgspec.convert(answer, kind)
    except msgspec.ValidationError as error:
        raise HubProblem(f"{wire.endpoint} did not answer as a hub does: {error}") from None


def _stretch(route: Route, number: int) -> tuple[int, int]:
    """Return where a part begins and how many bytes it has."""
    start = (number - 1) * route.chunk
    return start, min(route.chunk, route.size - start)


def _named(parcel: Parcel, error: UserError) -> UserError:
    """Put a parcel's path in front of what went wrong with it."""
    if not error.message.startswith(f"{parcel.name}: "):
        error.message = f"{parcel.name}: {error.message}"
        error.args = (error.message,)
    return error
