"""A stand-in for vLLM behind real HTTP, and what is left on the machine of such servers."""

from __future__ import annotations

import socket
import time
from pathlib import Path

STAND_IN = """
import http.server, json, os, signal, subprocess, sys

port = int(sys.argv[sys.argv.index("--port") + 1])
if "--broken" in sys.argv:
    print("ValueError: torch.bfloat16 is not supported for quantization method gptq. "
          "Supported dtypes: [torch.float16]")
    sys.exit(1)
SHARING = (
    "import multiprocessing.shared_memory as shared, time; "
    "kept = shared.SharedMemory(create=True, size=1000); time.sleep(600)"
)
FACTS = {
    "kernels": {"Linear": 2}, "attention": {"text": "CPU"}, "weights_bytes": 10, "threads": 1,
    "fused": [], "cache_bytes": 1000, "now": 5, "peak": 7, "reserved": None, "kind": "resident",
}
beside = subprocess.Popen([sys.executable, "-c", SHARING])


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        said = {
            "/health": "",
            "/metrics": 'vllm:cache_config_info{kv_cache_size_tokens="174720"} 1.0',
            "/v1/models": json.dumps({"data": [{"max_model_len": 1024}]}),
        }
        self.tell(200, said[self.path])

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/collective_rpc":
            self.tell(200, json.dumps({"results": [{**FACTS, **asked}]}))
        elif self.path == "/v1/completions":
            words = f"you asked for {len(asked['prompt'])} tokens, there are 1024"
            self.tell(400, json.dumps({"error": {"message": words}}))
        else:
            self.tell(500, "no JSON")

    def tell(self, status, text):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


def is_free(port: int) -> bool:
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) != 0


def state(pid: int) -> str:
    """Return the letter that the kernel has for a process; empty when it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def shared(pids: list[int]) -> list[Path]:
    """Wait until one of some processes shares memory, and return the files."""
    for _ in range(200):
        maps = [Path(f"/proc/{pid}/maps").read_text() for pid in pids]
        found = {line.split()[-1] for text in maps for line in text.splitlines() if "psm_" in line}
        if found:
            return sorted(map(Path, found))
        time.sleep(0.02)
    return []


def becomes(pid: int, *states: str) -> bool:
    for _ in range(200):
        if state(pid) in states:
            return True
        time.sleep(0.02)
    return False


def vanishes(path: Path) -> bool:
    for _ in range(200):
        if not path.exists():
            return True
        time.sleep(0.02)
    return False
