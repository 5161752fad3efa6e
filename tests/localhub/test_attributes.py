from __future__ import annotations

from hubq.localhub.attributes import is_ignored, is_large
from hubq.localhub.storage import GIT_ATTRIBUTES
from tests.rows import each_row


@each_row(
    ("path", "large"),
    [
        ("model.safetensors", True),
        ("sub/folder/model-00001-of-00002.safetensors", True),
        ("saved_model/x/y.txt", True),
        ("tokenizer.model", True),
        ("config.json", False),
        ("README.md", False),
        ("safetensors", False),
    ],
)
def test_weights_go_to_lfs_and_text_does_not(path: str, large: bool) -> None:
    assert is_large(path, GIT_ATTRIBUTES) is large


def test_the_last_rule_that_matches_decides() -> None:
    rules = "*.png filter=lfs\n# a comment\nimages/*.png -filter\n"
    assert is_large("a.png", rules)
    assert not is_large("images/a.png", rules)


def test_ignored_paths_follow_gitignore() -> None:
    rules = "*.tmp\nbuild/\n!keep.tmp\n/top.txt\n"
    assert is_ignored("a/b.tmp", rules)
    assert is_ignored("build/x/y", rules)
    assert is_ignored("top.txt", rules)
    assert not is_ignored("keep.tmp", rules)
    assert not is_ignored("sub/top.txt", rules)
    assert not is_ignored("build.txt", rules)
