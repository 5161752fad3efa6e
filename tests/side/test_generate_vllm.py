from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hubq.evaluate import generation

pytestmark = pytest.mark.long

SIDE = Path(__file__).resolve().parents[2] / "hubq" / "side"
END = 2


class Words:
    """A tokenizer of whole words: a word's token is its place in the list, and 2 ends a turn."""

    bos_token = "<s>"

    def __init__(self) -> None:
        self.words = ["<s>", "?", "<end>"]

    def __call__(self, text: str, *, add_special_tokens: bool = True) -> dict[str, list[int]]:
        start = ["<s>"] if add_special_tokens else []
        return {"input_ids": [self.number(word) for word in [*start, *text.split()]]}

    def number(self, word: str) -> int:
        if word not in self.words:
            self.words.append(word)
        return self.words.index(word)

    def decode(self, ids: Sequence[int], *, skip_special_tokens: bool) -> str:
        assert skip_special_tokens
        return " ".join(self.words[token] for token in ids if token > END)


class Echo:
    """An engine that says a prompt's words again, one a step; so many run side by side."""

    def __init__(self, seats: int) -> None:
        self.seats = seats
        self.seen: list[Any] = []
        self.steps: list[tuple[str, ...]] = []
        self._held: dict[str, list[int]] = {}
        self._said: dict[str, list[int]] = {}

    def render(self, prompt: dict[str, Any]) -> Any:
        self.seen.append(prompt)
        return prompt

    def add(self, name: str, rendered: Any, most: int, stops: Sequence[str]) -> None:
        tokens = rendered["prompt_token_ids"]
        if len(tokens) > 10:
            raise ValueError("longer than the model goes")
        self._held[name] = [*tokens, END][:most]

    def step(self) -> list[Any]:
        running = tuple(self._held)[: self.seats]
        self.steps.append(running)
        done = []
        for name in running:
            said = self._said.setdefault(name, [])
            said.append(self._held[name][len(said)])
            if len(said) == len(self._held[name]):
                finish = "stop" if said[-1] == END else "length"
                done.append(SimpleNamespace(name=name, tokens=said, finish=finish))
                del self._held[name], self._said[name]
        return done

    def reset(self) -> None:
        assert not self._held
        self.steps.append(("reset",))


def item(key: str, text: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "text": text, "images": [], "max_new_tokens": 8, **more}


def task(items: list[dict[str, Any]], plan: list[list[int]], **more: Any) -> Any:
    given = {
        "items": items,
        "plan": plan,
        "texts": [f"<s> {one['text']}" for one in items],
        "shown": [[] for _ in items],
        "limits": None,
    }
    return SimpleNamespace(**(given | more))


@pytest.fixture
def answering(side: Any) -> Any:
    return side("vllm_answering")


def spoken(
    answering: Any, engine: Echo, given: Any, numbers: list[int], ahead: int = 2
) -> dict[int, list[dict[str, Any]]]:
    speaker = answering.Speaker(engine, Words(), given, engine.seats, ahead=ahead)
    return dict(speaker.answer(numbers))


ITEMS = [item(str(n), " ".join(f"w{n}" for _ in range(1 + n % 4))) for n in range(10)]
PLAN = [[3, 0, 1, 2], [4, 5, 6, 7], [9, 8]]


@pytest.mark.parametrize("ahead", [0, 3])
def test_chunks_are_answered_in_the_plans_order(answering: Any, ahead: int) -> None:
    found = spoken(answering, Echo(2), task(ITEMS, PLAN), [0, 1, 2], ahead)
    assert list(found) == [0, 1, 2]
    for number, answers in found.items():
        for position, answer in zip(PLAN[number], answers, strict=True):
            assert answer["output"] == ITEMS[position]["text"]
            assert answer["tokens"] == len(ITEMS[position]["text"].split()) + 2
            assert (answer["finish"], answer["batch"]) == ("stop", 0)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("render")]


def test_what_runs_together_in_a_chunk_does_not_depend_on_those_before_it(answering: Any) -> None:
    whole, alone = Echo(2), Echo(2)
    spoken(answering, whole, task(ITEMS, PLAN), [0, 1, 2])
    spoken(answering, alone, task(ITEMS, PLAN), [1])
    starts = [place for place, names in enumerate(whole.steps) if names == ("reset",)]
    assert alone.steps == whole.steps[starts[1] : starts[2]]
    assert max(len(names) for names in whole.steps) == 2


def test_answers_are_cut_and_end_at_stop_texts(answering: Any) -> None:
    items = [item("a", "one two three", max_new_tokens=2), item("b", "x y z", stop=[" z", " y"])]
    found = spoken(answering, Echo(1), task(items, [[0, 1]]), [0])
    assert found[0] == [
        {"output": "one", "tokens": 2, "finish": "length", "batch": 0},
        {"output": "x", "tokens": 5, "finish": "stop", "batch": 0},
    ]


def test_a_beginning_that_the_template_wrote_is_not_put_twice(answering: Any) -> None:
    words = Words()
    assert answering.tokenize(words, ["<s> one", "one"]) == [[0, 3], [0, 3]]


def test_pictures_go_with_their_prompt_and_the_tasks_pixel_limits(
    answering: Any, tmp_path: Path
) -> None:
    image = pytest.importorskip("PIL.Image")
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    for path, shade in zip(paths, (10, 200), strict=True):
        image.new("L", (8, 8), shade).save(path)
    engine = Echo(1)
    limits = {"shortest_edge": 64, "longest_edge": 128}
    items = [item("a", "see"), item("b", "say")]
    given = task(items, [[0, 1]], shown=[[paths[1], paths[0]], []], limits=limits)
    spoken(answering, engine, given, [0])
    seen, said = engine.seen
    shades = [picture.getpixel((0, 0))[0] for picture in seen["multi_modal_data"]["image"]]
    assert shades == [200, 10]
    assert seen["mm_processor_kwargs"] == {"images_kwargs": {"size": limits}}
    assert set(said) == {"prompt_token_ids"}


def test_a_prompt_that_is_too_long_is_named(answering: Any) -> None:
    items = [item("short", "one"), item("q-17", "word " * 12)]
    with pytest.raises(ValueError, match="item q-17: longer than the model goes"):
        spoken(answering, Echo(1), task(items, [[0, 1]]), [0])


def test_what_goes_wrong_while_rendering_comes_out_where_it_is_asked_for(answering: Any) -> None:
    def render(position: int) -> int:
        if position == 2:
            raise ValueError("not a picture")
        return position

    with answering.rendered(render, [0, 1, 2, 3], 2) as prompts:
        assert [next(prompts), next(prompts)] == [0, 1]
        with pytest.raises(ValueError, match="not a picture"):
            next(prompts)


# --- the program that serves ---------------------------------------------------------------------


def test_an_engine_that_gives_up_on_a_prompt_is_an_error(side: Any) -> None:
    server = side("vllm_server")

    def engine(finish: str, *, emptied: bool = True) -> Any:
        output = SimpleNamespace(token_ids=[5, END], finish_reason=finish)
        steps = [SimpleNamespace(finished=False), SimpleNamespace(
            finished=True, outputs=[output], request_id="7"
        )]  # fmt: skip
        inner = SimpleNamespace(
            step=lambda: steps,
            reset_encoder_cache=lambda: None,
            reset_prefix_cache=lambda: emptied,
        )
        return server.Engine(SimpleNamespace(model_config=None, llm_engine=inner), [END])

    assert engine("length").step() == [("7", [5, END], "length")]
    with pytest.raises(RuntimeError, match="abort"):
        engine("abort").step()
    engine("stop").reset()
    with pytest.raises(RuntimeError, match="still running"):
        engine("stop", emptied=False).reset()


class Stand:
    """Stands for a loaded checkpoint: answers every chunk with its number."""

    made_with: dict[str, Any] = {"dtype": "bfloat16"}  # noqa: RUF012

    def prepare(self, items: Path, _task: object) -> dict[str, Any]:
        if not items.exists():
            raise FileNotFoundError(items)
        return {"plan": [[0]], "hashes": ["h"], "limits": None}

    def answer(self, numbers: list[int]) -> Iterator[tuple[int, list[dict[str, Any]]]]:
        yield from ((number, [{"output": str(number)}]) for number in numbers)


def test_requests_are_served_until_something_goes_wrong(side: Any, tmp_path: Path) -> None:
    server, events = side("vllm_server"), side("events")
    reading, writing = os.pipe()
    events.connect(writing)
    loads = []

    def load(request: Any) -> Any:
        loads.append(request)
        return Stand(), {"import": 1.5, "load": 2.5}

    good = {"do": "prepare", "items": str(tmp_path), "task": {}}
    asked = [good, {"do": "answer", "numbers": [0, 1]}, good, {**good, "items": "/gone"}, good]
    assert server.serve(iter(asked), load) == 1
    events.connect(None)
    os.close(writing)
    with os.fdopen(reading) as lines:
        said = [line for line in map(json.loads, lines) if line["event"] == "reply"]
    replies = [one["reply"] for one in said]
    assert len(loads) == 1
    assert [one["last"] for one in said] == [True, False, False, True, True, True]
    assert [replies[0]["seconds"], replies[4]["seconds"]] == [
        {"import": 1.5, "load": 2.5},
        {"import": 0.0, "load": 0.0},
    ]
    assert [replies[1]["number"], replies[2]["answers"]] == [0, [{"output": "1"}]]
    assert replies[3]["peak_resident_bytes"] > 0
    assert replies[5]["causes"][0]["type"] == "FileNotFoundError"


# --- the worker's script, with a program that stands for the engine -------------------------------

PROGRAM = """
import json, os, sys, time
sys.path.append({side!r})
import events, vllm_launch, vllm_serving
vllm_launch.connect()
notes = open({notes!r}, "a", buffering=1)
notes.write(f"start {{os.getpid()}}\\n")
for request in vllm_serving.requests(int(sys.argv[1])):
    print("asked to", request["do"])
    if request["do"] == "prepare":
        wrong = json.loads(request["task"].get("note") or "null")
        if wrong:
            vllm_serving.reply({{"causes": [wrong]}})
            continue
        count = sum(1 for _ in open(request["items"] + "/items.jsonl"))
        dtype = request["task"].get("dtype", request["dtype"])
        made = {{"dtype": dtype, "kernels": {{}}, "attention": {{}}, "device": "cpu"}}
        vllm_serving.reply({{
            "plan": [[p] for p in range(count)], "hashes": [f"h{{p}}" for p in range(count)],
            "limits": None, "made_with": made, "seconds": {{"import": 1.0, "load": 1.0}},
        }})
        continue
    for number in request["numbers"]:
        dying = os.path.exists({notes!r} + ".die")
        if dying and number == 2:
            os.kill(os.getpid(), 9)
        if os.path.exists({notes!r} + ".hang"):
            time.sleep(60)
        events.progress(number, 4, "items")
        notes.write(f"chunk {{number}}\\n")
        answer = {{"output": f"a{{number}}", "tokens": 2, "finish": "stop", "batch": 0}}
        vllm_serving.reply({{"number": number, "answers": [answer]}}, last=False)
    vllm_serving.reply({{"peak_resident_bytes": 1 << 30, "peak_device_bytes": 0}})
"""


class Bench:
    """Runs the worker's script with a program that stands for the engine."""

    def __init__(self, script: Any, folder: Path) -> None:
        self.script, self.folder = script, folder
        self.notes = folder / "notes.txt"
        self.program = folder / "program.py"
        self.program.write_text(PROGRAM.format(side=str(SIDE), notes=str(self.notes)))
        items = folder / "items"
        items.mkdir()
        lines = [json.dumps(item(f"k{n}", "?")) for n in range(4)]
        (items / "items.jsonl").write_text("\n".join(lines) + "\n")

    def run(self, name: str = "a", **changes: Any) -> dict[str, Any]:
        work = self.folder / name
        work.mkdir(exist_ok=True)
        job = {
            "checkpoint": "/models/x",
            "items": str(self.folder / "items"),
            "partial": str(self.folder / "partial"),
            "task": {},
            "batch_size": 2,
            "dtype": "bfloat16",
            "device": "cpu",
        }
        facts: dict[str, Any] = self.script.generate(job | changes, work, self.program)
        return facts

    def said(self, word: str) -> list[str]:
        lines = self.notes.read_text().splitlines()
        return [line.split()[1] for line in lines if line.startswith(word)]

    def flag(self, name: str) -> Path:
        path = Path(f"{self.notes}.{name}")
        path.touch()
        return path


@pytest.fixture
def bench(side: Any, tmp_path: Path) -> Iterator[Bench]:
    yield Bench(side("generate_vllm"), tmp_path)
    sys.modules["vllm_serving"].release()


def has_ended(pid: int) -> bool:
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_records_and_facts_are_those_of_every_engine(bench: Bench) -> None:
    facts = bench.run()
    records = generation.read_records(bench.folder / "a" / generation.RECORDS)
    assert [(r.key, r.prompt_hash, r.output, r.batch) for r in records] == [
        (f"k{n}", f"h{n}", f"a{n}", 0) for n in range(4)
    ]
    assert (facts["engine"], facts["items"], facts["tokens"]) == ("vllm", 4, 8)
    assert facts["peak_resident_bytes"] == 1 << 30
    assert facts["committed_before"] == {"batches": 0, "items": 0}
    assert facts == json.loads((bench.folder / "a" / generation.FACTS).read_bytes())
    generation.collect(bench.folder / "a", {})


def test_a_killed_engine_loses_only_the_chunk_in_flight(bench: Bench) -> None:
    die = bench.flag("die")
    with pytest.raises(bench.script.EngineError, match="was killed by SIGKILL"):
        bench.run("a")
    die.unlink()
    facts = bench.run("a")
    assert bench.said("chunk") == ["0", "1", "2", "3"]
    assert facts["committed_before"] == {"batches": 2, "items": 2}
    bench.run("b", partial=None)
    assert (bench.folder / "a" / generation.RECORDS).read_bytes() == (
        bench.folder / "b" / generation.RECORDS
    ).read_bytes()


def test_the_engine_stays_for_the_next_task_and_goes_for_another_checkpoint(bench: Bench) -> None:
    first = bench.run("a", partial=None)
    second = bench.run("b", partial=None, task={"max_pixels": 3136})
    assert len(bench.said("start")) == 1
    assert (first["engine_reused"], second["engine_reused"]) == (False, True)
    bench.run("c", partial=None, checkpoint="/models/y")
    before, after = map(int, bench.said("start"))
    assert has_ended(before)
    other = bench.run("d", partial=None, checkpoint="/models/y", dtype="float16")
    assert not other["engine_reused"]
    assert has_ended(after)


def test_what_the_engine_writes_goes_to_the_log_of_its_job(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    bench.run("a", partial=None)
    assert capfd.readouterr().out == "asked to prepare\nasked to answer\n"
    bench.run("b", partial=None)
    assert capfd.readouterr().out == "asked to prepare\nasked to answer\n"


MARLIN = {
    "type": "ValueError",
    "message": "Marlin does not support weight_bits = uint8b128 in /models/x.",
    "place": "vllm/model_executor/layers/quantization/utils/marlin_utils.py",
}


@pytest.mark.parametrize(
    ("cause", "error", "said"),
    [
        (MARLIN, "Infeasible", "does not support weight_bits = uint8b128 in the checkpoint."),
        ({**MARLIN, "place": "vllm/model_executor/models/qwen2_vl.py"}, "EngineError", "Marlin"),
        ({"type": "Infeasible", "message": "takes none", "place": ""}, "Infeasible", "takes none"),
        ({**MARLIN, "message": "CUDA out of memory."}, "MemoryError", "out of memory"),
    ],
)
def test_what_vllm_cannot_do_is_told_from_what_went_wrong(
    bench: Bench, cause: dict[str, str], error: str, said: str
) -> None:
    with pytest.raises(Exception, match=said) as caught:
        bench.run(task={"note": json.dumps(cause)})
    assert caught.type.__name__ == error
    assert has_ended(int(bench.said("start")[0]))


def test_another_dtype_than_the_jobs_is_infeasible(bench: Bench) -> None:
    with pytest.raises(Exception, match="computes in float16, not in bfloat16") as caught:
        bench.run(task={"dtype": "float16"})
    assert caught.type.__name__ == "Infeasible"


def test_a_stop_ends_the_engine(bench: Bench, side: Any) -> None:
    bench.flag("hang")
    events = side("events")

    def stop_when_it_runs() -> None:
        while not (bench.notes.exists() and bench.said("start")):
            time.sleep(0.01)
        events.request_stop()

    threading.Thread(target=stop_when_it_runs, daemon=True).start()
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - Stop is of side's own modules
        bench.run()
    assert caught.type.__name__ == "Stop"
    assert has_ended(int(bench.said("start")[0]))


def test_the_engine_dies_with_the_worker(bench: Bench, tmp_path: Path) -> None:
    side_module = sys.modules["vllm_serving"]
    worker = tmp_path / "worker.py"
    worker.write_text(
        f"import sys, os\nsys.path.append({str(SIDE)!r})\nimport vllm_serving\n"
        "from pathlib import Path\n"
        f"server = vllm_serving.Server(Path({str(bench.program)!r}), {{}})\n"
        f"for _ in server.ask({{'do': 'prepare', 'items': {str(bench.folder / 'items')!r},"
        " 'task': {}, 'dtype': 'x'}): pass\nos.kill(os.getpid(), 9)\n"
    )
    server = side_module.Server(worker, {})
    with pytest.raises(side_module.EndedError, match="SIGKILL"):
        list(server.ask({}))
    server.close()
    assert has_ended(int(bench.said("start")[0]))


def test_a_kill_for_memory_is_told_apart(side: Any, tmp_path: Path) -> None:
    serving = side("vllm_serving")
    program = tmp_path / "program.py"
    program.write_text("import os\nos.kill(os.getpid(), 9)\n")
    kills = iter([3, 4])
    server = serving.Server(program, {}, kills=lambda: next(kills))
    with pytest.raises(MemoryError, match="memory ran out"):
        list(server.ask({"do": "prepare"}))
    server.close()
    assert not server.alive
