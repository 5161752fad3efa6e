"""uv, run with the indexes, wheel folders and certificates that pip is configured for.

People and machines configure pip; uv reads none of that. The settings are taken from the PIP_*
variables and from `pip config list`, and handed to uv as its own variables; a UV_* variable that
the user has set wins. Names that look like secrets are not passed on (building a source package
runs its code), except uv's own index credentials.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from hubq.errors import EnvironmentProblem
from hubq.secrets import find_secret

Progress = Callable[[str], None]

SECRET_WORDS = ("TOKEN", "SECRET", "PASSWORD", "PASSWD", "API_KEY", "APIKEY", "CREDENTIAL")
#: How many of uv's last lines an error shows.
TAIL_LINES = 12
#: What uv or the system says -> what to do about it; the first that fits is taken.
REMEDIES = (
    ("No space left on device", "Free some disk space, or set HUBQ_CACHE and UV_CACHE_DIR."),
    ("Hash mismatch", "A mirror or wheel folder serves another file than the lock names; mend it."),
    ("no hashes were provided", "A mirror or wheel folder offers a build that the lock lacks."),
    ("No interpreter found", "Install that Python, for example with `uv python install 3.11`."),
    ("Failed to inspect Python", "Install that Python with uv, such as `uv python install 3.11`."),
    ("No solution found", "A package of the lock is not in the configured indexes; check them."),
    ("Python.h", "Install Python's headers (Debian: apt install python3-dev), then build again."),
    ("cc' failed", "Install a C compiler (Debian: apt install build-essential), then build again."),
    ("error sending request", "Check the network and the configured indexes, then build again."),
    ("Permission denied", "Set HUBQ_CACHE to a folder that you may write to."),
)
#: What may be said only because uv had to stay offline.
MISSING_OFFLINE = ("No interpreter found", "No solution found", "error sending request")


class Installer:
    """Runs uv.

    Args:
        offline: use only what is in uv's cache and in local folders.
        environ: the environment variables to start from; the process's own by default.
        pip_config: pip's settings, `section.name` -> value; asked of pip by default.
    """

    def __init__(
        self,
        *,
        offline: bool = False,
        environ: Mapping[str, str] | None = None,
        pip_config: Mapping[str, str] | None = None,
    ) -> None:
        self.offline = offline
        self.environ = uv_environ(
            os.environ if environ is None else environ,
            _pip_config() if pip_config is None else pip_config,
        )
        self.uv = _find_uv()

    def ask(self, arguments: Sequence[str], *, stdin: str = "") -> str:
        """Run uv and return its stdout.

        Raises:
            EnvironmentProblem: uv failed; with its last lines.
        """
        done = subprocess.run(
            self._command(arguments),
            input=stdin,
            capture_output=True,
            text=True,
            env=self.environ,
            check=False,
        )
        if done.returncode != 0:
            raise self._problem(arguments, done.stderr.splitlines(), done.returncode)
        return done.stdout

    def stream(
        self,
        arguments: Sequence[str],
        *,
        progress: Progress,
        folder: Path,
        pass_fds: Sequence[int] = (),
    ) -> None:
        """Run uv and hand on each line that it writes.

        Args:
            arguments: of uv.
            progress: called with every line.
            folder: where uv runs; a project file of the user's cannot take effect there.
            pass_fds: descriptors that stay open in uv, such as a lock that must outlive us.

        Raises:
            EnvironmentProblem: uv failed; with its last lines.
        """
        tail: deque[str] = deque(maxlen=200)
        with subprocess.Popen(
            self._command(arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=self.environ,
            cwd=folder,
            pass_fds=tuple(pass_fds),
        ) as process:
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            try:
                for line in process.stdout:
                    tail.append(line.rstrip())
                    progress(line.rstrip())
            except BaseException:
                process.kill()
                raise
        if process.returncode != 0:
            raise self._problem(arguments, list(tail), process.returncode)

    def _command(self, arguments: Sequence[str]) -> list[str]:
        offline = ["--offline"] if self.offline else []
        return [str(self.uv), "--color", "never", *offline, *arguments]

    def _problem(
        self, arguments: Sequence[str], lines: list[str], status: int
    ) -> EnvironmentProblem:
        what = " ".join(part for part in arguments[:2] if not part.startswith("-"))
        shown = "\n".join(f"  {line}" for line in lines[-TAIL_LINES:])
        message = f"uv {what} failed (exit status {status}):\n{shown}"
        return EnvironmentProblem(
            message, remedy=remedy_for("\n".join(lines), offline=self.offline)
        )


def remedy_for(said: str, *, offline: bool) -> str:
    """Return what to do next about a failure of uv's, judged by what it said."""
    for words, advice in REMEDIES:
        if words in said:
            missing = words in MISSING_OFFLINE
            return "Build once without --offline." if offline and missing else advice
    if offline:
        return "Build once without --offline."
    return "Run `hubq env build` again; what is already downloaded is kept."


def uv_environ(environ: Mapping[str, str], pip_config: Mapping[str, str]) -> dict[str, str]:
    """Return the variables uv runs with: the given ones without secrets, and pip's settings."""
    kept = {name: value for name, value in environ.items() if not _is_secret(name, value)}
    for name, value in settings_from_pip(environ, pip_config).items():
        kept.setdefault(name, value)
    kept.pop("VIRTUAL_ENV", None)
    kept.pop("UV_TORCH_BACKEND", None)
    kept["UV_NO_PROGRESS"] = "1"
    return kept


def settings_from_pip(environ: Mapping[str, str], config: Mapping[str, str]) -> dict[str, str]:
    """Return uv's variables for pip's settings.

    Args:
        environ: where PIP_* variables are looked up; they win over the configuration.
        config: of `pip config list`: `global.index-url` -> value.
    """

    def value(name: str) -> str:
        variable = environ.get("PIP_" + name.upper().replace("-", "_"), "")
        sections = (":env:", "install", "global")
        found = (config.get(f"{section}.{name}", "") for section in sections)
        return variable or next((text for text in found if text), "")

    settings = {}
    if value("index-url"):
        settings["UV_DEFAULT_INDEX"] = value("index-url").strip()
    if extra := value("extra-index-url").split():
        settings["UV_INDEX"] = " ".join(extra)
        # pip takes the best version over all its indexes; the lock's hashes make that safe.
        settings["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    if links := [link for link in value("find-links").split() if _exists(link)]:
        settings["UV_FIND_LINKS"] = ",".join(links)
    if value("no-index").lower() in {"1", "true", "yes", "on"}:
        settings["UV_NO_INDEX"] = "1"
    if value("cert"):
        settings["SSL_CERT_FILE"] = value("cert")
    if value("proxy"):
        settings["ALL_PROXY"] = value("proxy")
    if hosts := value("trusted-host").split():
        settings["UV_INSECURE_HOST"] = " ".join(hosts)
    return settings


def _pip_config() -> dict[str, str]:
    """Return what `pip config list` says; empty where there is no pip."""
    commands = [[sys.executable, "-m", "pip"], [shutil.which("pip") or "pip"]]
    for command in commands:
        try:
            done = subprocess.run(
                [*command, "--disable-pip-version-check", "config", "list"],
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.returncode == 0:
            return parse_pip_config(done.stdout)
    return {}


def parse_pip_config(text: str) -> dict[str, str]:
    """Return the settings that `pip config list` printed, one `section.key='value'` a line."""
    found = {}
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals and value[:1] in {"'", '"'}:
            found[key.strip()] = str(ast.literal_eval(value.strip()))
    return found


def _exists(link: str) -> bool:
    scheme = urlsplit(link).scheme
    if scheme in {"http", "https"}:
        return True
    return Path(urlsplit(link).path if scheme == "file" else link).exists()


def _is_secret(name: str, value: str) -> bool:
    """Say whether a variable stays out of a build; addresses keep what they need to be reached."""
    upper = name.upper()
    if upper.startswith("UV_INDEX_"):
        return False
    reached_by = upper.startswith(("UV_", "PIP_")) or upper.endswith("_PROXY")
    found = not reached_by and find_secret(value.encode(errors="replace"))
    return is_secret(name) or bool(found)


def is_secret(name: str) -> bool:
    """Return whether an environment variable's name says that its value is a secret."""
    return any(word in name.upper() for word in SECRET_WORDS)


def _find_uv() -> Path:
    import uv

    try:
        return Path(uv.find_uv_bin())
    except FileNotFoundError:
        found = shutil.which("uv")
        if found is None:
            raise EnvironmentProblem(
                "uv, which builds environments, is not installed", remedy="Run `pip install uv`."
            ) from None
        return Path(found)
