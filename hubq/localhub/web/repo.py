"""The pages of one repo: card, files, history."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec

from hubq.localhub import tree as trees
from hubq.localhub.api.call import Call, repo_path
from hubq.localhub.api.repos import visible
from hubq.localhub.discussion import DiscussionLog
from hubq.localhub.profile import Profile, children, eval_results, profile
from hubq.localhub.tree import Folder
from hubq.localhub.values import Commit, FileEntry
from hubq.localhub.web.page import Page, page_of
from hubq.markdown import markup

_SHOWN_BYTES = 256 * 1000
_IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg")
_PANEL_KEYS = frozenset(
    (
        *("license", "license_name", "license_link", "base_model", "base_model_relation"),
        *("pipeline_tag", "library_name", "language", "tags", "datasets"),
    )
)
_RELATION_TEXT = {
    "quantized": "Quantized from",
    "finetune": "Finetuned from",
    "adapter": "Adapter for",
    "merge": "Merged from",
    "": "Made from",
}
_CHILD_TEXT = {
    "quantized": "Quantizations",
    "finetune": "Finetunes",
    "adapter": "Adapters",
    "merge": "Merges",
}


def frame(call: Call, tab: str) -> dict[str, Any]:
    """Return what the head of every page of a repo needs."""
    repo = call.repo
    record = repo.record
    branches, tags = list(repo.refs("heads")), list(repo.refs("tags"))
    waiting = [item for item in DiscussionLog(repo).all() if item.status in {"open", "draft"}]
    return {
        "tab": tab,
        "repo": record,
        "base": repo_path(record.id, record.kind),
        "revision": call.revision,
        "quoted_revision": quote(call.revision, safe=""),
        "branches": branches,
        "tags": tags,
        "waiting": len(waiting),
    }


def card(call: Call) -> Page:
    """Show the card as the Hub would, with its front matter beside it."""
    repo = call.repo
    described = profile(repo, call.revision)
    where = page_of(call)
    place = markup.Place(
        repo_path=repo_path(described.id, described.kind), revision=call.revision, page_of=where
    )
    others = [other for other in visible(call) if other.id != described.id]
    groups = children(others, described.id) if described.kind == "model" else {}
    values = frame(call, "card") | {
        "item": described,
        "html": markup.to_html(described.card.body, place),
        "bases": [(name, where(name)) for name in described.base_models],
        "relation": _RELATION_TEXT[described.relation],
        "groups": [(_CHILD_TEXT[name], group) for name, group in groups.items()],
        "facts": _facts(described),
        "rest": _rest(described),
        "results": _results(eval_results(repo, described.commit)),
        "datasets": [(name, where(name)) for name in described.card.items("datasets")],
    }
    return Page("card.html.j2", values)


def tree(call: Call) -> Page:
    """Show a folder: names, sizes, the last commit of each."""
    repo = call.repo
    path = call.param("path").strip("/")
    oid = repo.head(call.revision)
    files = repo.files(oid)
    changes = repo.last_changes(oid)
    entries = trees.walk(files, path)
    rows = [_row(name, entry, changes) for name, entry in entries.items()]
    rows.sort(key=lambda row: (not row["folder"], row["path"]))
    values = frame(call, "files") | {
        "path": path,
        "crumbs": _crumbs(path),
        "rows": rows,
        "oid": oid,
        "last": repo.commit(oid),
        "size": sum(entry.size for entry in files.values()),
        "count": len(files),
    }
    return Page("tree.html.j2", values)


def blob(call: Call) -> Page:
    """Show one file: as text, as an image, or as a link to its bytes."""
    repo = call.readable_repo
    path = call.param("path")
    oid = repo.head(call.revision)
    entry = repo.entry(path, oid)
    text = None
    if entry.size <= _SHOWN_BYTES and not path.endswith(_IMAGES):
        content = repo.blobs.read(entry.blob)
        text = None if b"\0" in content else content.decode("utf-8", errors="replace")
    values = frame(call, "files") | {
        "path": path,
        "crumbs": _crumbs(path),
        "entry": entry,
        "text": text,
        "image": path.lower().endswith(_IMAGES),
        "quoted_path": quote(path),
    }
    return Page("blob.html.j2", values)


def commits(call: Call) -> Page:
    """Show the history of a revision."""
    history = list(call.repo.history(call.revision))
    return Page("commits.html.j2", frame(call, "commits") | {"history": history})


def commit(call: Call) -> Page:
    """Show what one commit changed."""
    repo = call.repo
    oid = repo.head(call.revision)
    made = repo.commit(oid)
    before = repo.commit(made.parents[0]).files if made.parents else {}
    values = frame(call, "commits") | {
        "oid": oid,
        "commit": made,
        "changes": changes_between(before, made.files),
    }
    return Page("commit.html.j2", values)


def changes_between(
    before: dict[str, FileEntry], after: dict[str, FileEntry]
) -> list[tuple[str, str, int]]:
    """Return what changed between two trees: path, word for it, and bytes gained."""
    rows = []
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old != new:
            word = "added" if old is None else "deleted" if new is None else "changed"
            rows.append((path, word, (new.size if new else 0) - (old.size if old else 0)))
    return rows


def _crumbs(path: str) -> list[tuple[str, str]]:
    """Return the folders above a path and itself: name, quoted path."""
    parts = path.split("/") if path else []
    return [(part, quote("/".join(parts[: depth + 1]))) for depth, part in enumerate(parts)]


def _row(
    path: str, entry: FileEntry | Folder, changes: dict[str, tuple[str, Commit]]
) -> dict[str, Any]:
    """Return one line of a folder's page."""
    below = [value for name, value in changes.items() if f"{name}/".startswith(f"{path}/")]
    oid, last = max(below, key=lambda value: value[1].date)
    return {
        "path": path,
        "name": path.rsplit("/", maxsplit=1)[-1],
        "quoted": quote(path),
        "folder": isinstance(entry, Folder),
        "lfs": isinstance(entry, FileEntry) and entry.lfs,
        "size": entry.size,
        "oid": oid,
        "title": last.title,
        "date": last.date,
    }


def _facts(item: Profile) -> list[tuple[str, str]]:
    """Return the plain lines of the side panel."""
    front = item.card
    licenses = ", ".join(front.items("license"))
    if front.text("license_name"):
        licenses = f"{licenses} ({front.text('license_name')})"
    weights = f"{item.quantization.upper()}, {item.bits}-bit" if item.bits else item.quantization
    facts = [
        ("License", licenses),
        ("Task", item.pipeline_tag),
        ("Library", item.library),
        ("Languages", ", ".join(front.items("language"))),
        ("Architecture", str(item.config.get("model_type", ""))),
        ("Weights", weights),
    ]
    return [(name, value) for name, value in facts if value]


def _rest(item: Profile) -> list[tuple[str, str]]:
    """Return the keys of the front matter that the panel has no line for."""
    return [
        (key, value if isinstance(value, str) else msgspec.json.encode(value).decode())
        for key, value in item.card.data.items()
        if key not in _PANEL_KEYS
    ]


def _results(entries: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """Return the evaluation results beside the card: dataset, task, value."""
    good = [entry["data"] for entry in entries if "data" in entry]
    return [
        (str(entry["dataset"]["id"]), str(entry["dataset"]["task_id"]), str(entry["value"]))
        for entry in good
    ]
