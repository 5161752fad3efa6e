"""Gathering: a family's repos in one collection of their source, with a note beside each."""

from __future__ import annotations

from hubq.hub.publication.work import Work
from hubq.hub.remote import Collection

_LONGEST = 150


def gather(work: Work, *, private: bool) -> Collection | None:
    """Return the family's collection, found or made, with the repos of the plan in it.

    Nothing is asked when the plan changes nothing in it. One that is hidden is made visible only
    where the plan says so: a person may have hidden it.

    Args:
        work: the publication.
        private: whether no repo of the family is visible to everybody.
    """
    if not (work.plan.notes or work.plan.show_collection):
        return None
    found = _find(work) or _make(work, private=private)
    if found.private and work.plan.show_collection:
        work.tell(f"making the collection {found.title} public")
        work.hub.set_collection_private(found.slug, private=False)
    items = {item.repo: item for item in found.items}
    for repo, note in sorted(work.plan.notes.items()):
        if repo not in items:
            work.tell(f"{repo}: putting it into the collection {found.title}")
            work.hub.add_item(found.slug, repo, note)
        elif items[repo].note != note:
            work.tell(f"{repo}: changing its note in the collection {found.title}")
            work.hub.set_note(found.slug, items[repo], note)
    return found


def _find(work: Work) -> Collection | None:
    """Return the collection with all its items; none where there is none yet, or it has gone."""
    if work.plan.slug and (found := work.hub.collection(work.plan.slug)):
        return found
    for one in work.hub.collections(_owner(work)):
        if one.title == work.plan.collection:
            return work.hub.collection(one.slug)
    return None


def _make(work: Work, *, private: bool) -> Collection:
    title = work.plan.collection
    work.tell(f"making the collection {title}" + (", hidden as its repos are" if private else ""))
    text = f"{work.plan.source}, quantized, measured and released as one family with hubq."
    made = work.hub.create_collection(
        _owner(work), title, description=text if len(text) <= _LONGEST else "", private=private
    )
    # It may be older than this publication: made by a request whose answer got lost.
    return work.hub.collection(made.slug) or made


def _owner(work: Work) -> str:
    return work.plan.repos[0].repo.partition("/")[0]
