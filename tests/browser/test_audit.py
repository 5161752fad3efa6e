"""The page of a sweep, used: sorted, filtered, findings opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hubq.audit.formats import html
from hubq.model.audit import Report
from tests.audit.reports import everything, hostile, sweep
from tests.browser.chrome import Chrome

pytestmark = pytest.mark.browser

ROWS = "[...document.querySelectorAll('tr.finding')]"
SHOWN = "document.querySelector('.shown').textContent"
OPENERS = "[...document.querySelectorAll('.opener')]"


@pytest.fixture
def chrome(tmp_path: Path) -> Callable[..., Chrome]:
    def start(**options: object) -> Chrome:
        return Chrome(tmp_path / "profile", **options)  # type: ignore[arg-type]

    return start


@pytest.fixture
def written(tmp_path: Path) -> Callable[[Report], str]:
    """Return a function that writes a report's page and returns its address."""

    def write(report: Report) -> str:
        path = tmp_path / "audit.html"
        path.write_text(html.render(report), encoding="utf-8")
        return path.as_uri()

    return write


def column(page: Chrome, place: int) -> list[str]:
    """Return the texts of one column."""
    found: list[str] = page.run(f"{ROWS}.map(row => row.cells[{place}].textContent)")
    return found


def fill(page: Chrome, name: str, value: str) -> None:
    """Write into a field, or choose in it, as a person does."""
    field = f"document.querySelector('[name={name}]')"
    page.run(
        f"{field}.value = {value!r};{field}.dispatchEvent(new Event('input', {{ bubbles: true }}))"
    )


def test_the_buttons_of_the_heading_sort(
    chrome: Callable[..., Chrome], written: Callable[[Report], str]
) -> None:
    with chrome() as page:
        page.go(written(sweep(12, 5)))
        assert column(page, 0) == ["error"] * 20 + ["warning"] * 20 + ["info"] * 20
        repo = "document.querySelector('[data-sort=repo]')"
        page.run(f"{repo}.click()")
        assert column(page, 1)[::5] == [f"acme/Model-{number}" for number in range(12)]
        assert page.run(f"{repo}.closest('th').ariaSort") == "ascending"
        page.run(f"{repo}.click()")
        assert column(page, 1)[0] == "acme/Model-11"
        assert page.run(f"{repo}.closest('th').ariaSort") == "descending"
        page.run("document.querySelector('[data-sort=place]').click()")
        assert [place.rpartition(":")[2] for place in column(page, 3)][::12] == [*"12345"]
        assert page.said == []


def test_text_repo_rule_and_severity_filter(
    chrome: Callable[..., Chrome], written: Callable[[Report], str]
) -> None:
    with chrome() as page:
        page.go(written(sweep(12, 5)))
        assert page.run(SHOWN) == "60 of 60"
        fill(page, "q", "MEAN 7.03")
        page.wait(f"{SHOWN} === '1 of 60'")
        assert column(page, 1) == ["acme/Model-7"]
        page.run("document.querySelector('[type=reset]').click()")
        assert page.run(SHOWN) == "60 of 60"
        fill(page, "repo", "acme/Model-3")
        page.wait(f"{SHOWN} === '5 of 60'")
        fill(page, "rule", "made-up-bits")
        page.wait(f"{SHOWN} === '1 of 60'")
        page.run("document.querySelector('[type=reset]').click()")
        page.run("document.querySelector('[value=error]').click()")
        page.wait(f"{SHOWN} === '40 of 60'")
        assert "error" not in column(page, 0)
        address = page.run("location.href")
        page.go("about:blank")
        page.go(address)
        assert page.run(SHOWN) == "40 of 60"
        fill(page, "q", "nothing of the kind")
        page.wait("!document.querySelector('[data-empty]').hidden")


def test_a_finding_opens_with_its_line_and_what_to_do(
    chrome: Callable[..., Chrome], written: Callable[[Report], str]
) -> None:
    with chrome() as page:
        page.go(written(everything()))
        page.run(f"{ROWS}[0].click()")
        detail = "document.querySelector('tr.detail')"
        assert page.run(f"{detail}.querySelector('mark').textContent") == "55.90"
        text = page.run(f"{detail}.innerText")
        assert "Write 55.94." in text
        assert "https://example.org/means" in text
        assert page.run(f"{detail}.querySelector('.links a').href").endswith("?code=true#L31")
        assert page.run(f"{OPENERS}[0].ariaExpanded") == "true"
        page.run(f"{ROWS}[2].click()")
        assert page.run("document.querySelectorAll('tr.detail').length") == 1
        assert page.run(f"{OPENERS}.map(one => one.ariaExpanded)") == [
            *("false", "false", "true", "false"),
        ]


def test_the_keyboard_goes_through_findings_and_opens_them(
    chrome: Callable[..., Chrome], written: Callable[[Report], str]
) -> None:
    with chrome() as page:
        page.go(written(everything()))
        page.run(f"{OPENERS}[0].focus()")
        page.run(
            "document.activeElement.dispatchEvent("
            "new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true }))"
        )
        assert page.run(f"document.activeElement === {OPENERS}[1]")
        page.press("Enter")
        page.wait("document.querySelector('tr.detail') !== null")
        page.press("Escape")
        page.wait("document.querySelector('tr.detail') === null")
        assert page.run(f"document.activeElement === {OPENERS}[1]")


def test_an_address_with_a_finding_opens_it_wherever_it_stands(
    chrome: Callable[..., Chrome], written: Callable[[Report], str]
) -> None:
    with chrome() as page:
        address = written(sweep())
        page.go(address)
        last = page.run("JSON.parse(document.querySelector('#data').textContent).findings.at(-1)")
        page.go("about:blank")
        page.go(f"{address}#rule=made-up-nothing&finding={last[12]}")
        assert page.run("document.querySelector('tr.open .cell-found').textContent") == last[7]
        page.wait(
            "(box => box.top > 0 && box.bottom < innerHeight)"
            "(document.querySelector('tr.open').getBoundingClientRect())"
        )


def test_three_thousand_findings_are_quick(
    chrome: Callable[..., Chrome], written: Callable[[Report], str]
) -> None:
    with chrome() as page:
        page.go(written(sweep()))
        assert page.run(SHOWN) == "3,000 of 3,000"
        assert len(column(page, 0)) < 1000
        for act in (
            "document.querySelector('[data-sort=found]').click()",
            "document.querySelector('[value=info]').click()",
        ):
            took = page.run(
                f"(() => {{ const t = performance.now(); {act}; return performance.now() - t; }})()"
            )
            assert took < 1000
        page.run("scrollTo(0, document.body.scrollHeight)")
        page.wait(f"{ROWS}.length > 150")


def test_a_repo_has_a_page_of_its_own_with_its_intervals(
    chrome: Callable[..., Chrome], written: Callable[[Report], str]
) -> None:
    with chrome() as page:
        page.go(f"{written(everything())}#view=repos")
        page.wait("!document.querySelector('#repos').hidden")
        page.run("document.querySelector('.repos a').click()")
        page.wait("document.querySelector('.panel') !== null")
        text = page.run("[...document.querySelectorAll('.panel')].map(one => one.innerText).join()")
        for said in ("38.5 to 44.9", "nearly lossless", "config.json is no JSON", "not applied"):
            assert said in text
        assert page.run(SHOWN) == "3 of 4"
        page.run("history.back()")
        page.wait("document.querySelector('#repos').hidden === false")


def test_the_repos_sort_too(
    chrome: Callable[..., Chrome], written: Callable[[Report], str]
) -> None:
    first = "document.querySelector('.repos tbody th a').textContent"
    with chrome() as page:
        page.go(f"{written(everything())}#view=repos")
        page.run("document.querySelectorAll('.repos thead button')[0].click()")
        assert page.run(first) == "acme/Model-AWQ"
        page.run("document.querySelectorAll('.repos thead button')[3].click()")
        assert page.run(first) == "acme/Model-GPTQ-Int4"
        assert page.run("document.querySelectorAll('.repos th')[3].ariaSort") == "descending"


def test_hostile_text_runs_nothing(
    chrome: Callable[..., Chrome], written: Callable[[Report], str]
) -> None:
    with chrome() as page:
        page.go(written(hostile()))
        page.run(f"{ROWS}[0].click()")
        assert page.run("document.title").startswith("Audit of acme/</script>")
        assert page.run("document.querySelectorAll('img, [onerror]').length") == 0
        assert page.run("[...document.links].every(a => /^(https:|file:)/.test(a.href))")
        assert page.run("document.querySelector('tr.open .opener').textContent.includes('<img')")
        assert page.said == []


def test_on_a_phone_nothing_is_wider_than_the_screen(
    chrome: Callable[..., Chrome], written: Callable[[Report], str]
) -> None:
    with chrome(width=390, height=844, phone=True) as page:
        for report in (everything(), hostile()):
            address = written(report)
            for view in ("", "#view=repos", f"#repo={report.audited[0].name}"):
                page.go("about:blank")
                page.go(address + view)
                page.run(f"{ROWS}[0]?.click()")
                assert page.run("document.documentElement.scrollWidth") <= 390, view
        page.go("about:blank")
        page.go(written(everything()))
        fill(page, "sort", "repo")
        page.wait(f"{ROWS}.at(-1).cells[1].textContent === 'models/x'")


def test_dark_systems_and_the_button_choose_the_theme(
    chrome: Callable[..., Chrome], written: Callable[[Report], str]
) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    with chrome(dark=True) as page:
        page.go(written(everything()))
        dark = page.run(ground)
        page.run("document.querySelector('[data-theme-button]').click()")
        assert page.run(ground) == "rgb(255, 255, 255)" != dark
        page.run("document.querySelector('[data-theme-button]').click()")
        assert page.run(ground) == dark


def test_without_scripts_the_repos_are_listed(
    chrome: Callable[..., Chrome], written: Callable[[Report], str]
) -> None:
    with chrome(script=False) as page:
        page.go(written(everything()))
        assert "acme/Model-AWQ" in page.run("document.body.innerText")
        assert "needs scripts" in page.run("document.body.innerText")
