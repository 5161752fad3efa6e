"""When a machine counts as busy, and how that is said: a sentence with figures for each reason."""

from __future__ import annotations

from typing import Any

#: So many cores' worth of time of others is noticed on a machine of a few cores: a core that is
#: taken for a tenth of the time makes a program on all cores up to a tenth slower.
OTHERS_CORES = 0.1
#: On a large machine it is this share of the cores: the scheduler moves work to idle ones, and the
#: kernel's own count of ticks is not finer than this.
OTHERS_SHARE = 0.01
#: The share of the wanted time that the host of a virtual machine gave to others. Hosts take up to
#: about half of this for themselves when nobody else is there.
STEAL_SHARE = 0.01
#: The share of the time in which processes waited for memory to be read back or set free.
MEMORY_STALLED_SHARE = 0.01
#: The share by which clocks fall below the fastest that was seen: less than this is how they
#: wander at a fixed load.
CLOCK_SHARE = 0.05
#: The share of the looks in which a GPU said that something slowed it down.
SLOWED_SHARE = 0.05
#: The share of the time in which a control group's quota kept processes waiting.
QUOTA_SHARE = 0.01

_GIB = 1 << 30


def busy(facts: dict[str, Any]) -> list[str]:
    """Return why figures may be of a busy or slowed machine; empty where nothing was seen."""
    found = [*_others(facts), *_slowed(facts), *_gpu(facts)]
    return [sentence for sentence in found if sentence]


def _others(facts: dict[str, Any]) -> list[str]:
    cores, others = facts.get("cores") or 1, facts.get("others_cores") or 0.0
    steal = facts.get("steal_share") or 0.0
    seconds = facts.get("seconds") or 0.0
    quota = facts.get("quota_seconds") or 0.0
    stalled = facts.get("memory_stalled_share") or 0.0
    found = []
    if others > max(OTHERS_CORES, OTHERS_SHARE * cores):
        found.append(
            f"Other processes took {_cores(others)} of {cores} cores on average while rounds ran."
        )
    if steal > STEAL_SHARE:
        found.append(
            f"The host of this virtual machine withheld {_percent(steal)} of the processor time "
            "that was asked for."
        )
    if seconds and quota / seconds > QUOTA_SHARE:
        found.append(
            f"A quota on processor time kept processes waiting for {quota:.1f} of {seconds:.0f} "
            "seconds."
        )
    if stalled > MEMORY_STALLED_SHARE:
        found.append(f"Processes waited for memory in {_percent(stalled)} of the time.")
    return found


def _slowed(facts: dict[str, Any]) -> list[str]:
    times = int(facts.get("cpu_throttled") or 0)
    found = [_clock("processor's", facts, "cpu_mhz")]
    if times:
        found.append(f"The processor slowed down for heat {times} time{'s' * (times != 1)}.")
    return found


def _gpu(facts: dict[str, Any]) -> list[str]:
    found = [
        _clock("GPU's", facts, "gpu_sm_mhz"),
        _clock("GPU memory's", facts, "gpu_memory_mhz"),
    ]
    for words, share in sorted((facts.get("gpu_slowed_share") or {}).items()):
        if share > SLOWED_SHARE:
            found.append(f"The GPU was slowed down by {words} in {_percent(share)} of the time.")
    many = facts.get("gpu_other_processes") or 0
    held = facts.get("gpu_other_bytes")
    if many:
        memory = f" and held {held / _GIB:.1f} GiB of its memory" if held else ""
        word = "process" if many == 1 else "processes"
        found.append(f"{many} other {word} used the GPU{memory}.")
    return found


def _clock(whose: str, facts: dict[str, Any], name: str) -> str:
    """Return the sentence about a clock that was lower on average than at its best."""
    mean, most = facts.get(name), facts.get(f"{name}_most")
    if not mean or not most or mean >= (1 - CLOCK_SHARE) * most:
        return ""
    return f"The {whose} clock was {mean:,.0f} MHz on average and {most:,.0f} MHz at its best."


def _cores(value: float) -> str:
    return f"{value:.1f}" if value >= 0.95 else f"{value:.2f}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:.0f} %"
