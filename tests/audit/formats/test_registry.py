from __future__ import annotations

import msgspec

from hubq.audit.formats.registry import FORMATS
from hubq.model.audit import Report
from tests.audit.reports import everything, hostile, report
from tests.rows import each_row


def test_json_is_the_report_itself() -> None:
    for given in (everything(), hostile(), report()):
        assert msgspec.json.decode(FORMATS["json"](given), type=Report) == given


@each_row("name", FORMATS)
def test_every_format_ends_with_one_line_end(name: str) -> None:
    for given in (everything(), hostile(), report()):
        text = FORMATS[name](given)
        assert text.endswith("\n")
        assert not text.endswith("\n\n")
        text.encode()


def test_the_formats_that_were_asked_for_are_there() -> None:
    assert set(FORMATS) == {"json", "sarif", "github", "markdown", "junit", "html"}
