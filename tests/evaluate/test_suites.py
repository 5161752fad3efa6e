from __future__ import annotations

import base64
import csv
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image

from hubq.errors import BadInput
from hubq.evaluate.files import locate
from hubq.evaluate.items import guessing, prepare, read_items
from hubq.evaluate.rows import FACTS
from hubq.model.codec import from_builtins, read_yaml
from hubq.model.suite import HUBQ, Suite, TaskSpec
from hubq.model.workload import Workloads
from hubq.resources import bundled

SUITES = sorted((bundled("recipes") / "suites").glob("*.yaml"))


def drawn() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), (200, 30, 30)).save(stream, "PNG")
    return stream.getvalue()


PICTURE = base64.b64encode(drawn()).decode()
ASKED = {"index": 7, "image": PICTURE, "question": "What is in the <image 1>?"}
FOUR = {"A": "a cat", "B": "a dog", "C": "a cow", "D": "a hen", "answer": "B"}
FIVE = {
    **FOUR,
    "E": "This image doesn't feature it.",
    "category": "Perception/OCR with Complex Context",
    "l2-category": "scene/attribute",
}
ENGLISH = "The choices are listed below:\n(A) a cat\n(B) a dog\n(C) a cow\n(D) a hen\n(E) None"
CHINESE = "选项如下所示:\n(A) 猫\n(B) 狗\n(C) 牛\n(D) 鸡\n(E) 无"
V2 = {"eval": "without eval", "bbox": "without bbox", "content": "without content"}
HUB = {"image": {"bytes": drawn(), "path": None}, "question": "What is it?"}

LAYOUTS: dict[str, list[dict[str, Any]]] = {
    "MMMU_DEV_VAL.tsv": [
        {**ASKED, **FOUR, "image": str([PICTURE, PICTURE]), "hint": "", "split": "validation",
         "category": "Biology", "l2-category": "Science"},
        {**ASKED, "index": 8, "answer": "['12', 'twelve']", "A": "", "B": "", "C": "", "D": "",
         "hint": "", "split": "validation", "category": "Math", "l2-category": "Science"},
        {**ASKED, **FOUR, "index": 9, "image": "7", "hint": "", "split": "dev",
         "category": "Math", "l2-category": "Science"},
    ],
    "DocVQA_VAL.tsv": [{**ASKED, "answer": "['ITC Limited', 'itc']"}],
    "InfoVQA_VAL.tsv": [{**ASKED, "answer": "['40%']"}],
    "MMBench_DEV_EN.tsv": [
        {**ASKED, **FOUR, "hint": "Look.", "category": "object_localization",
         "l2-category": "finegrained_perception", "split": "dev"},
        {**ASKED, **FOUR, "index": 1_000_007, "image": "7", "A": "a hen", "B": "a cat",
         "C": "a dog", "D": "a cow", "answer": "C", "hint": "Look.", "split": "dev",
         "category": "object_localization", "l2-category": "finegrained_perception"},
    ],
    "MathVista_MINI.tsv": [
        {**ASKED, "question": "Hint: Please answer with the option's letter.\nQuestion: Which?\n"
         "Choices:\n(A) low\n(B) tall", "answer": "tall", "answer_option": "B",
         "choices": "['low', 'tall']", "question_type": "multi_choice", "answer_type": "text",
         "task": "geometry problem solving", "skills": "['geometry reasoning']"},
        {**ASKED, "index": 8, "question": "Hint: Please answer with a number.\nQuestion: How long?",
         "answer": "1.50", "answer_option": "", "choices": "[]", "question_type": "free_form",
         "answer_type": "float", "task": "math word problem", "skills": "['arithmetic reasoning']"},
    ],
    "ChartQA_TEST.tsv": [{**ASKED, "answer": "14", "split": "test_human"}],
    "TextVQA_VAL.tsv": [{**ASKED, "answer": str(["nokia"] * 9 + ["toshiba"])}],
    "OCRBench.tsv": [
        {**ASKED, "answer": "['x^2', 'x ^ 2']",
         "category": "Handwritten Mathematical Expression Recognition"}
    ],
    "ScienceQA_VAL.tsv": [{**ASKED, **FOUR, "C": "", "D": "", "hint": "Two animals."}],
    "ScienceQA_TEST.tsv": [{**ASKED, **FOUR, "D": "", "hint": ""}],
    "SEEDBench2_Plus.tsv": [{**ASKED, **FOUR, "category": "Chart"}],
    "MME-RealWorld.tsv": [{**ASKED, **FIVE, "multi-choice options": ENGLISH}],
    "MME-RealWorld-CN.tsv": [{**ASKED, **FIVE, "multi-choice options": CHINESE}],
    "OCRBench_v2.tsv": [
        {**ASKED, **V2, "answer": "['Nordic']", "category": "text recognition en"},
        {**ASKED, **V2, "index": 8, "answer": "[]", "category": "text spotting en",
         "bbox": "[[1, 2, 30, 2, 30, 9, 1, 9]]", "content": "['Café']"},
        {**ASKED, **V2, "index": 9, "answer": "[10, 20, 300, 400]",
         "category": "text grounding en"},
        {**ASKED, **V2, "index": 10, "answer": "[{'name': ['Bo']}]",
         "category": "key information extraction en"},
    ],
    "test-*.parquet": [
        {**HUB, "id": n, "dataset_name": name, "type": "cognition VQA en", "answers": ["14"]}
        for n, name in enumerate(("DocVQA", "ChartQA"))
    ],
    "validation-*.parquet": [
        {**HUB, "question_id": 4000, "image_id": 4, "answer_type": "other",
         "multiple_choice_answer": "red",
         "answers": [{"answer": "red", "answer_confidence": "yes", "answer_id": n}
                     for n in range(10)]}
    ],
    "text_qa.jsonl": [{"index": 1, "question": "2 + 2 = ?", "answer": ["4", "four"]}],
}  # fmt: skip


def tasks() -> Iterator[tuple[str, TaskSpec]]:
    for path in SUITES:
        suite = from_builtins(read_yaml(path), Suite, str(path))
        yield from ((path.stem, task) for task in suite.tasks if task.harness == HUBQ)


def written(task: TaskSpec, folder: Path) -> Path:
    """Write a small file in the layout of a task's own."""
    if task.file.startswith("bundled:"):
        return locate(task)
    name = task.file.rpartition("/")[2]
    file = folder / name.replace("*", "0")
    if name.startswith("mgsm"):
        file.write_text('Ann has "two" apples.\t1,002\n', encoding="utf-8")
    elif file.suffix == ".parquet":
        pa = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        parquet.write_table(pa.Table.from_pylist(LAYOUTS[name]), file)
    elif file.suffix == ".jsonl":
        file.write_bytes(msgspec.json.Encoder().encode_lines(LAYOUTS[name]))
    else:
        names = list(dict.fromkeys(key for row in LAYOUTS[name] for key in row))
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, names, delimiter="\t", restval="")
            writer.writeheader()
            writer.writerows(LAYOUTS[name])
    return folder / name


def shown(task: TaskSpec, folder: Path) -> str:
    """Return what is asked and known of the items of a task; of a bundled file, of the first."""
    file = written(task, folder)
    official = msgspec.structs.replace(task, md5=None)
    if task.file.startswith("bundled:"):
        official = msgspec.structs.replace(official, limit=1)
    prepare(official, file, folder / "out")
    items = read_items(folder / "out")
    assert all(item.images or task.form in {"text-answer", "numeric"} for item in items)
    said = [
        f"[{item.key}] {item.text}\n"
        f"  = gold {list(item.gold)} choices {item.choices} category {item.category!r} "
        f"stratum {item.stratum!r} facts {item.facts} pictures {len(item.images)}"
        for item in items
    ]
    return "\n".join(said) + f"\n  guessing {guessing(items):.4f}\n"


def test_every_bundled_task_asks_these_words(
    golden: Callable[[str, str], None], tmp_path: Path
) -> None:
    pytest.importorskip("pyarrow")
    texts = []
    for suite, task in tasks():
        folder = tmp_path / suite / task.name
        folder.mkdir(parents=True)
        texts.append(f"=== {suite}/{task.name}\n{shown(task, folder)}")
    golden("suites/prompts.txt", "\n".join(texts))


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_every_suite_can_be_read_and_its_files_be_had(path: Path) -> None:
    suite = from_builtins(read_yaml(path), Suite, str(path))
    assert suite.tasks
    assert len({task.name for task in suite.tasks}) == len(suite.tasks)
    for task in suite.tasks:
        own = path.stem == "text" or task.harness != HUBQ  # people bring rows of their own
        assert task.file.startswith("bundled:") or task.address or own
        assert task.note
        official = "openxlab" in (task.address or "") or task.file == "OCRBench_v2.tsv"
        assert task.md5 or not official
        choices = task.form == "multiple-choice"
        assert (task.chance > 0) == choices or task.chance in {0.004, 0.179}


def test_one_file_has_one_md5_one_address_and_one_scorer_everywhere() -> None:
    known: dict[str, set[tuple[str | None, str | None]]] = {}
    scorers: dict[str, set[str]] = {}
    for _, task in tasks():
        known.setdefault(task.file, set()).add((task.md5, task.address))
        scorers.setdefault(task.name, set()).add(task.scoring)
    assert all(len(found) == 1 for found in known.values())
    assert all(len(found) == 1 for found in scorers.values())


def test_tasks_whose_scorer_wants_facts_are_among_the_bundled_ones() -> None:
    assert set(FACTS) <= {task.scoring for _, task in tasks()}


def test_an_official_file_of_another_content_is_refused_before_it_is_read(tmp_path: Path) -> None:
    task = next(task for _, task in tasks() if task.name == "DocVQA_VAL")
    with pytest.raises(BadInput, match="not the official file"):
        prepare(task, written(task, tmp_path), tmp_path / "out")


@pytest.mark.parametrize(
    "path", sorted((bundled("recipes") / "workloads").glob("*.yaml")), ids=lambda path: path.stem
)
def test_every_workload_file_can_be_read(path: Path) -> None:
    workloads = from_builtins(read_yaml(path), Workloads, str(path))
    assert len({load.name for load in workloads.workloads}) == len(workloads.workloads)


def test_the_table_of_bundled_tasks_is_complete() -> None:
    text = (Path(__file__).parents[2] / "docs" / "suites.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("|")]
    for suite, task in tasks():
        line = next((line for line in lines if task.name in re.split(r"[\s,|]+", line)), "")
        assert suite in line, (suite, task.name)
        assert task.md5 is None or f"`{task.md5}`" in line, task.name
        assert task.scoring in line or task.name == "MMMU_VAL", task.name
