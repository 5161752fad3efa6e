"""Names of the files that vouch for a release, and which files a signature does not speak of."""

from __future__ import annotations

from collections.abc import Mapping

from hubq.model.card import CARD_FILE

SIGNATURE = "model.sig"
"""The signature over the files, as `model_signing verify` reads it."""

EVALUATION = "evaluation.intoto.json"
"""The signed statement of what was measured."""

BOM = "bom.cdx.json"
"""The bill of materials."""

UNSIGNED = (
    CARD_FILE,
    "SHA256SUMS",
    SIGNATURE,
    ".cache",
    ".git",
    ".gitattributes",
    ".github",
    ".gitignore",
)
"""What may change, or come into being, after signing: the card, which people edit (its numbers are
held by `hubq.json`, which is signed), the list that holds the card's hash, and what the Hub and its
client add. The names stand in the signature, so that a verifier passes over them unasked."""


def signed(hashes: Mapping[str, str]) -> dict[str, str]:
    """Return the files that a signature speaks of, sorted by path.

    Args:
        hashes: path in the repo -> SHA-256.
    """
    return {path: hashes[path] for path in sorted(hashes) if path.partition("/")[0] not in UNSIGNED}
