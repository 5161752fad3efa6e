from __future__ import annotations

from hubq.audit.rules.language import RULE
from tests.audit.cases import case, findings


def _card(language: str, text: str = "") -> str:
    return f"---\nlicense: mit\nlanguage: {language}\n---\n\n# x\n\n{text}\n"


def test_a_language_that_is_no_code_is_found() -> None:
    (found,) = findings(RULE, case(_card("english")))
    assert (found.severity, found.said, found.line) == ("error", "english", 3)
    (found,) = findings(RULE, case("---\nlanguage:\n- en\n- zh-CN\n---\n\n# x\n"))
    assert (found.said, found.line, found.column) == ("zh-CN", 4, 3)


def test_languages_that_only_the_text_names_are_worth_knowing() -> None:
    text = "**Supported languages:** English, German, French, and Thai are supported. It saw more."
    (found,) = findings(RULE, case(_card("en", text)))
    assert (found.severity, found.said) == ("info", "en")
    assert "names 4 supported languages, German, French, Thai among them" in found.found


def test_codes_that_cover_the_text_are_fine() -> None:
    text = "**Supported languages:** English, German and Thai."
    for codes in ("[en, de, th]", "multilingual", "[en, de]"):
        assert not findings(RULE, case(_card(codes, text)))
    assert not findings(RULE, case(_card("[code, zho]", "It answers in German and French.")))
    assert not findings(RULE, case("# x\n\n**Supported languages:** English, German, French.\n"))
