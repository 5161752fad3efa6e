"""Publishing: a family by hubq's protocol, to a bare `HfApi.create_commit` of the same files.

    python benchmarks/publish.py [--pairs 7] [--megabytes 60]

Three repos of two shards and twelve small files each go to an embedded Hub in a process of its own,
which is new each time, so that it never has a shard already. hubq plans, creates the repos hidden,
stages on a branch, compares, moves main, compares again, reveals, makes the collection and deletes
the branches; the bare client creates the repos and makes one commit in each. Both are given the
shards' SHA-256 and send by LFS. The two take turns, and who begins changes. The interval of the
ratio is Student's t on the logarithms of the pairs' ratios. Everything is written to TMPDIR; one in
memory (`TMPDIR=/dev/shm`, 1.2 GB) leaves the disk's moods out of it.

Then the family is pushed a second time, with its receipt and without: how many requests that is,
and how many bytes go out. How often shards are read is seen from the bytes that the kernel counted.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from huggingface_hub import CommitOperationAdd, HfApi
from scipy.stats import t as student

from hubq.hub.hashes import HashCache
from hubq.hub.huggingface import HuggingFaceHub
from hubq.hub.port import Content
from hubq.hub.publication import receipt
from hubq.hub.publication.plan import FamilyPlan, Merged, Wanted
from hubq.hub.publication.planning import plan_family
from hubq.hub.publication.protocol import publish
from hubq.localhub.server import LocalHub
from hubq.model.publication import Terms

VARIANTS = ("AWQ", "GPTQ-Int4", "GPTQ-Int8")
SMALL = 11  # and the card
Files = dict[str, dict[str, Path]]


class Served:
    """An embedded Hub in another process."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.token = token

    def log(self) -> list[dict[str, Any]]:
        """Return the requests so far, and forget them."""
        with urllib.request.urlopen(f"{self.url}/_log") as answer:  # noqa: S310 - our own
            found: list[dict[str, Any]] = json.load(answer)
        body = json.dumps({"clear": True}).encode()
        with urllib.request.urlopen(f"{self.url}/_log", data=body):  # noqa: S310
            return found


def main() -> None:
    """Run the pairs, then the second push, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--megabytes", type=float, default=60)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given.serve)
        return
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HUBQ_CACHE"] = str(Path(folder) / "cache")
        at = Path(folder)
        files = family(at / "family", int(given.megabytes * 1e6))
        known = hashed(at / "family", files)
        pairs = [pair(number, at, files, known) for number in range(given.pairs)]
        summary(pairs)
        again(at, files, known)


def summary(pairs: list[tuple[float, float]]) -> None:
    """Print the ratio with its interval, and how the budget is kept."""
    ratio, low, high = interval([ours / bare for ours, bare in pairs])
    mine, other = (statistics.median(column) for column in zip(*pairs, strict=True))
    beyond = [ours - 1.1 * bare for ours, bare in pairs]
    print(f"hubq {mine:.2f} s, bare {other:.2f} s (medians of {len(pairs)} pairs)")
    print(f"ratio {ratio:.3f}, 95 % CI {low:.3f} to {high:.3f}")
    print(
        f"beyond 10 %: mean {statistics.mean(beyond):.2f} s, most {max(beyond):.2f} s (budget 1 s)"
    )


def pair(
    number: int, at: Path, files: Files, known: dict[str, dict[str, str]]
) -> tuple[float, float]:
    """Publish by both ways, each to a Hub of its own, and return the seconds of both."""
    seconds: dict[str, float] = {}
    for way in ("hubq", "bare") if number % 2 else ("bare", "hubq"):
        with served(at) as hub:
            seconds[way] = clocked(
                (lambda hub=hub: ours(hub, files, known, at))  # type: ignore[misc]
                if way == "hubq"
                else (lambda hub=hub: bare(hub, files, known))  # type: ignore[misc]
            )
    print(f"pair {number + 1}: hubq {seconds['hubq']:.2f} s, bare {seconds['bare']:.2f} s",
          flush=True)  # fmt: skip
    return seconds["hubq"], seconds["bare"]


def again(at: Path, files: Files, known: dict[str, dict[str, str]]) -> None:
    """Print what a first and a second push cost in reading, requests and bytes."""
    with served(at) as hub, tempfile.TemporaryDirectory(dir=at) as folder:
        total = sum(path.stat().st_size for repo in files.values() for path in repo.values())
        before = read_bytes()
        plan_and_publish(hub, files, known, Path(folder))
        told("first push", hub.log())
        print(f"read from files: {(read_bytes() - before) / total:.3f} times their size")
        for name, remembered in (("with its receipt", True), ("without", False)):
            before = read_bytes()
            started = time.perf_counter()
            plan = plan_and_publish(hub, files, known, Path(folder), remembered=remembered)
            spent = time.perf_counter() - started
            told(f"second push {name} ({spent:.2f} s, {'empty' if plan.empty else 'changed'})",
                 hub.log())  # fmt: skip
            print(f"  read from files: {(read_bytes() - before) / total:.3f} times their size")


def told(what: str, log: list[dict[str, Any]]) -> None:
    """Print how many requests there were, and what they carried."""
    content = sum(
        entry["received"]
        for entry in log
        if entry["method"] == "PUT" or "/commit/" in entry["path"]
    )
    writes = sum(entry["method"] not in {"GET", "HEAD"} for entry in log)
    print(f"{what}: {len(log)} requests, {writes} of them no look-ups, {content} bytes of content")


def ours(hub: Served, files: Files, known: dict[str, dict[str, str]], at: Path) -> None:
    """Publish the family as hubq does."""
    with tempfile.TemporaryDirectory(dir=at) as folder:
        plan_and_publish(hub, files, known, Path(folder))


def plan_and_publish(
    hub: Served,
    files: Files,
    known: dict[str, dict[str, str]],
    folder: Path,
    *,
    remembered: bool = True,
) -> FamilyPlan:
    """Plan a publication and carry it out."""
    there = HuggingFaceHub(hub.url, hub.token)
    wanted = [
        Wanted(
            variant=variant,
            repo=f"local/nano-{variant}",
            files=dict[str, Content](files[variant]),
            known=known[variant],
            title=f"Release {variant} of acme/nano with hubq",
            note=variant,
        )
        for variant in VARIANTS
    ]
    plan = plan_family(
        there,
        wanted,
        release="nano",
        source="acme/nano",
        terms=Terms(),
        merge=lambda _repo, _there, _facts, card: Merged(content=card),
        receipt=receipt.read(folder, hub.url) if remembered else None,
    )
    publish(there, plan, folder)
    return plan


def bare(hub: Served, files: Files, known: dict[str, dict[str, str]]) -> None:
    """Publish the family with the client library alone."""
    api = HfApi(endpoint=hub.url, token=hub.token)
    for variant in VARIANTS:
        repo = f"local/nano-{variant}"
        api.create_repo(repo, visibility="public")
        operations = []
        for name, path in files[variant].items():
            operation = CommitOperationAdd(path_in_repo=name, path_or_fileobj=path)
            operation.upload_info.sha256 = bytes.fromhex(known[variant][name])
            operations.append(operation)
        api.create_commit(repo, operations, commit_message="Release")


def family(folder: Path, size: int) -> Files:
    """Write the files of three repos and return their paths."""
    found: Files = {}
    for variant in VARIANTS:
        repo = folder / variant
        repo.mkdir(parents=True)
        for shard in (1, 2):
            with (repo / f"model-0000{shard}-of-00002.safetensors").open("wb") as file:
                file.write((2).to_bytes(8, "little") + b"{}")
                for start in range(0, size, 1 << 20):
                    file.write(os.urandom(min(1 << 20, size - start)))
        (repo / "README.md").write_text(f"---\nlicense: apache-2.0\n---\n# {variant}\n")
        for number in range(SMALL):
            (repo / f"config-{number}.json").write_text(json.dumps({variant: [number] * 500}))
        found[variant] = {path.name: path for path in sorted(repo.iterdir())}
    return found


def hashed(folder: Path, files: Files) -> dict[str, dict[str, str]]:
    """Return every file's SHA-256, read once and then kept, and print what that costs."""
    for path in folder.rglob("*"):
        os.utime(path, (1, 1))  # as files that were made a while ago
    found: dict[str, dict[str, str]] = {}
    for turn in ("first", "again"):
        before, started = read_bytes(), time.perf_counter()
        for variant in VARIANTS:
            cache = HashCache(folder / variant)
            found[variant] = {name: cache.sha256(path) for name, path in files[variant].items()}
            cache.save()
        spent, read = time.perf_counter() - started, read_bytes() - before
        print(f"hashing, {turn}: {spent:.2f} s, {read / 1e6:.1f} MB read")
    return found


def interval(ratios: list[float]) -> tuple[float, float, float]:
    """Return the mean ratio and its 95 % interval, on logarithms."""
    logs = [math.log(ratio) for ratio in ratios]
    middle = statistics.mean(logs)
    if len(logs) < 2:
        return math.exp(middle), math.nan, math.nan
    half = student.ppf(0.975, len(logs) - 1) * statistics.stdev(logs) / math.sqrt(len(logs))
    return math.exp(middle), math.exp(middle - half), math.exp(middle + half)


def clocked(work: Callable[[], None]) -> float:
    """Return the seconds that a piece of work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def read_bytes() -> int:
    """Return the bytes that this process has read so far, from files and pipes."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(lines[0].split()[1])


@contextmanager
def served(at: Path) -> Iterator[Served]:
    """Serve an empty Hub in another process for as long as the block lasts."""
    with tempfile.TemporaryDirectory(dir=at) as folder:
        command = [sys.executable, __file__, "--serve", folder]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        there, back = cast("IO[str]", process.stdin), cast("IO[str]", process.stdout)
        with back:
            try:
                url, token = back.readline().split()
                yield Served(url, token)
            finally:
                there.close()
                process.wait()


def serve(folder: Path) -> None:
    """Serve a Hub until the other side goes away."""
    with LocalHub(folder, faults=True, durable=False) as hub:
        print(hub.url, hub.token, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
