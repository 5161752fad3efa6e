"""A headless Chromium, steered over the DevTools protocol through a pair of pipes."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

_OPTIONS = """
--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync --hide-scrollbars
--disable-background-networking --disable-component-update --remote-debugging-pipe about:blank
""".split()  # noqa: SIM905
_WAIT_S = 20.0
# The browser listens on descriptor 3 and answers on 4, whatever numbers the pipes have here.
_LAUNCHER = """
import fcntl, os, sys
pipes = [fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3]]
for place, pipe in zip((3, 4), pipes):
    os.dup2(pipe, place)
os.execv(sys.argv[3], sys.argv[3:])
"""


def browser() -> str:
    """Return the program, or skip the test where there is none."""
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("install chromium")
    return found


class Chrome:
    """A browser with one page, for as long as the `with` block lasts.

    Args:
        profile: an empty folder for its state.
        width, height: of the page.
        dark: what the page is told that the system prefers.
        phone: whether it is a phone.
        script: whether pages may run scripts.
    """

    def __init__(
        self,
        profile: Path,
        *,
        width: int = 1280,
        height: int = 900,
        dark: bool = False,
        phone: bool = False,
        script: bool = True,
    ) -> None:
        self._profile, self._size = profile, (width, height)
        self._dark, self._phone, self._script = dark, phone, script
        self.said: list[str] = []
        self._number, self._rest, self._session, self._loaded = 0, b"", "", False

    def __enter__(self) -> Self:
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        command = [browser(), f"--user-data-dir={self._profile}", *_OPTIONS]
        pipes = [str(theirs_in), str(theirs_out)]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _LAUNCHER, *pipes, *command],
            pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        targets = self._ask("Target.getTargets", session=False)["targetInfos"]
        target = next(found["targetId"] for found in targets if found["type"] == "page")
        attached = self._ask("Target.attachToTarget", targetId=target, flatten=True, session=False)
        self._session = attached["sessionId"]
        self._set_up()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._out)
        os.close(self._in)
        self._process.kill()
        self._process.wait()

    def _set_up(self) -> None:
        width, height = self._size
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._ask(f"{domain}.enable")
        self._ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=self._phone,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if self._dark else "light"}
        self._ask("Emulation.setEmulatedMedia", features=[scheme])
        self._ask("Emulation.setScriptExecutionDisabled", value=not self._script)

    def go(self, address: str) -> None:
        """Open an address and wait until it is loaded."""
        self._loaded = False
        self._ask("Page.navigate", url=address)
        self._until(lambda: self._loaded, f"{address} to load")

    def run(self, script: str) -> Any:
        """Return what a JavaScript expression gives; a promise is waited for."""
        answer = self._ask(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, condition: str) -> None:
        """Wait until a JavaScript expression is true."""
        self._until(lambda: bool(self.run(condition)), condition)

    def press(self, key: str) -> None:
        """Press and release a key."""
        codes = {"Escape": 27, "Enter": 13, "Tab": 9}
        for kind in ("keyDown", "keyUp"):
            self._ask(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=codes[key],
                text="\r" if key == "Enter" and kind == "keyDown" else "",
            )

    def picture(self, path: Path, *, whole: bool = False) -> None:
        """Take a screenshot, of the whole page or of what is seen."""
        answer = self._ask("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(answer["data"]))

    def _ask(self, method: str, *, session: bool = True, **values: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": values}
        if session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            found = self._read()
            if found.get("id") == self._number:
                assert "error" not in found, (method, found["error"])
                result: dict[str, Any] = found["result"]
                return result

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            block = os.read(self._in, 1 << 16)
            assert block, "the browser ended"
            self._rest += block
        raw, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(raw)
        self._note(message)
        return message

    def _note(self, message: dict[str, Any]) -> None:
        """Keep what the page complains of, and see when it is loaded."""
        values = message.get("params", {})
        match message.get("method"):
            case "Page.loadEventFired" | "Page.navigatedWithinDocument":
                self._loaded = True
            case "Log.entryAdded":
                self.said.append(values["entry"]["text"])
            case "Runtime.exceptionThrown":
                self.said.append(values["exceptionDetails"]["text"])
            case "Runtime.consoleAPICalled":
                self.said.append(str(values["args"]))

    def _until(self, condition: Any, what: str) -> None:
        deadline = time.monotonic() + _WAIT_S
        while not condition():
            assert time.monotonic() < deadline, f"waited too long for {what}"
            self._ask("Browser.getVersion", session=False)
            time.sleep(0.02)
