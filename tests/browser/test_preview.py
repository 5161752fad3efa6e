from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hubq.preview.readme import Readme
from hubq.preview.server import PreviewServer
from hubq.preview.site import Site
from hubq.resources import bundled
from tests.browser.chrome import Chrome
from tests.release.releases import Releases

pytestmark = pytest.mark.browser

LINK = "document.querySelector('article a.claim')"
PANEL = "document.querySelector('#claim-panel')"


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    folder = tmp_path / "templates"
    folder.mkdir()
    return folder


@pytest.fixture
def url(finished: Releases, templates: Path) -> Iterator[str]:
    folders = (templates, bundled("card_templates"))
    with PreviewServer(Site(finished.folder / "runs", "Small", folders)) as server:
        yield server.url


@pytest.fixture
def card(url: str) -> str:
    """Return the address of a card."""
    return f"{url}/cards/AWQ"


@pytest.fixture
def chrome(tmp_path: Path) -> Callable[..., Chrome]:
    def start(**options: object) -> Chrome:
        return Chrome(tmp_path / "profile", **options)  # type: ignore[arg-type]

    return start


def test_a_click_on_a_number_opens_the_panel_and_escape_closes_it(
    card: str, chrome: Callable[..., Chrome]
) -> None:
    with chrome() as page:
        page.go(card)
        assert not page.run(f"{PANEL}.open")
        page.run(f"{LINK}.click()")
        page.wait(f"{PANEL}.open")
        assert page.run(f"{PANEL}.innerText").count("agrees") == 1
        assert page.run(f"{LINK}.textContent") in page.run(f"{PANEL}.innerText")
        assert page.run("location.hash").startswith("#claim=")
        assert page.run(f"{PANEL}.contains(document.activeElement)")
        page.press("Escape")
        page.wait(f"!{PANEL}.open")
        page.wait(f"document.activeElement === {LINK}")
        assert page.run("location.hash") == ""
        assert page.said == []


def test_the_keyboard_opens_a_claim(card: str, chrome: Callable[..., Chrome]) -> None:
    with chrome() as page:
        page.go(card)
        page.run(f"{LINK}.focus()")
        page.press("Enter")
        page.wait(f"{PANEL}.open")


def test_an_address_with_a_claim_opens_the_panel(card: str, chrome: Callable[..., Chrome]) -> None:
    with chrome() as page:
        page.go(card)
        claim = page.run(f"{LINK}.dataset.claim")
        page.go(f"{card}?again#claim={claim}")
        page.wait(f"{PANEL}.open")
        assert claim in page.run(f"{PANEL}.innerText")


def test_on_a_phone_the_panel_is_modal_and_nothing_is_wider_than_the_screen(
    card: str, chrome: Callable[..., Chrome]
) -> None:
    with chrome(width=390, height=844, phone=True) as page:
        for path in ("", "/claims", "/diff", "/markdown"):
            page.go(card + path)
            assert page.run("document.documentElement.scrollWidth") <= 390, path
        page.go(card)
        page.run(f"{LINK}.click()")
        page.wait(f"{PANEL}.matches(':modal')")


def test_without_scripts_a_number_leads_to_a_page(card: str, chrome: Callable[..., Chrome]) -> None:
    with chrome(script=False) as page:
        page.go(card)
        page.go(page.run(f"{LINK}.href"))
        assert "agrees" in page.run("document.querySelector('main').innerText")


def test_a_page_follows_its_templates(
    card: str, templates: Path, chrome: Callable[..., Chrome]
) -> None:
    caveats = templates / "partials" / "caveats.md.j2"
    caveats.parent.mkdir()
    with chrome() as page:
        page.go(card)
        page.run("scrollTo(0, 500)")
        caveats.write_text("A sentence of mine.\n")
        page.wait("document.body?.innerText.includes('A sentence of mine.')")
        page.wait("Math.abs(scrollY - 500) < 2")
        caveats.write_text("first\n{{ nothing_of_that_name }}\n")
        page.wait("document.querySelector('.fault') !== null")
        said = page.run("document.querySelector('.fault').innerText")
        assert "partials/caveats.md.j2, line 2" in said
        assert "nothing_of_that_name" in said
        caveats.write_text("Mended.\n")
        page.wait("document.body?.innerText.includes('Mended.')")


def test_dark_systems_and_the_button_choose_the_theme(
    url: str, chrome: Callable[..., Chrome]
) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    with chrome(dark=True) as page:
        page.go(url)
        dark = page.run(ground)
        button = "document.querySelector('[data-theme-button]')"
        page.run(f"{button}.click()")
        assert page.run(f"{button}.textContent") == "Theme: light"
        assert page.run(ground) == "rgb(255, 255, 255)" != dark
        page.go(f"{url}/report")
        assert page.run(ground) == "rgb(255, 255, 255)"
        page.go(f"{url}/?theme=dark")
        assert page.run(ground) == dark


def test_pictures_follow_the_theme(card: str, chrome: Callable[..., Chrome]) -> None:
    shown = "document.querySelector('picture img').currentSrc"
    with chrome() as page:
        page.go(card)
        page.run("document.querySelector('picture').scrollIntoView()")
        page.wait(f"/[^k]\\.png$/.test({shown})")
        page.run("localStorage.setItem('hubq-theme', 'dark')")
        page.go(f"{card}?again")
        page.run("document.querySelector('picture').scrollIntoView()")
        page.wait(f"{shown}.endsWith('-dark.png')")
        page.wait("document.querySelector('picture img').naturalWidth > 100")


def test_cards_side_by_side_scroll_together(url: str, chrome: Callable[..., Chrome]) -> None:
    bodies = "[...document.querySelectorAll('[data-scroll]')]"
    with chrome() as page:
        page.go(f"{url}/compare")
        assert page.run(f"{bodies}.length") == 2
        page.run(f"{bodies}[0].dispatchEvent(new Event('pointerenter'))")
        page.run(f"{bodies}[0].scrollTop = 900")
        page.wait(f"{bodies}[1].scrollTop > 300")


def test_a_hostile_readme_runs_nothing(tmp_path: Path, chrome: Callable[..., Chrome]) -> None:
    path = tmp_path / "README.md"
    path.write_text(
        "---\nlicense: '<img src=x onerror=alert(1)>'\n---\n# <script>document.title='taken'"
        "</script>\n<img src=x onerror=\"document.title='taken'\">\n"
        "[x](javascript:alert(1)) <a href='javascript:alert(1)' onclick='alert(1)'>y</a>\n"
    )
    with PreviewServer(Readme(path)) as server, chrome() as page:
        page.go(server.url)
        assert page.run("document.title") == "README.md · hubq preview"
        assert page.run("document.querySelectorAll('main [onerror], main script').length") == 0
        assert page.run("[...document.querySelectorAll('main a')].every(a => !a.href)")
