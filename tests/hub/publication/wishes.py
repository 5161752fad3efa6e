"""Wishes: families as they are wanted on a hub, planned and published with the real code."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from hubq.hub.port import Content, Hub
from hubq.hub.publication import receipt as receipts
from hubq.hub.publication.ownership import title_of
from hubq.hub.publication.plan import FamilyPlan, Merged, Published, RepoPlan, Wanted
from hubq.hub.publication.planning import plan_family
from hubq.hub.publication.protocol import publish
from hubq.hub.publication.receipt import Receipt
from hubq.hub.retry import Retries
from hubq.model.publication import Terms
from tests.contents import safetensors

SOURCE = "up/nano@1a2b3c4"
INT4 = "acme/nano-Int4"
AWQ = "acme/nano-AWQ"


def card(variant: str, edition: int = 1) -> bytes:
    """A card as it is rendered."""
    return f"---\nlicense: mit\n---\n# {variant}, edition {edition}\n".encode()


def wish(repo: str, edition: int = 1, /, **files: bytes) -> Wanted:
    """What a repo is to hold; `files` replace or add some, with `__` for the dot in their names."""
    variant = repo.rpartition("-")[2]
    contents: dict[str, Content] = {
        "README.md": card(variant, edition),
        "config.json": b"{}",
        "hubq.json": f'{{"edition": {edition}}}'.encode(),
        "model.safetensors": safetensors(len(repo), 300),
    }
    contents |= {name.replace("__", "."): content for name, content in files.items()}
    return Wanted(
        variant=variant,
        repo=repo,
        files=contents,
        title=title_of(variant, SOURCE),
        note=f"{variant} of nano",
    )


def without(wanted: Wanted, *paths: str) -> Wanted:
    """The same wish without some files."""
    files = {path: content for path, content in wanted.files.items() if path not in paths}
    return msgspec.structs.replace(wanted, files=files)


def merge(repo: str, there: bytes, evidence: bytes, rendered: bytes) -> Merged:
    """Put a card into a README: lines that people wrote, which start with `>`, are kept."""
    human = [line for line in there.splitlines(keepends=True) if line.startswith(b">")]
    facts = {"merged": True, "evidence": len(evidence)}
    remarks = (f"{len(human)} lines of people are kept",) if human else ()
    return Merged(content=rendered + b"".join(human), facts=facts, remarks=remarks)


class Family:
    """A family on a hub, planned and published again and again.

    Args:
        hub: where; `asked` and `log` of it are the test's.
        folder: of its publications.
    """

    def __init__(self, hub: Hub, folder: Path) -> None:
        self.hub, self.folder = hub, folder
        self.merged: list[str] = []

    def plan(self, *wanted: Wanted, terms: Terms | None = None, receipt: bool = True) -> FamilyPlan:
        """Plan as it stands."""

        def merging(repo: str, there: bytes, evidence: bytes, rendered: bytes) -> Merged:
            self.merged.append(repo)
            return merge(repo, there, evidence, rendered)

        return plan_family(
            self.hub,
            wanted or (wish(INT4), wish(AWQ)),
            release="nano",
            source=SOURCE,
            terms=terms or Terms(),
            merge=merging,
            receipt=self.receipt if receipt else None,
        )

    def one(self, wanted: Wanted, terms: Terms | None = None, *, receipt: bool = True) -> RepoPlan:
        """Plan one repo."""
        return self.plan(wanted, terms=terms, receipt=receipt).repos[0]

    def push(self, *wanted: Wanted, terms: Terms | None = None) -> Published:
        """Plan and publish."""
        plan = self.plan(*wanted, terms=terms)
        return publish(self.hub, plan, self.folder, retries=Retries(sleep=lambda _: None))

    @property
    def receipt(self) -> Receipt | None:
        """What the last publication left."""
        return receipts.read(self.folder, self.hub.endpoint)


def changes(plan: RepoPlan) -> Mapping[str, str]:
    """Path -> change, of what has to be sent."""
    return {path: file.change for path, file in plan.sent.items()}
