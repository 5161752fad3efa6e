from __future__ import annotations

import json
import zipfile
from pathlib import Path

from hubq.audit.known.exports import exports_of
from hubq.audit.known.making.exports import look_up, make, read
from hubq.audit.known.making.index import INDEX, Index


def wheel(folder: Path, name: str, files: dict[str, str]) -> None:
    with zipfile.ZipFile(folder / f"{name}-py3-none-any.whl", "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)


def test_names_are_those_of_all_releases_with_the_last_that_had_each(tmp_path: Path) -> None:
    old = {
        "peft/__init__.py": "from .a import *\nfrom .b import X as Y\n",
        "peft/a.py": "def old(): 1",
    }
    new = {
        "peft/__init__.py": "__all__ = ['Z']\nif 1:\n    import os.path as p\n",
        "peft/b/c.py": "",
    }
    wheel(tmp_path, "peft-0.9.0", old)
    wheel(tmp_path, "peft-0.10.0", new)
    found = read(tmp_path)["peft"]
    assert (found["oldest"], found["newest"]) == ("0.9.0", "0.10.0")
    assert {"Z", "p", "b"} <= set(found["names"].split())
    assert {"old", "Y", "a"} <= set(found["gone"]["0.9.0"].split())


def test_a_module_that_takes_names_from_elsewhere_is_not_known(tmp_path: Path) -> None:
    wheel(tmp_path, "peft-0.9.0", {"peft/__init__.py": "from other import *\n"})
    assert read(tmp_path) == {}


def test_transformers_lists_its_names_in_many_modules(tmp_path: Path) -> None:
    files = {
        "transformers/__init__.py": "_import_structure = {'utils': ['logging']}\n",
        "transformers/models/x/modeling_x.py": '__all__ = ["XModel"]\nclass Hidden: 1\n',
    }
    wheel(tmp_path, "transformers-5.0.0", files)
    names = read(tmp_path)["transformers"]["names"].split()
    assert {"logging", "XModel", "models"} <= set(names)
    assert "Hidden" not in names


def test_the_table_knows_names_of_old_and_new_releases() -> None:
    found = exports_of("transformers")
    assert found is not None
    assert {"AutoTokenizer", "AutoModelForVision2Seq", "AdamW", "pipeline"} <= set(found.last)
    assert found.last["AutoTokenizer"] == found.newest
    assert exports_of("nothing") is None


class Offline(Index):
    """An index of wheels in a folder, read in ranges."""

    def __init__(self, folder: Path) -> None:
        super().__init__(INDEX, self.answer)
        self.folder, self.asked = folder, 0

    def answer(self, url: str, headers: dict[str, str]) -> bytes:
        if "Accept" in headers:
            wheels = sorted(self.folder.glob("*.whl"))
            return json.dumps(
                {
                    "files": [
                        {"filename": w.name, "url": w.name, "size": w.stat().st_size}
                        for w in wheels
                    ]
                }
            ).encode()
        start, stop = map(int, headers["Range"].removeprefix("bytes=").split("-"))
        self.asked += 1
        return (self.folder / url).read_bytes()[start : stop + 1]


LAZY = """
import typing
MODULE_ATTRS = {"LLM": ".entrypoints.llm:LLM"}
if typing.TYPE_CHECKING:
    from vllm.outputs import RequestOutput
else:
    def __getattr__(name: str) -> typing.Any: ...
"""


def test_large_packages_are_read_in_pieces_from_an_index(tmp_path: Path) -> None:
    eager = {"vllm/__init__.py": "from vllm.engine import LLM, Old\n", "vllm/engine.py": ""}
    wheel(tmp_path, "vllm-0.2.0", eager)
    wheel(tmp_path, "vllm-0.11.0", {"vllm/__init__.py": LAZY, "vllm/lora/request.py": "class A: 1"})
    index = Offline(tmp_path)
    found = look_up(index, "vllm")
    assert {"LLM", "RequestOutput", "lora"} <= set(found["vllm"]["names"].split())
    assert found["vllm"]["gone"] == {"0.2.0": "Old engine"}
    assert found["vllm.lora.request"]["oldest"] == "0.11.0"
    assert index.asked


def test_names_of_releases_that_no_index_has_are_known_too(tmp_path: Path) -> None:
    wheel(tmp_path, "gptqmodel-1.0.1", {"gptqmodel/__init__.py": "from .models import GPTQModel\n"})
    assert look_up(Offline(tmp_path), "gptqmodel")["gptqmodel"]["gone"] == {"0.9.4": "Backend"}


def test_what_is_not_read_again_stays_in_the_table(tmp_path: Path) -> None:
    table = tmp_path / "exports.json"
    table.write_text('{"modules": {"awq": {"names": "AutoAWQForCausalLM"}}}')
    wheel(tmp_path, "peft-0.9.0", {"peft/__init__.py": "def load(): 1\n"})
    make([str(tmp_path), "--only", "--output", str(table)])
    assert list(json.loads(table.read_text())["modules"]) == ["awq", "peft"]
