"""The Hub's words: what its pages list of the values that a front matter may hold.

Sources, read in August 2026. In huggingface/hub-docs at 242f4a1e: licenses from
docs/hub/repositories-licenses.md, keys from modelcard.md and the pages on model cards and gating.
In huggingface/huggingface.js at fe42e680: pipeline tags from packages/tasks/src/pipelines.ts,
libraries from model-libraries.ts beside it, codes of ISO 639-1 from packages/languages.
"""

from __future__ import annotations

RELATIONS = ("quantized", "finetune", "adapter", "merge")
"""How a model may come from its base models."""

NOT_LANGUAGES = frozenset({"code", "multilingual"})
"""What the Hub takes for a language beside the codes."""

_LICENSES = """
apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0
bigcode-openrail-m afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear
c-uda cc cc0-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0
cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0
cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0 cdla-permissive-1.0 cdla-permissive-2.0 wtfpl
ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl
lgpl-2.1 lgpl-3.0 isc h-research intel-research lppl-1.3c ms-pl apple-ascl apple-amlr mpl-2.0
odc-by odbl openmdw-1.0 openmdw-1.1 openrail++ osl-3.0 postgresql ofl-1.1 ncsa unlicense zlib pddl
lgpl-lr deepfloyd-if-license fair-noncommercial-research-license llama2 llama3 llama3.1 llama3.2
llama3.3 llama4 grok2-community gemma unknown other
"""
LICENSES = frozenset(_LICENSES.split())
"""The licenses that the Hub knows by an identifier, `other` among them."""

_PIPELINE_TAGS = """
text-classification token-classification table-question-answering question-answering
zero-shot-classification translation summarization feature-extraction text-generation fill-mask
sentence-similarity text-to-speech text-to-audio automatic-speech-recognition audio-to-audio
audio-classification audio-text-to-text voice-activity-detection depth-estimation
image-classification object-detection image-segmentation text-to-image image-to-text
image-to-image image-to-video unconditional-image-generation video-classification
reinforcement-learning robotics tabular-classification tabular-regression tabular-to-text
table-to-text multiple-choice text-ranking text-retrieval time-series-forecasting text-to-video
image-text-to-text image-text-to-image image-text-to-video visual-question-answering
document-question-answering zero-shot-image-classification graph-ml mask-generation
zero-shot-object-detection text-to-3d image-to-3d image-feature-extraction video-text-to-text
keypoint-detection visual-document-retrieval any-to-any video-to-video other
"""
PIPELINE_TAGS = frozenset(_PIPELINE_TAGS.split())
"""The kinds of task."""

_LIBRARIES = """
acestep adapter-transformers allennlp anemoi araclip aviation-ner asteroid audiocraft audioseal
bagel-mot bboxmaskpose ben2 bertopic big_vision bionemo birder birefnet bm25s boltzgen
cancertathomev2 cartesia_pytorch cartesia_mlx ccpfn champ chatterbox chaossim chat_tts chexmix
chronos-forecasting clara clipscope cloud-agents collectorvision colipri cosyvoice cotracker
colpali comet cosmos cxr-foundation deepforest depth-anything-v2 depth-pro derm-foundation
describe-anything dia-tts dia2 diff-interpretation-tuning diffree diffusers diffusionkit
docking-at-home doctr edsnlp elm encoderfile espnet eupe fairseq fastai fastprint fasttext fixer
flair flextab fme gemma.cpp geometry-crafter gliner gliner2 glm-tts glyph-byt5 granite-library
grok habibi-tts hallo minimax-h3 hermes holomotion hezar htrflow hunyuan-dit hunyuan3d-2
hunyuanworld-voyager hy-worldplay hy-world-2 image-matching-models imstoucan index-tts
infinitetalk infinite-you intellifold ising-decoding keras tf-keras keras-hub kerasformers kernels
kimi-audio kittentts kronos k2 lyra-2.0 lagernvs ltx lightning-ir litert litert-lm lerobot
lightglue liveportrait longcat-video-avatar-1.5 llama-cpp-python mini-omni2 mindspore magi-1
magenta-realtime magenta-realtime-2 mamba-ssm manas-1 mars5-tts matanyone mesh-anything merlin
medvae mflux mitie ml-agents ml-sharp mlx mlx-image mlc-llm model2vec mobilint moshi mtvcraft
multimolecule nemo ninfer nobg nv-medtech open-oasis open_clip openasr openpeerllm open-sora
outetts paddlenlp PaddleOCR peft perception-encoder phantom-wan pocket-tts pruna-ai pxia
pyannote-audio py-feat pythae quantumpeer qwen3_tts recurrentgemma relik refiners renderformer
reverb rkllm robo-orchard-lab rwkv saelens scail-2 sam2 sam-3d-body sam-3d-objects same
sample-factory sap-rpt-1-oss sapiens sapiens2 seedvr self-forcing sentence-transformers setfit
sklearn spacy span-marker speechbrain ssr-speech stable-audio-3 stable-audio-tools monkeyocr
diffusion-single-file seed-story skala soloaudio songbloom stable-baselines3 stanza supertonic
swarmformer synthefy-migas f5-tts genmo tencent-song-generation tensorflowtts tensorrt tabpfn
terratorch tic-clip timesfm timee-ts timm tirex tirex-2 torchgeo transformers transformers.js
trellis trellis2 tunejury ultralytics univa uni-3dar unity-sentis sana videoprism vfi-mamba
vismatch lvface voicecraft voxcpm vui vibevoice videox_fun wan2.2 wham whisperkit yolov10 yolov26
zonos 3dtopia-xl
"""
LIBRARIES = frozenset(_LIBRARIES.split())
"""The libraries that the Hub shows code for; any other name is allowed too."""

_LANGUAGES = """
aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de
dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id
ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu
lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu
rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr
ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
"""
LANGUAGES = frozenset(_LANGUAGES.split())
"""The two-letter codes of ISO 639-1; three letters of ISO 639-2 and 639-3 are allowed too."""

_KEYS = """
base_model base_model_relation buckets co2_eq_emissions datasets extra_gated_button_content
extra_gated_description extra_gated_eu_disallowed extra_gated_fields extra_gated_heading
extra_gated_prompt inference instance_prompt language language_bcp47 library_name license
license_details license_link license_name mask_token metrics model-index model_creator model_name
model_type new_version pipeline_tag prompt_template quantized_by tags thumbnail widget
"""
KEYS = frozenset(_KEYS.split())
"""The keys that the Hub reads, and those that many cards have."""
