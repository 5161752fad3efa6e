"""The files of a repo: held against its list of hashes and against what quantizing left."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.hub.manifest import MANIFEST, listed
from hubq.hub.publication.telling import Tell
from hubq.model.card import CARD_FILE, EVIDENCE_FILE
from hubq.model.finding import Finding
from hubq.model.stage import Kind
from hubq.verify.checking import Checked, counted, named
from hubq.verify.dossier import Dossier

_CHECKPOINT = "checkpoint/"
_LOADED = (
    *(".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".pkl", ".gguf", ".onnx", ".h5", ".msgpack"),
    ".py",
)
"""What an engine may load or run: nobody may add such a file unseen."""

_HUBS = (".gitattributes", ".gitignore")


def check_files(dossier: Dossier, tell: Tell, *, deep: bool) -> Checked:
    """Compare every file with the hashes that were published with it.

    Args:
        dossier: the evidence.
        tell: told of each file that is read.
        deep: fetch and hash large files too, instead of trusting the hub's listing.
    """
    place = dossier.place
    there = place.listing()
    if MANIFEST not in there:
        return Checked(
            said=f"no {MANIFEST}",
            findings=(Finding(rule="file-missing", path=MANIFEST, found="is not there"),),
        )
    sums = listed(place.read(MANIFEST))
    if not sums:
        found = Finding(rule="files-changed", path=MANIFEST, found="is not a list written by hubq")
        return Checked(said=f"{MANIFEST} cannot be read", findings=(found,))
    made = checkpoint_hashes(dossier)
    actual = _hashes(dossier, sorted(sums.keys() | made.keys()), tell, deep=deep)
    findings = [
        *_changed(sums, actual, MANIFEST),
        *_changed(_further(made, sums), actual, EVIDENCE_FILE),
        *_added(sums, made, sorted(there)),
    ]
    large = sum(1 for path in actual if there[path].sha256)
    trusted = f", {large} of them as the hub lists them" if large and not deep else ""
    return Checked(
        said=f"{counted(len(actual), 'file')} hashed{trusted}; "
        f"{counted(len(made), 'file')} as quantizing left them",
        findings=tuple(findings),
    )


def checkpoint_hashes(dossier: Dossier) -> dict[str, str]:
    """Return path in the repo -> SHA-256, as the variant's quantize result has it."""
    if not dossier.has_evidence:
        return {}
    key = dossier.key_of(f"{Kind.QUANTIZE.value}/{dossier.evidence.variant}")
    told = dossier.evidence.results.get(key, {}).get("files", {})
    return {
        name.removeprefix(_CHECKPOINT): record["sha256"]
        for name, record in told.items()
        if name.startswith(_CHECKPOINT)
    }


def _further(made: dict[str, str], sums: dict[str, str]) -> dict[str, str]:
    """Return the files of which the list of hashes says nothing, or another thing."""
    return {path: sha256 for path, sha256 in made.items() if sums.get(path) != sha256}


def _hashes(dossier: Dossier, wanted: list[str], tell: Tell, *, deep: bool) -> dict[str, str]:
    place, there = dossier.place, dossier.place.listing()
    found = {}
    known = [path for path in wanted if path in there]
    for number, path in enumerate(known):
        tell.count(number, len(known), "files")
        found[path] = place.content_sha256(path) if deep else place.sha256(path)
    return found


def _changed(wanted: dict[str, str], actual: dict[str, str], source: str) -> Iterator[Finding]:
    for path, sha256 in wanted.items():
        if path not in actual:
            yield Finding(
                rule="file-missing",
                severity="warning" if path == CARD_FILE else "error",
                path=path,
                found=f"is not there; {source} lists it",
            )
        elif actual[path] != sha256:
            edited = path == CARD_FILE
            yield Finding(
                rule="card-edited" if edited else "file-changed",
                severity="info" if edited else "error",
                path=path,
                found=f"is not the file that was published: its SHA-256 is {actual[path][:16]}…, "
                f"{source} has {sha256[:16]}…",
            )


def _added(sums: dict[str, str], made: dict[str, str], there: list[str]) -> Iterator[Finding]:
    added = [p for p in there if p not in sums and p not in made and p not in (MANIFEST, *_HUBS)]
    for path in added:
        if path.endswith(_LOADED):
            yield Finding(
                rule="file-added",
                path=path,
                found="was added to the release; an engine may load or run it",
            )
    harmless = [path for path in added if not path.endswith(_LOADED)]
    if harmless:
        yield Finding(
            rule="file-added",
            severity="info",
            path=harmless[0],
            found=f"{counted(len(harmless), 'file')} not of this release: {named(harmless)}",
        )
