from __future__ import annotations

from hubq.evaluate.scorers.mathvista import read_mathvista
from tests.rows import each_row


@each_row(
    ("kind", "precision", "gold", "said", "wanted"),
    [
        ("integer", "", "5", "There are 5 apples.", ("5", 1)),
        ("integer", "", "5", "5.7", ("5.7", 0)),
        ("integer", "", "5", "3 or 5", (None, 0)),
        ("integer", "", "1200", "1,200 cm", ("1200", 1)),
        ("float", "1.0", "1.2", "1.24", ("1.24", 1)),
        ("float", "1", "1.2", "1.26", ("1.26", 0)),
        ("float", "2", "1.20", "$1.2", ("1.2", 1)),
        ("float", "1", "0.5", "The ratio is 1/2.", (None, 0)),
        ("float", "1", "0.5", "1/2", ("0.5", 1)),
        ("list", "", "[2007, 2008]", "between 2007 and 2008", ("[2007, 2008]", 1)),
        ("list", "", "[1, 2]", "[2, 1]", ("[2, 1]", 0)),
        ("list", "", "[1, 2]", "some", (None, 0)),
        ("list", "", "['a']", "['a']", ("['a']", 1)),
        ("text", "", "Yes", " yes\n", ("yes", 1)),
        ("", "", "7", "<think>8</think>The answer is 7", ("7", 1)),
        ("", "", "[0, 2]", "[0, 2]", ("[0, 2]", 1)),
    ],
)
def test_free_answers_are_read_by_their_kind(
    kind: str, precision: str, gold: str, said: str, wanted: tuple[str | None, float]
) -> None:
    facts = {"answer_type": kind, "precision": precision}
    assert read_mathvista(said, [gold], facts) == wanted
