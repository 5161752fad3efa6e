from __future__ import annotations

from hubq.audit.rules.prose_arithmetic import RULE
from tests.audit.cases import case, findings
from tests.rows import each_row

BITS = (
    "This reduces the number of bits per parameter from {} to {}, reducing the disk size and GPU "
    "memory requirements by approximately 50%."
)


@each_row(
    ("text", "right"),
    [
        ("Memory falls from 4.68 GB to 2.91 GB (48%).", "37.8%"),
        ("MMMU falls from 41.88 to 39.22, a drop of 3.66 points.", "2.66 points"),
        ("Throughput rises from 10.0 to 15.0 tokens/s, a 2.5x speed-up.", "is 1.5 x"),
        (
            BITS.format(16, 4),
            "75% less",
        ),
    ],
)
def test_a_change_that_does_not_follow_is_found(text: str, right: str) -> None:
    (found,) = findings(RULE, case(f"# A\n\n{text}\n"))
    assert (found.severity, found.line) == ("warning", 3)
    assert right in found.found


@each_row(
    "text",
    [
        "Memory falls from 4.68 GB to 2.91 GB (38%).",
        "Memory falls from 16 GB to 5.5 GB, about 66% less.",
        "MMMU falls from 41.88 to 39.22, a drop of 2.66 points.",
        "Throughput rises from 10.0 to 15.0 tokens/s, a 1.5x speed-up.",
        "Throughput rises from 10.0 to 15.0 tokens/s, and 80% of requests end in 2 s.",
        BITS.format(16, 8),
        "The learning rate goes from 1.0 to 0.1 over 10% of the steps.",
    ],
)
def test_a_change_that_follows_is_left_alone(text: str) -> None:
    assert not findings(RULE, case(f"# A\n\n{text}\n"))
