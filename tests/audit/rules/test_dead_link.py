from __future__ import annotations

import pytest

from hubq.audit.rules.dead_link import RULE
from tests.audit.cases import case, findings
from tests.rows import each_row

BODY = "---\nlicense: mit\n---\n\n# Title here\n\n{}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("See [gpus.example.org](example)", "example"),
        ("See [the paper](arxiv.org/abs/2307.09288)", "arxiv.org/abs/2307.09288"),
        ("See [the paper]()", "the paper"),
    ],
)
def test_addresses_that_cannot_be_meant_are_found_without_files(text: str, said: str) -> None:
    (found,) = findings(RULE, case(BODY.format(text)))
    assert (found.severity, found.said, found.line) == ("warning", said, 7)


@each_row(
    "text",
    [
        "See [LICENSE](LICENSE), ![](assets/x.png), [guide](docs/a.md#b)",
        "[mail](mailto:a@b.c), [up](../x), [site](https://example.org), <https://example.org>",
        "[Title](#title-here) and [top](#) and [named](#mark) <a id='mark'></a>",
        "`[code]()` and ![]()",
        "[other](https://huggingface.co/acme/other/blob/main/x.json)",
        "[LLM.int8](https://arxiv.org/abs/1)",
    ],
)
def test_addresses_that_may_lead_somewhere_are_fine_without_files(text: str) -> None:
    assert not findings(RULE, case(BODY.format(text), repo="acme/x"))


def test_files_that_are_not_there_are_found_where_the_files_are_known() -> None:
    text = "[a](LICENSE) [b](docs/a.md) [c](./config.json) [d](README.md#title-here) [e](img/)"
    found = findings(RULE, case(BODY.format(text), files={"config.json": 1, "img/a.png": 1}))
    assert [(one.severity, one.said) for one in found] == [
        ("error", "LICENSE"),
        ("error", "docs/a.md"),
    ]


def test_addresses_of_files_on_the_hub_are_held_against_what_is_known() -> None:
    card = BODY.format("[l](https://huggingface.co/acme/x/blob/main/LICENSE)")
    (found,) = findings(RULE, case(card, repo="acme/x", files={"config.json": 1}))
    assert (found.severity, found.found) == ("error", "this repo has no file LICENSE")
    sibling = case("# y\n", repo="acme/x", files={"config.json": 1})
    (found,) = findings(RULE, case(card, repo="acme/z", siblings=(sibling,)))
    assert found.found == "acme/x has no file LICENSE"
    assert not findings(RULE, case(card, repo="acme/x", files={"LICENSE": 1}))
    branch = card.replace("main", "v2")
    assert not findings(RULE, case(branch, repo="acme/x", files={"config.json": 1}))


def test_the_license_link_counts() -> None:
    card = "---\nlicense: other\nlicense_name: a\nlicense_link: LICENSE\n---\n\n# x\n"
    (found,) = findings(RULE, case(card, files={"config.json": 1}))
    assert (found.line, found.column, found.said) == (4, 15, "LICENSE")
    assert not findings(RULE, case(card))


def test_headings_that_are_not_there_are_worth_knowing() -> None:
    (found,) = findings(RULE, case(BODY.format("[to](#another-heading)")))
    assert (found.severity, found.said) == ("info", "#another-heading")


def test_an_address_is_said_once() -> None:
    text = "[gpus.example.org](example) and again [gpus.example.org](example)"
    assert len(findings(RULE, case(BODY.format(text)))) == 1


def test_pages_of_other_sites_that_are_gone_are_found_where_they_were_asked_for() -> None:
    text = "[a](https://a.dev/x#y) ![b](//b.dev/b.png) <https://c.dev> [d](https://d.dev)"
    web = {"https://a.dev/x": 404, "https://b.dev/b.png": 410, "https://c.dev": 0}
    found = findings(RULE, case(BODY.format(text), web=web))
    assert [(one.severity, one.said, one.found) for one in found] == [
        ("warning", "https://a.dev/x#y", "a.dev answers 404: the page is not there"),
        ("warning", "//b.dev/b.png", "b.dev answers 410: the page is not there"),
        ("warning", "https://c.dev", "there is no host c.dev"),
    ]


@each_row("status", [200, 204, 301, 401, 403, 405, 429, 500, 503, 999])
def test_any_other_answer_of_a_site_says_nothing(status: int) -> None:
    card = BODY.format("[a](https://a.dev/x)")
    assert not findings(RULE, case(card, web={"https://a.dev/x": status}))
