from __future__ import annotations

from hubq.audit.rules.placeholder import RULE
from tests.audit.cases import case, findings
from tests.rows import each_row


@each_row(
    ("text", "said"),
    [
        ("This is {{ model_name }} in 4 bits.", "{{ model_name }}"),
        ("Get {{repo_id}} now.", "{{repo_id}}"),
        ("This repo is {REPO_ID}.", "{REPO_ID}"),
        ("{% if scores %}", "{% if scores %}"),
        ("## Evaluation\n\nTBD", "TBD"),
        ("Download address: TODO", "Download address: TODO"),
        ("[More Information Needed]", "[More Information Needed]"),
        ("| a | b |\n|---|---|\n| To be filled | 1 |", "To be filled"),
        ("| a | b |\n|---|---|\n| 6.5 GB | 2.9 GB (?% reduction) |", "?%"),
        ("| a | b |\n|---|---|\n| 1 | ?x |", "?x"),
        ("| a | b |\n|---|---|\n| 1 | ?s (?x speedup) |", "?s"),
        ("It keeps XX.X% of the score.", "XX.X%"),
        ("```bash\nvllm serve {REPO_ID} --port 1\n```", "{REPO_ID}"),
        ('```python\nmodel = LLM(model="{{ model_id }}")\n```', "{{ model_id }}"),
    ],
)
def test_what_was_never_filled_in_is_found(text: str, said: str) -> None:
    found = findings(RULE, case(f"# Tern\n\n{text}\n"))
    assert [(one.severity, one.said) for one in found] == [("warning", said)]
    assert said in found[0].quote


def test_a_front_matter_that_was_never_filled_in_is_found() -> None:
    (found,) = findings(RULE, case('---\nbase_model: "{{ base_model }}"\n---\n\n# Tern\n\nText.\n'))
    assert found.line == 2


@each_row(
    "text",
    [
        "```jinja\n{% for message in messages %}{{ message['content'] }}{% endfor %}\n```",
        "The template is `{{ bos_token }}[INST] {{ content }}`.",
        "Prompt: {prompt}",
        "### Instruction: {system_message} {{ prompt }}",
        '```python\nprint(f"loads {model_id} of {REPO_ID}")\n```',
        '```python\nurl = "https://huggingface.co/{repo_id}".format(repo_id=x)\n```',
        "```bash\nvllm serve ${MODEL_ID}\n```",
        "$$\\frac{{a}}{{b}} = {{score}}$$",
        "title={{GLM}: A Language Model},",
        "  author = {{model}},\n",
        "See https://example.org/?x=1 and https://example.org/a?s",
        "Is it good? x says so. Why?",
        "<!-- [More Information Needed] -->",
        "Our TODO list is long, see TODO.md for it.",
        "Roughly x.y releases; version 1.x",
        "`?x` is what templates print.",
        "```\nTBD\n```",
        "C++ code: `std::array<int, {N}>`",
        "ARM {i8mm} and {A100, H100}",
    ],
)
def test_what_belongs_there_is_left_alone(text: str) -> None:
    assert not findings(RULE, case(f"# Tern\n\n{text}\n"))


@each_row("text", ["{" * 100_000, "?" * 100_000, "| " * 50_000, "`" * 99_999, "x" * 99_999])
def test_hostile_text_ends(text: str) -> None:
    findings(RULE, case(f"# Tern\n\n{text}\n"))
