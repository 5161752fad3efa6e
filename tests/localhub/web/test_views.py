from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator

import httpx2
import pytest
from huggingface_hub import CommitOperationAdd, HfApi
from selectolax.lexbor import LexborHTMLParser, LexborNode

from hubq.localhub.server import LocalHub

Client = Callable[[str], HfApi]

_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # reading the certificates takes 50 ms
_README = b"""---
license: mit
base_model: acme/page-base
pipeline_tag: image-text-to-text
library_name: transformers
quantized_by: hubq
---
# The card

| Model | Score |
|---|--:|
| Int4 | 85.12 |

![scores](images/scores.png) [license](LICENSE)
<script>alert("card")</script>
<p onclick="alert(1)">text</p>
"""
_CONFIG = b'{"model_type": "qwen2_vl", "quantization_config": {"quant_method": "gptq", "bits": 4}}'
_RESULTS = b"- dataset: {id: a/benchmark, task_id: val}\n  value: 39.22\n"


class Browser:
    """Opens pages as a person without scripts would."""

    def __init__(self, hub: LocalHub) -> None:
        self._hub = hub
        self._client = httpx2.Client(base_url=hub.url, verify=_NO_TLS, follow_redirects=True)

    def open(self, path: str, status: int = 200) -> LexborHTMLParser:
        answer = self._client.get(path)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"].startswith("text/html")
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        page = LexborHTMLParser(answer.text)
        assert _first(page, "html").attributes["lang"] == "en"
        assert len(page.css("main")) == 1
        assert not page.css("script")
        return page

    def close(self) -> None:
        self._client.close()


@pytest.fixture
def browser(hub: LocalHub) -> Iterator[Browser]:
    opened = Browser(hub)
    yield opened
    opened.close()


@pytest.fixture
def shown(api: HfApi) -> str:
    """A quantized model with a card, and the model it comes from."""
    for name in ("acme/page-base", "acme/page-int4"):
        api.create_repo(name, exist_ok=True)
    files = {
        "README.md": _README,
        "config.json": _CONFIG,
        "model.safetensors": b"weights\0",
        "images/scores.png": b"\x89PNG",
        "LICENSE": b"MIT\n",
        ".eval_results/a.yaml": _RESULTS,
    }
    operations = [CommitOperationAdd(path, content) for path, content in files.items()]
    api.create_commit("acme/page-int4", operations, commit_message="Release")
    return "acme/page-int4"


def _first(page: LexborHTMLParser | LexborNode, selector: str) -> LexborNode:
    found = page.css_first(selector)
    assert found is not None, selector
    return found


def _text(page: LexborHTMLParser, selector: str) -> str:
    return " ".join(_first(page, selector).text(separator=" ").split())


def test_the_card_is_shown_with_its_front_matter_beside_it(browser: Browser, shown: str) -> None:
    page = browser.open(f"/{shown}")
    assert _text(page, "article h1") == "The card"
    assert _first(page, "article td[align=right]").text() == "85.12"
    panel = _text(page, "aside")
    for words in ("License mit", "Task image-text-to-text", "Library transformers"):
        assert words in panel
    assert "Quantized from acme/page-base" in panel
    assert "Weights GPTQ, 4-bit" in panel
    assert "a/benchmark val 39.22" in panel
    assert "quantized_by hubq" in panel
    assert "license:mit" in _text(page, "ul.chips")
    image = _first(page, "article img").attributes["src"]
    assert image == f"/{shown}/resolve/main/images/scores.png"


def test_a_hostile_card_is_harmless(browser: Browser, shown: str) -> None:
    page = browser.open(f"/{shown}")
    assert "alert" not in (_first(page, "article").html or "")
    assert "onclick" not in (page.html or "")


def test_the_source_names_what_was_quantized_from_it(browser: Browser, shown: str) -> None:
    assert f"Quantizations 1 {shown}" in _text(browser.open("/acme/page-base"), "aside")


def test_files_are_listed_with_sizes_and_links(browser: Browser, shown: str) -> None:
    page = browser.open(f"/{shown}/tree/main")
    rows = {_first(row, "td").text(strip=True): row for row in page.css("tbody tr")}
    assert "LFS" in rows["model.safetensorsLFS"].text()
    assert "8 Bytes" in rows["model.safetensorsLFS"].text()
    assert "Release" in rows["config.json"].text()
    inside = browser.open(f"/{shown}/tree/main/images")
    assert "scores.png" in _text(inside, "tbody")


def _links(html: str) -> list[str]:
    nodes = LexborHTMLParser(html).css("a, img, link")
    targets = [node.attributes.get("href") or node.attributes.get("src") or "" for node in nodes]
    return [target.split("#")[0] for target in targets]


def test_every_link_of_every_page_leads_somewhere(hub: LocalHub, shown: str) -> None:
    seen: set[str] = set()
    waiting = [f"/{shown}", "/acme/page-base"]
    with httpx2.Client(base_url=hub.url, verify=_NO_TLS, follow_redirects=True) as client:
        while waiting and len(seen) < 150:
            path = waiting.pop()
            seen.add(path)
            answer = client.get(path)
            assert answer.status_code == 200, path
            if answer.headers["content-type"].startswith("text/html"):
                found = {link for link in _links(answer.text) if link.startswith("/acme/page-")}
                waiting += found - seen
    assert len(seen) > 10


def test_a_file_is_shown_as_text_an_image_or_a_download(browser: Browser, shown: str) -> None:
    assert '"quant_method": "gptq"' in _text(browser.open(f"/{shown}/blob/main/config.json"), "pre")
    weights = browser.open(f"/{shown}/blob/main/model.safetensors")
    assert "not text" in _text(weights, "main")
    assert "SHA-256" in _text(weights, "main")
    picture = browser.open(f"/{shown}/blob/main/images/scores.png")
    assert _first(picture, "main img").attributes["alt"] == "images/scores.png"
    browser.open(f"/{shown}/blob/main/none.txt", 404)


def test_history_and_commits_are_shown(browser: Browser, api: HfApi, shown: str) -> None:
    assert "initial commit" in _text(browser.open(f"/{shown}/commits/main"), "main")
    head = api.list_repo_commits(shown)[-1].commit_id
    page = browser.open(f"/{shown}/commit/{head}")
    assert ".gitattributes added" in _text(page, "tbody")


def test_pull_requests_are_shown_with_their_files(
    browser: Browser, client: Client, repo_id: str
) -> None:
    made = client("bob").create_commit(
        repo_id,
        [CommitOperationAdd("NOTICE", b"x")],
        commit_message="Add a NOTICE",
        commit_description="It was *missing*. <script>x</script>",
        create_pr=True,
    )
    assert "open Add a NOTICE" in _text(browser.open(f"/{repo_id}/discussions"), "main")
    page = browser.open(str(made.pr_url).split("/", 3)[3].join(["/", ""]))
    assert "NOTICE added" in _text(page, "tbody")
    assert _first(page, ".bubble em").text() == "missing"
    browser.open(f"/{repo_id}/tree/refs%2Fpr%2F1")
    browser.open(f"/{repo_id}/discussions/7", 404)


def test_collections_and_owners_have_pages(browser: Browser, api: HfApi, shown: str) -> None:
    made = api.create_collection("Page collection", namespace="acme", exists_ok=True)
    api.add_collection_item(made.slug, shown, "model", note="Small <b>", exists_ok=True)
    page = browser.open(f"/collections/{made.slug}")
    assert _text(page, "li.row") == f"{shown} model Small <b>"
    for path in ("/", "/acme"):
        text = _text(browser.open(path), "main")
        assert "page-int4" in text
        assert "Page collection" in text


def test_datasets_have_pages(browser: Browser, api: HfApi) -> None:
    api.create_repo("acme/page-set", repo_type="dataset", exist_ok=True)
    assert "Dataset card" in _text(browser.open("/datasets/acme/page-set"), "nav")
    browser.open("/datasets/acme/page-set/tree/main")
    browser.open("/acme/page-set", 404)


def test_private_repos_are_shown_to_a_signed_in_browser_only(
    http: httpx2.Client, hub: LocalHub, browser: Browser, api: HfApi
) -> None:
    api.create_repo("acme/page-hidden", visibility="private", exist_ok=True)
    hidden = _text(browser.open("/acme/page-hidden", 404), "main")
    assert "prints an address" in hidden
    missing = _text(browser.open("/acme/page-missing", 404), "main")
    assert missing == hidden.replace("page-hidden", "page-missing")
    assert "page-hidden" not in _text(browser.open("/"), "main")
    address = hub.sign_in_url("/acme/page-hidden")
    page = browser.open(address)
    assert "private" in _text(page, ".repo-name")
    assert "signed in as local" in _text(page, "header")
    forged = http.get(address.replace("page-hidden", "page-other"))
    assert forged.status_code == 403


def test_the_sign_in_cookie_cannot_write(hub: LocalHub, api: HfApi, repo_id: str) -> None:
    with httpx2.Client(base_url=hub.url, verify=_NO_TLS) as client:
        client.get(hub.sign_in_url())
        assert hub.token not in str(dict(client.cookies))
        assert client.get("/api/whoami-v2").json()["name"] == "local"
        answer = client.request("DELETE", "/api/repos/delete", json={"name": repo_id})
        assert answer.status_code == 401
    assert api.repo_exists(repo_id)


def test_a_missing_page_says_so(browser: Browser) -> None:
    for path in ("/nobody", "/nobody/nothing", "/acme/none/tree/main", "/x/y/z/a/b/c"):
        page = browser.open(path, 404)
        assert _text(page, ".big") == "404"


def test_a_card_with_broken_front_matter_is_shown_with_the_reason(
    hub: LocalHub, browser: Browser, api: HfApi, repo_id: str
) -> None:
    repo = hub.storage.repo(repo_id)
    entry = hub.storage.store_file(b"---\na: b: c\n---\n# Still here\n")
    repo.advance("main", {"README.md": entry}, author="local", title="Break it")
    page = browser.open(f"/{repo_id}")
    assert _text(page, "article h1") == "Still here"
    assert "cannot be read" in _text(page, ".notice")


def test_the_style_sheet_loads_nothing_from_elsewhere(http: httpx2.Client, hub: LocalHub) -> None:
    answer = http.get(hub.url + "/_style.css")
    assert answer.headers["content-type"].startswith("text/css")
    assert "url(" not in answer.text
    assert "@import" not in answer.text
