"""Judge: a model behind an OpenAI-compatible endpoint that reads answers which rules cannot read.

It extracts and never grades: what it reads out goes through the same rules and scorers. A judge
that does not work is an error and never a lower score. The key comes from the environment only, and
is in no message and no file.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from hubq.errors import BadInput, HubProblem
from hubq.evaluate.items import Item
from hubq.evaluate.marking import Mark, Rules, mark
from hubq.model.suite import JudgeSpec
from hubq.secrets import keep_secret

CACHE = "judge.jsonl"

_MAX_TOKENS = 64
_NONE = "NONE"
_LONGEST_PAUSE = 60.0
_LARGEST_REPLY = 1 << 20
#: Characters of an output that the judge is shown, from its end: answers stand there.
_LONGEST_OUTPUT = 8_000
_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})

_TASK = (
    "Below are a question and what somebody answered. Do not solve the question. Copy out which "
    "answer was given, even if it is wrong. {form} Reply with that alone, without any other word. "
    f"If no answer was given, or more than one, reply {_NONE}.\n\n"
    "Question:\n{question}\n\nWhat was answered:\n{output}\n\nThe answer given:"
)
_FORMS = {
    "choice": "It is one of the letters {letters}.",
    "number": "It is a number: write it in digits, without a unit.",
    "list": "It is a list of numbers: write it as [1, 2].",
    "text": "It is a word or a short text: write it as it stands there.",
}


class JudgeReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a judge did, for scores.json and cards.

    Attributes:
        model: its name.
        kind: of endpoint.
        asked: answers that the rules could not read and the judge was asked about.
        calls: requests that were answered.
        cached: answers that were known from before.
        failures: requests that failed and were sent again.
        unreadable: replies in which no answer could be read; those answers stay unparsed.
    """

    model: str
    kind: str
    asked: int
    calls: int
    cached: int
    failures: int
    unreadable: int


class _Message(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    message: _Message


class _Reply(msgspec.Struct):
    choices: list[_Choice]


class _Known(msgspec.Struct):
    key: str
    reply: str


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the key would go along to wherever it points."""

    def redirect_request(self, *_args: object, **_fields: object) -> None:
        return None


class Judge:
    """Asks a model for the answer that an output gives.

    Args:
        spec: which model, where.
        cache: the file in which replies are kept by content; read when it is there.
        environ: where the key is looked up.
        pause: seconds before a failed request is sent again, doubled each time.

    Raises:
        BadInput: the endpoint is no web address, or the variable of the key is not set.
    """

    def __init__(
        self,
        spec: JudgeSpec,
        cache: Path,
        *,
        environ: Mapping[str, str] | None = None,
        pause: float = 1.0,
    ) -> None:
        if not spec.endpoint.startswith(("http://", "https://")):
            raise BadInput("judge: `endpoint` is no http or https address")
        if "@" in urlsplit(spec.endpoint).netloc:
            raise BadInput(
                "judge: `endpoint` holds a user or a password, and would be published with it",
                remedy="Leave it out, and name the variable of the key in `key_variable`.",
            )
        environ = os.environ if environ is None else environ
        self._key = environ.get(spec.key_variable, "") if spec.key_variable else ""
        if spec.key_variable and not self._key:
            raise BadInput(
                f"judge: the environment variable {spec.key_variable} is not set",
                remedy=f"Set {spec.key_variable} to the key of {spec.model}.",
            )
        keep_secret(self._key)
        self.spec = spec
        self._cache, self._pause = cache, pause
        self._known = _read_cache(cache)
        self._opener = urllib.request.build_opener(_NoRedirects)
        self._asked = self._calls = self._cached = self._failures = self._unreadable = 0

    def read(self, rules: Rules, item: Item, output: str) -> Mark:
        """Return the mark of an answer that the rules could not read.

        Raises:
            BadInput: the endpoint refuses the key, the model or the request.
            HubProblem: the endpoint does not answer, or not in the API's form.
        """
        self._asked += 1
        reply = self.ask(_prompt(item, output))
        if reply.strip().strip(".").upper() == _NONE:
            return Mark(None, "unparsed", 0.0)
        found = mark(rules, item, reply)
        if found.extracted is None:
            self._unreadable += 1
            return Mark(None, "unparsed", 0.0)
        return Mark(found.extracted, "judge", found.score)

    def ask(self, prompt: str) -> str:
        """Return the judge's reply to a prompt, at temperature 0; a known one is not asked again.

        Raises:
            BadInput: the endpoint refuses the key, the model or the request.
            HubProblem: the endpoint does not answer, or not in the API's form.
        """
        key = hashlib.sha256(f"{self.spec.model}\0{prompt}".encode()).hexdigest()
        if key in self._known:
            self._cached += 1
            return self._known[key]
        reply = self._request(prompt)
        self._calls += 1
        self._known[key] = reply
        with self._cache.open("ab") as file:
            file.write(msgspec.json.encode(_Known(key=key, reply=reply)) + b"\n")
        return reply

    def report(self) -> JudgeReport:
        """Return what was asked, answered and failed.

        Raises:
            HubProblem: most replies could not be read: this judge does not do what it is asked.
        """
        if self._unreadable * 2 > self._asked:
            raise HubProblem(
                f"judge {self.spec.model}: {self._unreadable} of {self._asked} replies held none",
                remedy="Take another judge, or none: answers are then read by rules alone.",
            )
        return JudgeReport(
            model=self.spec.model,
            kind=self.spec.kind,
            asked=self._asked,
            calls=self._calls,
            cached=self._cached,
            failures=self._failures,
            unreadable=self._unreadable,
        )

    def _request(self, prompt: str) -> str:
        for attempt in range(self.spec.retries + 1):
            try:
                return self._send(prompt)
            except urllib.error.HTTPError as error:
                with error:
                    if error.code not in _AGAIN:
                        raise self._refused(error.code) from None
                    reason = f"HTTP {error.code}"
            except (OSError, http.client.HTTPException) as error:
                reason = str(getattr(error, "reason", "") or error or type(error).__name__)
            except (msgspec.DecodeError, IndexError, UnicodeDecodeError):
                reason = "an answer that is not in the form of the API"
            self._failures += 1
            if attempt < self.spec.retries:
                time.sleep(min(_LONGEST_PAUSE, self._pause * 2**attempt))
        raise HubProblem(
            f"judge {self.spec.model}: no answer after {self.spec.retries + 1} requests: {reason}",
            remedy="Start the judge's endpoint and run the score stage again.",
        )

    def _send(self, prompt: str) -> str:
        body = {
            "model": self.spec.model,
            "messages": [{"role": "user", "content": prompt}],
            "temperature": 0,
            "max_tokens": _MAX_TOKENS,
        }
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        request = urllib.request.Request(  # noqa: S310 - the scheme is checked when it is made
            f"{self.spec.endpoint.rstrip('/')}/chat/completions",
            data=msgspec.json.encode(body),
            headers=headers,
        )
        with self._opener.open(request, timeout=self.spec.timeout_s) as response:
            reply = msgspec.json.decode(response.read(_LARGEST_REPLY), type=_Reply)
        content = reply.choices[0].message.content
        if content is None or not content.strip():
            raise IndexError
        return content

    def _refused(self, code: int) -> BadInput:
        hint = {401: "the key", 403: "the key", 404: "the model or the address"}
        return BadInput(
            f"judge {self.spec.model}: the endpoint refused {hint.get(code, 'the request')}: "
            f"HTTP {code}",
            remedy="Check `judge` of the task and the environment variable that holds the key.",
        )


def _prompt(item: Item, output: str) -> str:
    kind, letters = "text", ""
    if item.choices:
        kind, letters = "choice", ", ".join(item.choices)
    elif item.gold[0].strip().startswith("["):
        kind = "list"
    elif any(character.isdigit() for character in item.gold[0]):
        kind = "number"
    form = _FORMS[kind].format(letters=letters)
    return _TASK.format(form=form, question=item.text, output=output[-_LONGEST_OUTPUT:])


def _read_cache(path: Path) -> dict[str, str]:
    """Read the replies that are known; a last line that a kill cut off is left out."""
    known = {}
    for line in path.read_bytes().splitlines() if path.exists() else ():
        try:
            entry = msgspec.json.decode(line, type=_Known)
        except msgspec.DecodeError:
            continue
        known[entry.key] = entry.reply
    return known
