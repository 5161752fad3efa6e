"""Wording: what a card's own sentences say of how this model's weights were quantized.

Only sentences about the model at hand count: lists of other variants, comparisons and advice on
how to load a model say nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

import msgspec

from hubq.audit.document import Document
from hubq.audit.kept import kept
from hubq.audit.lowered import fold, holds_any
from hubq.audit.naming import NameFacts, read_name
from hubq.audit.parts import Passage, Spot
from hubq.audit.subject import Subject

Topic = Literal["bits", "activation-bits", "group-size", "method", "size", "symmetric"]

_LONGEST = 600
"""Characters of a sentence that is read; longer ones are lists or data."""
#: Lines of a paragraph run on; those that end with a stop or begin with a key do not.
_SENTENCE = re.compile(
    r"\s(?:(?<=[.!?]\s)\s*(?=[A-Z\[`*])|(?<=[.!?:;,]\n)|(?<=\n)"
    r"(?=[^\w\n]{0,4}[A-Za-z][\w -]{1,30}\W{0,2}[:=：]))"
)
_ABOUT = re.compile(
    r"^\W{0,4}(?:(?:this|these|the|it)\s+(?:(?:is|are|was)\s+)?(?:[\w.`'’-]+\s+){0,3}?"
    r"(?:model|repo|repository|checkpoint|version|files|result|optimization|quantization|weights)\b"
    r"|(?:it\s+(?:is|was)\s+|directly\s+|[\w.-]+\s+)?quanti[sz]ed\b"
    r"|(?:[\w().`-]+\s+){0,6}?(?:quanti[sz]ed\s+(?:version|model|weights)|quanti[sz]ation)"
    r"(?:\s+\w+)?\s+(?:of|for)\b"
    r"|(?:mlx|gptq|awq|fp8|int[48]|[2-8]-?bits?)\s+(?:version|quanti[sz]ation|quant)\b)",
    re.IGNORECASE,
)
_QUANTIZED = re.compile(
    r"quanti[sz]|bits per (?:parameter|weight)|\b(?:gptq|awq)\b|[2-8][- ]?bit|\bint[48]\b|\bfp8\b",
    re.IGNORECASE,
)
#: What a sentence has among its letters if that matches.
_NAMED = ("quanti", "bit", "gptq", "awq", "int4", "int8", "fp8")
#: In small letters, words of sentences that are about something else, or about several things.
_OTHER = frozenset(
    {
        *("than", "compare", "compared", "comparison", "versus", "vs", "unlike", "other", "others"),
        *("another", "also", "instead", "can", "could", "may", "might", "should", "would", "want"),
        *("please", "if", "when", "before", "after", "kv", "cache", "support", "supports"),
        *("embedding", "embeddings", "lm_head", "except", "not", "respectively", "both", "each"),
        *("either", "series", "plan", "plans", "including", "merge", "merges", "merged", "trained"),
        *("require", "requires", "or"),
    }
)
_OTHER_PHRASES = re.compile(r"\b(?:such as|lm head|fine-?tun\w+|original(?:ly)? quanti[sz]ed)\b")
_PHRASE_WORDS = ("such as", "lm head", "tun", "original")
_WORD = re.compile(r"\w+")
_ASIDE = re.compile(r"`[^`]*`|\([^()]*\)")
_BITS = re.compile(
    r"(?<![\w./-])(?:(?P<type>u?int|fp|nf|mxfp|nvfp)-?(?P<typed>[2-8])(?![\d])"
    r"|(?P<plain>[2-8])[- ]?bits?|w(?P<weights>[2-8])a\d{1,2})(?![\w/])(?!-(?!quanti))",
    re.IGNORECASE,
)
_PER_PARAMETER = re.compile(
    r"bits per (?:parameter|weight)s? (?:from (?:16|32)|down) to (?P<bits>\d{1,2})\b", re.IGNORECASE
)
_KEY = re.compile(
    r"^\W{0,4}(?P<key>[a-z][a-z _-]{2,30}?)\W{0,4}[:=：]\W{0,4}(?P<value>\S[^\n]{0,80})$",
    re.IGNORECASE,
)
_KEYS: dict[str, Topic] = {
    **dict.fromkeys(
        ("weight quantization", "weights quantization", "quantization", "weight precision"), "bits"
    ),
    **dict.fromkeys(
        ("activation quantization", "activations quantization", "activation precision"),
        "activation-bits",
    ),
    **dict.fromkeys(("bits", "weight bits", "quantization bits", "quantization level"), "bits"),
    **dict.fromkeys(
        ("group size", "groupsize", "group_size", "quantization group size"), "group-size"
    ),
    **dict.fromkeys(("quantization method", "quantization algorithm", "method"), "method"),
}
_NUMBER = re.compile(
    r"^`?(?P<number>-?\d{1,4})`?\s*(?:-?bits?)?\s*(?:\([^)]*\))?\.?$", re.IGNORECASE
)
_GROUP = re.compile(
    r"\bgroup[- _]?size\s*(?:of|is|=|:|was set to|set to)?\s*`?(?P<size>-1|\d{2,4})`?(?![\w.]\d|\d)"
    r"|\bgroups of (?P<groups>\d{2,4})\b",
    re.IGNORECASE,
)
_METHODS = (
    (
        "gptq",
        re.compile(r"(?<![\w/-])(?:auto)?-?gptq(?:model)?(?:-for-llama)?(?![\w/])", re.IGNORECASE),
    ),
    ("awq", re.compile(r"(?<![\w/-])(?:auto)?-?awq(?![\w/])", re.IGNORECASE)),
    ("bitsandbytes", re.compile(r"\bbitsandbytes\b|\bbnb\b", re.IGNORECASE)),
    ("hqq", re.compile(r"(?<![\w/-])hqq(?![\w/])", re.IGNORECASE)),
    ("auto-round", re.compile(r"\bauto-?round\b", re.IGNORECASE)),
)
_MADE_BY = re.compile(
    r"quanti[sz](?:ed|ing|ation)\b.{0,40}?\b(?:using|with|by|via|through)\b(?P<tools>[^.;]{0,80})"
    r"|\b(?P<before>(?:auto)?(?:gptq|awq))[- ]quanti[sz]ed\b",
    re.IGNORECASE,
)
#: One of these is in each text that it finds.
_MADE_WORDS = ("using", "with", "by", "via", "through", "gptq", "awq")
_SIZE = re.compile(
    r"(?<![\w.-])(?P<size>\d{1,3}(?:\.\d{1,2})?)\s?B(?=\s+[A-Z][\w.-]*\s+(?:\w+\s+)?model\b|\s+model\b)"
)
_TITLE = re.compile(r"[\w.-]+(?:/[\w.-]+)?$")
_ASYMMETRIC = re.compile(r"\b(?:zero-?point|asymmetric) quanti[sz]ation\b", re.IGNORECASE)
_SYMMETRIC = re.compile(r"(?<!a)(?<!non-)\bsymmetric\b[^.]{0,40}\bquanti[sz]ation\b", re.IGNORECASE)


#: What a passage has among its letters if it says anything.
_LETTERS = ("quanti", "bit", "group", "gptq", "awq", "int4", "int8", "fp8", "method")


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a card says of its model.

    Attributes:
        topic: what it is about; `bits` are those of weights.
        value: bits, group size, billions of parameters, or a method; 1 and 0 for symmetric or not.
        text: the piece that says so.
        floating: of bits, whether that is a floating-point type; none where the words do not tell.
        line, column: where it stands.
    """

    topic: Topic
    value: float | str
    text: str
    floating: bool | None = None
    line: int
    column: int = 0

    @property
    def spot(self) -> Spot:
        """Where it stands."""
        return Spot(self.line, self.column)


@kept
def said_in(document: Document) -> tuple[Said, ...]:
    """Return what a card says of its model, in its order."""
    return tuple(one for passage in document.passages for one in _of(document, passage))


class _Piece(NamedTuple):
    """What a sentence says, and where in it."""

    topic: Topic
    value: float | str
    text: str
    at: int
    floating: bool | None = None


def named(subject: Subject) -> tuple[NameFacts, str]:
    """Return what a model's name says, and what that name is, in words.

    Where the repo is not known, a card's title that looks like a name does as well.
    """
    if subject.model:
        return read_name(subject.model), "the repo's name"
    title = subject.document.title.strip(" `*")
    return read_name(title if _TITLE.match(title) else ""), "the card's title"


def _of(document: Document, passage: Passage) -> Iterator[Said]:
    lower = passage.text.lower()
    if passage.kind == "heading" or not holds_any(lower, _LETTERS):
        return
    start = 0
    for sentence in _SENTENCE.split(passage.text):
        start = max(passage.text.find(sentence, start), start)
        if 4 <= len(sentence) <= _LONGEST:
            for piece in _of_sentence(sentence.replace("\n", " ")):
                yield _placed(document, piece, passage.line_of(start + piece.at))
        start += len(sentence)


def _placed(document: Document, piece: _Piece, line: int) -> Said:
    # Links and line ends break a piece up in the source; its first words stand there.
    words = piece.text.split()
    tries = (piece.text, " ".join(words[:2]), words[0] if words else "")
    found = (document.find(text, line, line) for text in tries if text)
    column = next((spot.column for spot in found if spot.line), 0)
    return Said(
        topic=piece.topic,
        value=piece.value,
        text=piece.text,
        floating=piece.floating,
        line=line,
        column=column,
    )


def _of_sentence(sentence: str) -> Iterator[_Piece]:
    keyed = _KEY.match(sentence) if holds_any(sentence, ":=：") else None
    topic = _KEYS.get(" ".join(keyed["key"].lower().split())) if keyed else None
    if keyed and topic:
        yield from _of_key(topic, keyed["value"], keyed.start("value"))
        return
    low = fold(sentence)
    surely = sentence.isascii() and ("quantiz" in low or "quantis" in low)
    if not surely and not (holds_any(low, _NAMED) and _QUANTIZED.search(sentence)):
        return
    per = _PER_PARAMETER.search(sentence) if "bits per" in low else None
    if per and int(per["bits"]) <= 8:
        yield _Piece("bits", int(per["bits"]), per[0], per.start())
        return
    for found in _GROUP.finditer(sentence) if "group" in low else ():
        yield _Piece("group-size", int(found["size"] or found["groups"]), found[0], found.start())
    if _ABOUT.match(sentence) and not _is_other(_unquoted(low)):
        yield from _of_this(sentence)


def _of_key(topic: Topic, value: str, at: int) -> Iterator[_Piece]:
    if topic in ("bits", "activation-bits"):
        yield from (piece._replace(topic=topic) for piece in _bits(value, at))
    number = _NUMBER.match(value)
    if number and (topic == "group-size" or (topic == "bits" and 2 <= int(number["number"]) <= 8)):
        yield _Piece(topic, int(number["number"]), value.strip(), at)
    if topic in ("bits", "method"):
        yield from _method(value, value, at)


def _of_this(sentence: str) -> Iterator[_Piece]:
    """Yield what a sentence about this model says."""
    weights, _, rest = sentence.partition("activation")
    yield from _bits(weights if rest and _BITS.search(weights) else sentence, 0)
    if weights.endswith("weights and "):
        yield from (piece._replace(topic="activation-bits") for piece in _bits(sentence, 0))
    low = fold(sentence)
    made = _MADE_BY.search(sentence) if holds_any(low, _MADE_WORDS) else None
    if made:
        yield from _method(made["tools"] or made["before"] or "", made[0], made.start())
    sized = _SIZE.finditer(sentence) if "model" in sentence and "B" in sentence else ()
    sizes = {found["size"]: found for found in sized}
    if len(sizes) == 1:
        size = next(iter(sizes.values()))
        yield _Piece("size", float(size["size"]), size[0], size.start())
    worth = "symmetric" in low or "zero" in low
    for pattern, value in ((_ASYMMETRIC, 0), (_SYMMETRIC, 1)) if worth else ():
        if found := pattern.search(sentence):
            yield _Piece("symmetric", value, found[0], found.start())


def _bits(text: str, at: int) -> Iterator[_Piece]:
    """Yield the bits that a piece of text names, where it names one number alone."""
    found = list(_BITS.finditer(text))
    values = {int(one["typed"] or one["plain"] or one["weights"]) for one in found}
    if len(values) != 1:
        return
    kinds = {one["type"].lower() for one in found if one["type"]}
    floating = None if not kinds else not all(kind.endswith("int") for kind in kinds)
    yield _Piece("bits", values.pop(), found[0][0], at + found[0].start(), floating)


def _method(tools: str, text: str, at: int) -> Iterator[_Piece]:
    """Yield the method that a piece of text names, where it names one alone."""
    named = [method for method, pattern in _METHODS if pattern.search(tools)]
    if len(named) == 1:
        yield _Piece("method", named[0], text.strip(), at)


def _is_other(low: str) -> bool:
    """Say whether a sentence in small letters is about something else, or several things."""
    if not _OTHER.isdisjoint(_WORD.findall(low)):
        return True
    return holds_any(low, _PHRASE_WORDS) and _OTHER_PHRASES.search(low) is not None


def _unquoted(sentence: str) -> str:
    """Return a sentence without what stands in brackets or code, which is an aside."""
    return _ASIDE.sub(" ", sentence) if "`" in sentence or "(" in sentence else sentence
