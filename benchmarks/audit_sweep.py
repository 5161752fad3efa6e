"""What a sweep of `hubq audit` over many repos costs, on the embedded Hub with the real client.

    python benchmarks/audit_sweep.py                       # 200 repos, a limit as the Hub's, scaled
    python benchmarks/audit_sweep.py --repos 1000 --jobs 16 --window 10

Prints one JSON object: repos a second, requests a repo by kind, answers with 429, how often it
waited for the limit, memory; and the same for a second sweep of the same repos. Server and client
share a process.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from hubq.audit.cache import Cache
from hubq.audit.expanding import items_of
from hubq.audit.library import Library
from hubq.audit.rule import all_rules
from hubq.audit.sweep import Sweep
from hubq.audit.targets import targets_of
from hubq.hub.huggingface import HuggingFaceHub
from hubq.localhub.faults import Faults
from hubq.localhub.limits import Limits, Quota
from hubq.localhub.server import LocalHub
from tests.audit.fleets import fill


def swept(hub: LocalHub, cache: Path, jobs: int) -> dict[str, Any]:
    """Sweep over every repo of the fleet and return what that cost."""
    waits: list[float] = []
    client = HuggingFaceHub(hub.url)
    client.pace(waits.append)
    faults = hub.faults or Faults()
    faults.clear_log()
    begun = time.perf_counter()
    library = Library(client, Cache(hub.url, cache))
    items = items_of(targets_of(("quants",), hub.url), library)
    found = Sweep(library, items, all_rules(), jobs=jobs).run()
    seconds = time.perf_counter() - begun
    log = faults.log()
    kinds = Counter("api" if one.path.startswith("/api/") else "resolvers" for one in log)
    return {
        "repos": len(found.audited),
        "missed": len(found.missed),
        "findings": sum(len(one.findings) for one in found.audited),
        "seconds": round(seconds, 2),
        "repos_a_second": round(len(found.audited) / seconds, 1),
        "requests_a_repo": {
            kind: round(count / max(1, len(items)), 2) for kind, count in sorted(kinds.items())
        },
        "answers_429": sum(one.status == 429 for one in log),
        "waits": len(waits),
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main() -> None:
    """Fill an embedded Hub, sweep over it twice, and print what that cost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repos", type=int, default=200)
    parser.add_argument("--shards", type=int, default=2)
    parser.add_argument("--jobs", type=int, default=8)
    parser.add_argument("--api", type=int, default=100, help="API calls a window")
    parser.add_argument("--resolvers", type=int, default=200, help="downloads a window")
    parser.add_argument("--window", type=float, default=2.0, help="seconds")
    given = parser.parse_args()
    quotas = {
        "api": Quota(given.api, given.window),
        "resolvers": Quota(given.resolvers, given.window),
    }
    with tempfile.TemporaryDirectory() as folder:
        served = LocalHub(Path(folder) / "hub", faults=True, durable=False, limits=Limits(quotas))
        with served as hub:
            fill(hub, given.repos, shards=given.shards)
            told = {
                name: swept(hub, Path(folder) / "cache", given.jobs) for name in ("first", "again")
            }
    print(json.dumps(told, indent=2))


if __name__ == "__main__":
    main()
