"""Tables of files and branches."""

from __future__ import annotations

from hubq.audit.document import Document
from hubq.audit.offers import offers_in, size_of
from tests.rows import each_row


def test_rows_are_read_with_their_places() -> None:
    head = "# X\n\n| Branch | Bits | GS | Size |\n|---|---|---|---|\n"
    card = f"{head}| [main](x) | 4 | 128 | 3.90 GB |\n"
    ((row,),) = offers_in(Document(card))
    assert (row.name, row.branch, row.cells) == ("main", True, {"bits": "4", "group": "128"})
    assert row.spots["bits"].line == 5
    assert row.size is not None
    assert row.size.fits(3_897_000_000)


@each_row(
    "card",
    [
        "| Model | Bits |\n|---|---|\n| file | 4 |\n",
        "| Name | Size |\n|---|---|\n| some file | 7B |\n",
        "| Branch | Owner |\n|---|---|\n| main | me |\n",
        "No table, one file.\n",
    ],
)
def test_other_tables_are_none(card: str) -> None:
    assert not offers_in(Document(f"# X\n\n{card}"))


@each_row("text", ["7B", "", "large", "4 GB or so", "1e9 GB", "GB"])
def test_what_is_no_size_is_none(text: str) -> None:
    assert size_of(text) is None


def test_units_of_1000_and_1024_are_both_taken() -> None:
    found = size_of("4.16 GB")
    assert found is not None
    assert found.fits(4_158_000_000)
    assert found.fits(4_466_000_000)
    assert not found.fits(4_300_000_000)
