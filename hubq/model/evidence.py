"""Evidence beside the weights: the forms of the files in a repo's `evidence/` folder.

`hubq.json` (`hubq.model.card`) says what a card's numbers rest on; these files hold it. They are
written by `hubq.release.evidence` and read on other machines, by `hubq verify` among others.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from hubq.model.environment import Device, Installed
from hubq.model.stage import Kind

EVIDENCE_FOLDER = "evidence"
CONTENTS_FILE = "evidence/CONTENTS.json"
ENVIRONMENTS_FILE = "evidence/environments.json"
RENDERED_FILE = "evidence/card.md"
"""The card as hubq made it, before it was merged with what people wrote in the repo's README."""
RECIPE_FILE = "evidence/recipe.yaml"
SUITE_FILE = "evidence/suite.yaml"
WORKLOADS_FILE = "evidence/workloads.yaml"
ITEMS_ARCHIVE = "evidence/items.zip"
SOURCE_ARCHIVE = "evidence/source.zip"
LOCKS_FOLDER = "evidence/locks"
SHORT_SAMPLES = "samples-short.jsonl"
"""What stands in the place of `samples.jsonl` where parts of it are left out for their size."""

CONTENTS_SCHEMA = 1

Reason = Literal["weights", "log", "answers", "harness", "judge", "other"]
"""Why a file of a result is not published: it is in the repo itself (`weights`), a worker's log, in
other words there already (`answers`, in the samples), or another's (`harness`, `judge`)."""


def variant_archive(variant: str) -> str:
    """Return the path of the archive with the results of a variant; `` is the source's."""
    return f"{EVIDENCE_FOLDER}/{variant}.zip" if variant else SOURCE_ARCHIVE


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed to score the answer to one prompt again.

    Attributes:
        key: of the prompt, `-r<k>` at its end for the k-th rotation of a circular question.
        gold: every answer that is right.
        choices: letter -> option; none for a question without options.
        facts: columns that the scorer looks at.
        stop: texts at which an answer ends.
    """

    key: str
    gold: tuple[str, ...]
    choices: dict[str, str] | None = None
    facts: dict[str, str] = {}
    stop: tuple[str, ...] = ()


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `items.zip`'s `<task>.jsonl`: a question, without its words and pictures.

    Attributes:
        key: as in the samples.
        cluster: as in the samples.
        category: of the question, empty when it has none.
        stratum: by which the draw was stratified, empty where it was not.
        type: OCRBench v2's type of question, empty elsewhere.
        prompts: what its answers are scored by, in the order of the rotations; none where the
            recipe does not allow right answers of the task to be published.
    """

    key: str
    cluster: str
    category: str = ""
    stratum: str = ""
    type: str = ""
    prompts: tuple[Prompt, ...] | None = None


class EvidenceEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """An environment, as far as its digest is taken of it.

    The digest that stages name is `digest({"install": i, "variables": variables})`, where `i` is
    `digest({"lock": SHA-256 of the lock file, "python": ..., "device": ..., "shim": ...})`; that of
    an interpreter of the user's own is `digest({"device", "installed", "variables"})`; `digest` is
    `hubq.model.codec.digest`.

    Attributes:
        name: what recipes call it.
        device: what its torch is built for.
        digest: as in stage keys.
        python: the version of Python the lock was made for; empty for a user's own interpreter.
        variables: the environment variables that workers in it start with.
        shim: SHA-256 of what makes a CUDA torchvision importable beside a CPU torch; mostly empty.
        lock: the path of the lock in the repo; empty for a user's own interpreter.
        lock_sha256: of that file.
        external: whether the user named the interpreter instead of having hubq build it.
        installed: Python and packages of a user's own interpreter; none where there is a lock.
        stages: the kinds of stage that ran in it.
    """

    name: str
    device: Device
    digest: str
    python: str = ""
    variables: dict[str, str] = {}
    shim: str = ""
    lock: str = ""
    lock_sha256: str = ""
    external: bool = False
    installed: Installed | None = None
    stages: tuple[str, ...] = ()


class Environments(msgspec.Struct, frozen=True, kw_only=True):
    """What `evidence/environments.json` says: one entry a digest, in the order of names."""

    environments: tuple[EvidenceEnvironment, ...]
    schema: int = 1


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the evidence: what is in it, its size in bytes and its SHA-256."""

    about: str
    size: int
    sha256: str


class Shortened(msgspec.Struct, frozen=True, kw_only=True):
    """Samples without their answers, or a sitting's runs without the waits between tokens.

    Attributes:
        archive: the path of the archive in the repo.
        stage: the score stage, or the sitting.
        whole: SHA-256 of `samples.jsonl`, as `hubq.json` names it; it is not published.
        short: SHA-256 of `samples-short.jsonl`, in which every `output` is empty, or every
            request's `itl`.
    """

    archive: str
    stage: str
    whole: str
    short: str

    @property
    def is_scored(self) -> bool:
        """Whether answers were left out, which numbers on cards count."""
        return self.stage.startswith(f"{Kind.SCORE.value}/")


class TaskNote(msgspec.Struct, frozen=True, kw_only=True):
    """What is published of a task's questions.

    Attributes:
        task: its name.
        harness: what asked and scored.
        questions: how many are in `items.zip`; 0 for an upstream harness, whose samples hold all
            there is.
        gold: whether right answers are published.
        file: the name of the file the questions are from; sha256: of that file.
        address: where the file is got; empty where the suite does not say.
        why: why right answers are not published; empty when they are.
    """

    task: str
    harness: str
    questions: int = 0
    gold: bool = False
    file: str = ""
    sha256: str = ""
    address: str = ""
    why: str = ""


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """What `evidence/CONTENTS.json` says: the table of contents of a repo's evidence.

    Attributes:
        hubq: the version that wrote it.
        repo, variant: whose evidence it is.
        files: path in the repo -> what it is; every file of `evidence/` but this one.
        archives: archive -> the ids of the stages whose results are in it.
        left_out: stage -> file of its result -> why it is not published. Files of a result that are
            neither here nor in its archive are missing.
        shortened: samples of which parts are left out for their size; empty for all whole.
        tasks: what is published of each task's questions.
        limit: the size in bytes that the evidence was to stay under; size: what it is.
    """

    hubq: str
    repo: str
    variant: str
    files: dict[str, Listed]
    archives: dict[str, tuple[str, ...]]
    left_out: dict[str, dict[str, Reason]] = {}
    shortened: tuple[Shortened, ...] = ()
    tasks: tuple[TaskNote, ...] = ()
    limit: int = 0
    size: int = 0
    schema: int = CONTENTS_SCHEMA
