"""Quantize a model with AutoGPTQ 0.7.1, so that a published stack can be reproduced: GPTQ.

The library is archived. It writes float16, one file however large, and gives every Linear a bias;
see `legacy_models`. It is made to read pictures and to work on a CPU; see `autogptq_models`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import autogptq_models
import calibration_rows
import checkpoint_files
import events
import legacy_models
import quantizing
from quantizing import Made, Task

LIBRARIES = (
    *("auto-gptq", "transformers", "torch", "safetensors", "tokenizers", "numpy"),
    *("peft", "optimum", "accelerate"),
)
LIBRARY = "AutoGPTQ"
BITS = (2, 3, 4, 8)
#: Outputs share words with the zero points, 32 of any width at a time.
OUTPUTS = 32
#: Set by the library to nothing or to names of its own files.
OF_FILES = ("model_name_or_path", "model_file_base_name")


def run(job: dict[str, Any], work: Path) -> dict[str, Any]:
    """Quantize one model; see `quantizing.run`."""
    require_feasible(job["settings"])
    legacy_models.layout(Path(job["paths"]["model"]), LIBRARY)
    return quantizing.run(job, work, quantize, LIBRARIES)


def require_feasible(settings: dict[str, Any]) -> None:
    """Raise events.Infeasible unless the library has what is asked for."""
    if settings["method"] != "gptq":
        raise events.Infeasible(f"{LIBRARY} does gptq, not {settings['method']}")
    if settings["bits"] not in BITS:
        raise events.Infeasible(f"{LIBRARY} packs 2, 3, 4 or 8 bits, not {settings['bits']}")


def quantize(task: Task) -> Made:
    """Quantize and save with AutoGPTQ.

    Raises:
        events.Infeasible: the library cannot do it with this model.
        QuantizationError: a module or a layer was not quantized as asked.
    """
    layout = legacy_models.layout(task.source, LIBRARY)
    with task.clock.phase("import"):
        from auto_gptq import BaseQuantizeConfig
    source, rows, dropped = legacy_models.encoded(task)
    with task.clock.phase("load"):
        model = legacy_models.load(source, layout.renamed)
        layers = model.get_submodule(layout.layers)
        legacy_models.require_packable(
            legacy_models.linears_of(layers[0]), task.settings["group_size"], OUTPUTS
        )
        configuration = BaseQuantizeConfig(
            **{name: task.settings[name] for name in ("bits", "group_size", "desc_act", "sym")},
            damp_percent=task.settings["damp"],
            model_file_base_name="model",
        )
    log = autogptq_models.Log(task.settings["damp"], len(rows))
    with task.clock.phase("quantize"):
        wrapped = autogptq_models.wrapped(model, layout, configuration)
        with autogptq_models.adapted(model, log, task.settings["device"]):
            wrapped.quantize([row.inputs for row in rows])
        events.progress(len(layers), len(layers), "layers")
    modules = log.solved()
    quantizing.require_every_layer(modules, len(layers))
    resolved = legacy_models.finished(task, wrapped, layout.renamed, modules, amend)
    return Made(
        quantization_config=resolved,
        calibration=calibration_rows.summary(rows, dropped),
        modules=modules,
    )


def amend(saved: dict[str, Any]) -> dict[str, Any]:
    """Return the library's account of its quantization without the names of its files."""
    kept = {name: value for name, value in saved.items() if name not in OF_FILES}
    return dict(checkpoint_files.without_paths(kept))
