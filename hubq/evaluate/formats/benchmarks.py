"""Benchmarks: how many questions well-known ones have, and where that is from.

A benchmark is here only where its printed name says which split it is, or where there is one split
that scores are given for. What gives parts of a point, or is a mean over subjects of different
sizes, is no count of right answers. `docs/benchmark-sizes.md` is written from this.
"""

from __future__ import annotations

from typing import Literal

import msgspec

What = Literal["count", "mean"]


class Benchmark(msgspec.Struct, frozen=True, kw_only=True):
    """One split of a benchmark.

    Attributes:
        name: as harnesses call it.
        n: its questions.
        said: what they are; for a mean, why it is no count.
        source: where n is from.
        what: `count` where each question is right or wrong, and a score is their mean.
        aliases: other printed names of it, in lower-case letters and digits.
    """

    name: str
    n: int
    said: str
    source: str
    what: What = "count"
    aliases: tuple[str, ...] = ()


def _count(name: str, n: int, said: str, source: str, *aliases: str) -> Benchmark:
    return Benchmark(name=name, n=n, said=said, source=source, aliases=aliases)


def _mean(name: str, n: int, said: str, source: str, *aliases: str) -> Benchmark:
    return Benchmark(name=name, n=n, said=said, source=source, what="mean", aliases=aliases)


def _paper(number: str) -> str:
    return f"https://arxiv.org/abs/{number}"


def _docs(page: str) -> str:
    """Return where EvalScope counts a benchmark's questions, by split and part."""
    return f"https://github.com/modelscope/evalscope/blob/v1.9.0/docs/en/benchmarks/{page}.md"


def _card(name: str) -> str:
    return f"https://github.com/huggingface/datasets/blob/2.5.0/datasets/{name}/README.md"


def _hub(name: str) -> str:
    return f"https://huggingface.co/datasets/{name}"


_ANLS = "ANLS gives parts of a point"
_VQA = "VQA accuracy gives parts of a point"
_SUBJECTS = "is usually the mean of its subjects, which differ in size"
_PARTS = "is the mean of its parts, which differ in size, or of all questions"
_MMBENCH = "https://github.com/open-compass/MMBench"

VISION = (
    _count("mmmu_val", 900, "MMMU validation", _docs("mmmu"), "mmmuvalidation"),
    _count("mmmu_pro_vision", 1730, "MMMU-Pro, questions within pictures", _docs("mmmu_pro")),
    _count("mmmu_pro_standard", 1730, "MMMU-Pro, questions with ten options", _docs("mmmu_pro")),
    _mean("docvqa_val", 5349, _ANLS, _docs("docvqa"), "docvqavalidation"),
    # The file has 4,329 rows, rotations included; VLMEvalKit counts a question once, when all its
    # rotations are right; published scores are counts of 1,164 (QwenLM, README of Qwen2-VL).
    _count("mmbench_dev_en", 1164, "MMBench dev, questions with all rotations right", _MMBENCH),
    _count("mmbench_dev_cn", 1164, "MMBench dev, questions with all rotations right", _MMBENCH),
    _count("mmbench_test_en", 1784, "MMBench test, questions with all rotations right", _MMBENCH),
    _count("mmbench_test_cn", 1784, "MMBench test, questions with all rotations right", _MMBENCH),
    _count("mathvista_mini", 1000, "MathVista testmini", _docs("math_vista"), "mathvistatestmini"),
    _count("mathvision_test", 3040, "MATH-Vision test", _docs("math_vision"), "mathvisiontest"),
    _count("ocrbench", 1000, "OCRBench", _docs("ocr_bench")),
    # 1,250 written by people and 1,250 made; relaxed accuracy is 0 or 1.
    _count("chartqa_test", 2500, "ChartQA test", _docs("chartqa")),
    _mean("textvqa_val", 5000, _VQA, _hub("facebook/textvqa")),
    _mean("infovqa_val", 2801, _ANLS, _docs("infovqa")),
    _mean("vqav2_val", 214354, _VQA, _docs("vqav2")),
    _count("scienceqa_test", 4241, "ScienceQA test", _docs("science_qa")),
    _count(
        "scienceqa_img",
        2017,
        "ScienceQA test with pictures",
        _hub("lmms-lab/ScienceQA"),
        "scienceqaimg",
    ),
    _count("ai2d_test", 3088, "AI2D test", _docs("ai2d")),
    # lmms-eval takes the mean of the 18 finer parts (tasks/mmstar/utils.py), VLMEvalKit that of all
    # questions; a 50.64 that the first gave (EvolvingLMMs-Lab/LLaVA-OneVision-2, issue 105) is no
    # count of 1,500.
    _mean("mmstar", 1500, _PARTS, _docs("mm_star")),
    _count("realworldqa", 765, "RealWorldQA", _docs("real_world_qa")),
    # The authors' script takes the mean of 14 tasks of 117 to 172 questions (eval/evaluate.py),
    # VLMEvalKit that of all questions.
    _mean("blink_val", 1901, _PARTS, "https://github.com/zeyofu/BLINK_Benchmark"),
    _count("mvbench", 4000, "MVBench, 200 questions on each of 20 tasks", _docs("mvbench")),
    _count("videomme", 2700, "Video-MME", _hub("lmms-lab/Video-MME")),
)

TEXT = (
    _count("gsm8k", 1319, "GSM8K test", _docs("gsm8k"), "gsm8kcot"),
    # 10,042 validation contexts are what harnesses score.
    _count("hellaswag", 10042, "HellaSwag validation", _docs("hellaswag")),
    _count("mmlu", 14042, "MMLU test", _docs("mmlu")),
    _count("mmlu_pro", 12032, "MMLU-Pro test", _docs("mmlu_pro")),
    _count("arc_challenge", 1172, "ARC-Challenge test", _docs("arc"), "arcc"),
    _count("arc_easy", 2376, "ARC-Easy test", _docs("arc"), "arce"),
    # 1,267 in dev are what harnesses score.
    _count("winogrande", 1267, "WinoGrande dev", _docs("winogrande")),
    _count("piqa", 1838, "PIQA validation", _docs("piqa")),
    _count("boolq", 3270, "BoolQ validation", _card("boolq")),
    _count("openbookqa", 500, "OpenBookQA test", _card("openbookqa"), "obqa"),
    _count("social_iqa", 1954, "Social IQa dev", _docs("siqa"), "siqa", "socialiqa"),
    _count("commonsenseqa", 1221, "CommonsenseQA dev", _docs("commonsense_qa")),
    _count("lambada_openai", 5153, "LAMBADA test", _card("lambada"), "lambada"),
    _count("sciq", 1000, "SciQ test", _docs("sciq")),
    _count("truthfulqa_mc1", 817, "TruthfulQA, one true answer", _docs("truthful_qa")),
    _mean(
        "truthfulqa_mc2",
        817,
        "gives the share of probability on true answers",
        _docs("truthful_qa"),
        "truthfulqa",
    ),
    _count("humaneval", 164, "HumanEval", _docs("humaneval")),
    _count("humaneval_plus", 164, "HumanEval+", _docs("humaneval_plus")),
    _count("math_500", 500, "MATH-500", _docs("math_500"), "math500"),
    _count(
        "math_lvl_5",
        1324,
        "MATH test, level 5",
        _docs("competition_math"),
        "mathlvl5",
        "mathlevel5",
        "mathhard",
    ),
    _count("gpqa_diamond", 198, "GPQA diamond", _docs("gpqa_diamond"), "gpqadiamond"),
    _count("gpqa_main", 448, "GPQA main", _paper("2311.12022"), "gpqamain"),
    _count("gpqa_extended", 546, "GPQA extended", _paper("2311.12022"), "gpqaextended"),
    _mean("musr", 756, _SUBJECTS, _docs("musr")),
    _mean("bbh", 6511, _SUBJECTS, _docs("bbh"), "bigbenchhard"),
    _mean("cmmlu", 11582, _SUBJECTS, _docs("cmmlu")),
    _mean("ceval_val", 1346, _SUBJECTS, _docs("ceval"), "cevalval", "cevalvalidation"),
    *(
        _count(f"mgsm_{code}", 250, "MGSM, one language", _docs("mgsm"))
        for code in ("bn", "de", "en", "es", "fr", "ja", "ru", "sw", "te", "th", "zh")
    ),
)

BENCHMARKS = VISION + TEXT
"""Every benchmark that is known."""

AMBIGUOUS = {
    "GPQA": "main (448), diamond (198) and extended (546) all go by that name",
    "IFEval": "541 prompts or 834 instructions, strict or loose, or the mean of them",
    "MBPP": "500 in the paper's test split, 378 and 399 in EvalPlus, 257 and 427 sanitized",
    "MBPP+": "378 since EvalPlus 0.3, 399 before",
    "MATH": "5,000 in the test split, 500 in a subset that goes by the same name",
    "CCBench": "510 in the file that is handed out now, 544 in the first one",
    "MMMU": "900 in validation, 10,500 in test",
    "ARC": "challenge (1,172) or easy (2,376)",
    "MGSM": "250 in each of eleven languages, and usually the mean of some of them",
    "AIME": "30 a year, and usually the mean of many runs",
    "LiveCodeBench": "as many as its dates hold",
}
"""Benchmarks that are left out, and why."""
