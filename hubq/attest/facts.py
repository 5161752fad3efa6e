"""Facts: what is known of a published variant, from which statements about it are made."""

from __future__ import annotations

import msgspec

from hubq.attest.names import BOM, EVALUATION, UNSIGNED
from hubq.model.environment import Package


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """What a variant was made from: its name, its repo and commit where it has one, its digest."""

    name: str
    digest: str
    repo: str = ""
    commit: str = ""


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """What a variant scored in a task, beside the baseline.

    Attributes:
        task: its name.
        metric: how answers are scored, such as `anls`.
        harness, engine: what asked, and what answered.
        n: how many questions.
        value, low, high: the score from 0 to 1 and its 95 % interval; none for no interval.
        delta, delta_low, delta_high: its difference from the baseline on the same questions, from
            -1 to 1; none where it is not comparable.
    """

    task: str
    metric: str
    harness: str
    engine: str
    n: int
    value: float
    low: float | None = None
    high: float | None = None
    delta: float | None = None
    delta_low: float | None = None
    delta_high: float | None = None


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One check of a certificate: engine, name of the check, whether it passed, what was seen."""

    engine: str
    name: str
    good: bool
    said: str = ""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one published variant.

    Attributes:
        hubq: the version that made the release.
        repo: its id.
        variant, baseline: its name, and that of what it is compared with.
        source: what it was made from.
        files: path in the repo -> SHA-256, of every file but the attestations themselves.
        config: the checkpoint's config.json.
        metadata: the front matter of the card.
        method: the settings it was quantized with.
        recipe: the digest of the recipe as used.
        suite: its name.
        scores: one a task.
        checks: of the certificates.
        environments: name of the environment -> its digest.
        packages: of the environment in which it was evaluated.
        datasets: what it was calibrated and evaluated on: name -> digest of the file.
    """

    hubq: str
    repo: str
    variant: str
    baseline: str
    source: Origin
    files: dict[str, str]
    config: dict[str, object] = {}
    metadata: dict[str, object] = {}
    method: dict[str, object] = {}
    recipe: str = ""
    suite: str = ""
    scores: tuple[Score, ...] = ()
    checks: tuple[Check, ...] = ()
    environments: dict[str, str] = {}
    packages: tuple[Package, ...] = ()
    datasets: dict[str, str] = {}

    @property
    def weights(self) -> dict[str, str]:
        """The files that hold the weights, by path."""
        return {path: sha for path, sha in self.files.items() if path.endswith(".safetensors")}

    @property
    def model(self) -> dict[str, str]:
        """The files that are the model: neither card nor evidence."""
        return {
            path: sha256
            for path, sha256 in self.files.items()
            if path not in _BESIDE and path.partition("/")[0] not in _FOLDERS
        }

    @property
    def evidence(self) -> dict[str, str]:
        """The files that let a stranger check the release."""
        return {
            path: sha256
            for path, sha256 in self.files.items()
            if path == _CLAIMS or path.partition("/")[0] == "evidence"
        }


_CLAIMS = "hubq.json"
_BESIDE = (_CLAIMS, *UNSIGNED, BOM, EVALUATION, "comparison.json")
_FOLDERS = ("evidence", "charts")
