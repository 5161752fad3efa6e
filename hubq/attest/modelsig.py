"""What model-signing signs and verifies: a manifest of files, here made from known hashes.

model-signing reads every file of a folder. A release knows its hashes already, and a repo on a hub
is not on this machine at all; so the library is given the manifest instead of a folder. What comes
out is what it would have written for a plain download of the repo.

Only this module imports the library's own types; it is loaded when somebody signs or verifies.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from model_signing import hashing, manifest, signing, verifying
from model_signing._hashing.hashing import Digest

from hubq.attest.names import UNSIGNED

_PathLike = str | bytes | os.PathLike[str]


class KnownHashes(hashing.Config):
    """Hashing that looks nothing up: the manifest is made from hashes that are known.

    Args:
        name: of the model, for people.
        hashes: path -> SHA-256.
    """

    def __init__(self, name: str, hashes: Mapping[str, str]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name, self._hashes = name, hashes
        self.asked = False

    def hash(
        self,
        model_path: hashing.PathLike,
        *,
        files_to_hash: Iterable[hashing.PathLike] | None = None,
    ) -> manifest.Manifest:
        """Return the manifest; a verifier asks for it only once the signature itself is good."""
        del model_path, files_to_hash
        self.asked = True
        form = manifest.SerializationType.from_args(
            {
                "method": "files",
                "hash_type": "sha256",
                "allow_symlinks": False,
                "ignore_paths": list(UNSIGNED),
            }
        )
        items = [
            form.new_item(path, Digest("sha256", bytes.fromhex(sha256)))
            for path, sha256 in self._hashes.items()
        ]
        return manifest.Manifest(self._name, items, form)


def sign(config: signing.Config, name: str, hashes: Mapping[str, str]) -> bytes:
    """Return the signature of a set of files, as it stands in `model.sig`."""
    with tempfile.TemporaryDirectory(prefix="hubq-sign-") as folder:
        target = Path(folder) / "model.sig"
        config.set_hashing_config(KnownHashes(name, hashes)).sign(Path(folder), target)
        return target.read_bytes()


def covers(config: verifying.Config, signature: bytes, hashes: Mapping[str, str]) -> bool:
    """Say whether a signature speaks of exactly these files.

    Raises:
        ValueError, or an error of the library's: the signature itself is not good; says why.
    """
    known = KnownHashes("", hashes)
    with tempfile.TemporaryDirectory(prefix="hubq-sign-") as folder:
        path = Path(folder) / "model.sig"
        path.write_bytes(signature)
        try:
            config.set_hashing_config(known).verify(Path(folder), path)
        except ValueError:
            if not known.asked:
                raise
            return False
    return True
