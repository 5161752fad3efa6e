from __future__ import annotations

import msgspec
import pytest

from hubq.bench.comparing import Change, Comparison, compare, worse_by
from hubq.bench.runs import Bench, Run, narrowed
from hubq.stats.shifts import shift
from tests.bench.kept import ASKED, MACHINE, bench, entry, lost, run

BASE = [100.0, 101.0, 99.0, 100.5, 99.5]
SLOWER_DAY = [80.0, 81.0, 79.0, 80.5, 79.5]
FIRST = [90.1, 90.7, 89.3, 90.2, 89.6]


def scaled(values: list[float], factor: float) -> list[float]:
    return [factor * value for value in values]


def of(own: list[float], baseline: list[float] = BASE, variant: str = "GPTQ-Int4") -> Bench:
    return bench(variant, entry(own, baseline))


def only(found: Comparison) -> Change:
    (change,) = found.changes
    return change


def test_a_run_beside_itself_is_the_same() -> None:
    found = compare(run(of(FIRST)), run(of(FIRST)))
    change = only(found)
    assert (change.verdict, change.basis, change.beyond) == ("same", "ratio", False)
    assert change.ratio is not None
    assert change.ratio.factor == 1
    assert found.beyond == 0
    assert not found.differences


def test_a_slower_machine_is_no_slower_variant() -> None:
    later = run(of(scaled(FIRST, 0.8), scaled(BASE, 0.8)))
    change = only(compare(run(of(FIRST)), later))
    assert change.verdict == "same"
    assert change.speed is not None
    assert change.speed.factor == pytest.approx(0.8)


def test_a_slower_variant_is_found_on_a_machine_that_is_faster_today() -> None:
    later = run(of(scaled(FIRST, 0.9 * 1.5), scaled(BASE, 1.5)))
    found = compare(run(of(FIRST)), later)
    change = only(found)
    assert (change.verdict, change.beyond, found.beyond) == ("slower", True, 1)
    assert worse_by(change) == pytest.approx(0.1)


def test_a_change_that_other_loads_explain_is_not_told() -> None:
    later = scaled(FIRST, 0.98)
    pairs = [
        [run(bench("AWQ", entry(own, BASE, load_spread=spread))) for own in (FIRST, later)]
        for spread in (0.0, 0.02)
    ]
    told, kept = (only(compare(before, after)) for before, after in pairs)
    assert (told.verdict, kept.verdict) == ("slower", "unclear")
    assert told.ratio is not None
    assert kept.ratio is not None
    assert kept.ratio.factor == told.ratio.factor


def test_rounds_that_ended_at_their_cap_take_a_smaller_p() -> None:
    later = [96.0, 99.1, 94.5, 98.0, 97.7]
    calm, noisy = (
        only(
            compare(
                run(bench("AWQ", entry(BASE, BASE, stopped=stopped))),
                run(bench("AWQ", entry(later, BASE))),
            )
        )
        for stopped in ("narrow", "most")
    )
    assert calm.holm == noisy.holm
    assert 0.001 < (noisy.holm or 0) < 0.05
    assert (calm.level, calm.verdict) == (0.05, "slower")
    assert (noisy.level, noisy.verdict) == (0.001, "same")


def test_the_shift_is_welch_s_on_ratios_of_rounds() -> None:
    later = [88.0, 87.1, 88.9, 86.9, 88.2]
    change = only(compare(run(of(FIRST)), run(of(later))))
    wanted = shift(
        [own / base for own, base in zip(FIRST, BASE, strict=True)],
        [own / base for own, base in zip(later, BASE, strict=True)],
    )
    assert change.ratio == wanted
    assert change.holm == wanted.p


def test_slower_within_the_limit_is_told_and_passes() -> None:
    found = compare(run(of(FIRST)), run(of(scaled(FIRST, 0.97))), limit=0.05)
    assert (only(found).verdict, found.beyond) == ("slower", 0)
    assert compare(run(of(FIRST)), run(of(scaled(FIRST, 0.97))), limit=0.02).beyond == 1


def test_much_slower_within_noise_is_unclear_and_passes() -> None:
    wild = [60.0, 120.0, 70.0, 110.0, 65.0]
    found = compare(run(of(FIRST)), run(of(wild)))
    assert (only(found).verdict, found.beyond) == ("unclear", 0)


def test_faster_is_never_beyond_a_limit() -> None:
    found = compare(run(of(FIRST)), run(of(scaled(FIRST, 2))))
    assert (only(found).verdict, found.beyond) == ("faster", 0)


def test_latency_that_grew_is_slower() -> None:
    asked = {"input_tokens": 8, "output_tokens": 8, "rate": 2.5}

    def served(own: list[float]) -> Run:
        told = entry(own, BASE, quantity="e2e_seconds", step="r2.5", asked=asked)
        return run(bench("AWQ", told, engine="vllm"))

    change = only(compare(served(FIRST), served(scaled(FIRST, 1.2))))
    assert (change.quantity, change.place) == ("e2e_seconds", "short/r2.5")
    assert (change.verdict, change.beyond) == ("slower", True)
    assert only(compare(served(FIRST), served(scaled(FIRST, 0.8)))).verdict == "faster"


def test_the_baseline_is_compared_by_its_speed() -> None:
    old, new = run(bench("BF16", entry(BASE))), run(bench("BF16", entry(SLOWER_DAY)))
    change = only(compare(old, new))
    assert (change.basis, change.verdict, change.beyond) == ("speed", "slower", True)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"machine": msgspec.structs.replace(MACHINE, cpu="Another")}, "the machines differ"),
        ({"machine": None}, "the machine of a run is not known"),
        ({"busy": ["Other processes took 1.0 of 2 cores."]}, "a machine was busy or slowed down"),
    ],
)
def test_speed_decides_nothing_where_machines_are_no_match(
    changed: dict[str, object], why: str
) -> None:
    old = run(bench("BF16", entry(BASE)))
    new = run(bench("BF16", entry(SLOWER_DAY), **changed))  # type: ignore[arg-type]
    change = only(compare(old, new))
    assert (change.basis, change.verdict, change.beyond, change.why) == (
        None,
        "unclear",
        False,
        why,
    )
    assert change.shift is not None
    assert only(compare(old, new, on="speed")).verdict == "slower"


def test_one_s_own_choice_of_what_decides_is_kept() -> None:
    later = run(of(scaled(FIRST, 0.8), scaled(BASE, 0.8)))
    assert only(compare(run(of(FIRST)), later, on="speed")).verdict == "slower"
    baseline = run(bench("BF16", entry(BASE)))
    change = only(compare(baseline, baseline, on="ratio"))
    assert (change.verdict, change.why) == ("unclear", "it is the baseline")


def test_p_is_corrected_over_all_cells() -> None:
    names = [f"V{number}" for number in range(4)]
    shaky = [89.0, 90.5, 88.0, 90.0, 88.8]
    old = run(*(of(FIRST, variant=name) for name in names))
    new = run(*(of(shaky, variant=name) for name in names))
    alone = only(compare(narrowed(old, ["V0"]), narrowed(new, ["V0"])))
    together = compare(old, new).changes
    assert alone.holm is not None
    assert [one.holm for one in together] == [pytest.approx(min(1, 4 * alone.holm))] * 4


def test_a_cell_that_broke_is_beyond_any_limit() -> None:
    later = run(bench("GPTQ-Int4", lost("oom", "no 3 GB left")))
    found = compare(run(of(FIRST)), later, limit=1.0)
    assert (only(found).verdict, only(found).why) == ("broken", "oom: no 3 GB left")
    assert found.beyond == 1


def test_cells_of_one_run_alone_are_named() -> None:
    other = entry(FIRST, BASE, name="long")
    changed = entry(FIRST, BASE, asked={**ASKED, "output_tokens": 9})
    old = run(bench("AWQ", entry(FIRST, BASE)), of(FIRST))
    new = run(bench("AWQ", changed, other))
    found = compare(old, new)
    assert found.changes == ()
    assert found.only_before == ("AWQ short (transformers)", "GPTQ-Int4 short (transformers)")
    assert found.only_after == ("AWQ short (transformers)", "AWQ long (transformers)")


def test_a_cell_that_works_now_is_new() -> None:
    found = compare(run(bench("AWQ", lost("failed", "why"))), run(bench("AWQ", entry(FIRST))))
    assert found.only_after == ("AWQ short (transformers)",)
    assert found.changes == ()


def test_memory_that_grew_beyond_its_limit_counts() -> None:
    grown = {"kind": "resident", "peak_bytes": 1100, "weights_bytes": 600}
    old = run(bench("AWQ", entry(FIRST, BASE), cache_tokens=1000))
    new = run(bench("AWQ", entry(FIRST, BASE, memory=grown), cache_tokens=900))
    found = compare(old, new, memory_limit=0.05)
    assert {one.quantity: one.beyond for one in found.amounts} == {
        "weights_bytes": False,
        "kv_cache_tokens": True,
        "peak_memory_bytes": True,
    }
    assert found.beyond == 2
    assert compare(old, new, memory_limit=0.2).beyond == 0


def test_memory_that_was_read_in_another_way_is_not_compared() -> None:
    other = {"kind": "cuda-allocated", "peak_bytes": 9000, "weights_bytes": 600}
    old, new = run(of(FIRST)), run(bench("GPTQ-Int4", entry(FIRST, BASE, memory=other)))
    assert [one.quantity for one in compare(old, new).amounts] == ["weights_bytes"]


def test_what_else_differs_is_named() -> None:
    machine = msgspec.structs.replace(MACHINE, threads=16, driver="575.57", memory_bytes=16 << 30)
    new = run(
        bench(
            "GPTQ-Int4",
            entry(FIRST, BASE),
            machine=machine,
            packages={"torch": "2.14.0"},
            kernels={"MarlinLinear": 14},
            dtype="float16",
        )
    )
    found = {one.what: (one.before, one.after) for one in compare(run(of(FIRST)), new).differences}
    assert found == {
        "processors": ("8", "16"),
        "driver": ("none", "575.57"),
        "memory of the machine": ("8.0 GiB", "16.0 GiB"),
        "torch": ("2.13.0", "2.14.0"),
        "dtype": ("bfloat16", "float16"),
        "kernels of GPTQ-Int4": ("none", "MarlinLinear: 14"),
    }


def test_busy_machines_are_said_by_run() -> None:
    old = run(bench("AWQ", entry(FIRST, BASE), busy=["It was busy."]))
    assert compare(old, run(bench("AWQ", entry(FIRST, BASE)))).busy == {
        "before": ("It was busy.",),
        "after": (),
    }


def test_a_round_without_an_answer_leaves_nothing_to_compare() -> None:
    def served(own: list[float]) -> Run:
        asked = {"input_tokens": 8, "output_tokens": 8, "concurrency": 4}
        told = entry(own, BASE, quantity="request_rate", step="c4", asked=asked)
        return run(bench("AWQ", told, engine="vllm"))

    change = only(compare(served(FIRST), served([0.0, *FIRST[1:]])))
    assert (change.verdict, change.shift, change.why) == ("unclear", None, "a round has no speed")


def test_a_single_round_decides_nothing() -> None:
    change = only(compare(run(of(FIRST[:1], BASE[:1])), run(of(FIRST))))
    assert (change.verdict, change.why) == ("unclear", "a single round")
    assert change.shift is not None
