"""Configurations of models, as their makers publish them, without what no check reads."""

from __future__ import annotations

from typing import Any

Config = dict[str, Any]

QWEN2_VL_2B: Config = {
    "architectures": ["Qwen2VLForConditionalGeneration"],
    "bos_token_id": 151643,
    "eos_token_id": 151645,
    "hidden_act": "silu",
    "hidden_size": 1536,
    "image_token_id": 151655,
    "intermediate_size": 8960,
    "max_position_embeddings": 32768,
    "model_type": "qwen2_vl",
    "num_attention_heads": 12,
    "num_hidden_layers": 28,
    "num_key_value_heads": 2,
    "rms_norm_eps": 1e-06,
    "rope_scaling": {"mrope_section": [16, 24, 24], "type": "mrope"},
    "rope_theta": 1000000.0,
    "tie_word_embeddings": True,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.45.0",
    "vision_config": {"depth": 4, "embed_dim": 1280, "hidden_size": 1536, "patch_size": 14},
    "vocab_size": 151936,
}

QWEN2_VL_7B: Config = {
    **QWEN2_VL_2B,
    "hidden_size": 3584,
    "intermediate_size": 18944,
    "num_attention_heads": 28,
    "num_key_value_heads": 4,
    "tie_word_embeddings": False,
    "vocab_size": 152064,
}

QWEN25_VL_7B: Config = {
    **QWEN2_VL_7B,
    "architectures": ["Qwen2_5_VLForConditionalGeneration"],
    "max_position_embeddings": 128000,
    "model_type": "qwen2_5_vl",
    "transformers_version": "4.49.0",
    "vision_config": {"depth": 4, "hidden_size": 1280, "patch_size": 14},
}

QWEN25_7B: Config = {
    "architectures": ["Qwen2ForCausalLM"],
    "hidden_size": 3584,
    "intermediate_size": 18944,
    "max_position_embeddings": 32768,
    "model_type": "qwen2",
    "num_attention_heads": 28,
    "num_hidden_layers": 28,
    "num_key_value_heads": 4,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.43.1",
    "vocab_size": 152064,
}

MISTRAL_7B: Config = {
    "architectures": ["MistralForCausalLM"],
    "bos_token_id": 1,
    "eos_token_id": 2,
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "max_position_embeddings": 32768,
    "model_type": "mistral",
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "rope_theta": 1000000.0,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.36.0",
    "vocab_size": 32000,
}

LLAMA_31_8B: Config = {
    "architectures": ["LlamaForCausalLM"],
    "bos_token_id": 128000,
    "eos_token_id": [128001, 128008, 128009],
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "max_position_embeddings": 131072,
    "model_type": "llama",
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "rope_scaling": {
        "factor": 8.0,
        "high_freq_factor": 4.0,
        "low_freq_factor": 1.0,
        "original_max_position_embeddings": 8192,
        "rope_type": "llama3",
    },
    "rope_theta": 500000.0,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.43.0",
    "vocab_size": 128256,
}

PHI_4_MINI: Config = {
    "architectures": ["Phi3ForCausalLM"],
    "hidden_size": 3072,
    "intermediate_size": 8192,
    "max_position_embeddings": 131072,
    "model_type": "phi3",
    "num_attention_heads": 24,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "tie_word_embeddings": True,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.49.0",
    "vocab_size": 200064,
}


def gptq(bits: int, group: int = 128, *, order: bool = False) -> Config:
    """Return what GPTQ writes in a configuration."""
    return {
        "bits": bits,
        "damp_percent": 0.1,
        "desc_act": order,
        "group_size": group,
        "quant_method": "gptq",
        "static_groups": False,
        "sym": True,
        "true_sequential": True,
    }


def awq(*left: str) -> Config:
    """Return what AWQ writes in a configuration."""
    found: Config = {
        "bits": 4,
        "group_size": 128,
        "quant_method": "awq",
        "version": "gemm",
        "zero_point": True,
    }
    return {**found, "modules_to_not_convert": list(left)} if left else found


def compressed(bits: int, kind: str, **group: Any) -> Config:
    """Return what compressed-tensors writes in a configuration."""
    weights = {
        "actorder": None,
        "block_structure": None,
        "dynamic": False,
        "num_bits": bits,
        "observer": "minmax",
        "symmetric": True,
        "type": kind,
        **group,
    }
    inputs = None
    if kind == "float":
        inputs = {"dynamic": True, "num_bits": 8, "strategy": "token", "symmetric": True}
        inputs["type"] = "float"
    return {
        "config_groups": {
            "group_0": {
                "input_activations": inputs,
                "output_activations": None,
                "targets": ["Linear"],
                "weights": weights,
            }
        },
        "format": "float-quantized" if kind == "float" else "pack-quantized",
        "ignore": ["lm_head", "re:visual.*"],
        "quant_method": "compressed-tensors",
        "quantization_status": "compressed",
    }


def torchao() -> Config:
    """Return what torchao writes in a configuration."""
    data = {"group_size": 128, "use_hqq": False}
    return {
        "modules_to_not_convert": None,
        "quant_method": "torchao",
        "quant_type": {"default": {"_data": data, "_type": "Int4WeightOnlyConfig", "_version": 1}},
    }
