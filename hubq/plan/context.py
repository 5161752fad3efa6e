"""Contexts: what a plan depends on besides recipe and source."""

from __future__ import annotations

import msgspec

from hubq.model.publication import Terms
from hubq.model.suite import Dtype, Engine


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan depends on besides recipe and source.

    Attributes:
        namespace: the user or organisation that the repos go to.
        endpoint: the Hub they go to.
        site: the address that links on cards start with; empty for the Hub that shows them.
        terms: how they are to stand there.
        device: `cpu` or `cuda`.
        engine: what answers the items, for the baseline and every variant alike.
        dtype: the arithmetic it does so in.
        host: a digest of host, GPU and driver, for speed measurements.
        environments: environment name -> digest.
        programs: `kind/backend` -> digest of the code that does it.
        datasets: a file as the recipe names it -> SHA-256 of its bytes.
        templates: the digest of the card templates.
        command: the command that makes this release again, as it stands on the cards.
        allow_gaps: publish cards on which numbers are missing.
        allow_failing_snippets: publish cards with code that fails; they say so.
    """

    namespace: str
    endpoint: str
    site: str
    device: str
    host: str
    environments: dict[str, str]
    programs: dict[str, str]
    datasets: dict[str, str]
    templates: str
    command: str
    engine: Engine = "transformers"
    dtype: Dtype = "bfloat16"
    terms: Terms = Terms()
    allow_gaps: bool = False
    allow_failing_snippets: bool = False
