"""The fences of a card become what a reader does with them."""

from __future__ import annotations

from hubq.cards.scripts import NO_CODE, NO_SERVER, OTHER_COMMANDS, repos_named, scripts_of
from tests.rows import each_row

CARD = """# Card

## How to use it

```bash
pip install transformers==5.23.0 "optimum>=2" --extra-index-url https://x.example
```

### Transformers

```python
repo = "acme/x-AWQ"
```

Several images:

```python
print(repo)
```

### vLLM

```bash
VLLM_CPU_KVCACHE_SPACE=1 vllm serve acme/x-AWQ \\
  --dtype float16   # half
```

```python
client("http://localhost:8000/v1")
```

## Reproduction

```bash
hubq plan acme/x
hubq release acme/x
```

```bibtex
@misc{x}
```
"""


def kinds(text: str) -> list[tuple[str, str, int]]:
    return [(one.kind, one.engine, len(one.fences)) for one in scripts_of(text)]


def section(*fences: tuple[str, str]) -> str:
    return "### Use\n" + "".join(f"```{language}\n{code}\n```\n" for language, code in fences)


def test_what_stands_under_one_heading_belongs_together() -> None:
    assert kinds(CARD) == [
        ("install", "transformers", 1),
        ("python", "transformers", 2),
        ("server", "vllm", 2),
        ("hubq", "transformers", 1),
        ("said", "transformers", 1),
    ]


def test_options_of_an_install_command_are_no_requirements() -> None:
    assert scripts_of(CARD)[0].requirements == ("transformers==5.23.0", "optimum>=2")


def test_a_servers_command_is_read_as_a_shell_reads_it() -> None:
    server = scripts_of(CARD)[2]
    assert server.command == ("vllm", "serve", "acme/x-AWQ", "--dtype", "float16")
    assert server.variables == {"VLLM_CPU_KVCACHE_SPACE": "1"}


def test_hubqs_commands_are_taken_apart() -> None:
    assert scripts_of(CARD)[3].commands == (
        ("hubq", "plan", "acme/x"),
        ("hubq", "release", "acme/x"),
    )


@each_row(
    ("code", "kind"),
    [
        ("pip install x", "install"),
        ("$ pip3 install -U x", "install"),
        ("python -m pip install x && uv pip install y", "install"),
        ("# nothing", "said"),
        ("pip install vllm\nvllm serve a/b", "server"),
        ("python -m vllm.entrypoints.openai.api_server --model a/b &", "server"),
        ("vllm serve a/b; vllm serve c/d", "said"),
        ("docker run x", "said"),
        ("rm -rf ~", "said"),
        ("hubq show x", "hubq"),
        ("hubq show x && rm -rf ~", "said"),
        ("pip install 'x", "said"),
        ("pip install x>=2", "install"),
        ("vllm serve a/b --port $PORT", "said"),
        ("vllm serve a/b > log", "said"),
        ("vllm serve a/b --limit-mm-per-prompt '{\"image\": 1}'", "server"),
        ("pip install $(cat x)", "said"),
    ],
)
def test_only_commands_that_hubq_understands_are_tried(code: str, kind: str) -> None:
    (script,) = scripts_of(section(("bash", code)))
    assert script.kind == kind
    assert script.said == (OTHER_COMMANDS if kind == "said" else "")


def test_what_else_there_is_is_no_program() -> None:
    (script,) = scripts_of(section(("json", "{}")))
    assert (script.kind, script.said) == ("said", NO_CODE)


def test_code_that_asks_a_server_nobody_starts_is_not_run() -> None:
    code = 'ask("http://localhost:8000/v1")'
    (script,) = scripts_of(section(("python", code)))
    assert (script.kind, script.said) == ("said", NO_SERVER)


def test_code_for_vllm_without_a_server_runs_where_vllm_is() -> None:
    (script,) = scripts_of(section(("py", "from vllm import LLM\nLLM('a/b')")))
    assert (script.kind, script.engine) == ("python", "vllm")


def test_each_server_is_asked_by_the_code_behind_it() -> None:
    text = section(
        ("python", "x = 1"),
        ("bash", "vllm serve a/b"),
        ("python", "y = 1"),
        ("bash", "vllm serve c/d"),
        ("python", "z = 1"),
    )
    assert kinds(text) == [("python", "vllm", 1), ("server", "vllm", 2), ("server", "vllm", 2)]


def test_the_repos_that_code_names_are_found() -> None:
    code = 'a = "acme/x"\nb = "image/png"\nc = "no repo"\nd = "a/b/c"\ne = f"z/{a}"'
    assert repos_named(section(("python", code))) == ("acme/x",)
    assert repos_named(section(("bash", "vllm serve acme/y"))) == ("acme/y",)
    assert repos_named(section(("python", "def:"))) == ()
    assert repos_named(CARD) == ("acme/x-AWQ",)
