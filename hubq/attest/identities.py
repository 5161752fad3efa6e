"""Identities: signatures that Sigstore vouches for, checked without asking the network.

Who signed stands in a certificate, and that it was logged stands in the signature itself. What both
are checked against is Sigstore's root of trust: the one that its library brings, or a file.
"""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from hubq.attest.envelope import Untrusted
from hubq.attest.trust import Trust
from hubq.errors import BadInput

if TYPE_CHECKING:
    from sigstore.models import ClientTrustConfig


def check_root(path: Path) -> None:
    """Make sure that a file is a root of trust.

    Raises:
        BadInput: it is none.
    """
    _read(path)


def root_of(trust: Trust) -> ClientTrustConfig:
    """Return what certificates and log entries are checked against; nothing is fetched.

    Raises:
        BadInput: the file is no root of trust, or the library brings none that it can read.
    """
    from sigstore.errors import Error
    from sigstore.models import ClientTrustConfig

    if trust.root is not None:
        return _read(trust.root)
    # It says at each call that it does not look for a newer one, which is what is wanted here.
    logger = logging.getLogger("sigstore._internal.tuf")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        return ClientTrustConfig.production(offline=True)
    except (Error, OSError) as error:
        raise BadInput(
            f"Sigstore's root of trust is not on this machine: {error}",
            remedy="Name one: --trust-config FILE, or install a newer sigstore package.",
        ) from error
    finally:
        logger.setLevel(level)


@contextlib.contextmanager
def root_file(trust: Trust) -> Iterator[Path]:
    """Give a root of trust as a file, which is how model-signing takes it.

    Raises:
        BadInput: there is none.
    """
    if trust.root is not None:
        yield trust.root
        return
    with tempfile.TemporaryDirectory(prefix="hubq-trust-") as folder:
        path = Path(folder) / "root.json"
        path.write_text(root_of(trust)._inner.to_json(), encoding="utf-8")  # noqa: SLF001 - no other
        yield path


def unbundle(content: bytes, trust: Trust) -> bytes:
    """Return the payload of a bundle that an identity has signed.

    Raises:
        Untrusted: it is not signed by whom it must be.
    """
    from sigstore.errors import Error
    from sigstore.models import Bundle
    from sigstore.verify import Verifier
    from sigstore.verify.policy import Identity

    try:
        verifier = Verifier(trusted_root=root_of(trust).trusted_root)
        policy = Identity(identity=trust.identity, issuer=trust.issuer)
        _, payload = verifier.verify_dsse(Bundle.from_json(content), policy)
    except (Error, ValueError, KeyError, TypeError) as error:
        raise Untrusted(f"it is not believed: {first_line(error)}") from error
    return payload


def first_line(error: Exception) -> str:
    """Return the first line of what an error says, or its name where it says nothing."""
    return str(error).strip().partition("\n")[0] or type(error).__name__


def _read(path: Path) -> ClientTrustConfig:
    from sigstore.errors import Error
    from sigstore.models import ClientTrustConfig

    try:
        return ClientTrustConfig.from_json(path.read_text(encoding="utf-8"))
    except (Error, OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{path}: no root of trust of Sigstore's: {first_line(error)}") from error
