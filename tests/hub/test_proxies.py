"""Which proxy a request goes through."""

from __future__ import annotations

import pytest

from hubq.hub.proxies import proxy_for


def test_the_proxy_of_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    assert proxy_for("https://huggingface.co") == ""
    monkeypatch.setenv("HTTPS_PROXY", "http://me:hunter2@proxy.test:3128/")
    assert proxy_for("https://huggingface.co") == "http://proxy.test:3128"
    assert proxy_for("http://huggingface.co") == ""
    monkeypatch.setenv("NO_PROXY", "huggingface.co")
    assert proxy_for("https://huggingface.co") == ""
