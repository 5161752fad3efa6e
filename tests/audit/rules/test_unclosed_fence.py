from __future__ import annotations

from hubq.audit.rules.unclosed_fence import RULE
from tests.audit.cases import case, findings
from tests.rows import each_row


def test_a_block_that_runs_into_the_next_one_is_found() -> None:
    text = "# X\n\n```python\nprint(1)\n\n## Serve\n\n```bash\nvllm serve x\n```\n\nMore.\n"
    (found,) = findings(RULE, case(text))
    assert (found.severity, found.line) == ("warning", 3)
    assert "line 8" in found.found


def test_a_block_that_runs_to_the_end_is_found() -> None:
    (found,) = findings(RULE, case("# X\n\n```python\nprint(1)\n\n## More\n\nText.\n"))
    assert "card's end" in found.found


@each_row(
    "text",
    [
        "```python\nprint(1)\n```\n",
        "```python\nprint(1)\n```",
        "````markdown\n```python\nx\n```\n````\n",
        "~~~\n```python\n~~~\n",
        "- item\n  ```bash\n  x\n  ```\n- more\n\n```\ny\n```\n",
        "    indented\n",
        "```\n```\n",
    ],
)
def test_closed_blocks_are_left_alone(text: str) -> None:
    assert not findings(RULE, case(f"# X\n\n{text}"))
