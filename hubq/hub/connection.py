"""A connection to a Hugging Face Hub: the client library, whose token it sends, and retries."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from hubq.errors import BadInput
from hubq.hub import client
from hubq.hub.accounts import account
from hubq.hub.failures import Call, translated
from hubq.hub.port import MAIN, Account, Hub
from hubq.hub.retry import Retries
from hubq.hub.uploading import Uploader
from hubq.secrets import keep_secret

if TYPE_CHECKING:
    from huggingface_hub import HfApi

T = TypeVar("T")


class Connection(Hub):
    """What the parts of `HuggingFaceHub` share; the client library is imported when first used.

    Args:
        endpoint: the address, such as `https://huggingface.co`.
        token: the embedded Hub's token; none for the user's own (`HF_TOKEN`, `hf auth login`).
        retries: how patient to be with requests that may be repeated.
        timeout: seconds without a byte after which a request is given up.
    """

    def __init__(
        self,
        endpoint: str = client.HUGGING_FACE,
        token: str | None = None,
        *,
        retries: Retries | None = None,
        timeout: float = client.TIMEOUT,
    ) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._given = token
        self._retries = retries or Retries()
        self._timeout = timeout
        self._client: HfApi | None = None
        self._token: str | None = None
        self._account: Account | None = None
        self._uploader = Uploader(self._retries, timeout)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._endpoint!r})"

    @property
    def endpoint(self) -> str:
        """The address without a final slash."""
        return self._endpoint

    def whoami(self) -> Account:
        """Return whose token is used; asked once, since the Hub limits this request strictly.

        Raises:
            BadInput: there is no token, or the hub does not know it.
        """
        if self._account is None:
            api = self._api()
            if self._token is None:
                raise BadInput(
                    f"no token for {self._endpoint}",
                    remedy="Run `hf auth login`, or set HF_TOKEN to a token that may write.",
                )
            answer = self._ask(api.whoami, self._call())
            self._account = account(answer, self._endpoint)
        return self._account

    def _api(self) -> HfApi:
        """Return the client library's object, made on first use.

        It keeps the token in the clear: never log it.
        """
        if self._client is None:
            client.prepare(self._endpoint, self._timeout)
            from huggingface_hub import HfApi

            self._token = self._given or client.find_token(self._endpoint)
            if self._token:
                keep_secret(self._token)
            self._client = HfApi(
                endpoint=self._endpoint, token=self._token or False, library_name="hubq"
            )
        return self._client

    def _ask(self, action: Callable[[], T], call: Call) -> T:
        """Return what a repeatable request returns, with hubq's errors and retries."""

        def once() -> T:
            try:
                with translated(call):
                    return action()
            finally:
                client.over()

        return self._retries.call(once)

    def _call(
        self,
        repo: str = "",
        revision: str = "",
        path: str = "",
        *,
        doing: str = "read",
        noun: str = "model",
    ) -> Call:
        return Call(
            endpoint=self._endpoint,
            repo=repo,
            revision="" if revision == MAIN else revision[:40],
            path=path,
            doing=doing,
            noun=noun,
            token=self._token,
        )
