from __future__ import annotations

import zipfile
from pathlib import Path

from hubq.audit.known.exports import exports_of
from hubq.audit.known.making.exports import read


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
