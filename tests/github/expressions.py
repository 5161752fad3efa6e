"""GitHub's expressions, as far as the workflows here use them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<sign>\|\||&&|==|!=|!|\(|\)|,)|(?P<name>[\w.-]+))"
)
_HOLE = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)


def filled(text: str, context: Mapping[str, Any]) -> str:
    """Return a text with its expressions worked out."""
    return _HOLE.sub(lambda hole: shown(evaluate(hole[1], context)), text)


def evaluate(expression: str, context: Mapping[str, Any]) -> Any:
    """Return what an expression comes to.

    Raises:
        SyntaxError: it uses what is not known here.
    """
    parser = _Parser(expression, context)
    value = parser.either()
    if parser.tokens:
        raise SyntaxError(f"{expression!r}: {parser.tokens[0]!r} is one too many")
    return value


def shown(value: Any) -> str:
    """Return a value as text, as an expression puts it into one."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


class _Parser:
    def __init__(self, expression: str, context: Mapping[str, Any]) -> None:
        self.context = context
        self.tokens: list[str] = []
        at, text = 0, expression.strip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise SyntaxError(f"{expression!r}: cannot read {text[at:]!r}")
            self.tokens.append(found[0].strip())
            at = found.end()

    def either(self) -> Any:
        """Read `a || b`."""
        value = self.both()
        while self._taken("||"):
            other = self.both()
            value = value or other
        return value

    def both(self) -> Any:
        """Read `a && b`."""
        value = self.equal()
        while self._taken("&&"):
            other = self.equal()
            value = value and other
        return value

    def equal(self) -> Any:
        """Read `a == b`."""
        value = self.single()
        if self._taken("=="):
            return bool(shown(value) == shown(self.single()))
        if self._taken("!="):
            return bool(shown(value) != shown(self.single()))
        return value

    def single(self) -> Any:
        """Read a value."""
        if self._taken("!"):
            return not self.single()
        if self._taken("("):
            value = self.either()
            self._expect(")")
            return value
        token = self.tokens.pop(0)
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if token in ("true", "false"):
            return token == "true"
        if self._taken("("):
            return self._call(token)
        return self._value(token)

    def _call(self, name: str) -> Any:
        values = []
        while not self._taken(")"):
            values.append(self.either())
            self._taken(",")
        failed = self.context.get("failed", False)
        match name:
            case "always":
                return True
            case "success":
                return not failed
            case "failure":
                return failed
            case "fromJSON":
                return json.loads(values[0])
        raise SyntaxError(f"{name} is not known here")

    def _value(self, name: str) -> Any:
        first, *rest = name.split(".")
        if first not in self.context:
            raise SyntaxError(f"there is no context {first!r}")
        value = self.context[first]
        for part in rest:
            value = value.get(part, "") if isinstance(value, Mapping) else ""
        return value

    def _taken(self, sign: str) -> bool:
        if self.tokens[:1] == [sign]:
            del self.tokens[0]
            return True
        return False

    def _expect(self, sign: str) -> None:
        if not self._taken(sign):
            raise SyntaxError(f"{sign} is missing")
