from __future__ import annotations

import json
import re
import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeAlias

import pytest

SETTINGS = {
    "method": "gptq",
    "bits": 4,
    "group_size": 32,
    "desc_act": False,
    "sym": True,
    "damp": 0.05,
    "alpha": 0.8,
}
Shapes: TypeAlias = dict[str, tuple[str, tuple[int, ...]]]

#: method -> in which tensors it keeps a Linear's weight.
KEPT: dict[str, Shapes] = {
    "gptq": {
        "weight_packed": ("I32", (8, 16)),
        "weight_scale": ("BF16", (8, 4)),
        "weight_shape": ("I64", (2,)),
    },
    "fp8": {"weight": ("F8_E4M3", (8, 128)), "weight_scale": ("BF16", (8, 1))},
    "smoothquant": {"weight": ("I8", (8, 128)), "weight_scale": ("BF16", (8, 1))},
}
LINEAR = "model.layers.0.mlp.up_proj"
SOURCE: Shapes = {
    f"{LINEAR}.weight": ("BF16", (8, 128)),
    "model.layers.0.input_layernorm.weight": ("BF16", (128,)),
    "visual.layers.0.mlp.weight": ("BF16", (8, 8)),
    "lm_head.weight": ("BF16", (16, 8)),
}
SIZES = {"BF16": 2, "F16": 2, "I8": 1, "F8_E4M3": 1, "I32": 4, "I64": 8}


@pytest.fixture
def recipe(side: Any) -> Any:
    return side("llmcompressor_recipe")


def settings(**changes: Any) -> dict[str, Any]:
    return {**SETTINGS, **changes}


def folder(path: Path, shapes: Shapes, config: dict[str, Any] | None = None) -> Path:
    header, end = {}, 0
    for name, (dtype, shape) in shapes.items():
        size = SIZES[dtype]
        for width in shape:
            size *= width
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + size]}
        end += size
    path.mkdir()
    raw = json.dumps(header).encode()
    (path / "model.safetensors").write_bytes(struct.pack("<Q", len(raw)) + raw + bytes(end))
    (path / "config.json").write_text(json.dumps(config or {}))
    return path


def packed(method: str, **changes: tuple[str, tuple[int, ...]]) -> Shapes:
    shapes = {name: entry for name, entry in SOURCE.items() if not name.startswith(LINEAR)}
    return shapes | {f"{LINEAR}.{name}": entry for name, entry in (KEPT[method] | changes).items()}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"bits": 3}, "makes no gptq checkpoint with 3 bits"),
        ({"method": "awq", "bits": 8}, "makes no awq checkpoint with 8 bits"),
        ({"method": "gptaq"}, "makes no gptaq checkpoint with 4 bits"),
        ({"method": "awq", "sym": False}, "set `sym: true`"),
    ],
)
def test_what_the_library_cannot_make_is_infeasible(
    side: Any, recipe: Any, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(side("events").Infeasible, match=re.escape(reason)):
        recipe.require_feasible(settings(**changes))


@pytest.mark.parametrize(
    ("method", "bits"), [("fp8", 8), ("smoothquant", 8), ("gptq", 4), ("gptq", 8), ("awq", 4)]
)
def test_what_the_library_can_make_is_not(recipe: Any, method: str, bits: int) -> None:
    recipe.require_feasible(settings(method=method, bits=bits))


def test_a_job_that_is_infeasible_ends_before_anything_is_read(side: Any, tmp_path: Path) -> None:
    job = {"settings": settings(sym=False), "paths": {}}
    with pytest.raises(side("events").Infeasible):
        side("quantize_llmcompressor").run(job, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_groups_and_columns_go_into_the_scheme_of_weight_only_methods(recipe: Any) -> None:
    weights = recipe.scheme(settings(group_size=32))["weights"]
    assert (weights["strategy"], weights["group_size"], weights["num_bits"]) == ("group", 32, 4)
    assert recipe.scheme(settings(group_size=-1))["weights"]["strategy"] == "channel"
    assert "input_activations" not in recipe.scheme(settings(method="awq"))


@pytest.mark.parametrize(("method", "kind"), [("fp8", "float"), ("smoothquant", "int")])
def test_w8a8_has_a_scale_per_output_channel_and_per_token(
    recipe: Any, method: str, kind: str
) -> None:
    scheme = recipe.scheme(settings(method=method, bits=8))
    assert scheme["weights"]["type"] == scheme["input_activations"]["type"] == kind
    assert scheme["weights"]["strategy"] == "channel"
    assert scheme["input_activations"]["strategy"] == "token"
    assert scheme["input_activations"]["dynamic"] is True


def test_the_settings_reach_the_modifiers(recipe: Any) -> None:
    asked = settings(method="smoothquant", bits=8, alpha=0.6, damp=0.02, desc_act=True)
    (first, smooth), (second, gptq) = recipe.steps(asked, layers="model.layers", ignore=["re:x"])
    assert (first, second) == ("SmoothQuantModifier", "GPTQModifier")
    assert smooth["smoothing_strength"] == 0.6
    assert (gptq["dampening_frac"], gptq["actorder"], gptq["ignore"]) == (0.02, "static", ["re:x"])
    plain = dict(recipe.steps(settings(), layers="model.layers", ignore=[]))
    assert plain["GPTQModifier"]["actorder"] is None
    json.dumps(recipe.steps(settings(method="awq"), layers="model.layers", ignore=[]))


def test_norms_alone_are_folded_by_smoothquant_and_linears_too_by_awq(recipe: Any) -> None:
    def smoothed(method: str) -> list[str]:
        steps = recipe.steps(settings(method=method), layers="model.layers", ignore=[])
        return [pair["smooth_layer"] for pair in steps[0][1]["mappings"]]

    assert len(smoothed("smoothquant")) == 2
    assert len(smoothed("awq")) == 4
    assert set(smoothed("smoothquant")) < set(smoothed("awq"))


def test_foldings_hold_for_the_language_model_and_not_for_a_vision_tower(recipe: Any) -> None:
    patterns = [
        pattern.removeprefix("re:")
        for pair in recipe.foldings("model.language_model.layers")
        for pattern in (pair["smooth_layer"], *pair["balance_layers"])
    ]
    held = "model.language_model.layers.11.self_attn.q_proj"
    assert sum(bool(re.match(pattern, held)) for pattern in patterns) == 1
    for other in ("model.visual.blocks.0.mlp.up_proj", "model.vision_tower.layers.0.mlp.up_proj"):
        assert not any(re.match(pattern, other) for pattern in patterns)


@pytest.mark.parametrize(
    ("left", "quantized", "alone", "packed_names"),
    [
        (
            ["model.visual.blocks.0.attn.qkv", "model.visual.merger.mlp.0", "lm_head"],
            ["model.language_model.layers.0.mlp.up_proj"],
            # in a weight file, in transformers, in vLLM
            ["visual.merger.mlp.0", "model.visual.merger.mlp.0", "language_model.lm_head"],
            ["language_model.model.layers.0.mlp.gate_up_proj", "model.layers.0.mlp.up_proj"],
        ),
        (
            ["model.vision_tower.encoder.layers.0.mlp.fc1", "model.multi_modal_projector.linear_1"],
            ["model.language_model.layers.0.self_attn.q_proj"],
            [
                "vision_tower.vision_model.encoder.layers.0.mlp.fc1",
                "multi_modal_projector.linear_2",
            ],
            ["language_model.model.layers.0.self_attn.qkv_proj"],
        ),
        (["lm_head"], ["model.layers.0.mlp.up_proj"], ["lm_head"], ["model.layers.1.mlp.up_proj"]),
    ],
)
def test_branches_that_stay_are_left_alone_under_every_loaders_names(
    recipe: Any, left: list[str], quantized: list[str], alone: list[str], packed_names: list[str]
) -> None:
    patterns = [pattern.removeprefix("re:") for pattern in recipe.ignored(left, quantized)]
    for name in [*left, *alone]:
        assert any(re.match(pattern, name) for pattern in patterns), name
    for name in [*quantized, *packed_names]:
        assert not any(re.match(pattern, name) for pattern in patterns), name


def test_a_branch_cannot_be_left_alone_and_quantized(side: Any, recipe: Any) -> None:
    with pytest.raises(side("quantizing").QuantizationError, match="would be left alone by"):
        recipe.ignored(["model.layers.0.mlp.gate"], ["model.layers.0.mlp.up_proj"])


@pytest.mark.parametrize("method", KEPT)
def test_a_checkpoint_with_every_tensor_in_its_form_is_good(
    side: Any, recipe: Any, tmp_path: Path, method: str
) -> None:
    source = folder(tmp_path / "source", SOURCE)
    made = folder(tmp_path / "made", packed(method))
    scheme = recipe.scheme(settings(method=method))
    side("llmcompressor_files").require_tensors(source, made, scheme, 1)


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        (dict(SOURCE), f"{LINEAR}.weight should not be there"),
        (packed("gptq", weight_scale=("BF16", (8, 1))), "has the shape [8, 1], not [8, 4]"),
        (packed("gptq", weight_packed=("I32", (8, 32))), "has the shape [8, 32], not [8, 16]"),
        (packed("gptq", weight_scale=("I8", (8, 4))), "weight_scale is I8, not float"),
        (packed("gptq") | {"visual.layers.0.mlp.weight": ("F16", (8, 8))}, "is F16, not BF16"),
        (packed("gptq") | {"visual.layers.0.mlp.weight_scale": ("BF16", (8, 1))}, "should not be"),
        (packed("smoothquant"), f"{LINEAR}.weight should not be there"),
    ],
)
def test_a_tensor_that_is_not_as_it_must_be_is_named(
    side: Any, recipe: Any, tmp_path: Path, shapes: Shapes, said: str
) -> None:
    source, made = folder(tmp_path / "source", SOURCE), folder(tmp_path / "made", shapes)
    check = side("llmcompressor_files").require_tensors
    with pytest.raises(side("quantizing").QuantizationError, match=re.escape(said)):
        check(source, made, recipe.scheme(settings()), 1)


def test_an_output_layer_may_be_missing_only_where_it_is_the_embedding(
    side: Any, recipe: Any, tmp_path: Path
) -> None:
    less = {name: entry for name, entry in packed("gptq").items() if name != "lm_head.weight"}
    made = folder(tmp_path / "made", less)
    tied = folder(tmp_path / "tied", SOURCE, {"text_config": {"tie_word_embeddings": True}})
    untied = folder(tmp_path / "untied", SOURCE, {"tie_word_embeddings": False})
    check, scheme = side("llmcompressor_files").require_tensors, recipe.scheme(settings())
    check(tied, made, scheme, 1)
    with pytest.raises(side("quantizing").QuantizationError, match=r"lm_head.weight is missing"):
        check(untied, made, scheme, 1)


def test_as_many_modules_are_packed_as_were_quantized(
    side: Any, recipe: Any, tmp_path: Path
) -> None:
    source, made = folder(tmp_path / "source", SOURCE), folder(tmp_path / "made", packed("gptq"))
    check, scheme = side("llmcompressor_files").require_tensors, recipe.scheme(settings())
    with pytest.raises(side("quantizing").QuantizationError, match="1 modules packed, 2 quantized"):
        check(source, made, scheme, 2)


def test_a_group_that_does_not_divide_the_channels_is_refused(side: Any) -> None:
    check = side("quantize_llmcompressor").require_divisible
    linears = {"model.layers.0.mlp.up_proj": (0, "mlp.up_proj", SimpleNamespace(in_features=48))}
    check(linears, settings(group_size=-1))
    check(linears, settings(group_size=16))
    for group in (32, 128):
        with pytest.raises(side("quantizing").QuantizationError, match=f"no multiple of {group}"):
            check(linears, settings(group_size=group))


class Module:
    """A Linear with a quantization scheme, or without one."""

    def __init__(self, scheme: object = "W4A16") -> None:
        self.quantization_scheme = scheme


class Stack:
    """A language model of one layer with two Linears."""

    def __init__(self, *, down: Module | None = None) -> None:
        self.up, self.down = Module(), down or Module()

    def linears(self) -> dict[str, tuple[int, str, Module]]:
        named = {"mlp.up_proj": self.up, "mlp.down_proj": self.down}
        return {f"model.layers.0.{name}": (0, name, module) for name, module in named.items()}


def test_what_the_library_says_of_modules_is_recorded(side: Any) -> None:
    stack = Stack()
    losses = side("quantize_llmcompressor").Losses(stack, [("G", {"dampening_frac": 0.1})], 7)
    losses.take(stack.up, 0.5, 1.2345)
    losses.take(stack.down, 0.25, 0.1)
    said = {"layer": 0, "damp": 0.1, "samples": 7}
    assert losses.modules() == [
        said | {"module": "mlp.down_proj", "loss": 0.25, "seconds": 0.1},
        said | {"module": "mlp.up_proj", "loss": 0.5, "seconds": 1.234},
    ]


def test_a_module_without_a_scheme_is_not_counted_and_awq_need_not_search_for_all(
    side: Any,
) -> None:
    stack = Stack(down=Module(None))
    assert side("quantize_llmcompressor").Losses(stack, [("Q", {})], 7).modules() == [
        {
            "layer": 0,
            "module": "mlp.up_proj",
            "loss": None,
            "damp": None,
            "samples": None,
            "seconds": None,
        }
    ]


def test_a_loss_that_is_no_number_or_missing_is_an_error(side: Any) -> None:
    stack = Stack()
    error = side("quantizing").QuantizationError
    losses = side("quantize_llmcompressor").Losses(stack, [("G", {"dampening_frac": 0.1})], 7)
    with pytest.raises(error, match=r"layer 0 mlp.up_proj was not quantized: loss nan"):
        losses.take(stack.up, float("nan"), 1.0)
    losses.take(stack.up, 0.5, 1.0)
    with pytest.raises(error, match=r"layer 0 mlp.down_proj was not quantized: no loss"):
        losses.modules()


def test_what_a_modifier_only_logs_is_an_error(side: Any) -> None:
    check = side("llmcompressor_layers").require_thorough
    error = side("quantizing").QuantizationError
    check(SimpleNamespace())
    with pytest.raises(error, match="up_proj was rounded: its Hessian could not be inverted"):
        check(SimpleNamespace(_rtn_fallback_module_names=["up_proj"]))
    mapping = SimpleNamespace(smooth_name="norm")
    check(SimpleNamespace(_resolved_mappings=[mapping], _error_metrics=[{"layer_name": "norm"}]))
    with pytest.raises(error, match="norm: AWQ searched no scales for it"):
        check(SimpleNamespace(_resolved_mappings=[mapping], _error_metrics=[]))


@pytest.mark.parametrize(
    ("own", "config", "infeasible"),
    [
        (["image_newline"], {"model_type": "llava_onevision", "vision_config": {}}, True),
        ([], {"model_type": "qwen2_vl", "vision_config": {}}, False),
        (["scale"], {"model_type": "some_text_model"}, False),
    ],
)
def test_a_model_that_could_not_be_asked_about_pictures_is_infeasible(
    side: Any, own: list[str], config: dict[str, Any], infeasible: bool
) -> None:
    outermost = SimpleNamespace(named_parameters=lambda **_: [(name, None) for name in own])
    model = SimpleNamespace(base_model=outermost, config=SimpleNamespace(**config))
    check = side("quantize_llmcompressor").require_answering
    if infeasible:
        with pytest.raises(side("events").Infeasible, match=r"a llava_onevision in the .* format"):
            check(model)
    else:
        check(model)
