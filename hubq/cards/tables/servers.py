"""Servers: what the server of each variant held: weights, room for past tokens, kernels."""

from __future__ import annotations

import msgspec

from hubq.cards.family import Family
from hubq.cards.ledger import COUNT, Ledger, escape_pointer
from hubq.cards.prose.wording import listed
from hubq.cards.speeds import VLLM, bench_facts, bench_measures, bench_stage
from hubq.cards.tables.rounds import attention_text
from hubq.cards.tables.sizes import bytes_in, unit_of
from hubq.markdown.escaping import code
from hubq.model.card import Claim


class ServerRow(msgspec.Struct, frozen=True, kw_only=True):
    """The server of one variant.

    Attributes:
        variant: its name.
        this: whether the card is this variant's.
        weights: what its weights take in memory, in `unit`; none where that is not known.
        unit: `MB` or `GB`.
        cache_tokens: how many tokens' keys and values fit beside the weights; none likewise.
        kernels: what runs its linear modules, Markdown; empty where not known.
        attention: what computes attention; empty where not known.
    """

    variant: str
    this: bool
    weights: Claim | None
    unit: str
    cache_tokens: Claim | None
    kernels: str
    attention: str


def server_rows(
    family: Family, ledger: Ledger, names: tuple[str, ...], this: str
) -> tuple[ServerRow, ...]:
    """Return what the servers held of which anything is known."""
    held = {name: bench_measures(family, name, VLLM) for name in names}
    unit = unit_of(
        found["weights_bytes"].value for found in held.values() if "weights_bytes" in found
    )

    def claim(name: str, measure: str, *, of_bytes: bool) -> Claim | None:
        if measure not in held[name]:
            return None
        shape = bytes_in(unit) if of_bytes else COUNT
        return ledger.measure(f"server.{measure}.{name}", bench_stage(name, VLLM), measure, shape)

    return tuple(
        ServerRow(
            variant=name,
            this=name == this,
            weights=claim(name, "weights_bytes", of_bytes=True),
            unit=unit,
            cache_tokens=claim(name, "kv_cache_tokens", of_bytes=False),
            kernels=kernels_text(family, ledger, name, VLLM),
            attention=attention_text(bench_facts(family, name, VLLM).get("attention", "")),
        )
        for name in names
        if held[name]
    )


def kernels_text(family: Family, ledger: Ledger, name: str, engine: str = "") -> str:
    """Return what runs a variant's linear modules and how many of them; empty where not known."""
    stage = bench_stage(name, engine)
    kernels = bench_facts(family, name, engine).get("kernels") or {}
    told = []
    for kernel in kernels:
        pointer = f"/facts/kernels/{escape_pointer(kernel)}"
        tail = f".{engine}" if engine else ""
        count = ledger.record(f"timed_kernel.{name}.{kernel}{tail}", stage, pointer, COUNT)
        told.append(f"{code(kernel)} × {count}")
    return listed(told)
