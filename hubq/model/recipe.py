"""Recipes: what to do with a family of models, exactly as the YAML file says it.

A recipe names its suite (which tasks) and its workloads (which speed measurements); those are files
of their own in `recipes/suites/` and `recipes/workloads/` so that families share them.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hubq.model.suite import Engine, Fraction, Name, PositiveInt, Strict, Suite
from hubq.model.workload import ServingWorkload, Workloads

Bits = Literal[2, 3, 4, 8]
GroupSize = Literal[-1, 16, 32, 64, 128, 256, 512, 1024]
Method = Literal["gptq", "gptaq", "awq", "rtn", "fp8", "smoothquant"]
Backend = Literal["gptqmodel", "autogptq", "autoawq", "optimum", "llmcompressor"]
Modality = Literal["image-text", "text"]

BASELINE = "BF16"
"""The name of the variant that is the source itself."""


class Calibration(Strict, frozen=True, kw_only=True):
    """The rows that a quantizer looks at.

    Attributes:
        dataset: a JSONL, JSON, Parquet or text file, or a folder of pictures with captions
            (`bundled:...`, a path), or a file of a Hub dataset (`hub:org/name@revision/path`).
        columns: our name -> the dataset's, where they differ: `{question: prompt}`.
        question: what is asked of rows that have no question of their own, such as captions.
        samples: how many rows are drawn.
        length: the longest row in tokens, text and vision together; longer rows are dropped.
        min_length: the shortest row in tokens; shorter ones are dropped.
        cut: cut text beyond `length` instead; a row whose pictures would be cut is dropped still.
        seed: of the draw.
        modality: `image-text` keeps the images, `text` leaves them out.
    """

    dataset: str
    columns: dict[Literal["id", "image", "question", "answer"], str] = {}
    question: str | None = None
    samples: PositiveInt = 128
    length: PositiveInt = 2048
    min_length: PositiveInt = 1
    cut: bool = False
    seed: int = 0
    modality: Modality = "image-text"


class VariantSpec(Strict, frozen=True, kw_only=True):
    """One precision of the source and how it is made.

    Attributes:
        name: as it stands in tables and in the repo's name, such as `GPTQ-Int4`.
        method: the quantization method; `fp8` and `smoothquant` quantize activations too, for each
            token as it comes.
        bits: bits per weight.
        group_size: input channels that share a scale; -1 is one scale per output channel.
        desc_act: act-order, quantizing columns by decreasing activation size (GPTQ).
        sym: symmetric quantization, no zero point.
        damp: the fraction of the Hessian's mean diagonal added to it (GPTQ's `damp_percent`).
        alpha: SmoothQuant's migration strength, or GPTAQ's weight of the asymmetric term; none for
            the method's default.
        backend: the library that quantizes.
        environment: where that library is installed; none for the backend's own environment.
        calibration: other rows than the recipe's, to compare what calibration does.
        publish: false for a control that is measured and never published.
        max_kl: the largest mean KL divergence from the baseline, in nats per token, with which the
            certificate is given; none for no limit.
        min_top1: the smallest share of tokens on which it must agree with the baseline, likewise.
    """

    name: Name
    method: Method
    bits: Bits
    group_size: GroupSize = 128
    desc_act: bool = False
    sym: bool = True
    damp: Annotated[float, msgspec.Meta(gt=0.0, lt=1.0)] = 0.05
    alpha: Fraction | None = None
    backend: Backend = "gptqmodel"
    environment: Name | None = None
    calibration: Calibration | None = None
    publish: bool = True
    max_kl: Annotated[float, msgspec.Meta(gt=0.0)] | None = None
    min_top1: Fraction | None = None


class CardSpec(Strict, frozen=True, kw_only=True):
    """What the cards say beyond the measures.

    Attributes:
        template: a file in card_templates/, or in the user's own template folder.
        languages: codes for the front matter; none to inherit the source's.
        tags: added to the front matter.
        intro: a paragraph about the family, put on each card.
    """

    template: str = "vision-language.md.j2"
    languages: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    intro: str = ""


class EvidenceSpec(Strict, frozen=True, kw_only=True):
    """What is published beside the weights, so that others can check the cards.

    Attributes:
        gold: the tasks whose right answers and options may be published, because their license
            allows it; `all` for every task that hubq asks itself. Questions and pictures never are.
        max_mb: how large a repo's `evidence/` folder may be, in millions of bytes; above it the
            largest samples are published without their answers, and that is said.
    """

    gold: tuple[Name, ...] | Literal["all"] = ()
    max_mb: PositiveInt = 100

    def allows(self, task: str) -> bool:
        """Say whether right answers of a task may be published."""
        return self.gold == "all" or task in self.gold


class Recipe(Strict, frozen=True, kw_only=True):
    """What to do with a family of models.

    Attributes:
        model_types: values of `config.json`'s `model_type` that choose this recipe; empty for a
            recipe that is only ever named.
        engines: what the checkpoints must load in; each one is tried before anything is published.
        inference: the environment in which the baseline and every variant are loaded, evaluated and
            timed.
        repo: the name of each variant's repo, from `{namespace}`, `{source}` and `{variant}`.
        margin: the loss in points (0 to 100) that is still no loss that matters, fixed before the
            run (non-inferiority margin).
        margins: the same for single tasks.
        explained: `VARIANT/TASK` -> why that variant scores above the baseline there; without it
            such a score is suspect.
        evidence: what is published beside the weights.
    """

    schema: Literal[1]
    name: Name
    title: str
    model_types: tuple[str, ...] = ()
    variants: tuple[VariantSpec, ...]
    calibration: Calibration
    suite: str
    workloads: str
    card: CardSpec = CardSpec()
    engines: tuple[Engine, ...] = ("transformers",)
    inference: Name = "gptqmodel"
    repo: str = "{namespace}/{source}-{variant}"
    margin: Annotated[float, msgspec.Meta(gt=0.0)] = 1.0
    margins: dict[str, Annotated[float, msgspec.Meta(gt=0.0)]] = {}
    explained: dict[str, str] = {}
    evidence: EvidenceSpec = EvidenceSpec()


class LoadedRecipe(msgspec.Struct, frozen=True, kw_only=True):
    """A recipe with its suite and workloads read in.

    Attributes:
        origin: where the recipe was read, for messages; not part of any key.
        folder: the folder that relative paths in it are taken from.
    """

    recipe: Recipe
    suite: Suite
    workloads: Workloads
    origin: str
    folder: str

    @property
    def serving(self) -> tuple[ServingWorkload, ...]:
        """What a vLLM server is timed on; nothing where the recipe does not name that engine."""
        return self.workloads.serving if "vllm" in self.recipe.engines else ()
