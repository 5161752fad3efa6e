"""Links: a card may name its siblings only where they are, or will be with this release."""

from __future__ import annotations

import re
from collections.abc import Collection

from hubq.errors import Refused
from hubq.hub.port import Hub

_NAME = r"(?P<name>[A-Za-z0-9][\w.-]*)"
_OPENS = r"(?:\]\(<?|\]:[ \t]*<?|(?:href|src)=[\"']?)"
"""What stands before an address from the hub's root: a link, a reference, an attribute."""


def sibling_links(card: str, endpoint: str, namespaces: Collection[str]) -> dict[str, str]:
    """Return the repos that a card links to in some namespaces, each with the first such link.

    Args:
        card: its text.
        endpoint: of the hub; links are written with it, or from the hub's root (`/acme/nano`).
        namespaces: which ones.
    """
    if not namespaces:
        return {}
    owners = "|".join(re.escape(one) for one in sorted(namespaces))
    target = rf"/(?P<owner>{owners})/{_NAME}"
    found: dict[str, str] = {}
    for pattern in (re.escape(endpoint) + target, _OPENS + target):
        for one in re.finditer(pattern, card):
            repo = f"{one['owner']}/{one['name'].rstrip('.').removesuffix('.git')}"
            found.setdefault(repo, one[0][one[0].index(f"/{one['owner']}/") :])
    return found


def refuse_dead_links(hub: Hub, cards: dict[str, str], present: Collection[str]) -> None:
    """Make sure that every sibling which a card links to is there, or will be.

    Args:
        hub: where.
        cards: repo -> the card to be published there.
        present: repos that are part of the release, or that need not be looked for.

    Raises:
        Refused: names the card and the link.
    """
    namespaces = {repo.partition("/")[0] for repo in cards}
    there: dict[str, bool] = {}
    for repo, card in sorted(cards.items()):
        for target, link in sorted(sibling_links(card, hub.endpoint, namespaces).items()):
            if target in present:
                continue
            if target not in there:
                there[target] = hub.head(target) is not None
            if not there[target]:
                raise Refused(
                    f"{repo}: its card links to {link}, and {target} is neither on {hub.endpoint} "
                    "nor part of this release",
                    remedy="Publish that one too, or take the link out of the card: a dead link is "
                    "not published.",
                )
