"""A published family to verify: what a stand-in release leaves, in repos of a hub in memory."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from hubq.hub.manifest import MANIFEST, listed, manifest
from hubq.markdown.blocks import block_hashes, seal
from hubq.model.card import Evidence
from hubq.model.codec import pretty
from hubq.release.endpoint import local_storage
from hubq.verify.place import RepoPlace
from hubq.verify.verification import Verification, verify
from tests.fakes import FakeHub
from tests.release.stand_in import WORDS as STAND_IN

Repos = dict[str, dict[str, bytes]]
INT8, AWQ = "acme/Small-GPTQ-Int8", "acme/Small-AWQ"
WORDS = "score/AWQ/Words"


def published(folder: Path) -> Repos:
    """Return repo -> path -> content of what a release published to its embedded Hub."""
    storage = local_storage(folder)
    repos = {}
    for name in (INT8, AWQ):
        found = storage.repo(name)
        repos[name] = {path: found.read(path, found.head("main")) for path in found.files()}
    return repos


def with_sums(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return the files of a repo with the list of their hashes."""
    rest = {name: content for name, content in files.items() if name != MANIFEST}
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in rest.items()}
    return {**rest, MANIFEST: manifest(sums)}


class Shop:
    """A published family that a test may tamper with.

    Args:
        repos: as they were published; left as they are.
        folder: for what the hub in memory keeps on the disk.
    """

    def __init__(self, repos: Repos, folder: Path) -> None:
        self.repos = {repo: dict(files) for repo, files in repos.items()}
        self.folder = folder

    @property
    def files(self) -> dict[str, bytes]:
        """The files of the variant that is verified."""
        return self.repos[AWQ]

    def hub(self) -> FakeHub:
        """Return a hub that holds the family as it is now."""
        hub = FakeHub(self.folder)
        for repo, files in self.repos.items():
            hub.add(repo, files)
        return hub

    def verify(self, repo: str = AWQ, **options: Any) -> Verification:
        """Verify a repo of the family."""
        return verify(RepoPlace(self.hub(), repo), **options)

    def edit(self, path: str, old: str, new: str, *, count: int = 1) -> None:
        """Replace characters in a file, which must be there."""
        text = self.files[path].decode()
        assert old in text, f"{path} has no {old!r}"
        self.files[path] = text.replace(old, new, count).encode()

    def edit_json(self, path: str, change: Callable[[Any], object]) -> None:
        """Change a JSON file."""
        document = json.loads(self.files[path])
        change(document)
        self.files[path] = pretty(document).encode()

    def edit_entry(
        self, entry: str, change: Callable[[bytes], bytes], archive: str = "evidence/AWQ.zip"
    ) -> None:
        """Change a file in an archive, and nothing else."""
        entries = unzipped(self.files[archive])
        entries[entry] = change(entries[entry])
        self.files[archive] = zipped(entries)

    def give_answers(self) -> None:
        """Publish the right answers, as a recipe may allow."""

        def change(raw: bytes) -> bytes:
            lines = [json.loads(line) for line in raw.splitlines()]
            for line in lines:
                answer = STAND_IN[int(line["key"]) % 4]
                line["prompts"] = [{"key": line["key"], "gold": [answer]}]
            return "".join(json.dumps(line) + "\n" for line in lines).encode()

        self.edit_entry("Words.jsonl", change, "evidence/items.zip")
        self.forge()

    def forge(self, *, reseal: bool = True) -> None:
        """Make hashes follow what was changed, as a careful forger would: not the numbers."""
        if reseal:
            card = seal(self.files["README.md"].decode())
            self.files["README.md"] = self.files["evidence/card.md"] = card.encode()
            hashes = block_hashes(card)
            self.edit_json("hubq.json", lambda told: told.update(blocks=hashes))
        self._forge_archives()
        contents = json.loads(self.files["evidence/CONTENTS.json"])
        for path, told in contents["files"].items():
            told["sha256"] = hashlib.sha256(self.files[path]).hexdigest()
        self.files["evidence/CONTENTS.json"] = pretty(contents).encode()
        self.repos[AWQ] = with_sums(self.files)

    def _forge_archives(self) -> None:
        """Let results name the files that are there now, in `hubq.json` and in themselves."""
        told = json.loads(self.files["hubq.json"])
        stages = {result["stage"]: key for key, result in told["results"].items()}
        changed = {}
        for archive in [name for name in self.files if name.endswith(".zip")]:
            entries = unzipped(self.files[archive])
            for name in [name for name in entries if name.rpartition("/")[0] in stages]:
                stage, _, file = name.rpartition("/")
                files = told["results"][stages[stage]]["files"]
                sha256 = hashlib.sha256(entries[name]).hexdigest()
                if file in files and files[file]["sha256"] != sha256:
                    changed[files[file]["sha256"]] = sha256
                    files[file] = {"sha256": sha256, "size": len(entries[name])}
                    result = json.loads(entries[f"{stage}/result.json"])
                    result["files"][file] = files[file]
                    entries[f"{stage}/result.json"] = pretty(result).encode()
            self.files[archive] = zipped(entries)
        for claim in told["claims"]:
            claim["sha256"] = changed.get(claim["sha256"], claim["sha256"])
        self.files["hubq.json"] = pretty(told).encode()

    def evidence(self, repo: str = AWQ) -> Evidence:
        """Return a repo's `hubq.json`."""
        return msgspec.json.decode(self.repos[repo]["hubq.json"], type=Evidence)


def unzipped(raw: bytes) -> dict[str, bytes]:
    """Return the entries of an archive."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(entries: dict[str, bytes]) -> bytes:
    """Return an archive with these entries."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(entries.items()):
            archive.writestr(zipfile.ZipInfo(name), content)
    return made.getvalue()


def errors(found: Verification) -> list[str]:
    """Return what is wrong for certain, one line each."""
    return [str(finding) for finding in found.findings if finding.severity == "error"]


def failed(found: Verification) -> set[str]:
    """Return the names of the checks that failed."""
    return {check.name for check in found.checks if check.state == "failed"}


def sums_of(files: dict[str, bytes]) -> dict[str, str]:
    """Return the hashes that a repo lists."""
    return listed(files[MANIFEST])
