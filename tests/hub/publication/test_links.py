from __future__ import annotations

import pytest

from hubq.errors import Refused
from hubq.hub.publication.links import refuse_dead_links, sibling_links
from tests.fakes import FakeHub

HUB = "https://hub.test"


def links(card: str) -> dict[str, str]:
    return sibling_links(card, HUB, {"acme", "a.b"})


def test_links_by_address_and_from_the_root_are_found() -> None:
    card = """
[one](https://hub.test/acme/one) and <https://hub.test/acme/two/tree/main>
[three](/acme/three#speed) <a href="/acme/four">four</a>
[five]: /acme/five "title"
git clone https://hub.test/a.b/six.git
"""
    assert set(links(card)) == {
        *("acme/one", "acme/two", "acme/three", "acme/four", "acme/five", "a.b/six"),
    }
    assert links(card)["acme/one"] == "/acme/one"


def test_other_hubs_namespaces_and_files_are_not_links_to_siblings() -> None:
    card = """
[file](hubq.json) [picture](charts/acme/one.png) [above](../acme/one) `/acme/one`
[other](https://else.test/acme/one) [their](https://hub.test/up/one) [set](/datasets/acme/one)
[name](https://hub.test/acme) [one word](/acme) [longer](/acmes/one) [dot](/aXb/one)
"""
    assert links(card) == {}
    assert sibling_links("[x](/acme/one)", HUB, set()) == {}


def test_a_sentence_may_end_after_an_address() -> None:
    assert set(links("See https://hub.test/acme/one.")) == {"acme/one"}


def test_each_target_is_looked_for_once(hub: FakeHub) -> None:
    hub.add("acme/there")
    hub.asked.clear()
    card = "[a](/acme/there) [b](/acme/here) [c](/acme/there)"
    cards = {"acme/here": card, "acme/other": card}
    refuse_dead_links(hub, cards, set(cards))
    assert hub.asked == ["head acme/there"]
    with pytest.raises(Refused, match=r"acme/here: its card links to /acme/gone") as caught:
        refuse_dead_links(hub, {"acme/here": "[a](/acme/gone)"}, {"acme/here"})
    assert caught.value.exit_code == 3
