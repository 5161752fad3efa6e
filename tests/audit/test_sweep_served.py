"""Sweeps by the real client: requests counted, limits respected, a kill in the middle."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("starlette")

from hubq.audit.cache import Cache
from hubq.audit.expanding import items_of
from hubq.audit.library import Library
from hubq.audit.rules.no_card import RULE
from hubq.audit.sweep import Sweep, Swept
from hubq.audit.targets import targets_of
from hubq.hub.huggingface import HuggingFaceHub
from hubq.localhub.faults import Fault
from hubq.localhub.limits import Limits, Quota
from hubq.localhub.server import LocalHub
from tests import programs
from tests.audit.fleets import fill

pytestmark = pytest.mark.long

REPO = "quants/Nano-0-1B-GPTQ-Int4"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[LocalHub]:
    with LocalHub(tmp_path / "hub", faults=True, durable=False) as hub:
        yield hub


def swept(
    hub: LocalHub, folder: Path, *words: str, told: Callable[[float], None] = lambda _: None
) -> Swept:
    client = HuggingFaceHub(hub.url)
    client.pace(told)
    library = Library(client, Cache(hub.url, folder / "cache"))
    items = items_of(targets_of(words, hub.url), library)
    return Sweep(library, items, (RULE,), jobs=8).run()


def requests(hub: LocalHub) -> Counter[str]:
    """How often each kind of request was made, with the number of refusals."""
    assert hub.faults is not None
    kinds = Counter[str]()
    for one in hub.faults.log():
        path = re.sub(r"/[0-9a-f]{40}", "/COMMIT", one.path)
        kinds[f"{one.method} {path.rpartition('/')[2] if '/resolve/' in path else path}"] += 1
        kinds["refused"] += one.status == 429
    return kinds


def test_the_requests_for_one_repo_are_few(served: LocalHub, tmp_path: Path) -> None:
    fill(served, 2, shards=3)
    assert served.faults is not None
    served.faults.clear_log()
    (one,) = swept(served, tmp_path, REPO).audited
    assert not one.problems
    base, sibling = "acme/Nano-0-1B", "quants/Nano-0-1B-GPTQ-Int8"
    found = requests(served)
    assert found.pop("refused") == 0
    assert found == {
        **{f"GET /api/models/{name}/revision/main": 1 for name in (REPO, base, sibling)},
        "GET README.md": 3,
        "GET config.json": 3,
        **{f"GET shard-0000{n}-of-00003.safetensors": 1 for n in (1, 2, 3)},
        f"POST /api/models/{REPO}/paths-info/COMMIT": 1,
        "GET /api/models": 1,
    }


def test_a_second_sweep_asks_for_nothing_but_the_list(served: LocalHub, tmp_path: Path) -> None:
    fill(served, 6)
    assert served.faults is not None
    first = swept(served, tmp_path, "quants")
    served.faults.clear_log()
    again = swept(served, tmp_path, "quants")
    assert again.audited == first.audited
    assert len(again.audited) == 6
    found = requests(served)
    assert not any("README" in line or "safetensors" in line for line in found)
    # Base models may have moved since; each is asked for once.
    assert sum(found.values()) <= 1 + 3 + 3


def test_200_repos_are_swept_at_a_rate_limit_without_being_turned_away(tmp_path: Path) -> None:
    limits = Limits({"api": Quota(90, 2.0), "resolvers": Quota(150, 2.0)})
    waits: list[float] = []
    with LocalHub(tmp_path / "hub", faults=True, durable=False, limits=limits) as hub:
        names = fill(hub, 200)
        began = time.monotonic()
        done = swept(hub, tmp_path, "quants", told=waits.append)
        took = time.monotonic() - began
        found = requests(hub)
    assert {one.name for one in done.audited} == set(names)
    assert done.missed == ()
    assert not any(one.problems for one in done.audited)
    assert found["refused"] == 0
    assert found["GET /api/models"] >= 1
    assert sum(found.values()) > 1000
    # A machine that is slower than the limits has nothing to wait for.
    asked = sum(count for line, count in found.items() if " /api/" in line)
    assert waits or took > 2.0 * (asked / 90 - 1)


def test_a_server_that_fails_now_and_then_loses_nothing(served: LocalHub, tmp_path: Path) -> None:
    names = fill(served, 4)
    assert served.faults is not None
    served.faults.add(Fault(match="GET .*/revision/", status=503, times=2))
    served.faults.add(Fault(match="GET .*README", drop=True, times=1))
    done = swept(served, tmp_path, "quants")
    assert {one.name for one in done.audited} == set(names)
    assert done.missed == ()
    assert not any(one.problems for one in done.audited)


def command(hub: LocalHub, folder: Path, *more: str) -> subprocess.Popen[str]:
    """Start `hubq audit quants` in a process of its own."""
    environment = {**os.environ, "HUBQ_CACHE": str(folder / "cache"), "PYTHONPATH": str(Path.cwd())}
    arguments = ["audit", "quants", "--hub", hub.url, "--select", "no-card", "--format", "json"]
    return subprocess.Popen(
        programs.command(*arguments, "--jobs", "2", *more),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def looked_up(folder: Path) -> int:
    return len([p for p in folder.glob("cache/audit/*/quants--*/*.json") if p.name != "heads.json"])


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_sweep_that_is_stopped_goes_on(
    served: LocalHub, tmp_path: Path, number: signal.Signals
) -> None:
    names = fill(served, 30)
    assert served.faults is not None
    served.faults.add(Fault(match="GET .*README", delay=0.5, times=10_000))
    process = command(served, tmp_path)
    deadline = time.monotonic() + 30
    while looked_up(tmp_path) < 6 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    said, _ = process.communicate(timeout=30)
    done = looked_up(tmp_path)
    assert 6 <= done < 30
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert 0 < len(json.loads(said)["audited"]) < 30
    served.faults.clear()
    served.faults.clear_log()
    process = command(served, tmp_path)
    said, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert {one["name"] for one in json.loads(said)["audited"]} == set(names)
    readmes = [
        one for one in served.faults.log() if "/quants/" in one.path and "README" in one.path
    ]
    assert len(readmes) == 30 - done


def test_a_hub_that_does_not_answer_ends_with_four(tmp_path: Path) -> None:
    with LocalHub(tmp_path / "hub", faults=True, durable=False) as hub:
        assert hub.faults is not None
        hub.faults.add(Fault(match="GET .*", status=503, times=10_000))
        process = command(hub, tmp_path)
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 4
    assert "503" in errors
