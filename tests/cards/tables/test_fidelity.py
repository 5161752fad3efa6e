from __future__ import annotations

from hubq import render
from hubq.cards.comparison import compare
from hubq.cards.family import Family
from hubq.cards.gathering import card_facts, report_facts
from hubq.cards.ledger import Ledger
from hubq.cards.rendering import render_card
from hubq.cards.tables.fidelity import fidelity_rows
from hubq.model.codec import pretty
from tests.cards.factory import Factory


def test_every_variant_has_a_row_and_the_baseline_no_divergence(family: Family) -> None:
    rows = {row.variant: row for row in report_facts(family).fidelity}
    assert list(rows) == ["BF16", "GPTQ-Int8", "GPTQ-Int4", "AWQ", "RTN-Int3"]
    assert rows["BF16"].kl is None
    assert rows["BF16"].perplexity is not None
    for name in ("GPTQ-Int8", "AWQ"):
        kl, ratio = rows[name].kl, rows[name].ratio
        assert kl is not None
        assert kl.low is not None
        assert kl.high is not None
        assert kl.low.value < kl.value.value < kl.high.value
        assert ratio is not None
        assert ratio.value.value > 1


def test_a_ratio_of_perplexities_is_sharper_than_the_perplexities(family: Family) -> None:
    found = compare(family, family.published)["fidelity"]["GPTQ-Int4"]
    alone, paired = found["perplexity"], found["perplexity_ratio"]
    width = (alone["high"] - alone["low"]) / alone["value"]
    assert (paired["high"] - paired["low"]) / paired["value"] < width / 3


def test_numbers_of_the_table_are_claims(family: Family) -> None:
    facts = card_facts(family, "AWQ")
    ids = {claim.id for claim in facts.claims}
    assert {"fidelity.kl.AWQ", "fidelity.kl_low.AWQ", "fidelity.perplexity.BF16"} <= ids


def test_a_suite_without_fidelity_has_no_table(whole: Factory) -> None:
    family = whole.family()
    for name in [name for name in family.results if name.endswith("/fidelity")]:
        del family.results[name]
    assert card_facts(family, "AWQ").fidelity == ()


def test_the_card_shows_it(family: Family, templates: tuple[object, ...]) -> None:
    text = render_card(family, "AWQ", templates)["README.md"].decode()  # type: ignore[arg-type]
    assert "### Fidelity to BF16" in text
    assert "| **AWQ** | 0.1" in text


def test_a_suite_without_a_text_has_no_perplexity(whole: Factory, templates: object) -> None:
    family = whole.family()
    document = compare(family, family.published)
    for measures in document["fidelity"].values():
        for name in ("perplexity", "perplexity_ratio"):
            measures.pop(name, None)
    ledger = Ledger(family, pretty(document).encode())
    rows = fidelity_rows(ledger, family.published)
    assert all(row.windows is None and row.ratio is None for row in rows)
    env = render.environment(*templates)  # type: ignore[misc]
    values = {"fidelity": rows, "baseline": "BF16", "variant": "AWQ", "level": "95"}
    text = render.render(env, "partials/fidelity.md.j2", values)
    assert "KL divergence" in text
    assert "Perplexity" not in text
