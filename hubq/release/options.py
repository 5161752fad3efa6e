"""What a person asked for: the options that commands of a release share."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from hubq.model.publication import Terms
from hubq.model.suite import Engine


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The options of a release.

    Attributes:
        source: a Hub id (`org/name`, `org/name@revision`) or a folder.
        recipe: a bundled name or a file; none to choose by the source's model type.
        namespace: where the repos go; none for the account's own.
        variants: only these; empty for all.
        suite: another suite than the recipe's, by name or file; none for the recipe's.
        tasks: only these of the suite's; empty for all.
        limit: at most this many questions of each task; none for as many as the suite says.
        engine: what generates; none for the suite's choice.
        runs_dir: where results are.
        hub: a Hub's URL, `local` for an embedded Hub in the runs folder, none for the default.
        terms: how the repos are to stand there.
        allow_gaps: publish cards on which numbers are missing.
        allow_failing_snippets: publish cards with code that fails; they say so.
        allow_overlap: quantize with rows that stand in the evaluation sets too.
        templates: a folder of templates that go before the bundled ones.
        data_dir: where evaluation files are looked up by bare name.
        device: `auto` takes a GPU when there is one.
        slots: CPU stages side by side; 0 for one per core.
        interpreters: environment name -> a Python of the user's own.
        offline: fetch no evaluation files, and build environments from the cache only.
    """

    source: str
    recipe: str | None = None
    namespace: str | None = None
    variants: tuple[str, ...] = ()
    suite: str | None = None
    tasks: tuple[str, ...] = ()
    limit: int | None = None
    engine: Engine | None = None
    runs_dir: Path = Path("hubq-runs")
    hub: str | None = None
    terms: Terms = Terms()
    allow_gaps: bool = False
    allow_failing_snippets: bool = False
    allow_overlap: bool = False
    templates: Path | None = None
    data_dir: Path | None = None
    device: Literal["auto", "cpu", "cuda"] = "auto"
    slots: int = 0
    interpreters: dict[str, str] = {}
    offline: bool = False

    @property
    def template_folders(self) -> tuple[Path, ...]:
        """The folders of card templates, the user's own first."""
        from hubq.resources import bundled

        own = (self.templates,) if self.templates else ()
        return (*own, bundled("card_templates"))
