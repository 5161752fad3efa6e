"""Quantize a model with AutoAWQ 0.2.9, so that a published stack can be reproduced: AWQ.

The library is archived. It packs 4 bits with zero points and works in float16; see
`legacy_models`. It is made to read whole rows, pictures too; see `autoawq_quantizer`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import autoawq_quantizer
import calibration_rows
import checkpoint_files
import events
import legacy_models
import quantizing
from quantizing import Made, QuantizationError, Task

LIBRARIES = (
    *("autoawq", "transformers", "torch", "safetensors", "tokenizers", "numpy"),
    *("peft", "optimum", "accelerate"),
)
LIBRARY = "AutoAWQ"
#: The clipping search takes so many outputs at a time.
OUTPUTS = 64
#: The library's class for an architecture that it does not name itself.
SAME_AS = {"llava_onevision": "llava"}


def run(job: dict[str, Any], work: Path) -> dict[str, Any]:
    """Quantize one model; see `quantizing.run`."""
    require_feasible(job["settings"])
    legacy_models.layout(Path(job["paths"]["model"]), LIBRARY)
    return quantizing.run(job, work, quantize, LIBRARIES)


def require_feasible(settings: dict[str, Any]) -> None:
    """Raise events.Infeasible unless the library has what is asked for."""
    if settings["method"] != "awq":
        raise events.Infeasible(f"{LIBRARY} does awq, not {settings['method']}")
    if settings["bits"] != 4:
        raise events.Infeasible(f"{LIBRARY} packs 4 bits, not {settings['bits']}")
    if settings["sym"]:
        raise events.Infeasible(f"{LIBRARY} packs with zero points only: sym must be false")
    if settings["desc_act"]:
        raise events.Infeasible(f"{LIBRARY} does not order by activation: desc_act must be false")
    if settings["group_size"] <= 0:
        raise events.Infeasible(f"{LIBRARY} needs groups: group_size must not be -1")


def quantize(task: Task) -> Made:
    """Quantize and save with AutoAWQ.

    Raises:
        events.Infeasible: the library cannot do it with this model.
        QuantizationError: a module or a layer was not quantized as asked.
    """
    layout = legacy_models.layout(task.source, LIBRARY)
    with task.clock.phase("import"):
        from awq.models.auto import AWQ_CAUSAL_LM_MODEL_MAP
    source, rows, dropped = legacy_models.encoded(task)
    with task.clock.phase("load"):
        model = legacy_models.load(source, layout.renamed)
        layers = model.get_submodule(layout.layers)
        group_size = task.settings["group_size"]
        legacy_models.require_packable(legacy_models.linears_of(layers[0]), group_size, OUTPUTS)
        kind = model.config.model_type
        wrapped = AWQ_CAUSAL_LM_MODEL_MAP[SAME_AS.get(kind, kind)](
            model, kind, is_quantized=False, config=model.config, quant_config=None, processor=None
        )
    packing = {"w_bit": 4, "q_group_size": group_size, "zero_point": True, "version": "GEMM"}
    with task.clock.phase("quantize"):
        wrapped.quantize(
            quant_config=packing,
            quantizer_cls=autoawq_quantizer.quantizer(rows, layout),
        )
        events.progress(len(layers), len(layers), "layers")
    modules = wrapped.quantizer.found
    require_searched(modules)
    quantizing.require_every_layer(modules, len(layers))
    resolved = legacy_models.finished(
        task, wrapped, layout.renamed, modules, lambda saved: amend(task.checkpoint, saved)
    )
    return Made(
        quantization_config=resolved,
        calibration=calibration_rows.summary(rows, dropped),
        modules=modules,
    )


def amend(checkpoint: Path, saved: dict[str, Any]) -> dict[str, Any]:
    """Return the library's account of its quantization with all that it has left alone named."""
    kept = {name: value for name, value in saved.items() if value is not None}
    return quantizing.keep_plain_branches(checkpoint, checkpoint_files.without_paths(kept))


def require_searched(modules: Sequence[dict[str, Any]]) -> None:
    """Refuse a layer for which no scale was searched: it was only rounded."""
    for layer in {module["layer"] for module in modules}:
        if all(module["loss"] is None for module in modules if module["layer"] == layer):
            raise QuantizationError(f"layer {layer} was rounded: no scales were searched for it")
