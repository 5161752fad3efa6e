from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from selectolax.lexbor import LexborHTMLParser as HTMLParser

from hubq.cards.family import Family, read_environments
from hubq.cards.rendering import render_card, render_report, templates_digest
from hubq.errors import BadInput
from hubq.markdown.blocks import find_blocks
from hubq.model.card import Evidence
from hubq.model.gap import Gap
from hubq.model.result import Collected
from hubq.model.stage import Kind
from tests.cards.factory import Factory
from tests.cards.nano import loaded_recipe, source
from tests.cards.pages import page_of, uneven_tables
from tests.cards.timings import priced, told

Golden = Callable[[str, str], None]
Templates = tuple[Path, ...]


@pytest.mark.parametrize("variant", ["GPTQ-Int8", "GPTQ-Int4", "AWQ"])
def test_a_card_is_its_golden(
    family: Family, templates: Templates, golden: Golden, variant: str
) -> None:
    files = render_card(family, variant, templates, charts=False)
    golden(f"cards/{variant}.md", files["README.md"].decode())


def test_a_card_with_gaps_is_its_golden(
    gappy: Family, templates: Templates, golden: Golden
) -> None:
    files = render_card(gappy, "GPTQ-Int4", templates, charts=False)
    golden("cards/gaps.md", files["README.md"].decode())


def test_a_card_of_a_served_family_is_its_golden(
    served: Family, templates: Templates, golden: Golden
) -> None:
    busy = told(served, "BF16", busy=["Other processes took a core."], stopped={"text": "most"})
    files = render_card(priced(busy), "AWQ", templates, charts=False)
    golden("cards/served.md", files["README.md"].decode())


def test_the_report_is_its_golden(family: Family, templates: Templates, golden: Golden) -> None:
    files = render_report(family, templates, charts=False)
    golden("cards/report.md", files["report.md"].decode())
    golden("cards/report.html", files["report.html"].decode())


def test_the_same_facts_give_the_same_bytes(
    family: Family, templates: Templates, tmp_path: Path
) -> None:
    again = Factory(tmp_path / "elsewhere").everything().family()
    assert render_card(again, "AWQ", templates, charts=False) == render_card(
        family, "AWQ", templates, charts=False
    )
    assert render_report(again, templates, charts=False) == render_report(
        family, templates, charts=False
    )


def test_what_runs_after_a_card_does_not_change_it(
    family: Family, templates: Templates, tmp_path: Path
) -> None:
    before = render_card(family, "AWQ", templates, charts=False)
    factory = Factory(tmp_path)
    factory.commit(Kind.PUSH, "AWQ", {}, lambda _work, _out: Collected(), {})
    later = msgspec.structs.replace(
        family,
        results=family.results | factory.results,
        folders=family.folders | factory.folders,
        environments=read_environments(family.folders | factory.folders),
    )
    assert render_card(later, "AWQ", templates, charts=False) == before


def test_a_control_is_in_the_report_and_on_no_card(family: Family, templates: Templates) -> None:
    card = render_card(family, "GPTQ-Int4", templates, charts=False)
    assert all(b"RTN-Int3" not in card[name] for name in ("README.md", "comparison.json"))
    evidence = msgspec.json.decode(card["hubq.json"], type=Evidence)
    assert not any("RTN" in claim.id for claim in evidence.claims)
    assert not any("RTN" in result["stage"] for result in evidence.results.values())
    assert b"RTN-Int3 (control)" in render_report(family, templates, charts=False)["report.md"]


def test_card_and_report_say_the_same_of_a_published_variant(
    family: Family, templates: Templates
) -> None:
    def claims(files: dict[str, bytes]) -> dict[str, str]:
        evidence = msgspec.json.decode(files["hubq.json"], type=Evidence)
        return {claim.id: claim.shown for claim in evidence.claims}

    card = claims(render_card(family, "GPTQ-Int4", templates, charts=False))
    report = claims(render_report(family, templates, charts=False))
    shared = card.keys() & report.keys()
    assert len(shared) > 80
    assert {name: card[name] for name in shared} == {name: report[name] for name in shared}


def test_a_control_has_no_card(family: Family, templates: Templates) -> None:
    with pytest.raises(BadInput, match="never published"):
        render_card(family, "RTN-Int3", templates, charts=False)


def test_a_variant_that_was_not_quantized_has_no_card_and_says_why(
    gappy: Family, templates: Templates
) -> None:
    with pytest.raises(BadInput, match="unequal length"):
        render_card(gappy, "AWQ", templates, charts=False)


def test_an_unknown_variant_has_no_card(family: Family, templates: Templates) -> None:
    with pytest.raises(BadInput, match="no variant 'Q9'"):
        render_card(family, "Q9", templates, charts=False)


def test_every_block_begins_and_ends_once_and_is_as_it_was_sealed(
    gappy: Family, templates: Templates
) -> None:
    files = render_card(gappy, "GPTQ-Int4", templates, charts=False)
    text = files["README.md"].decode()
    blocks = find_blocks(text)
    names = [block.name for block in blocks]
    assert len(names) == len(set(names)) == text.count("<!-- hubq:begin ") >= 16
    assert all(block.seal and block.is_as_written() for block in blocks)
    evidence = msgspec.json.decode(files["hubq.json"], type=Evidence)
    assert evidence.blocks == {block.name: block.hash for block in blocks}


def test_every_table_row_has_as_many_cells_as_its_head(gappy: Family, templates: Templates) -> None:
    text = render_report(gappy, templates, charts=False)["report.md"].decode()
    assert len(page_of(text).css("table")) >= 6
    assert uneven_tables(text) == []


def test_nothing_of_this_machine_is_on_a_card(
    family: Family, templates: Templates, tmp_path_factory: pytest.TempPathFactory
) -> None:
    files = render_card(family, "AWQ", templates) | render_report(family, templates)
    base = str(tmp_path_factory.getbasetemp()).encode()
    assert all(base not in data and b"/nowhere" not in data for data in files.values())


def test_paths_of_data_files_are_cut_down_to_names(whole: Factory, templates: Templates) -> None:
    recipe = loaded_recipe().recipe
    elsewhere = msgspec.structs.replace(recipe.calibration, dataset="/home/ann/rows.jsonl")
    loaded = loaded_recipe(calibration=elsewhere)
    files = render_card(whole.family(loaded=loaded), "AWQ", templates, charts=False)
    assert all(b"/home/ann" not in data for data in files.values())
    assert b"rows.jsonl" in files["hubq.json"]


def test_a_user_can_override_one_block(
    family: Family, templates: Templates, tmp_path: Path
) -> None:
    (tmp_path / "mine.md.j2").write_text(
        '{% extends "vision-language.md.j2" %}{% block caveats %}Ask us.\n{% endblock %}'
    )
    loaded = loaded_recipe(
        card=msgspec.structs.replace(loaded_recipe().recipe.card, template="mine.md.j2")
    )
    changed = msgspec.structs.replace(family, loaded=loaded)
    text = render_card(changed, "AWQ", (tmp_path, *templates), charts=False)["README.md"].decode()
    assert "Ask us." in text
    assert "## Caveats" not in text
    assert "## Performance" in text


def test_a_wrong_template_is_named(family: Family, templates: Templates, tmp_path: Path) -> None:
    (tmp_path / "vision-language.md.j2").write_text("{{ nothing_of_that_name }}")
    with pytest.raises(BadInput, match=r"vision-language\.md\.j2.*nothing_of_that_name"):
        render_card(family, "AWQ", (tmp_path, *templates), charts=False)


def test_the_digest_follows_the_templates(templates: Templates, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(templates[0], copy)
    before = templates_digest((copy,))
    assert before == templates_digest(templates)
    (copy / "partials" / "caveats.md.j2").write_text("None.")
    assert templates_digest((copy,)) != before


def test_text_models_get_text_snippets(whole: Factory, templates: Templates) -> None:
    loaded = loaded_recipe(
        card=msgspec.structs.replace(loaded_recipe().recipe.card, template="text.md.j2")
    )
    plain = source(config={"model_type": "qwen2"}, card={})
    text = render_card(whole.family(loaded=loaded, source=plain), "AWQ", templates, charts=False)[
        "README.md"
    ]
    assert b"AutoModelForCausalLM" in text
    assert b"vision tower" not in text
    assert b"pipeline_tag: text-generation" in text


def test_a_local_folder_is_named_without_links(whole: Factory, templates: Templates) -> None:
    folder = source(repo=None, commit=None, endpoint=None, digest="ab" * 32, card={})
    text = render_card(whole.family(source=folder), "AWQ", templates, charts=False)[
        "README.md"
    ].decode()
    assert "nano-qwen2-vl (a local folder, SHA-256 `abababababab`)" in text
    assert "base_model" not in text
    assert "The source names no license" in text


def test_links_can_be_left_to_the_hub_that_shows_the_card(
    whole: Factory, templates: Templates
) -> None:
    text = render_card(whole.family(site=""), "AWQ", templates, charts=False)["README.md"].decode()
    assert "[GPTQ-Int4](/hubq/nano-qwen2-vl-GPTQ-Int4)" in text
    assert "huggingface.co" not in text


def test_a_hostile_reason_stays_text(whole: Factory, templates: Templates) -> None:
    gap = msgspec.json.decode(
        b'{"state": "failed", "reason": "<script>x</script> | {{ 7 * 7 }} [a](http://b) *c*"}'
    )
    gaps = {"bench/AWQ": msgspec.convert(gap, Gap)}
    page = HTMLParser(
        render_report(whole.family(gaps=gaps), templates, charts=False)["report.html"].decode()
    )
    assert page.css("script") == []
    assert page.body is not None
    assert "<script>x</script> | {{ 7 * 7 }} [a](http://b) *c*" in page.body.text()


def test_the_evidence_holds_the_certificate_check_by_check(
    family: Family, templates: Templates
) -> None:
    files = render_card(family, "AWQ", templates, charts=False)
    given = msgspec.json.decode(files["hubq.json"], type=Evidence).certificates["transformers"]
    assert given["good"]
    assert given["key"] == family.results["certify/AWQ"].key
    assert {"name", "good", "said"} <= given["checks"][0].keys()
