from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from hubq.model.recipe import Calibration, VariantSpec
from hubq.model.result import Measure, Result
from hubq.model.source import Source
from hubq.model.stage import Kind, Stage
from hubq.quantize import learning
from hubq.quantize.footprint import Estimate, estimate
from hubq.quantize.shapes import from_config
from hubq.store import RESULT_FILE, Store
from tests.quantize.test_shapes import QWEN2_VL_2B
from tests.rows import each_row

SOURCE = Source(
    name="m",
    digest="d",
    path="",
    config=QWEN2_VL_2B,
    files={"model.safetensors": 4_418_050_848, "tokenizer.json": 7_000_000},
)
GPTQ = VariantSpec(name="v", method="gptq", bits=4)
ROWS = Calibration(dataset="c.jsonl", samples=128, length=2048)
SETTINGS: dict[str, Any] = {
    "method": "gptq",
    "bits": 4,
    "group_size": 128,
    "desc_act": False,
    "sym": True,
    "damp": 0.1,
    "alpha": None,
    "device": "cpu",
    "calibration": {"samples": 128, "length": 2048, "seed": 0, "digest": "x"},
}
TOKENS = 100_000


def guess(variant: VariantSpec = GPTQ, tokens: int | None = None) -> Estimate:
    weights = from_config(QWEN2_VL_2B, 4_418_050_848)
    return estimate(weights, variant, ROWS, "cpu", tokens=tokens)


def result(ram: float = 1.0, seconds: float = 1000.0, **changes: Any) -> Result:
    """Return a quantize result that took `ram` times the memory that is estimated."""
    about = guess(tokens=TOKENS)
    numbers = {
        "seconds": seconds,
        "size_bytes": float(about.size_bytes),
        "peak_resident_bytes": ram * about.ram_bytes,
        "calibration_text_tokens": 30_000.0,
        "calibration_vision_tokens": 70_000.0,
    }
    measures = tuple(
        Measure(name=name, value=value, unit="", n=1, file="quantize.json", pointer="/")
        for name, value in numbers.items()
    )
    stage = Stage(id="quantize/v", kind=Kind.QUANTIZE, backend="gptqmodel", settings=SETTINGS)
    made = Result(
        key="k",
        stage=stage,
        inputs={},
        measures=measures,
        files={},
        started="",
        ended="",
        seconds=seconds,
    )
    return msgspec.structs.replace(made, **changes)


def staged(**changes: Any) -> Result:
    return msgspec.structs.replace(
        result(), stage=msgspec.structs.replace(result().stage, **changes)
    )


def test_without_earlier_results_an_estimate_stays_as_it_is() -> None:
    assert learning.corrected(guess(), {}) == guess()
    assert guess().seconds is None


def test_an_earlier_result_is_compared_with_what_its_rows_would_be_estimated_at() -> None:
    seen = learning.seen(result(ram=1.5), SOURCE)
    assert seen is not None
    assert msgspec.structs.replace(seen.estimate, variant="v") == guess(tokens=TOKENS)
    assert seen.ram_bytes == pytest.approx(1.5 * seen.estimate.ram_bytes)
    assert seen.seconds == 1000.0


def test_estimates_are_multiplied_by_the_median_ratio() -> None:
    earlier = learning.learned((result(ram=ratio), SOURCE) for ratio in (1.2, 1.5, 9.0))
    fixed = learning.corrected(guess(), earlier)
    assert fixed.ram_bytes == pytest.approx(1.5 * guess().ram_bytes, rel=1e-6)
    assert fixed.size_bytes == guess().size_bytes
    assert fixed.results == 3


def test_time_grows_with_the_work() -> None:
    earlier = learning.learned([(result(seconds=1000.0), SOURCE)])
    same = learning.corrected(guess(tokens=TOKENS), earlier)
    more = learning.corrected(guess(tokens=2 * TOKENS), earlier)
    assert same.seconds == pytest.approx(1000.0)
    assert more.seconds is not None
    assert 1000.0 < more.seconds < 2000.0


def test_time_is_not_taken_from_a_model_of_another_size() -> None:
    tiny = {**QWEN2_VL_2B, "num_hidden_layers": 1, "hidden_size": 128, "intermediate_size": 256}
    small = msgspec.structs.replace(SOURCE, config=tiny, files={"model.safetensors": 1_000_000})
    fixed = learning.corrected(guess(), learning.learned([(result(), small)]))
    assert fixed.seconds is None
    assert fixed.results == 1


def test_other_methods_backends_and_devices_say_nothing() -> None:
    awq = VariantSpec(name="v", method="awq", bits=4, sym=False)
    earlier = learning.learned([(result(ram=2.0), SOURCE)])
    assert learning.corrected(guess(awq), earlier) == guess(awq)
    gpu = staged(settings={**SETTINGS, "device": "cuda"})
    assert set(learning.learned([(gpu, SOURCE)])) == {("gptqmodel", "gptq", "cuda")}


@each_row(
    "strange",
    [
        staged(kind=Kind.CERTIFY),
        staged(backend="gone"),
        staged(settings={}),
        staged(settings={**SETTINGS, "bits": 7}),
        staged(settings={**SETTINGS, "calibration": None}),
        staged(settings={**SETTINGS, "device": "mps"}),
        staged(settings={**SETTINGS, "method": "awq", "bits": 8}),
        result(measures=()),
    ],
)
def test_results_of_other_kinds_and_times_are_passed_over(strange: Result) -> None:
    assert learning.learned([(strange, SOURCE)]).keys() <= {("gptqmodel", "gptq", "cpu")}


def test_a_source_whose_sizes_are_not_known_is_passed_over() -> None:
    bare = msgspec.structs.replace(SOURCE, config={"model_type": "qwen2_vl"})
    assert learning.seen(result(), bare) is None


def test_a_runs_folder_is_learned_from_and_what_is_damaged_in_it_is_not(tmp_path: Path) -> None:
    store = Store(tmp_path)
    resolve = msgspec.structs.replace(
        result(),
        key="a" * 64,
        stage=Stage(id="resolve", kind=Kind.RESOLVE, backend="hubq", settings={}),
        facts={"source": msgspec.to_builtins(SOURCE)},
        measures=(),
    )
    quantize = msgspec.structs.replace(result(), key="b" * 64, inputs={"resolve": "a" * 64})
    orphan = msgspec.structs.replace(result(), key="c" * 64, inputs={"resolve": "d" * 64})
    for made in (resolve, quantize, orphan):
        store.commit(store.work(made.key), made)
    assert {key: len(seen) for key, seen in learning.stored(store).items()} == {
        ("gptqmodel", "gptq", "cpu"): 1
    }
    (store.folder("b" * 64) / RESULT_FILE).write_text('{"quantize"')
    assert learning.stored(store) == {}
    assert learning.stored(Store(tmp_path / "new")) == {}
