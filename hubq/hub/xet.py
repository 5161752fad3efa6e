"""Xet: whether a hub has it, and an upload by it.

The transfer itself is the client library's. What hubq adds is the question whether the server
takes part, progress for each file, and one clear line when it breaks off.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hubq.hub import client
from hubq.hub.failures import Call, translated
from hubq.hub.pieces import Meter, Parcel
from hubq.hub.port import FileProgress, Unavailable
from hubq.hub.wire import Wire, repo_path
from hubq.secrets import redact

if TYPE_CHECKING:
    from huggingface_hub import HfApi

WAY_ROUND = "Run the same command again, or with HF_HUB_DISABLE_XET=1 to send by LFS instead."


def usable() -> bool:
    """Return whether this machine can and may use Xet."""
    from huggingface_hub.utils._runtime import is_xet_available

    return bool(is_xet_available())


def served(wire: Wire, revision: str, *, propose: bool) -> bool:
    """Return whether a hub takes uploads to a repo by Xet.

    Raises:
        UserError: it does not answer.
    """
    path = repo_path(wire.call.repo, "xet-write-token", revision)
    return wire.status(path + ("?create_pr=1" if propose else "")) == 200


def send(
    api: HfApi,
    call: Call,
    parcels: Sequence[Parcel],
    *,
    revision: str,
    propose: bool,
    progress: FileProgress | None,
) -> None:
    """Bring contents to a repo by Xet.

    Raises:
        Unavailable: broken off; what has arrived need not be sent again.
    """
    additions = [_addition(parcel) for parcel in parcels]
    meters = {_item_name(parcel): Meter(parcel, progress) for parcel in parcels}
    with translated(call), client.committing(xet=True), _reporting(meters):
        try:
            api.preupload_lfs_files(
                call.repo, additions, revision=revision, create_pr=propose, free_memory=False
            )
        except (OSError, RuntimeError) as error:
            if not _is_xets(error):
                raise
            raise _broken_off(call, error) from None
    for meter in meters.values():
        meter.finish()


def _addition(parcel: Parcel) -> Any:
    """Return the client library's value, with what is known of the file filled in."""
    from huggingface_hub import CommitOperationAdd

    addition = CommitOperationAdd(path_in_repo=parcel.name, path_or_fileobj=parcel.content)
    addition.upload_info.sha256 = bytes.fromhex(parcel.oid)
    addition._upload_mode = "lfs"  # noqa: SLF001 - the hub was asked already
    addition._should_ignore = False  # noqa: SLF001
    return addition


def _is_xets(error: Exception) -> bool:
    """Return whether an exception came out of the Xet library, which mostly raises plain ones."""
    kind = type(error)
    return kind in {ConnectionError, RuntimeError, TimeoutError} or kind.__module__ == "hf_xet"


def _broken_off(call: Call, error: Exception) -> Unavailable:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    text = f"{call.repo}: the Xet transfer to {call.endpoint} broke off: {lines[0]}"
    return Unavailable(redact(text, call.token or ""), remedy=WAY_ROUND)


def _item_name(parcel: Parcel) -> str:
    """Return what the Xet library calls a content in its reports."""
    return parcel.name if isinstance(parcel.content, bytes) else str(parcel.content)


class _Reporter:
    """Takes the place of the client library's bars: hears of bytes, draws nothing."""

    def __init__(self, meters: Mapping[str, Meter]) -> None:
        self._meters = meters

    def update_progress(self, group: Any, items: Mapping[Any, Any]) -> None:
        """Pass on how far each file is."""
        del group
        for item in items.values():
            meter = self._meters.get(str(item.item_name))
            if meter is not None:
                meter.set(1, int(item.bytes_completed))

    def close(self) -> None:
        """End; there is nothing to take away."""


@contextmanager
def _reporting(meters: Mapping[str, Meter]) -> Iterator[None]:
    """Let the client library report to meters; held under the lock of `client.committing`."""
    from huggingface_hub.utils import _xet_progress_reporting as reporting
    from huggingface_hub.utils.tqdm import disable_progress_bars, enable_progress_bars

    bars = reporting.XetUploadProgressReporter
    reporting.XetUploadProgressReporter = lambda: _Reporter(meters)  # type: ignore[assignment, misc]
    enable_progress_bars()
    try:
        yield
    finally:
        disable_progress_bars()
        reporting.XetUploadProgressReporter = bars  # type: ignore[misc]
