"""vLLM itself: the code of a real card serves the nano model, asks it, and leaves nothing."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from hubq.cards.rendering import render_card
from hubq.markdown.fences import fences
from hubq.release import snippets
from hubq.resources import bundled
from tests.cards.factory import Factory

pytestmark = [pytest.mark.vllm, pytest.mark.backend]

TIMEOUT_S = 900


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a card as the templates have it, of a family that reads pictures and films."""
    factory = Factory(tmp_path_factory.mktemp("runs"))
    factory.quantize("GPTQ-Int4")
    factory.certify("GPTQ-Int4")
    files = render_card(factory.family(), "GPTQ-Int4", (bundled("card_templates"),), charts=False)
    return files["README.md"].decode()


def run(bench: Any, text: str, checkpoint: Path) -> list[dict[str, Any]]:
    control = bench.folder / f"card-{checkpoint.parents[1].name}"
    scripts = snippets.scripts_for(text, "vllm", ["transformers", "vllm"])
    repos = {"hubq/nano-qwen2-vl-GPTQ-Int4": checkpoint}
    job = snippets.job(scripts, repos, timeout_s=TIMEOUT_S)
    bench.do("vllm", "snippets", "card_vllm", job, control)
    record = json.loads((control / "files" / "snippets.json").read_text())
    return [fence for script in record["scripts"] for fence in script["fences"]]


def test_a_cards_code_serves_the_checkpoint_and_asks_it(bench: Any, text: str) -> None:
    found = run(bench, text, bench.checkpoint("GPTQ-Int4"))
    assert {one["state"] for one in found} == {"ran"}, found
    languages = [one["language"] for one in found]
    assert languages[0] == "bash"
    assert languages.count("python") == len(languages) - 1
    assert found[0]["seconds"] > 0
    asked = [fence for fence in fences(text) if fence.sha256 in {one["sha256"] for one in found}]
    assert len(asked) == len(found)
    with socket.socket() as line:
        assert line.connect_ex(("127.0.0.1", 8000)) != 0


def test_a_checkpoint_that_vllm_refuses_fails_in_its_words(bench: Any, text: str) -> None:
    served, *asked = run(bench, text, bench.checkpoint("GPTQ-Int8"))
    assert served["state"] == "failed"
    assert "the server did not come to answer" in served["said"]
    assert "ValueError: Marlin does not support" in served["said"]
    assert {one["state"] for one in asked} == {"not-run"}
