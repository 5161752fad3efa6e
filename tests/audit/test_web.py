from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hubq.audit.cache import Cache
from hubq.audit.expanding import items_of
from hubq.audit.library import Library
from hubq.audit.links import web_address
from hubq.audit.rules.dead_link import RULE
from hubq.audit.subject import Gathered
from hubq.audit.sweep import Sweep, Swept
from hubq.audit.targets import targets_of
from hubq.audit.web import MOST_OF_CARD, Links, addresses_of
from hubq.hub.web import NO_HOST, UNCLEAR, Web
from tests.fakes import FakeHub
from tests.rows import each_row
from tests.sites import Loopback, Site, serving

DAY_S = 86400.0
Make = Callable[..., Links]


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as site:
        yield site


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Links that are asked for on the loopback, and kept in one folder."""

    def made(web: Web | None = None, *, exist: bool = True, after: float = 0) -> Links:
        web = web or Web(Loopback(exist=exist), pause=0, limit=2)
        return Links(web, tmp_path / "web", now=lambda: time.time() + after)

    return made


@each_row(
    ("said", "asked"),
    [
        ("https://a.dev/x?y=1#z", "https://a.dev/x?y=1"),
        ("//a.dev/x", "https://a.dev/x"),
        (" HTTP://A.dev ", "HTTP://A.dev"),
        ("https://huggingface.co/a/b", ""),
        ("https://cdn-uploads.huggingface.co/x.png", ""),
        ("https://hf.co/a", ""),
        ("https://me:secret@a.dev/", ""),
        ("https://a.dev/{{ name }}", ""),
        ("https://a.dev/<name>", ""),
        ("https://a.dev/a...", ""),
        ("http://localhost:8000/v1", ""),
        ("http://[::1", ""),
        ("mailto:a@b.dev", ""),
        ("x.png", ""),
        ("#a", ""),
        ("", ""),
    ],
)
def test_addresses_of_other_sites_are_told_from_the_rest(said: str, asked: str) -> None:
    assert web_address(said) == asked


def test_a_card_gives_its_links_and_pictures_once() -> None:
    card = (
        "---\nlicense_link: https://a.dev/license\n---\n[x](https://a.dev/x) ![](https://b.dev/p)"
        " [y](https://a.dev/x#y)\n\n```\nhttps://c.dev\n```\n"
    )
    found = addresses_of(Gathered(name="x", card=card))
    assert found == ("https://a.dev/license", "https://a.dev/x", "https://b.dev/p")
    many = "".join(f"[x](https://a.dev/{at}) " for at in range(MOST_OF_CARD + 9))
    assert len(addresses_of(Gathered(name="x", card=many))) == MOST_OF_CARD
    assert not addresses_of(Gathered(name="x"))


def test_each_address_is_asked_for_once(make: Make, site: Site) -> None:
    site.answer("/b", 404)
    links, addresses = make(), [site.url("/a"), site.url("/b"), site.url("/a")]
    links.look_up(addresses)
    links.look_up(addresses)
    assert sorted(site.lines) == ["GET /b", "HEAD /a", "HEAD /b"]
    assert links.found(addresses) == {site.url("/a"): 200, site.url("/b"): 404}


def test_one_host_is_asked_one_thing_at_a_time(make: Make, site: Site) -> None:
    site.delay = 0.02
    make().look_up(site.url(f"/{at}") for at in range(6))
    assert (len(site.asked), site.together) == (6, 1)
    make().look_up(site.url("/x", f"h{at}.dev") for at in range(9))
    assert 1 < site.together <= 4


def test_a_run_that_was_broken_off_goes_on(make: Make, site: Site) -> None:
    class Broken(Web):
        """Fails at the third request."""

        count = 0

        def ask(self, address: str) -> int:
            self.count += 1
            if self.count == 3:
                raise KeyboardInterrupt
            return super().ask(address)

    addresses = [site.url(f"/{at}") for at in range(4)]
    with pytest.raises(KeyboardInterrupt):
        make(Broken(Loopback(), pause=0)).look_up(addresses)
    make().look_up(addresses)
    assert site.lines == [f"HEAD /{at}" for at in range(4)]


@pytest.mark.parametrize(
    ("status", "hours", "again"),
    [(200, 23, False), (200, 25, True), (404, 23, False), (429, 0.5, False), (429, 2, True)],
)
def test_answers_are_good_for_a_day_and_what_says_nothing_for_an_hour(
    make: Make, site: Site, status: int, hours: float, *, again: bool
) -> None:
    site.answer("/a", status)
    make().look_up([site.url("/a")])
    before = len(site.asked)
    make(after=hours * 3600).look_up([site.url("/a")])
    assert (len(site.asked) > before) == again


def test_a_broken_entry_is_asked_for_again(make: Make, site: Site, tmp_path: Path) -> None:
    make().look_up([site.url("/a")])
    (entry,) = (tmp_path / "web").rglob("*.json")
    entry.write_text("{")
    links = make()
    links.look_up([site.url("/a")])
    assert links.found([site.url("/a")]) == {site.url("/a"): 200}


def test_a_host_that_turns_requests_away_is_asked_no_further(make: Make, site: Site) -> None:
    for at in range(9):
        site.answer(f"/{at}", 429)
    make().look_up(site.url(f"/{at}") for at in range(9))
    assert len(site.asked) == 6


def test_a_host_is_gone_only_where_more_of_them_are_there(make: Make, site: Site) -> None:
    gone = "http://gone.dev/a"
    links = make()
    links.look_up([gone, site.url("/a"), site.url("/b")])
    assert links.found([gone]) == {}
    links.look_up([site.url("/a", "other.dev")])
    assert links.found([gone]) == {gone: NO_HOST}
    alone = make(exist=False, after=2 * DAY_S)
    alone.look_up([gone, site.url("/a")])
    assert alone.found([gone, site.url("/a")]) == {}


def test_a_site_that_never_ends_is_left(site: Site, tmp_path: Path) -> None:
    over = threading.Event()

    class Endless(Web):
        """Waits for one host until the test is over."""

        def ask(self, address: str) -> int:
            if "slow" in address:
                over.wait(10)
                return UNCLEAR
            return super().ask(address)

    links = Links(Endless(Loopback(), pause=0), tmp_path, patience=0.2)
    links.look_up(["http://slow.dev/a", site.url("/b")])
    over.set()
    assert links.found(["http://slow.dev/a", site.url("/b")]) == {site.url("/b"): 200}


def test_a_sweep_asks_for_links_only_where_that_is_wanted(
    make: Make, site: Site, tmp_path: Path
) -> None:
    site.answer("/gone", 404)
    card = f"# Nano\n\n[a]({site.url('/gone')}) [b]({site.url('/there')})\n"
    readme = tmp_path / "README.md"
    readme.write_text(card)
    hub = FakeHub(tmp_path / "hub")
    hub.add("acme/nano", {"README.md": card.encode()})
    library = Library(hub, Cache(hub.endpoint, tmp_path / "cache"))

    def swept(links: Links | None) -> Swept:
        items = items_of(targets_of(("acme/nano", str(readme)), hub.endpoint), library)
        return Sweep(library, items, [RULE], web=links).run()

    assert not [one for audited in swept(None).audited for one in audited.findings]
    assert not site.asked
    for _ in range(2):
        found = [one for audited in swept(make()).audited for one in audited.findings]
        assert [one.said for one in found] == [site.url("/gone")] * 2
    assert sorted(site.lines) == ["GET /gone", "HEAD /gone", "HEAD /there"]
