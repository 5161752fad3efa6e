"""Families drawn at random: any state anywhere, extreme numbers, and texts that mean harm.

A family is put together from `World`s, each of which made every result with numbers of its own, so
that every number still stands in the file that it is read from. Drawn twice from one seed, once
with tame words and once with hostile ones, it must come out as the same page but for the words.
"""

from __future__ import annotations

import json
import random
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from hubq.bench import measures
from hubq.bench.paired import Round
from hubq.cards.family import Family, read_environments
from hubq.evaluate import generation
from hubq.evaluate.samples import Sample
from hubq.model.card import CellState
from hubq.model.gap import Gap
from hubq.model.recipe import BASELINE, LoadedRecipe
from hubq.model.result import Collected
from hubq.model.stage import Kind
from hubq.model.suite import FIDELITY, JudgeSpec
from hubq.model.workload import SITTING
from tests.cards.factory import Factory, made_up_samples
from tests.cards.nano import loaded_recipe, source, with_serving

STATES = (
    *(CellState.RUNNING, CellState.PENDING, CellState.OOM, CellState.FAILED),
    *(CellState.INFEASIBLE, CellState.STALE),
)
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)> </td></tr></table>",
    "<!-- hubq:end scores --> <!-- hubq:begin scores -->",
    "a | b || c \\| d \\\\| e",
    "`code` ``more`` ```",
    "```\n# Heading\n```",
    "{{ 7 * 7 }} {% for x in y %} {# no #}",
    "[a](http://evil.example) ![b](http://evil.example/b.png) [c]: http://evil.example",
    "http://evil.example/x www.evil.example ann@evil.example",
    "first\nsecond\r\n\n| a | b |\n|--|--|\n| 1 | 2 |\n\nthird\u2028fourth\x85fifth",
    "\u202egnirts a si siht\u202c \u2066x\u2069 \u200f",
    "\ue000mfrgg\ue001 99.99 \ue002 \ue000\ue001\ue002 \ue000",
    "\x00\x1b[31mred\x07 \x0b \x0c \x1c",
    "W" * 3_000,
    "- item\n1. one\n> quoted\n# head\n***\n===\n---",
    "*a* **b** __c__ ~~d~~ $x_1$ [ ] &amp; &lt;b&gt; \\",
    '"quoted" \'single\' $(rm) ; && "',
    "ı̇ ﷽ 😀👩‍👩‍👧 \u0301\u0301 日本語",
    "Ω" * 400,
)
_README = "---\nlicense: mit\n---\n# {}\n\n`````bibtex\n@misc{{a,\n  title={{{}}}\n}}\n`````\n"
LICENSES: tuple[Any, ...] = (
    "apache-2.0",
    "other",
    "other",
    "proprietary <b>",
    None,
    ["mit"],
    {"a": 1},
)
_READ = {"asked": 9, "failures": 1, "unreadable": 2}
_RATES = (0.0, 1e-9, 0.5, 212.4, 1e9)
_BYTES = (1, 4_096, 1_501_112, 145 * 10**9, 10**15)
_KL = (0.0, 1e-12, 0.0873, 60.0)
_COUNTS = (0, 1, 128, 10**7)


class Words:
    """Words for the places of a family that are free text, none of them twice.

    Args:
        hostile: give the ones that mean harm.
    """

    def __init__(self, *, hostile: bool) -> None:
        self.hostile, self.number = hostile, 0

    def say(self, draw: random.Random) -> str:
        """Return the next words; the draw is the same for both kinds."""
        chosen = draw.choice(HOSTILE)
        self.number += 1
        return f"{chosen} {self.number}" if self.hostile else f"word {self.number}"


class World(Factory):
    """Makes every result of a family with numbers of its own.

    Args:
        folder: where the runs folder goes.
        seed: of the numbers.
        hostile: names of kernels and reasons of the speed measurement mean harm.
        scored: another world of that seed, whose scores are taken.
    """

    def __init__(
        self, folder: Path, seed: int, *, hostile: bool, scored: World | None = None
    ) -> None:
        super().__init__(folder, with_serving(loaded_recipe()))
        self.seed, self.words, self.scored = seed, Words(hostile=hostile), scored
        self.draw = random.Random(f"world {seed}")  # noqa: S311 - made-up data

    def score(self, name: str, task: str, samples: tuple[Sample, ...] | None = None) -> None:
        if self.scored is None:
            super().score(name, task, samples or drawn_samples(self.seed, name, task))
        else:
            self._take(f"score/{name}/{task}")

    def fidelity(self, name: str) -> None:
        if self.scored is None:
            super().fidelity(name)
        else:
            self._take(f"score/{name}/fidelity")

    def certify(self, name: str) -> None:
        """Make the certificate, and what vLLM made of the checkpoint."""
        super().certify(name)
        facts = {
            "engine": {"version": self.words.say(self.draw)},
            "state": self.draw.choice(("loads", "infeasible")),
            "reason": self.words.say(self.draw),
        }
        collected = Collected(facts=facts)
        nothing = dict[str, str]()
        self.commit(Kind.CERTIFY, name, {}, lambda _work, _out: collected, nothing, task="vllm")

    def repeat(self, task: str) -> None:
        samples = drawn_samples(self.seed, BASELINE, task)
        part = samples[: max(1, len(samples) // 3)]
        again = msgspec.structs.replace(part[0], score=1 - part[0].score, output="other")
        self.score(BASELINE, f"{task}/repeat", (again, *part[1:]))

    def commit(
        self,
        kind: Kind,
        name: str,
        settings: dict[str, Any],
        collect: Callable[[Path, Mapping[str, Any]], Collected],
        files: dict[str, str],
        *,
        task: str = "",
    ) -> None:
        """Put a result into the store, with other numbers and words in its file."""
        changed = {file: self._changed(file, text) for file, text in files.items()}
        super().commit(kind, name, settings, collect, changed, task=task)

    def _take(self, stage_id: str) -> None:
        assert self.scored is not None
        self.results[stage_id] = self.scored.results[stage_id]
        self.folders[stage_id] = self.scored.folders[stage_id]

    def _changed(self, file: str, text: str) -> str:
        change = {
            "quantize.json": self._quantized,
            "certificate.json": self._certified,
            "bench.json": self._timed,
            generation.FACTS: self._answered,
        }.get(file)
        document = json.loads(text) if file.endswith(".json") else {}
        if file == "scores.json":
            document |= {"judge": _READ, "by_rules": {"score": {"value": 0.25}}}
        elif change is not None and self.seed:
            change(document)
        else:
            return text
        return json.dumps(document)

    def _quantized(self, document: dict[str, Any]) -> None:
        document["size_bytes"] = self.draw.choice(_BYTES)
        document["peak_resident_bytes"] = self.draw.choice(_BYTES)
        document["seconds"]["quantize"] = self.draw.choice((0.0, 0.04, 7.3, 1e6))
        for name in ("rows_used", "text_tokens", "vision_tokens"):
            document["calibration"][name] = self.draw.choice(_COUNTS)

    def _answered(self, document: dict[str, Any]) -> None:
        document["tokens"] = self.draw.choice((0, 1, 10**9))
        document["largest_batch"] = self.draw.choice((1, 4_096))
        document["seconds"]["generate"] = self.draw.choice((0.001, 3.0, 1e7))

    def _certified(self, document: dict[str, Any]) -> None:
        kl = self.draw.choice(_KL)
        document["kl"] |= {"value": kl, "low": kl / 2, "high": 2 * kl}
        document["top1_agreement"]["value"] = self.draw.choice((0.0, 0.5, 1.0))
        document["kernels"] = {self.words.say(self.draw): 3, self.words.say(self.draw): 10**6}
        for check in document["checks"]:
            check["said"] = self.words.say(self.draw)
        document["checks"].append(
            {"name": self.words.say(self.draw), "good": False, "said": self.words.say(self.draw)}
        )

    def _timed(self, document: dict[str, Any]) -> None:
        subject = document["subject"]
        subject["attention"] = self.words.say(self.draw)
        subject["dtype"] = self.words.say(self.draw)
        subject["threads"] = self.draw.choice((1, 256))
        subject["kernels"] = {self.words.say(self.draw): 3}
        said = self.words.say(self.draw)
        document["conditions"]["busy"] = [said] if self.draw.random() < 0.5 else []
        for workload in document["workloads"]:
            if self.draw.random() < 0.3:
                state = self.draw.choice(("oom", "failed"))
                workload.update(state=state, why=self.words.say(self.draw))
                continue
            rate = self.draw.choice(_RATES)
            speed = "request_rate" if workload["step"] else "tokens_per_second"
            for one in workload["rounds"]:
                one["own"][speed] = rate * self.draw.choice((0.9, 1.0, 1.1))
            rounds = msgspec.convert(workload["rounds"], tuple[Round, ...])
            workload.update(measures.summary(rounds, workload["load_spread"]))
            workload["memory"]["peak_bytes"] = self.draw.choice(_BYTES)
            workload["warm"][0]["settled"] = self.draw.random() < 0.8
            workload["stopped"] = self.draw.choice(("narrow", "most"))
            if workload["step"]:
                workload["requests_failed"] = self.draw.choice((0, 2))


def worlds(
    folder: Path, count: int, *, hostile: bool, scored: tuple[World, ...] = ()
) -> tuple[World, ...]:
    """Return worlds that made everything; the first has the factory's own numbers."""
    made = []
    for seed in range(count):
        one = scored[seed] if scored else None
        world = World(folder / str(seed), seed, hostile=hostile, scored=one)
        world.everything()
        made.append(world)
    return tuple(made)


def drawn_samples(seed: int, name: str, task: str) -> tuple[Sample, ...]:
    """Return scored items of a world: few or many, none or all right, equal or all other."""
    if not seed:
        return made_up_samples(name, task)
    shape = random.Random(f"{seed} {task}")  # noqa: S311 - made-up data
    items, level = shape.choice((1, 2, 7, 60)), shape.choice((0.0, 0.3, 0.9, 1.0))
    whole, clusters = shape.random() < 0.5, shape.choice((1, 2, 60))
    base = random.Random(f"base {seed} {task}")  # noqa: S311
    own = random.Random(f"{seed} {name} {task}")  # noqa: S311
    way = "same" if name == BASELINE else own.choice(("same", "zero", "one", "drop", "other"))
    samples = []
    for number in range(items):
        score = float(base.random() < level) if whole else base.random() * level
        after = {"same": score, "zero": 0.0, "one": 1.0, "drop": score * 0.97}.get(
            way, own.random()
        )
        samples.append(
            Sample(
                key=f"{task}-{number}",
                cluster=str(number // clusters),
                prompt_hash=f"{seed} {task} {number}",
                output="x",
                extracted=None if own.random() < 0.1 else "x",
                extraction="unparsed" if own.random() < 0.1 else "parsed",
                truncated=own.random() < 0.1,
                score=after,
            )
        )
    return tuple(samples)


def drawn_family(seed: int, made: tuple[World, ...], *, hostile: bool) -> Family:
    """Return a family drawn from worlds; the same for both kinds of words but for the words."""
    draw, words = random.Random(seed), Words(hostile=hostile)  # noqa: S311 - made-up data
    lack = draw.choice((0.0, 0.1, 0.5))
    kept = draw.choice([spec.name for spec in made[0].loaded.recipe.variants if spec.publish])
    loaded = _narrowed(made[0].loaded, draw, kept)
    results, folders, gaps = {}, {}, dict[str, Gap]()
    for stage_id in (name for name in made[0].results if _is_of(loaded, name)):
        world = draw.choice(made) if draw.random() < 0.5 else made[0]
        because = _cause(stage_id, gaps)
        if because or (draw.random() < lack and stage_id != f"quantize/{kept}"):
            gaps[stage_id] = Gap(
                state=gaps[because].state if because else draw.choice(STATES),
                reason=f"{because}: {gaps[because].reason}" if because else words.say(draw),
                because=because,
            )
        else:
            results[stage_id] = world.results[stage_id]
            folders[stage_id] = world.folders[stage_id]
    return made[0].family(
        results=results,
        folders=folders,
        gaps={name: gap for name, gap in gaps.items() if gap.because or draw.random() < 0.8},
        **_about(loaded, draw, words),
        environments={
            name: _said(stack, draw, words) for name, stack in read_environments(folders).items()
        },
    )


def _cause(stage_id: str, gaps: dict[str, Gap]) -> str:
    """Return the stage whose gap leaves another one without a result."""
    kind, _, rest = stage_id.partition("/")
    made = f"quantize/{rest.partition('/')[0]}"
    causes = {"score": [f"generate/{rest}"], "bench": [f"bench/{SITTING}"]}.get(kind, [])
    found = next((cause for cause in (made, *causes) if cause in gaps and cause != stage_id), "")
    return (gaps[found].because or found) if found else ""


def _narrowed(loaded: LoadedRecipe, draw: random.Random, kept: str) -> LoadedRecipe:
    """Return a recipe with some of its variants, one of them named, and some of its tasks."""
    variants = loaded.recipe.variants
    tasks, first = loaded.suite.tasks, draw.choice(loaded.suite.tasks)
    share = draw.choice((0.2, 1.0, 1.0))
    return msgspec.structs.replace(
        loaded,
        recipe=msgspec.structs.replace(
            loaded.recipe,
            variants=tuple(v for v in variants if v.name == kept or draw.random() < share),
        ),
        suite=msgspec.structs.replace(
            loaded.suite, tasks=tuple(t for t in tasks if t == first or draw.random() < share)
        ),
    )


def _is_of(loaded: LoadedRecipe, stage_id: str) -> bool:
    """Say whether a stage is one of a recipe's."""
    _, variant, task, *_ = (*stage_id.split("/"), "", "")
    variants = {BASELINE, SITTING, *(spec.name for spec in loaded.recipe.variants)}
    tasks = {"", "vllm", FIDELITY, *(spec.name for spec in loaded.suite.tasks)}
    return variant in variants and task in tasks


def _about(plain: LoadedRecipe, draw: random.Random, words: Words) -> dict[str, Any]:
    """Return recipe, source and what else people name, as fields of a family."""
    recipe = msgspec.structs.replace(
        plain.recipe,
        title=words.say(draw),
        margin=draw.choice((0.01, 2.0, 100.0)),
        engines=draw.choice((("transformers",), ("transformers", "vllm"))),
        card=msgspec.structs.replace(
            plain.recipe.card,
            template=draw.choice(("vision-language.md.j2", "text.md.j2")),
            tags=(words.say(draw),),
        ),
    )
    loaded = msgspec.structs.replace(plain, recipe=recipe)
    tasks = tuple(
        msgspec.structs.replace(
            task,
            note=words.say(draw) if draw.random() < 0.5 else None,
            address=f"https://a.example/{words.say(draw)}" if draw.random() < 0.5 else None,
            judge=_judge(words.say(draw)) if draw.random() < 0.1 else None,
        )
        for task in loaded.suite.tasks
    )
    suite = msgspec.structs.replace(loaded.suite, tasks=tasks, title=words.say(draw))
    local = draw.random() < 0.4
    name = words.say(draw) if local else "nano-qwen2-vl"
    return {
        "loaded": msgspec.structs.replace(loaded, suite=suite),
        "source": source(
            card=_card(draw, words),
            **({"name": name, "repo": None, "commit": None} if local else {}),
        ),
        "command": shlex.join(["hubq", "release", name]),
        "overlaps": {
            spec.name: {"rows": 3, "items": draw.choice(_COUNTS), "by_task": {tasks[0].name: 3}}
            for spec in loaded.recipe.variants
            if draw.random() < 0.1
        },
        "readme": _README.format(words.say(draw), words.say(draw).replace("hubq:", "")),
    }


def _judge(model: str) -> JudgeSpec:
    return JudgeSpec(model=model, endpoint="http://c.example/v1", kind="openai")


def _card(draw: random.Random, words: Words) -> dict[str, Any]:
    """Return the front matter of a source, as wrong as people write it."""
    number = draw.randrange(len(LICENSES))
    fields: dict[str, Any] = {
        "license": LICENSES[number],
        "license_name": words.say(draw),
        "license_link": f"{draw.choice(('LICENSE ', 'javascript:', 'https://b.example/'))}{words.say(draw)}",
        "language": draw.choice((["en"], "en", [words.say(draw)], 7)),
        "tags": draw.choice(([words.say(draw)], words.say(draw), {"a": 1}, [1, None])),
        "pipeline_tag": draw.choice(("image-text-to-text", words.say(draw), 3)),
        "datasets": draw.choice((["a/b"], [words.say(draw)], words.say(draw))),
    }
    return {name: said for name, said in fields.items() if draw.random() < 0.6}


def _said(stack: dict[str, Any], draw: random.Random, words: Words) -> dict[str, Any]:
    """Return an environment stack whose machine and versions say something else."""
    if draw.random() < 0.8:
        return stack
    copied: dict[str, Any] = json.loads(json.dumps(stack))
    copied["name"] = words.say(draw)
    copied["hardware"] |= {"os": words.say(draw), "cpu": words.say(draw)}
    if draw.random() < 0.5:
        gpu = {"name": words.say(draw), "memory_bytes": 80 << 30, "capability": "9.0"}
        copied["hardware"] |= {"gpus": [gpu] * draw.choice((1, 8)), "driver": words.say(draw)}
        copied |= {"device": "cuda"}
        copied["installed"]["torch"]["cuda"] = words.say(draw)
    for package in copied["installed"]["packages"]:
        if draw.random() < 0.3:
            package["version"] = words.say(draw)
    return copied
