from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from hubq.errors import BadInput
from hubq.preview.readme import Readme
from hubq.preview.server import PreviewServer
from hubq.preview.site import Site
from tests.preview.releases import NAME, TEMPLATES, Pages

pytestmark = pytest.mark.long

CARD = "/cards/GPTQ-Int4"


def test_strange_host_names_are_turned_away(pages: Pages) -> None:
    assert pages.get("/", Host="evil.example").status_code == 421
    assert pages.get("/", Host="evil.example:80").status_code == 421
    assert pages.get("/", Host="[").status_code in (400, 421)
    assert pages.get("/", Host="localhost:1").status_code == 200


def test_pages_allow_no_foreign_content(pages: Pages) -> None:
    for path in ("/", CARD, "/_static/preview.js", f"{CARD}/claims"):
        policy = pages.get(path).headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "unsafe" not in policy
    for path in ("/", CARD, "/compare", f"{CARD}/diff"):
        html = pages.text(path)
        assert " style=" not in html
        assert " on" + "click" not in html
        assert 'src="http' not in html


@pytest.mark.parametrize(
    "path",
    [
        "/_static/../page.py",
        "/_static/%2e%2e%2fpage.py",
        f"{CARD}/files/self/../../../../etc/passwd",
        f"{CARD}/files/self/%2e%2e%2f%2e%2e%2fholder.txt",
        f"{CARD}/files/..%2f..%2frelease/x.json",
        f"{CARD}/files/{'0' * 64}/scores.json",
    ],
)
def test_nothing_but_what_claims_rest_on_is_served(pages: Pages, path: str) -> None:
    assert pages.get(path).status_code == 404


def test_a_result_of_the_release_that_no_claim_names_is_not_served(
    pages: Pages, site: Site
) -> None:
    result = site.cards.opened.family.results["score/AWQ/NanoDocs_VAL"]
    assert "samples.jsonl" in result.files
    assert pages.get(f"/cards/AWQ/files/{result.key}/samples.jsonl").status_code == 404


def test_hostile_text_on_a_card_is_inert(runs: Path, tmp_path: Path) -> None:
    (tmp_path / "partials").mkdir()
    hostile = (
        "<script>x()</script> <img src=x onerror=x()> [a](javascript:x()) <a onclick=x()>b</a>"
    )
    (tmp_path / "partials" / "caveats.md.j2").write_text(f"{hostile} <svg onload=x()>\ue000\n")
    site = Site(runs, NAME, (tmp_path, *TEMPLATES))
    with PreviewServer(site) as server, Pages(server.url) as shown:
        for path in (CARD, "/compare"):
            html = shown.text(path).partition("<main")[2]
            assert "<script" not in html
            assert not re.search(r"<[^>]*\son\w+=", html)
            assert 'href="javascript' not in html
            assert "\ue000" not in html
        assert "&lt;script&gt;x()" in shown.text(f"{CARD}/markdown")


def test_nothing_can_be_written(pages: Pages) -> None:
    assert pages.client.post(pages.url + "/").status_code == 405


def test_it_listens_on_loopback_only_and_frees_its_port(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text("# Mine\n")
    with pytest.raises(BadInput, match="loopback only"):
        PreviewServer(Readme(path), host="0.0.0.0")  # noqa: S104
    with PreviewServer(Readme(path)) as server:
        port = int(server.url.rpartition(":")[2])
        with pytest.raises(BadInput, match="is in use"):
            PreviewServer(Readme(path), port=port).start()
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", port))
