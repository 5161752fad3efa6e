from __future__ import annotations

from hubq.audit.rules.snippet_import import RULE
from tests.audit.cases import case, findings
from tests.rows import each_row


def card(code: str) -> str:
    return f"# X\n\n```python\n{code}\n```\n"


@each_row(
    ("code", "name", "near"),
    [
        (
            "from transformers import AutoModelForCausalLM, AutoTokenizers",
            "AutoTokenizers",
            "AutoTok",
        ),
        (
            "from qwen_vl_utils import process_visions_info",
            "process_visions_info",
            "process_vision",
        ),
        (
            "from peft import (\n    LoraConfig,\n    get_peft_modell,\n)",
            "get_peft_modell",
            "get_peft",
        ),
        ("from vllm import LLM, SamplingParamss", "SamplingParamss", "SamplingParams"),
        ("from vllm.lora.request import LoRARequests", "LoRARequests", "LoRARequest"),
        ("from gptqmodel import GPTQModels, QuantizeConfig", "GPTQModels", "GPTQModel"),
        ("from optimum.gptq import GPTQQuantiser", "GPTQQuantiser", "GPTQQuantizer"),
        ("import os\nfrom auto_gptq import AutoGPTQForCausalML", "AutoGPTQForCausalML", "AutoGPTQ"),
    ],
)
def test_a_name_that_no_release_had_is_found(code: str, name: str, near: str) -> None:
    (found,) = findings(RULE, case(card(code)))
    assert (found.severity, found.part) == ("error", name)
    assert name in found.quote
    assert near in found.remedy


@each_row(
    "code",
    [
        "from transformers import AutoModelForVision2Seq, AdamW, AutoModelWithLMHead",
        "from transformers import Qwen2VLForConditionalGeneration, BitsAndBytesConfig, pipeline",
        "from transformers import TFBertModel, FlaxBertModel, TextStreamer, logging, set_seed",
        "from transformers import AwqConfig, GPTQConfig, models, utils, __version__",
        "from transformers.models.none import Nothing",
        "from auto_gptq import AutoGPTQForCausalLM, exllama_set_max_input_length",
        "from awq import AutoAWQForCausalLM",
        "from huggingface_hub import InferenceClient, snapshot_download, hf_hub_download, login",
        "from peft import PeftModel, LoraConfig, get_peft_model",
        "from llmcompressor.transformers import SparseAutoModelForCausalLM, oneshot",
        "from llmcompressor import oneshot",
        "from vllm import LLM, SamplingParams, TokensPrompt, PoolingParams, ModelRegistry",
        "from vllm import AsyncEngineArgs, AsyncLLMEngine, initialize_cluster, entrypoints",
        "from vllm.sampling_params import GuidedDecodingParams, StructuredOutputsParams",
        "from vllm.sampling_params import BeamSearchParams, SamplingParams, SamplingType",
        "from vllm.lora.request import LoRARequest",
        "from vllm.assets.image import ImageAsset",
        "from vllm.anywhere.else_ import Nothing",
        "from gptqmodel import GPTQModel, QuantizeConfig, BACKEND, Backend, get_best_device",
        "from gptqmodel.utils.eval import EVAL",
        "from optimum.gptq import GPTQQuantizer, load_quantized_model",
        "from optimum.onnxruntime import ORTModelForCausalLM",
        "from optimum import onnxruntime, bettertransformer",
        "from mlx_lm import load, generate, convert",
        "from mine import anything",
        "from . import anything",
        "from transformers import *",
        "import transformers\nprint(transformers.Nothing)",
    ],
)
def test_names_that_some_release_has_are_left_alone(code: str) -> None:
    assert not findings(RULE, case(card(code)))
