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


_ANLS = "ANLS gives parts of a point"
_VQA = "VQA accuracy gives parts of a point"
_SUBJECTS = "is usually the mean of its subjects, which differ in size"
_EVALSCOPE = "https://evalscope.readthedocs.io/en/v1.6.0/benchmarks"
_MMBENCH = "https://github.com/open-compass/MMBench"
_HARNESS = "https://github.com/EleutherAI/lm-evaluation-harness/tree/main/lm_eval/tasks"

VISION = (
    _count("mmmu_val", 900, "MMMU validation", _paper("2311.16502"), "mmmuvalidation"),
    _count("mmmu_pro_vision", 1730, "MMMU-Pro, questions within pictures", _paper("2409.02813")),
    _count("mmmu_pro_standard", 1730, "MMMU-Pro, questions with ten options", _paper("2409.02813")),
    _mean("docvqa_val", 5349, _ANLS, _paper("2007.00398"), "docvqavalidation"),
    # The file has 4,329 rows, rotations included; VLMEvalKit counts a question once, when all its
    # rotations are right; published scores are counts of 1,164 (QwenLM, README of Qwen2-VL).
    _count("mmbench_dev_en", 1164, "MMBench dev, questions with all rotations right", _MMBENCH),
    _count("mmbench_dev_cn", 1164, "MMBench dev, questions with all rotations right", _MMBENCH),
    _count("mmbench_test_en", 1784, "MMBench test, questions with all rotations right", _MMBENCH),
    _count("mmbench_test_cn", 1784, "MMBench test, questions with all rotations right", _MMBENCH),
    _count("ccbench", 510, "CCBench, questions with all rotations right", _MMBENCH),
    _count("mathvista_mini", 1000, "MathVista testmini", _paper("2310.02255"), "mathvistatestmini"),
    _count("mathvision_test", 3040, "MATH-Vision test", _paper("2402.14804"), "mathvisiontest"),
    _count("ocrbench", 1000, "OCRBench", _paper("2305.07895")),
    # 1,250 written by people and 1,250 made; relaxed accuracy is 0 or 1.
    _count("chartqa_test", 2500, "ChartQA test", _paper("2203.10244")),
    _mean("textvqa_val", 5000, _VQA, _paper("1904.08920")),
    _mean("infovqa_val", 2801, _ANLS, _paper("2104.12756")),
    _mean("vqav2_val", 214354, _VQA, _paper("1612.00837")),
    _count("scienceqa_test", 4241, "ScienceQA test", _paper("2209.09513")),
    _count(
        "scienceqa_img", 2017, "ScienceQA test with pictures", _paper("2209.09513"), "scienceqaimg"
    ),
    _count("ai2d_test", 3088, "AI2D test", _paper("1603.07396")),
    _count("mmstar", 1500, "MMStar", _paper("2403.20330")),
    _count("realworldqa", 765, "RealWorldQA", "https://x.ai/news/grok-1.5v"),
    _count("blink_val", 1901, "BLINK validation", _paper("2404.12390")),
    _count("mvbench", 4000, "MVBench, 200 questions on each of 20 tasks", _paper("2311.17005")),
    _count("videomme", 2700, "Video-MME", _paper("2405.21075")),
)

TEXT = (
    _count("gsm8k", 1319, "GSM8K test", _paper("2110.14168"), "gsm8kcot"),
    # 10,042 validation contexts are what harnesses score.
    _count("hellaswag", 10042, "HellaSwag validation", _paper("1905.07830")),
    _count("mmlu", 14042, "MMLU test", _paper("2009.03300")),
    _count("mmlu_pro", 12032, "MMLU-Pro test", _paper("2406.01574")),
    _count("arc_challenge", 1172, "ARC-Challenge test", _paper("1803.05457"), "arcc"),
    _count("arc_easy", 2376, "ARC-Easy test", _paper("1803.05457"), "arce"),
    # 1,267 in dev are what harnesses score.
    _count("winogrande", 1267, "WinoGrande dev", _paper("1907.10641")),
    _count("piqa", 1838, "PIQA validation", _paper("1911.11641")),
    _count("boolq", 3270, "BoolQ validation", _paper("1905.10044")),
    _count("openbookqa", 500, "OpenBookQA test", _paper("1809.02789"), "obqa"),
    _count("social_iqa", 1954, "Social IQa dev", _paper("1904.09728"), "siqa", "socialiqa"),
    _count("commonsenseqa", 1221, "CommonsenseQA dev", _paper("1811.00937")),
    _count("lambada_openai", 5153, "LAMBADA test", _paper("1606.06031"), "lambada"),
    _count("sciq", 1000, "SciQ test", _paper("1707.06209")),
    _count("truthfulqa_mc1", 817, "TruthfulQA, one true answer", _paper("2109.07958")),
    _mean(
        "truthfulqa_mc2",
        817,
        "gives the share of probability on true answers",
        _paper("2109.07958"),
        "truthfulqa",
    ),
    _count("humaneval", 164, "HumanEval", _paper("2107.03374")),
    _count("humaneval_plus", 164, "HumanEval+", _paper("2305.01210")),
    _count("mbpp_plus", 378, "MBPP+", "https://github.com/evalplus/evalplus"),
    _count("math_500", 500, "MATH-500", "https://github.com/openai/prm800k", "math500"),
    _count(
        "math_lvl_5",
        1324,
        "MATH test, level 5",
        f"{_HARNESS}/leaderboard",
        "mathlvl5",
        "mathlevel5",
        "mathhard",
    ),
    _count("gpqa_diamond", 198, "GPQA diamond", _paper("2311.12022"), "gpqadiamond"),
    _count("gpqa_main", 448, "GPQA main", _paper("2311.12022"), "gpqamain"),
    _count("gpqa_extended", 546, "GPQA extended", _paper("2311.12022"), "gpqaextended"),
    _mean("musr", 756, _SUBJECTS, _paper("2310.16049")),
    _mean("bbh", 6511, _SUBJECTS, _paper("2210.09261"), "bigbenchhard"),
    _mean("cmmlu", 11582, _SUBJECTS, f"{_EVALSCOPE}/cmmlu.html"),
    _mean("ceval_val", 1346, _SUBJECTS, _paper("2305.08322"), "cevalval", "cevalvalidation"),
    *(
        _count(f"mgsm_{code}", 250, "MGSM, one language", _paper("2210.03057"))
        for code in ("bn", "de", "en", "es", "fr", "ja", "ru", "sw", "te", "th", "zh")
    ),
)

BENCHMARKS = VISION + TEXT
"""Every benchmark that is known."""

AMBIGUOUS = {
    "GPQA": "main (448), diamond (198) and extended (546) all go by that name",
    "IFEval": "541 prompts or 834 instructions, strict or loose, or the mean of them",
    "MBPP": "500 in the paper's test split, 378 and 399 in EvalPlus, 257 and 427 sanitized",
    "MATH": "5,000 in the test split, 500 in a subset that goes by the same name",
    "MMMU": "900 in validation, 10,500 in test",
    "ARC": "challenge (1,172) or easy (2,376)",
    "MGSM": "250 in each of eleven languages, and usually the mean of some of them",
    "AIME": "30 a year, and usually the mean of many runs",
    "LiveCodeBench": "as many as its dates hold",
}
"""Benchmarks that are left out, and why."""
