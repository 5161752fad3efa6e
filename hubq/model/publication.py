"""Publications: how a family is to stand on the Hub, as a person asked for it."""

from __future__ import annotations

from typing import Literal

import msgspec

Visibility = Literal["public", "private"]
Gate = Literal["auto", "manual"]


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """How the repos of a family are to stand on the Hub.

    Attributes:
        visibility: who sees them; none makes new repos public and leaves others as they are.
        gated: whether files are given only to those who ask: at once (`auto`) or when a person
            agrees (`manual`); none leaves it as it is.
        revision: the branch that is moved.
        tag: put on each commit of the release; empty for none.
        direct: write to repos of other people too, where the token may; without, they get a pull
            request.
        collection: keep the family together in a collection of its namespace.
        sign: what the release is signed with: `key:FILE`, or `identity`; empty for no signature.
        bom: publish a CycloneDX bill of materials with each variant.
    """

    visibility: Visibility | None = None
    gated: Gate | None = None
    revision: str = "main"
    tag: str = ""
    direct: bool = False
    collection: bool = True
    sign: str = ""
    bom: bool = False
