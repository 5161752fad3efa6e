from __future__ import annotations

from xml.etree import ElementTree as ET

from hubq.cards.charts.deltas import deltas_svg
from hubq.cards.family import Family
from hubq.cards.gathering import report_facts


def test_a_dot_for_each_difference_filled_when_significant(family: Family) -> None:
    found = report_facts(family).differences
    tree = ET.fromstring(deltas_svg(found))  # noqa: S314 - our own text
    dots = [dot.attrib["class"] for dot in tree.findall("./g/circle")]
    assert len(dots) == len(found) == 20
    assert sum("sure" in dot for dot in dots) == sum(d.verdict == "loss" for d in found)


def test_its_text_for_those_who_cannot_see_it_says_the_finding(family: Family) -> None:
    tree = ET.fromstring(deltas_svg(report_facts(family).differences))  # noqa: S314
    assert "GPTQ-Int4 on NanoMath_MINI" in tree.attrib["aria-label"]


def test_every_mark_is_inside_the_picture(family: Family) -> None:
    tree = ET.fromstring(deltas_svg(report_facts(family).differences))  # noqa: S314
    width = float(tree.attrib["viewBox"].split()[2])
    places = [float(line.attrib[end]) for line in tree.iter("line") for end in ("x1", "x2")]
    assert 0 <= min(places) <= max(places) <= width


def test_without_a_loss_the_text_says_so(family: Family) -> None:
    found = [d for d in report_facts(family).differences if d.variant == "GPTQ-Int8"]
    assert "No variant loses significantly against BF16" in deltas_svg(found)


def test_nothing_to_show_is_no_chart() -> None:
    assert deltas_svg(()) == ""
