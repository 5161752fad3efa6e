"""Scripts: the fences of a card put together into what a reader does with them, one after another.

What stands under one heading (of the third level or above) belongs together: the code of its Python
fences is one program, and a command that serves a model is asked by the code behind it.
"""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from itertools import groupby
from typing import Literal

import msgspec

from hubq.markdown.fences import Fence, fences

ScriptKind = Literal["python", "install", "server", "hubq", "said"]
SnippetEngine = Literal["transformers", "vllm"]

PYTHON = frozenset({"python", "py", "python3"})
SHELL = frozenset({"bash", "sh", "shell", "zsh", "console", "shell-session"})
OTHER_COMMANDS = "of shell commands only pip install, vllm serve and hubq are tried"
NO_SERVER = "it asks a server that nothing on the card starts"
NO_CODE = "it is no program"
_SERVE = (("vllm", "serve"), ("python", "-m", "vllm.entrypoints.openai.api_server"))
_INSTALL = (
    *(("pip", "install"), ("pip3", "install"), ("uv", "pip", "install")),
    *(("python", "-m", "pip", "install"), ("python3", "-m", "pip", "install")),
)
_WITH_VALUE = frozenset(
    {
        *("-i", "--index-url", "--extra-index-url", "-f", "--find-links", "-c", "--constraint"),
        *("--python", "-p", "--target", "-t", "--prefix", "--index", "--torch-backend"),
    }
)
_IMPORTS_VLLM = re.compile(r"^\s*(?:from|import)\s+vllm\b", re.MULTILINE)
_LOCAL = re.compile(r"\b(?:localhost|127\.0\.0\.1|0\.0\.0\.0):\d+")
_BEYOND = re.compile(r"\$[\w({]|`")
_OPERATOR = re.compile(r"\d?>{1,2}|<|\||\(|\d?>&\d|if|for|while|cd|export|source")
_VARIABLE = re.compile(r"[A-Za-z_]\w*=.*")
_REPO = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
_MEDIA = ("image/", "video/", "audio/", "text/", "application/")


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader does with some fences.

    Attributes:
        kind: `python`, one program; `install`, looked at and not done; `server`, a command and the
            code that asks what it serves; `hubq`, hubq's own commands; `said`, neither.
        engine: whose environment it belongs to.
        fences: in order; a server's first one holds its command.
        command: the words of the command that starts a server.
        variables: what is set before it.
        requirements: what is to be installed.
        commands: the words of hubq's commands.
        said: why nothing is done with it.
    """

    kind: ScriptKind
    engine: SnippetEngine
    fences: tuple[Fence, ...]
    command: tuple[str, ...] = ()
    variables: dict[str, str] = {}
    requirements: tuple[str, ...] = ()
    commands: tuple[tuple[str, ...], ...] = ()
    said: str = ""


def scripts_of(text: str) -> tuple[Script, ...]:
    """Return the scripts of a card, in the order in which they are to be done."""
    found: list[Script] = []
    for _, section in groupby(fences(text), key=lambda fence: fence.place):
        found += _of_section(list(section))
    return tuple(found)


def repos_named(text: str) -> tuple[str, ...]:
    """Return what looks like a repo id in a card's code, in order: `namespace/name`."""
    found: dict[str, None] = {}
    for script in scripts_of(text):
        for word in script.command[2:3] if script.kind == "server" else ():
            found |= dict.fromkeys([word] if _REPO.fullmatch(word) else [])
        if script.kind in {"python", "server"}:
            for fence in script.fences:
                found |= dict.fromkeys(_strings(fence.code))
    return tuple(found)


def _strings(code: str) -> Iterator[str]:
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return
    for node in ast.walk(tree):
        word = node.value if isinstance(node, ast.Constant) else None
        if isinstance(word, str) and _REPO.fullmatch(word) and not word.startswith(_MEDIA):
            yield word


def _of_section(section: list[Fence]) -> Iterator[Script]:
    """Yield the scripts of what stands under one heading."""
    shells = {fence.line: _Shell(fence.code) for fence in section if fence.language in SHELL}
    serves = any(shell.serves for shell in shells.values())
    vllm = serves or any(
        fence.language in PYTHON and _IMPORTS_VLLM.search(fence.code) for fence in section
    )
    engine: SnippetEngine = "vllm" if vllm else "transformers"
    server: tuple[Fence, ...] = ()
    code: tuple[Fence, ...] = ()
    later: list[Script] = []
    for fence in section:
        shell = shells.get(fence.line)
        if fence.language in PYTHON:
            code = (*code, fence)
        elif shell is not None and shell.serves:
            yield from _programs(server, code, shells, engine)
            server, code = (fence,), ()
        else:
            later.append(_other(fence, shell, engine))
    yield from (script for script in later if script.kind == "install")
    yield from _programs(server, code, shells, engine)
    yield from (script for script in later if script.kind != "install")


def _programs(
    server: tuple[Fence, ...],
    code: tuple[Fence, ...],
    shells: dict[int, _Shell],
    engine: SnippetEngine,
) -> Iterator[Script]:
    """Yield a server with what asks it, or a program without one."""
    if server:
        shell = shells[server[0].line]
        yield Script(
            kind="server",
            engine=engine,
            fences=(*server, *code),
            command=shell.command,
            variables=shell.variables,
            requirements=shell.requirements,
        )
    elif code and any(_LOCAL.search(fence.code) for fence in code):
        yield Script(kind="said", engine=engine, fences=code, said=NO_SERVER)
    elif code:
        yield Script(kind="python", engine=engine, fences=code)


def _other(fence: Fence, shell: _Shell | None, engine: SnippetEngine) -> Script:
    """Return what is done with a fence that is no Python and starts no server."""
    if shell is None:
        return Script(kind="said", engine=engine, fences=(fence,), said=NO_CODE)
    if shell.installs:
        return Script(
            kind="install", engine=engine, fences=(fence,), requirements=shell.requirements
        )
    if shell.hubq:
        return Script(kind="hubq", engine="transformers", fences=(fence,), commands=shell.commands)
    return Script(kind="said", engine=engine, fences=(fence,), said=OTHER_COMMANDS)


class _Shell:
    """The commands of a shell fence, as far as hubq understands them.

    Args:
        code: of the fence.

    Attributes:
        commands: the words of each command; empty where they cannot be told apart.
        command: the one that starts a server; variables: what is set before it.
        requirements: what is to be installed.
        serves, installs, hubq: what the fence does, besides installing.
    """

    def __init__(self, code: str) -> None:
        self.commands = tuple(_commands(code))
        self.requirements = tuple(name for words in self.commands for name in _requirements(words))
        rest = [words for words in self.commands if not _starts(words, _INSTALL)]
        self.installs = bool(self.commands) and not rest
        self.hubq = bool(rest) and all(words[0] == "hubq" for words in self.commands)
        self.command: tuple[str, ...] = ()
        self.variables: dict[str, str] = {}
        if len(rest) == 1:
            set_before, words = _split(rest[0])
            if _starts(words, _SERVE):
                self.command, self.variables = words, set_before
        self.serves = bool(self.command)


def _commands(code: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of each command; nothing where the shell would read more than words."""
    lines = code.replace("\\\n", " ").splitlines()
    plain = [re.sub(r"^\s*[$>]\s+", "", line) for line in lines]
    for line in plain:
        for part in re.split(r"\s+&&\s+|;\s", line):
            try:
                words = tuple(shlex.split(part, comments=True))
            except ValueError:
                yield ("?",)
                continue
            if _BEYOND.search(part) or any(_OPERATOR.fullmatch(word) for word in words):
                yield ("?",)
            elif words:
                yield words


def _split(words: tuple[str, ...]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return what a command sets before it begins, and the command."""
    count = 0
    while count < len(words) and _VARIABLE.fullmatch(words[count]):
        count += 1
    pairs = (word.partition("=") for word in words[:count])
    rest = words[count:]
    return {name: value for name, _, value in pairs}, rest[:-1] if rest[-1:] == ("&",) else rest


def _starts(words: tuple[str, ...], starts: tuple[tuple[str, ...], ...]) -> bool:
    return any(words[: len(start)] == start for start in starts)


def _requirements(words: tuple[str, ...]) -> Iterator[str]:
    """Yield what an install command asks for; its options are not looked at."""
    start = next((start for start in _INSTALL if words[: len(start)] == start), None)
    skip = False
    for word in words[len(start) :] if start else ():
        if skip:
            skip = False
        elif word in _WITH_VALUE:
            skip = True
        elif not word.startswith("-") or word in {"-r", "-e", "--requirement", "--editable"}:
            yield word
