from __future__ import annotations

from hubq.audit.licenses import TERMS, agree, of_model, read, stated
from hubq.markdown import frontmatter
from tests.rows import each_row


@each_row(
    ("name", "found"),
    [
        ("apache-2.0", "apache-2.0"),
        ("Apache 2 License", "apache-2.0"),
        ("Apache License 2.0", "apache-2.0"),
        ("The MIT License", "mit"),
        ("Llama 3.1 Community License", "llama3.1"),
        ("Llama3", "llama3"),
        ("LLAMA 2 COMMUNITY LICENSE AGREEMENT", "llama2"),
        ("CC-BY", "cc-by"),
        ("gemma", "gemma"),
        ("Qwen Research License Agreement", "qwen-research"),
        ("tongyi-qianwen", "tongyi-qianwen"),
    ],
)
def test_a_license_is_read_from_its_name(name: str, found: str) -> None:
    assert read(name) == found


@each_row(
    "name",
    ["", "A custom commercial license", "mit dem Modell", "llamas of 3", "see below", "m" * 10**6],
)
def test_other_words_name_no_license(name: str) -> None:
    assert read(name) == ""


@each_row(
    ("front", "found"),
    [
        ("license: MIT", "mit"),
        ("license: other\nlicense_name: llama3", "llama3"),
        ("license: other", ""),
        ("license: other\nlicense_name: zeta-license", ""),
        ("license: [mit, apache-2.0]", ""),
        ("license: zeta", "zeta"),
        ("tags: []", ""),
    ],
)
def test_the_stated_license_is_one_identifier(front: str, found: str) -> None:
    assert stated(frontmatter.parse(f"---\n{front}\n---\n")) == found


@each_row(
    ("repo", "found"),
    [
        ("meta-llama/Llama-2-7b-chat-hf", "llama2"),
        ("meta-llama/Meta-Llama-3-8B", "llama3"),
        ("meta-llama/Llama-3.2-11B-Vision-Instruct", "llama3.2"),
        ("meta-llama/Llama-4-Scout-17B-16E", "llama4"),
        ("codellama/CodeLlama-7b-hf", "llama2"),
        ("google/gemma-2-9b-it", "gemma"),
        ("google/gemma-7b", "gemma"),
        ("google/gemma-4-9b-it", ""),
        ("Qwen/Qwen2.5-3B-Instruct", "qwen-research"),
        ("Qwen/Qwen2.5-72B-Instruct", "qwen"),
        ("Qwen/Qwen2.5-72B-Instruct-AWQ", ""),
        ("Qwen/Qwen2.5-7B-Instruct", ""),
        ("acme/Llama-3.1-8B", ""),
    ],
)
def test_the_license_of_a_known_model(repo: str, found: str) -> None:
    assert of_model(repo) == found


def test_versions_of_one_license_agree() -> None:
    assert agree("cc-by", "cc-by-4.0")
    assert agree("mit", "mit")
    assert not agree("llama3", "llama3.1")
    assert not agree("qwen", "apache-2.0")


def test_every_demand_has_its_section_and_its_source() -> None:
    for terms in TERMS.values():
        assert terms.source.startswith("https://")
        assert all((terms.copy, terms.notice, terms.line, terms.marks))
        assert bool(terms.shown) == bool(terms.phrases)
