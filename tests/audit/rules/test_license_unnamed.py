from __future__ import annotations

from hubq.audit.rules.license_unnamed import RULE
from tests.audit.cases import case, findings

CARD = "---\nlicense: other\n{}---\n\n# x\n"


def test_other_alone_is_found() -> None:
    (found,) = findings(RULE, case(CARD.format("")))
    assert (found.severity, found.line, found.column) == ("warning", 2, 10)
    assert "license_name and license_link are missing" in found.found


def test_a_name_without_address_is_worth_knowing() -> None:
    (found,) = findings(RULE, case(CARD.format("license_name: zeta\n")))
    assert (found.severity, found.found) == (
        "info",
        "the license is `other`, and license_link is missing",
    )


def test_a_named_license_and_a_known_one_are_fine() -> None:
    assert not findings(RULE, case(CARD.format("license_name: zeta\nlicense_link: LICENSE\n")))
    assert not findings(RULE, case("---\nlicense: mit\n---\n\n# x\n"))
