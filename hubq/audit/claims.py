"""Claims: the words by which sentences say how quantized variants compare with their baseline.

Each pattern is looked for only where one of its words stands, as most sentences claim nothing.
"""

from __future__ import annotations

import re

from hubq.audit.lowered import holds_any
from hubq.audit.prose import Sentence

_LOSSLESS = re.compile(
    r"\bloss-?less\b|(?:\bno|not suffer from|\bwithout|\bnegligible|\bminimal|\blittle to no)"
    r"(?: any)?(?: (?:significant|measurable|noticeable|meaningful|visible|real|major|additional"
    r"|obvious))?(?: (?:accuracy|quality|performance|model))?"
    r" (?:loss|losses|degradation|drop|degradations)\b",
    re.IGNORECASE,
)
_WITHIN = re.compile(
    r"\bwithin (?P<much>\d{1,3}(?:\.\d{1,3})?) ?(?P<unit>%|percent|points?|pts?|pp)", re.IGNORECASE
)
_KEEPS = re.compile(
    r"\b(?:recover|retain|preserv|maintain|keep)\w*\b[^.\d]{0,30}?(?P<hedge>over|above|more than"
    r"|at least|>=?|≥)\s?(?P<much>\d{2,3}(?:\.\d{1,3})?) ?%",
    re.IGNORECASE,
)
_NOISE = re.compile(
    r"(?:<|below|under|less than|smaller than|within|up to)\s?±?(?P<much>\d{1,2}(?:\.\d{1,3})?)"
    r"[- ]?(?P<unit>%|points?|pts?|pp)[^.]{0,60}\b(?:noise|noisy|insignificant|meaningless"
    r"|not meaningful|chance|negligible|equal|ties?)\b",
    re.IGNORECASE,
)
BEATS = re.compile(
    r"\b(?P<all>consistently |always |clearly )?(?:outperforms?|beats?|surpass(?:es)?|exceeds?"
    r"|(?:is|are) (?:ahead of|better than|above|higher than)|leads"
    r"|(?:has|have|reach(?:es)?|scores?|gets?) (?:a |an )?(?:higher|better)[^.,;]{0,40}? than)\b"
    r"(?P<rest>[^.;]{0,160})",
    re.IGNORECASE,
)
TRAILS = re.compile(
    r"\b(?P<all>consistently |always |clearly )?(?:underperforms?|trails?|lags? behind"
    r"|(?:is|are|falls?) (?:behind|below|worse than|lower than)"
    r"|(?:has|have|reach(?:es)?|scores?|gets?) (?:a |an )?(?:lower|worse)[^.,;]{0,40}? than)\b"
    r"(?P<rest>[^.;]{0,160})",
    re.IGNORECASE,
)
_UNHEDGED = re.compile(
    r"(?<!near )(?<!near-)(?<!nearly )(?<!virtually )(?<!effectively )(?<!almost )"
    r"(?<!approximately )(?<!practically )(?<!essentially )\bloss-?less\b"
    r"|(?:\bno|not suffer from|\bwithout)(?: any)?(?: (?:accuracy|quality|performance|model))?"
    r" (?:loss|losses|degradation|drop|degradations)\b",
    re.IGNORECASE,
)
#: The full-precision model, as the second of two.
BASE = re.compile(
    r"^\s*(?:the |its )?(?:unquanti[sz]ed|baseline|base model|original|full[- ]precision|bf16|fp16"
    r"|float)",
    re.IGNORECASE,
)
ALL = re.compile(r"\b(all|every|each|across|consistent)", re.IGNORECASE)
_ABOUT = re.compile(r"int ?[48]\b|\bw\d+a\d+|[48]-?bit", re.IGNORECASE)
_ABOUT_WORDS = (
    *("quantiz", "quantis", "fp8", "gptq", "awq", "baseline", "bf16", "fp16", "original"),
    *("full precision", "full-precision", "accuracy", "quality"),
)
#: "No loss was shown" says that none was found, and not that there is none.
_SHOWN = re.compile(
    r"\b(?:loss|losses|degradation|drop)\w* (?:was|were|is|are|can be|could be|has been) (?:\w+ )?"
    r"(?:shown|found|seen|measured|detected|excluded)",
    re.IGNORECASE,
)
_OTHER_WORDS = (
    *("speed", "latency", "throughput", "memory", "training", "finetun", "fine-tun", "compress"),
)
#: Such a sentence speaks of some benchmarks only.
SOME = re.compile(
    r"\b(?:on|for|in) (?!(?:the |all |any |these |every |our |both |multiple |various ){0,3}"
    r"(?:tasks?|benchmarks?|workloads?)\b(?! that| which| with))(?:[\w-]+ ){0,4}"
    r"(?:tasks?|benchmarks?|workloads?)\b|\bexcept|other than|apart from|\bmost\b",
    re.IGNORECASE,
)
_NOISE_WORDS = (
    *("noise", "noisy", "insignificant", "meaning", "chance", "negligible", "equal", "tie"),
)
_KEEPS_WORDS = ("recover", "retain", "preserv", "maintain", "keep")
_LOSS_WORDS = ("loss", "degradation", "drop")
_BEATS_WORDS = (
    *("outperform", "beat", "surpass", "exceed", "ahead", "better", "above", "higher", "leads"),
)
_TRAILS_WORDS = ("underperform", "trail", "lag", "behind", "below", "fall", "worse", "lower")
_WORDS = (*("within", *_LOSS_WORDS, *_NOISE_WORDS, *_KEEPS_WORDS, *_BEATS_WORDS, *_TRAILS_WORDS),)


def claims(one: Sentence) -> bool:
    """Say whether a sentence may claim anything of quantized variants."""
    return holds_any(one.lower, _WORDS) and (
        holds_any(one.lower, _ABOUT_WORDS) or bool(_ABOUT.search(one.text))
    )


def noise(one: Sentence) -> re.Match[str] | None:
    """Return the differences that a sentence calls noise: `much` points."""
    return _found(_NOISE, one, _NOISE_WORDS)


def within(one: Sentence) -> re.Match[str] | None:
    """Return the distance within which a sentence says that scores are: `much`, in its `unit`."""
    return _WITHIN.search(one.text) if "within" in one.lower else None


def keeps(one: Sentence) -> re.Match[str] | None:
    """Return the share of scores that a sentence says is kept: `much` percent."""
    return _found(_KEEPS, one, _KEEPS_WORDS)


def is_lossless(one: Sentence) -> bool:
    """Say whether a sentence claims that scores lose nothing."""
    return (
        _found(_LOSSLESS, one, _LOSS_WORDS) is not None
        and not _SHOWN.search(one.text)
        and not holds_any(one.lower, _OTHER_WORDS)
    )


def is_unhedged(one: Sentence) -> bool:
    """Say whether such a claim stands without a word that softens it."""
    return bool(_UNHEDGED.search(one.text))


def compares(one: Sentence) -> bool:
    """Say whether a sentence says that one thing is ahead of another, or behind it."""
    return (_found(BEATS, one, _BEATS_WORDS) or _found(TRAILS, one, _TRAILS_WORDS)) is not None


def _found(pattern: re.Pattern[str], one: Sentence, words: tuple[str, ...]) -> re.Match[str] | None:
    return pattern.search(one.text) if holds_any(one.lower, words) else None
