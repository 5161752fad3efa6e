"""What is put right in GPTQModel 7.7.0 while it works; everything is put back afterwards."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

#: The tensors of a module that take the place of its weight.
PACKED = ("qweight", "qzeros", "scales", "g_idx")
#: Under these names a row carries what is added to its hidden states after early layers.
VISUAL_PLACES, VISUAL_FEATURES = "hubq_visual_places", "hubq_visual_features"


@contextmanager
def repaired(model: Any) -> Iterator[None]:
    """Quantize this GPTQModel model with all repairs in place."""
    with ExitStack() as repairs:
        for repair in (own_rows, deepstack):
            repairs.enter_context(repair(model))
        for everywhere in (positions_by_row, aligned_positions, no_sudden_end):
            repairs.enter_context(everywhere())
        yield


@contextmanager
def own_rows(model: Any) -> Iterator[None]:
    """Make the library take the rows as they are.

    Its own preparation opens an answer after each finished conversation and, for text, drops and
    sorts rows.
    """
    model.prepare_dataset = lambda calibration_dataset, **_options: calibration_dataset
    try:
        yield
    finally:
        del model.prepare_dataset


@contextmanager
def deepstack(model: Any) -> Iterator[None]:
    """Give layers the hidden states that they have in Qwen3-VL.

    Its model adds features from inside the vision tower to what its first layers put out
    (DeepStack). The library runs one layer after the other without that, so from the second layer
    on it would look at activations that never occur.
    """
    language = getattr(getattr(model.model, "model", None), "language_model", None)
    if not hasattr(language, "_deepstack_process"):
        yield
        return
    latest: dict[str, Any] = {}

    def remember(_module: Any, _args: Any, given: dict[str, Any]) -> None:
        latest[VISUAL_PLACES] = given.get("visual_pos_masks")
        latest[VISUAL_FEATURES] = given.get("deepstack_visual_embeds")

    def capture(
        *, layer_input_kwargs: dict[str, Any], batch_device: Any, **_about: Any
    ) -> dict[str, Any]:
        found = {name: value for name, value in latest.items() if value is not None}
        return layer_input_kwargs | {name: moved(it, batch_device) for name, it in found.items()}

    def replay(*, additional_inputs: dict[str, Any], **_about: Any) -> dict[str, Any]:
        ours = (VISUAL_PLACES, VISUAL_FEATURES)
        return {name: value for name, value in additional_inputs.items() if name not in ours}

    def add(*, layer: Any, layer_output: Any, layer_input_kwargs: Any, **_about: Any) -> Any:
        features = layer_input_kwargs.get(VISUAL_FEATURES, ())
        number = layer.self_attn.layer_idx
        if number < len(features):
            states = layer_output[0] if isinstance(layer_output, tuple) else layer_output
            places = layer_input_kwargs[VISUAL_PLACES]
            states.copy_(language._deepstack_process(states, places, features[number]))  # noqa: SLF001
        return layer_input_kwargs

    hook = language.register_forward_pre_hook(remember, with_kwargs=True)
    model.capture_first_layer_input_kwargs = capture
    model.prepare_layer_replay_kwargs = replay
    model.update_layer_replay_kwargs_from_output = add
    try:
        yield
    finally:
        hook.remove()
        del model.capture_first_layer_input_kwargs
        del model.prepare_layer_replay_kwargs
        del model.update_layer_replay_kwargs_from_output


def moved(value: Any, device: Any) -> Any:
    """Return a tensor, or a list of them, on a device; rows wait where the library keeps them."""
    if isinstance(value, list):
        return [moved(inner, device) for inner in value]
    return value.to(device)


@contextmanager
def positions_by_row() -> Iterator[None]:
    """Keep rows from getting another row's positions.

    The library keeps the position ids that a model gives its first layer in a list that skips rows
    without any. Where only some rows have them (in Qwen3-VL those without pictures), the list is
    dropped: layers take positions from the rotary embeddings, which every row has of its own.
    """
    from gptqmodel.looper.stage_inputs_capture import StageInputsCapture

    original = StageInputsCapture.cache_inputs

    def cache_inputs(self: Any, *arguments: Any, **options: Any) -> Any:
        cache = original(self, *arguments, **options)
        if 0 < len(cache.position_ids) < len(cache.layer_inputs):
            if not all("position_embeddings" in row for row in cache.layer_input_kwargs):
                raise ValueError("rows without positions beside rows with them")
            cache.position_ids = []
        return cache

    StageInputsCapture.cache_inputs = cache_inputs
    try:
        yield
    finally:
        StageInputsCapture.cache_inputs = original


@contextmanager
def source_names(model: Any) -> Iterator[None]:
    """Save tensors under the names that the source's files have for them.

    The library saves the names of the newest transformers' modules. Older releases, and engines
    that read the files by themselves, only know those that were published.
    """
    from gptqmodel.models import writer

    original = writer.get_state_dict_for_save

    def collect(inner: Any, *arguments: Any, **options: Any) -> dict[str, Any]:
        renamed = {}
        for name, entry in original(inner, *arguments, **options).items():
            published = published_name(name, model.turtle_model._resolve_checkpoint_tensor_name)  # noqa: SLF001
            renamed[published] = dataclasses.replace(entry, name=published)
        return renamed

    writer.get_state_dict_for_save = collect
    try:
        yield
    finally:
        writer.get_state_dict_for_save = original


def published_name(name: str, resolve: Callable[[str, str], str]) -> str:
    """Return what a tensor is called in files; what packing made goes by its module's weight.

    Args:
        name: in memory.
        resolve: from a module and one of its own tensors in memory to that tensor in the files.
    """
    module, _, leaf = name.rpartition(".")
    if leaf not in PACKED:
        return resolve(module, leaf)
    return resolve(module, "weight").removesuffix("weight") + leaf


@contextmanager
def told(report: Callable[[dict[str, Any]], None]) -> Iterator[None]:
    """Be told of each module as soon as the library has quantized it, in the words of its log."""
    from gptqmodel.looper.loop_processor import LoopProcessor

    original = LoopProcessor.log_new_row

    def log_new_row(self: Any, entry: dict[str, Any]) -> None:
        report(entry)
        original(self, entry)

    LoopProcessor.log_new_row = log_new_row
    try:
        yield
    finally:
        LoopProcessor.log_new_row = original


@contextmanager
def aligned_positions() -> Iterator[None]:
    """Give every row its own positions in AWQ's scale search.

    The library puts equally long rows into one batch but takes the rotary positions, which come as
    a tuple, from the last row alone. Rows with and without pictures have different ones.
    """
    from gptqmodel.looper.awq_processor import AWQProcessor

    original = AWQProcessor._concat_batch_metadata  # noqa: SLF001 - there is no other place

    def concatenate(values: list[Any]) -> Any:
        tuples = [value for value in values if isinstance(value, tuple)]
        if tuples and len(tuples) == len(values):
            return tuple(original(list(column)) for column in zip(*tuples, strict=True))
        return original(values)

    AWQProcessor._concat_batch_metadata = staticmethod(concatenate)  # noqa: SLF001
    try:
        yield
    finally:
        AWQProcessor._concat_batch_metadata = staticmethod(original)  # noqa: SLF001


@contextmanager
def no_sudden_end() -> Iterator[None]:
    """Raise what goes wrong on the library's threads; it would end the process on the spot.

    A thread's error also comes out of its future, which the library mostly looks at.
    """
    from gptqmodel.utils import threadx

    worker = threadx._DeviceWorker  # noqa: SLF001 - there is no other place
    original, failures = worker._abort_process, []  # noqa: SLF001
    worker._abort_process = lambda _self, error: failures.append(error)  # noqa: SLF001
    try:
        yield
    finally:
        worker._abort_process = original  # noqa: SLF001
    if failures:
        raise failures[0]
