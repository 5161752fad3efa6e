"""The source: whether the model that the variant was made from is there, as the evidence says."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.errors import BadInput
from hubq.hub.port import Hub, RepoInfo
from hubq.markdown.frontmatter import parse
from hubq.model.card import CARD_FILE, EVIDENCE_FILE
from hubq.model.finding import Finding
from hubq.verify.checking import Checked, counted, skipped
from hubq.verify.dossier import Dossier


def check_source(dossier: Dossier, hub: Hub | None) -> Checked:
    """Compare the source at its commit with what the evidence says of it.

    Args:
        dossier: the evidence.
        hub: where the source is; none for not looked for.
    """
    told = dossier.evidence.source
    repo, commit = told.get("repo"), told.get("commit")
    if not repo or not commit:
        return skipped(f"{told.get('name')} was a folder; nobody else can look at it")
    findings = list(_named(dossier, repo))
    if hub is None:
        return Checked(said="not looked for", findings=tuple(findings), skipped=True)
    try:
        info = hub.info(repo, commit)
    except BadInput as error:
        findings.append(
            Finding(
                rule="source-missing",
                severity="warning",
                path=EVIDENCE_FILE,
                said=f"{repo}@{commit[:7]}",
                found=f"cannot be looked at on {hub.endpoint}: {error.message}",
            )
        )
        return Checked(
            said=f"{repo}@{commit[:7]} cannot be looked at", findings=tuple(findings), skipped=True
        )
    findings += _files(info, told.get("files", {}), commit)
    return Checked(
        said=f"{repo}@{commit[:7]}: {counted(len(told.get('files', {})), 'file')} of the sizes "
        "that the evidence says",
        findings=tuple(findings),
    )


def _files(info: RepoInfo, sizes: dict[str, int], commit: str) -> Iterator[Finding]:
    where = f"{EVIDENCE_FILE}#/source"
    if info.commit != commit:
        yield Finding(
            rule="source-changed", path=where, said=commit, found=f"the hub has {info.commit}"
        )
    for path, size in sizes.items():
        there = info.files.get(path)
        if there is None or there.size != size:
            found = f"{there.size:,} bytes" if there else "no such file"
            yield Finding(
                rule="source-changed",
                path=f"{where}/files",
                said=f"{path} {size:,} bytes",
                found=f"{info.repo}@{commit[:7]} has {found}",
            )


def _named(dossier: Dossier, repo: str) -> Iterator[Finding]:
    """Compare the model that the card's front matter names with the source."""
    if CARD_FILE not in dossier.place.listing():
        return
    named = parse(dossier.readme()).items("base_model")
    if named and repo not in named:
        yield Finding(
            rule="source-changed",
            path=CARD_FILE,
            said=f"base_model: {', '.join(named)}",
            found=f"the weights were made from {repo}",
        )
