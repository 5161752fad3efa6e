"""Which process of the default suite runs which files."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

TOGETHER = {
    "cards": ("tests/cards/", "tests/preview/"),
    "schemas": (
        "tests/audit/formats/test_sarif.py",
        "tests/evaluate/formats/test_every_eval_ever.py",
    ),
}
"""Files that share what is dear: the made-up family of all cards, the import of jsonschema."""


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Keeps a file in one process, and files that share something dear."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((name for name, those in TOGETHER.items() if file.startswith(those)), file)
