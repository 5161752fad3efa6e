"""A checkpoint looked into without being loaded: its files, its configuration, its tensors."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import certify_files
import certify_scheme
import certify_shapes
import certify_weights
import events
import finite
from certify_checks import Check, Fault, Skip, attempt, failed, judged, listed, skipped
from certify_scheme import Scheme, canonical, is_packable
from certify_shapes import Packed, ShapeError
from certify_unpacking import Tensors
from certify_weights import Pair

NO_SOURCE = "no source to compare with"
HALF_ONLY = "; AWQ's own kernels take float16 alone: vLLM needs --dtype float16 for them"


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is certified.

    Attributes:
        checkpoint: its folder.
        source: the folder of the model that it was made from; none when that is not known.
        settings: what was asked for; `derived` when nothing was.
        config: config.json of the checkpoint; empty when it cannot be read.
        scheme: what that says of the quantization.
    """

    checkpoint: Path
    source: Path | None
    settings: dict[str, Any]
    config: dict[str, Any]
    scheme: Scheme

    def named(self, text: str) -> str:
        """Return a text without the paths of this machine: only what is inside of the folders."""
        for folder, name in ((self.checkpoint, "checkpoint"), (self.source, "source")):
            if folder is not None:
                text = text.replace(f"{folder}/", "").replace(str(folder), f"the {name}")
        return text


def read_case(settings: dict[str, Any], paths: dict[str, str]) -> Case:
    """Return the case of a job; a configuration that cannot be read is empty."""
    checkpoint = Path(paths["checkpoint"])
    try:
        config = certify_scheme.read_config(checkpoint)
        scheme = certify_scheme.read_scheme(config)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        config, scheme = {}, Scheme()
    return Case(
        checkpoint=checkpoint,
        source=Path(paths["model"]) if "model" in paths else None,
        settings={**settings, "derived": settings.get("derived") or "method" not in settings},
        config=config,
        scheme=scheme,
    )


def file_checks(case: Case) -> Iterator[Check]:
    """Yield the checks of files and configuration: whole, complete, as asked for, not private."""
    events.phase("read files")
    folder = case.checkpoint
    yield _check(
        "weight files",
        lambda: certify_files.weight_fault(folder),
        "headers, index and sizes agree",
    )
    yield _set_check(case)
    yield _check(
        "local paths",
        lambda: certify_files.path_fault(folder),
        "no path of a machine in any of them",
    )
    yield _check(
        "calibration text",
        lambda: certify_files.calibration_fault(folder),
        "no calibration row in the configuration",
    )
    yield _check("configuration", lambda: _configuration_fault(case), _configured(case))


def _check(name: str, look: Callable[[], Fault | None], said: str) -> Check:
    return attempt(name, lambda: judged(name, look(), said))


def _set_check(case: Case) -> Check:
    name = "processor and other files"
    source, folder, exact = case.source, case.checkpoint, not case.settings.get("derived")
    if source is None:
        said = f"what loading and pictures need is there; {NO_SOURCE}"
        return _check(name, lambda: certify_files.own_set_fault(folder, case.config), said)
    said = "the source's, byte for byte" if exact else "all that the source has"
    return _check(name, lambda: certify_files.set_fault(source, folder, exact=exact), said)


def _configuration_fault(case: Case) -> Fault | None:
    config = certify_scheme.read_config(case.checkpoint)
    asked = certify_scheme.asked_fault(config, case.settings)
    return asked or certify_scheme.twin_fault(case.checkpoint)


def _configured(case: Case) -> str:
    scheme = case.scheme
    size = "a scale per channel" if scheme.group_size == -1 else f"groups of {scheme.group_size}"
    order = ", act-order" if scheme.desc_act else ""
    origin = "nothing was asked for" if case.settings.get("derived") else "as asked for"
    return f"{scheme.quant_method}, {scheme.bits} bits, {size}{order}: {origin}"


def digest_check(case: Case, record: Path | None) -> Check:
    """Return the check that the weights are those that the quantizer recorded.

    Args:
        case: what is certified.
        record: quantize.json of the variant; none when it is not known how it was made.
    """
    name = "weights as made"

    def look() -> Check:
        if record is None:
            raise Skip("not known how it was made")
        digests = json.loads(record.read_bytes()).get("weights")
        if not digests:
            raise Skip("no digests were recorded when it was made")
        fault = certify_files.digest_fault(case.checkpoint, digests)
        return judged(name, fault, f"SHA-256 of {len(digests)} files as recorded")

    return attempt(name, look)


def tensor_checks(case: Case, linears: Sequence[str]) -> Iterator[Check]:
    """Yield the checks of tensors: finite, packed as configured, the rest the source's.

    Args:
        case: what is certified.
        linears: the names of the model's Linears as transformers has them, unquantized and without
            the output layer; empty when they are not known.
    """
    events.phase("read weights")
    yield attempt("finite weights", lambda: _finite(case))
    try:
        tensors = Tensors(case.checkpoint)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        why = f"the weight files cannot be read: {error}"
        yield from (skipped(name, why) for name in _OF_TENSORS)
        return
    try:
        modules = certify_shapes.read_packed(tensors.entries, case.scheme.layout)
    except (ShapeError, ValueError, KeyError) as error:
        yield failed("packed tensors", Fault(finding="shapes", said=str(error)))
        return
    except Skip as why:
        yield from (skipped(name, str(why)) for name in _OF_TENSORS)
        return
    yield from _packed_checks(case, tensors, modules, linears)
    yield from _source_checks(case, tensors, modules)


_OF_TENSORS = (
    *("packed tensors", "packed modules", "act-order", "exclusions", "saved precision", "name"),
    *(certify_weights.PLAIN, certify_weights.PACKED),
)


def _finite(case: Case) -> Check:
    name = "finite weights"
    bad = list(finite.not_finite(case.checkpoint))
    fault = Fault(finding="not-finite", said=f"not finite: {listed(bad)}") if bad else None
    return judged(name, fault, "every tensor is finite")


def _packed_checks(
    case: Case, tensors: Tensors, modules: Sequence[Packed], linears: Sequence[str]
) -> Iterator[Check]:
    scheme, entries = case.scheme, tensors.entries
    names = [module.name for module in modules]
    bits = sorted({module.bits for module in modules})
    groups = "a scale per channel" if scheme.group_size == -1 else f"groups of {scheme.group_size}"
    said = f"{len(names)} modules, by their shapes {_numbers(bits)} bits and {groups}"
    yield _check("packed tensors", lambda: certify_shapes.scheme_fault(modules, scheme), said)
    expected = [name for name in linears if is_packable(name)]
    expected = expected or certify_shapes.packable_names(entries)
    yield _check(
        "packed modules",
        lambda: certify_shapes.membership_fault(names, expected, scheme),
        "every Linear of the language model's layers and nothing else",
    )
    yield _check(
        "act-order",
        lambda: certify_shapes.order_fault(modules, entries, scheme),
        f"g_idx is {'not ' if scheme.desc_act else ''}in order, as configured",
    )
    there = {canonical(name) for name in names}
    plain = [name for name in linears if canonical(name) not in there]
    yield _check(
        "exclusions",
        lambda: certify_scheme.exclusion_fault(scheme, plain),
        f"the configuration names what is not quantized: {len(plain)} Linears",
    )
    scales = certify_shapes.scales(entries)
    yield _check(
        "saved precision",
        lambda: certify_scheme.dtype_fault(case.config, scales),
        _precision(case, scales),
    )
    yield attempt("name", lambda: _named(case, bits))


def _numbers(values: Sequence[int]) -> str:
    return "/".join(map(str, values)) or "none"


def _precision(case: Case, scales: dict[str, str]) -> str:
    saved = ", ".join(sorted(set(scales.values())))
    said = certify_scheme.configured_dtype(case.config) or "no precision"
    half = case.scheme.quant_method == "awq" and said != "float16"
    return f"config.json says {said}, scales are {saved}" + (HALF_ONLY if half else "")


def _named(case: Case, bits: Sequence[int]) -> Check:
    name = str(case.settings.get("name") or "")
    if not name:
        raise Skip("it has no name")
    fault = certify_scheme.name_fault(name, case.scheme, bits[0] if len(bits) == 1 else None)
    return judged("name", fault, f"{name} says nothing else than its files")


def _source_checks(case: Case, tensors: Tensors, modules: Sequence[Packed]) -> Iterator[Check]:
    """Yield the comparisons with the source's tensors."""
    names = (certify_weights.PLAIN, certify_weights.PACKED)
    if case.source is None:
        yield from (skipped(name, NO_SOURCE) for name in names)
        return
    try:
        source = Tensors(case.source)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        yield from (skipped(name, f"the source cannot be read: {error}") for name in names)
        return
    events.phase("compare weights")
    pair = Pair(
        source=source,
        checkpoint=tensors,
        modules=modules,
        scheme=case.scheme,
        config=case.config,
        method=str(case.settings.get("method") or case.scheme.quant_method),
    )
    yield attempt(names[0], lambda: certify_weights.check_plain(pair))
    yield attempt(
        names[1],
        lambda: certify_weights.check_packed(list(certify_weights.look_at_packed(pair)), pair),
    )
