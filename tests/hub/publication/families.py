"""Families to be published, what a hub shows of them, and what must always be true of that."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from hubq.hub.hashes import local_files
from hubq.hub.port import Content, Hub
from hubq.hub.publication.plan import Change, FamilyPlan, PlannedFile, RepoPlan, Route
from hubq.model.publication import Terms
from tests.contents import safetensors

VARIANTS = ("AWQ", "GPTQ-Int4", "GPTQ-Int8")
TITLE = "nano, quantized"
FRESH = frozenset({".gitattributes"})

Tree = Mapping[str, str]
"""Path -> SHA-256 of what lies there."""


def repo_of(variant: str) -> str:
    return f"acme/nano-{variant}"


REPOS = tuple(map(repo_of, VARIANTS))


def release(variant: str, edition: int, folder: Path | None = None) -> dict[str, Content]:
    """The files of a variant's release; the weights lie in a folder where one is given."""
    number = VARIANTS.index(variant)
    weights = _weights(10 * number + edition)
    files: dict[str, Content] = {
        "README.md": f"---\nlicense: mit\n---\n# {variant}, edition {edition}\n".encode(),
        "config.json": b"{}",
        "hubq.json": f'{{"edition": {edition}}}'.encode(),
        "model.safetensors": weights,
    }
    if edition == 1:
        files["gone.json"] = b"only in the first edition"
    if folder is not None:
        place = folder / f"{variant}-{edition}.safetensors"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(weights)
        files["model.safetensors"] = place
    return files


@functools.cache
def _weights(seed: int) -> bytes:
    return safetensors(seed, 300)


def plan_repo(
    hub: Hub,
    variant: str,
    files: Mapping[str, Content],
    *,
    route: Route = "direct",
    terms: Terms | None = None,
    own: int = 0,
) -> RepoPlan:
    """Plan one repo as it stands; `own` is the number of our open pull request."""
    asked, repo = terms or Terms(), repo_of(variant)
    main = hub.head(repo)
    parent = hub.head(repo, asked.revision) or main
    pull_head = (hub.head(repo, f"refs/pr/{own}") or "") if own else ""
    there = hub.tree(repo, pull_head or parent) if parent else {}
    hidden = hub.info(repo).private if parent else True

    def change(path: str, matches: bool) -> Change:
        return "unchanged" if matches else "changed" if path in there else "added"

    return RepoPlan(
        variant=variant,
        repo=repo,
        title=f"Release {variant} of nano with hubq",
        note=f"{variant} of nano",
        parent=parent,
        target_is_new=asked.revision != "main" and hub.head(repo, asked.revision) is None,
        route=route,
        pull_request=own,
        pull_head=pull_head,
        hidden=hidden,
        reveal=hidden and asked.visibility != "private" and route == "direct",
        gate=asked.gated is not None,
        tag=bool(asked.tag) and route == "direct",
        files={
            path: PlannedFile(
                content=file.content,
                mark=file.mark,
                change=change(path, file.matches(there.get(path))),
            )
            for path, file in local_files(files).items()
        },
        removed=tuple(path for path in ("gone.json",) if path in there and path not in files),
    )


def plan_of(
    hub: Hub,
    edition: int = 1,
    *,
    number: int = 1,
    terms: Terms | None = None,
    variants: Iterable[str] = VARIANTS,
    folder: Path | None = None,
    route: Route = "direct",
) -> FamilyPlan:
    """Plan a family as it stands; `number` tells publications apart."""
    asked = terms or Terms()
    repos = tuple(
        plan_repo(hub, one, release(one, edition, folder), terms=asked, route=route)
        for one in variants
    )
    return with_notes(
        hub,
        FamilyPlan(
            id=f"0123abcd-{number:06}",
            release="nano",
            source="acme/nano",
            endpoint=hub.endpoint,
            terms=asked,
            repos=repos,
            collection=TITLE if route == "direct" else "",
        ),
    )


def with_notes(hub: Hub, plan: FamilyPlan) -> FamilyPlan:
    """Add the notes that the collection lacks."""
    if not plan.collection:
        return plan
    found = next((one for one in hub.collections("acme") if one.title == plan.collection), None)
    noted = {item.repo: item.note for item in found.items} if found else {}
    missing = {one.repo: one.note for one in plan.repos if noted.get(one.repo) != one.note}
    return msgspec.structs.replace(plan, notes=missing, slug=found.slug if found else "")


class RepoView(msgspec.Struct, frozen=True, kw_only=True):
    """What a repo holds; `mains` are the trees of its main branch, newest first."""

    private: bool
    mains: tuple[Tree, ...]
    branches: frozenset[str]


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What a hub holds; collections by title, with repo -> note."""

    repos: dict[str, RepoView]
    collections: tuple[tuple[str, bool, tuple[tuple[str, str], ...]], ...] = ()


def sha(content: Content) -> str:
    raw = content if isinstance(content, bytes) else content.read_bytes()
    return hashlib.sha256(raw).hexdigest()


def tree_of(variant: str, edition: int) -> Tree:
    return {path: sha(content) for path, content in release(variant, edition).items()}


def without_hubs_own(tree: Tree) -> Tree:
    return {path: mark for path, mark in tree.items() if path not in FRESH}


def check_never_partial(before: View, now: View, edition: int) -> None:
    """Every main is absent, as it was, or complete; nothing new is visible before all are."""
    complete = set()
    for variant, repo in zip(VARIANTS, REPOS, strict=True):
        if repo not in now.repos:
            assert repo not in before.repos
            continue
        tree = without_hubs_own(now.repos[repo].mains[0])
        old = without_hubs_own(before.repos[repo].mains[0]) if repo in before.repos else {}
        assert tree in (old, tree_of(variant, edition)), repo
        if tree == tree_of(variant, edition):
            complete.add(repo)
    if complete != set(REPOS):
        visible = {repo for repo, one in now.repos.items() if not one.private}
        assert visible == {repo for repo, one in before.repos.items() if not one.private}
        assert now.collections == before.collections


def check_complete(before: View, now: View, edition: int, *, private: bool = False) -> None:
    """One new commit per repo, every hash right, no leftover, one collection with every repo."""
    assert set(now.repos) == set(REPOS)
    for variant, repo in zip(VARIANTS, REPOS, strict=True):
        one = now.repos[repo]
        assert without_hubs_own(one.mains[0]) == tree_of(variant, edition)
        commits = len(before.repos[repo].mains) if repo in before.repos else 1
        assert len(one.mains) == commits + 1, f"{repo}: {len(one.mains)} commits"
        assert one.branches == {"main"}
        assert one.private is private
    items = tuple(sorted((repo_of(one), f"{one} of nano") for one in VARIANTS))
    assert now.collections == ((TITLE, private, items),)
