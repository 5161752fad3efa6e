"""What times vLLM's servers in a sitting: see the protocol `Stage` of `bench_sitting`."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bench_energy
import bench_engine
import bench_memory
import bench_refusal
import bench_requests
import bench_starting
import events
import nvml
import snippet_server
import vllm_loading
from bench_client import Client
from bench_requests import WARM_SEED
from bench_server import Server
from bench_sitting import CROWDED, Lost
from bench_turns import Step

#: The other arithmetic is taken only where vLLM refuses the one asked for.
DTYPES = ("bfloat16", "float16")
#: Within so many seconds a server's end is noticed.
NOTICED_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Running:
    """A server that is there, and what it said of itself."""

    server: Server
    facts: dict[str, Any]


class Stage:
    """Servers of the checkpoints of a job, and the client that asks them.

    Args:
        job: of the worker.
        scratch: a folder that is this job's alone.
        joules: a running count of energy in J; none where nothing tells.
        together: whether all servers are expected to fit in memory at once.
        client: asks the servers.
    """

    def __init__(
        self,
        job: Mapping[str, Any],
        scratch: Path,
        joules: Callable[[], float | None],
        *,
        together: bool,
        client: Client | None = None,
    ) -> None:
        self._job, self._scratch, self._joules = job, scratch, joules
        self._together = together
        self._client = client or Client(job["limit_seconds"])
        self._workloads = {workload["name"]: workload for workload in job["serving"]}
        # The same for all: what they are asked depends on it.
        self._tokenizer = next(Path(path) for path in job["checkpoints"] if path is not None)
        self._dtypes: dict[int, str] = {}
        self._running: dict[int, Running] = {}
        self._awake: int | None = None
        self._warmed: Counter[tuple[int, Step]] = Counter()
        self._before: dict[int, int] = {}

    def close(self) -> None:
        """End the client and every server."""
        for position in list(self._running):
            self.unload(position)
        self._client.close()

    # --- servers ----------------------------------------------------------------------------------

    def load(self, position: int) -> dict[str, Any]:
        """Start a subject's server."""
        events.phase(f"start server {position}")
        self._rest()
        checkpoint = Path(self._job["checkpoints"][position])
        asked = self._dtypes.get(position, self._job["dtype"])
        dtypes = list(dict.fromkeys((asked, *DTYPES)))
        folder = self._scratch / f"server-{position}"
        try:
            server, dtype, seconds = bench_starting.start(
                lambda dtype: self._keep(position, self._server(checkpoint, dtype, folder)), dtypes
            )
        except snippet_server.NotReadyError as error:
            self.unload(position)
            log = folder / "log.txt"
            raise bench_starting.explained(
                error, checkpoint, dtypes, self._job["device"], log
            ) from None
        self._dtypes[position] = dtype
        with self._asking(position):
            found = server.describe()
            cache = self._cache(server, found)
        if lacking := vllm_loading.unfilled(checkpoint, found.pop("fused")):
            self.unload(position)
            raise Lost("failed", f"vLLM leaves at random what it would load from {lacking[0]}")
        facts = {
            **{name: found[name] for name in ("kernels", "attention", "weights_bytes", "threads")},
            **cache,
            "dtype": dtype,
            "device": self._job["device"],
            "load_seconds": seconds,
            "disk_bytes": bench_memory.disk_bytes(checkpoint),
        }
        self._running[position] = Running(server=server, facts={**found, **facts})
        server.pause()
        return facts

    def _cache(self, server: Server, found: Mapping[str, Any]) -> dict[str, Any]:
        """Return what fits beside the weights: on a GPU, as if the server were alone there."""
        cache = {name: found[name] for name in ("cache_tokens", "cache_bytes")}
        device = self._job["device"]
        if device == "cpu" or not all(cache.values()):
            return cache
        memory = server.engine("hubq_memory")
        reserved = sum(one["reserved"] or 0 for one in memory) + bench_memory.PROCESS_BYTES["cuda"]
        held = device_bytes(device, server.pids()) or reserved
        return bench_engine.fitting(bench_engine.gpu_bytes(device), held, cache)

    def unload(self, position: int) -> None:
        """End a subject's server."""
        running = self._running.pop(position, None)
        if running is not None:
            running.server.stop()
        if self._awake == position:
            self._awake = None

    def _server(self, checkpoint: Path, dtype: str, folder: Path) -> Server:
        crowded = (Path(self._job["partial"]) / CROWDED).exists()
        serving, device = self._job["serving"], self._job["device"]
        together = self._together and not crowded
        return Server(
            bench_engine.arguments(checkpoint, serving, dtype, device, together=together), folder
        )

    def _keep(self, position: int, server: Server) -> Server:
        """Remember a server before it is started, so that it is ended whatever happens."""
        self._running[position] = Running(server=server, facts={})
        return server

    def _wake(self, position: int) -> Running:
        """Let one server run, and no other."""
        if position in self._running and not self._running[position].server.alive:
            self.unload(position)
        if position not in self._running:
            self.load(position)
        running = self._running[position]
        if self._awake != position:
            self._rest()
            running.server.go_on()
            self._awake = position
        return running

    def _rest(self) -> None:
        if self._awake is not None and self._awake in self._running:
            self._running[self._awake].server.pause()
        self._awake = None

    # --- runs -------------------------------------------------------------------------------------

    def begin(self, position: int, step: Step) -> dict[str, Any]:
        """Send one request, so that a workload that cannot be served is known by its reason."""
        workload = self._workloads[step.workload]
        running = self._wake(position)
        bench_refusal.check(workload, running.facts["positions"])
        with self._asking(position):
            memory = running.server.engine("hubq_memory", "fresh")
        self._before[position] = sum(one["now"] for one in memory)
        alone = {"requests": 1, "concurrency": 1}
        made = self._run(position, workload, alone, WARM_SEED - 1)["requests"]
        if made[0][6]:
            raise bench_refusal.refused(running.server.port, workload, made[0][6])
        return {"prompt_tokens": made[0][4]}

    def warm(self, position: int, step: Step) -> float:
        """Do a run whose requests no round has."""
        self._warmed[position, step] += 1
        workload, load = self._asked(step)
        seed = WARM_SEED + self._warmed[position, step]
        found = self._run(position, workload, load, seed)
        return bench_requests.seconds(found["requests"])

    def play(self, position: int, step: Step, number: int) -> dict[str, Any]:
        """Do a run with the requests of a round, which all subjects get."""
        workload, load = self._asked(step)
        found = self._run(position, workload, load, number)
        return {**found, "seconds": bench_requests.seconds(found["requests"])}

    def memory(self, position: int, _: Step) -> dict[str, Any] | None:
        """Return the memory of the engine's processes."""
        running = self._running[position]
        with self._asking(position):
            found = running.server.engine("hubq_memory")
        reserved = [one["reserved"] for one in found if one["reserved"] is not None]
        return {
            "kind": found[0]["kind"],
            "peak_bytes": sum(one["peak"] for one in found),
            "weights_bytes": running.facts["weights_bytes"],
            "before_bytes": self._before[position],
            "reserved_bytes": sum(reserved) if reserved else None,
            "device_bytes": device_bytes(self._job["device"], running.server.pids()),
        }

    def speed(self, step: Step, sample: Mapping[str, Any]) -> float:
        """Return answers a second, or the reverse of the median latency under a rate."""
        return bench_requests.speed(step.step, sample)

    def _asked(self, step: Step) -> tuple[dict[str, Any], dict[str, Any]]:
        workload = self._workloads[step.workload]
        named = {bench_requests.step_name(load): load for load in workload["loads"]}
        return workload, named[step.step]

    def _run(
        self, position: int, workload: Mapping[str, Any], load: Mapping[str, Any], seed: int
    ) -> dict[str, Any]:
        """Have the client do a run; return its requests, and the energy that it took.

        Raises:
            Lost: the server ended, nothing was answered, or the client failed.
        """
        server = self._wake(position).server
        result = self._scratch / "found.json"
        result.unlink(missing_ok=True)
        said = bench_requests.arguments(
            workload,
            load,
            port=server.port,
            tokenizer=self._tokenizer,
            seed=seed,
            result=result,
        )
        try:
            with bench_energy.Meter(self._joules) as meter:
                self._client.run(said)
        except Lost as lost:
            raise self._death(position) or lost from None
        found = json.loads(result.read_bytes())
        made = bench_requests.requests(found)
        if any(one[6] for one in made) and (death := self._death(position)):
            raise death
        first = min(found["start_times"])
        whole = max(one[0] + one[2] for one in made)
        return {"requests": made, "joules": meter.between(first, first + whole)}

    @contextmanager
    def _asking(self, position: int) -> Iterator[None]:
        """Ask a server about its engine.

        Raises:
            Lost: it has not answered.
        """
        try:
            yield
        except (OSError, RuntimeError) as error:
            raise self._death(position) or Lost("failed", f"the server: {error}") from None

    def _death(self, position: int) -> Lost | None:
        """Return how a server has ended that did not answer; none where it runs."""
        server = self._running[position].server
        until = time.monotonic() + NOTICED_S
        while server.alive:
            if time.monotonic() > until:
                return None
            time.sleep(NOTICED_S / 20)
        said = server.death()
        self.unload(position)
        print(bench_starting.last_error(server.log))
        return Lost("oom" if "memory ran out" in said else "failed", f"the server: {said}")


def device_bytes(device: str, pids: list[int]) -> int | None:
    """Return what processes hold on a GPU, as the driver has it; none where it does not tell."""
    if device == "cpu":
        return None
    try:
        users = nvml.Gpu(device).users() or ()
    except nvml.Unavailable:
        return None
    own = [user.used_bytes for user in users if user.pid in pids and user.used_bytes]
    return sum(own) or None
