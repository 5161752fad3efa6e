from __future__ import annotations

import io
import json
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from hubq.audit.known import tables
from hubq.audit.known.making import __main__ as making
from hubq.audit.known.making import engine, transformers
from hubq.audit.known.making.index import Archive, File, Index, Remote, fetch
from hubq.audit.known.making.spans import spans
from hubq.audit.known.tables import Span

AUTO = "transformers/models/auto"
OLD = {
    "transformers/__init__.py": "from .models.gpt2 import GPT2Model\n",
    f"{AUTO}/configuration_auto.py": "CONFIG_MAPPING = OrderedDict([('gpt2', GPT2Config)])\n",
    f"{AUTO}/modeling_auto.py": "",
    "transformers/models/new_one/__init__.py": "",
}
NEW = {
    "transformers/__init__.py": "",
    f"{AUTO}/auto_mappings.py": (
        "CONFIG_MAPPING_NAMES = OrderedDict([('gpt2', 'GPT2Config'), ('new_one', 'NewConfig')])\n"
    ),
    f"{AUTO}/configuration_auto.py": "CONFIG_MAPPING_NAMES.update({'late': 'LateConfig'})\n",
    f"{AUTO}/modeling_auto.py": "X = {'new_one': 'NewForCausalLM'}\n",
    "transformers/models/new_one/__init__.py": "",
    "transformers/models/new_one/modeling_new_one.py": "__all__ = ['NewModel', 'helper']\n",
    "transformers/utils/quantization_config.py": (
        "class QuantizationMethod(str, Enum):\n    GPTQ = 'gptq'\n    AWQ = 'awq'\n"
    ),
}
LAYERS = "vllm/model_executor/layers/quantization"
ENGINE = {
    f"{LAYERS}/__init__.py": (
        "QUANTIZATION_METHODS = {'awq': AWQConfig, 'odd': OddConfig}\n"
        "DEPRECATED_QUANTIZATION_METHODS = ['gone']\n"
    ),
    f"{LAYERS}/awq.py": (
        "class AWQConfig:\n    def get_min_capability(cls):\n        return 75\n"
        "class OddConfig:\n    def get_min_capability(cls):\n        return 80 if x else 70\n"
    ),
    "vllm/model_executor/models/registry.py": (
        "_MODELS = {'LlamaForCausalLM': ('llama', 'X')}\n"
        "_ROCM_UNSUPPORTED_MODELS = {'OtherForCausalLM': ''}\n"
    ),
    "vllm-0.6.0.dist-info/METADATA": (
        "Name: vllm\nRequires-Dist: torch (==2.4.0)\nRequires-Dist: transformers>=4.44\n"
        "Requires-Dist: torch==9; extra == 'x'\nRequires-Dist: numpy\n"
    ),
}


def wheel(files: dict[str, str]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return data.getvalue()


def source(files: dict[str, str]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for path, text in files.items():
            info = tarfile.TarInfo(f"top-1.0/{path}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return data.getvalue()


class Server:
    """An index with a few files, as `fetch` would read it."""

    def __init__(self, **packages: dict[str, bytes]) -> None:
        self.packages = packages
        self.ranges = 0

    def __call__(self, url: str, headers: dict[str, str]) -> bytes:
        _, _, where = url.partition("https://index.test/")
        package, _, name = where.partition("/")
        files = self.packages.get(package.replace("-", "_"), {"x-1.0.tar.gz": b""})
        if not name:
            return json.dumps(
                {
                    "files": [
                        {
                            "filename": one,
                            "url": f"https://index.test/{package}/{one}",
                            "size": len(data),
                            "upload-time": f"2024-01-{day:02}T00:00:00Z",
                        }
                        for day, (one, data) in enumerate(files.items(), start=1)
                    ]
                }
            ).encode()
        data = files[name]
        if "Range" in headers:
            self.ranges += 1
            start, _, stop = headers["Range"].removeprefix("bytes=").partition("-")
            return data[int(start) : int(stop) + 1]
        return data


@pytest.fixture
def server() -> Server:
    return Server(
        transformers={
            "transformers-3.0.0.tar.gz": b"",
            "transformers-4.0.0-py3-none-any.whl": wheel(OLD),
            "transformers-4.1.0-py3-none-any.whl": wheel(NEW),
        },
        vllm={
            "vllm-0.0.1.tar.gz": source({"vllm/__init__.py": ""}),
            "vllm-0.6.0-cp38-abi3-manylinux1_x86_64.whl": wheel(ENGINE),
        },
    )


def test_tables_of_transformers_are_made(server: Server) -> None:
    made = making._transformers(Index("https://index.test", server))
    assert made["releases"] == ["4.0.0", "4.1.0"]
    assert made["model_types"] == {
        "gpt2": {"first": "4.0.0"},
        "late": {"first": "4.1.0"},
        "new_one": {"first": "4.0.0"},
    }
    assert made["classes"]["GPT2Model"] == {"first": "4.0.0", "last": "4.0.0"}
    assert made["classes"]["NewForCausalLM"] == {"first": "4.1.0"}
    assert "helper" not in made["classes"]
    assert made["methods"] == {"awq": {"first": "4.1.0"}, "gptq": {"first": "4.1.0"}}


def test_tables_of_vllm_are_made_from_pieces_of_wheels(server: Server) -> None:
    made = making._engine(Index("https://index.test", server), "vllm")
    assert made["architectures"] == {"LlamaForCausalLM": {"first": "0.6.0"}}
    assert made["methods"] == {"awq": {"first": "0.6.0"}, "odd": {"first": "0.6.0"}}
    assert made["capabilities"] == {"awq": {"0.6.0": 75}, "odd": {"0.6.0": 0}}
    assert made["needs"]["0.6.0"] == {"torch": "==2.4.0", "transformers": ">=4.44"}
    assert server.ranges


def test_tables_of_packages_are_made(server: Server) -> None:
    made = making._packages(Index("https://index.test", server))
    assert made["packages"]["vllm"] == {"0.0.1": "2024-01-01", "0.6.0": "2024-01-02"}


def test_builds_of_torch_are_read_from_a_clone(tmp_path: Path) -> None:
    path = tmp_path / "pkg/config/torch_compatibility.json"
    path.parent.mkdir(parents=True)
    rows = [{"Torch": "2.2.1+cu118", "CUDA": "11.8"}, {"Torch": "2.2.1+cpu", "CUDA": None}]
    path.write_text(json.dumps(rows))
    who = ("-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "x")):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True)
    made = making._torch(tmp_path)
    assert made["builds"] == {"2.2.1": ["11.8"]}
    assert "/blob/" in made["source"]


def test_spans_end_where_the_newest_release_does_not_know() -> None:
    found = spans({"1.10": ["a", "b"], "1.9": ["a"], "2.0": ["b"]})
    assert found == {"a": Span("1.9", "1.10"), "b": Span("1.10")}


def test_only_https_is_fetched() -> None:
    with pytest.raises(OSError, match="not an https address"):
        fetch("file:///etc/hostname", {})


def test_a_server_without_ranges_is_told() -> None:
    file = File(filename="x-1.0-py3-none-any.whl", url="https://index.test/x", size=1000)
    remote = Remote(file, lambda _url, _headers: b"x" * 1000)
    remote.seek(-100, 2)
    with pytest.raises(OSError, match="range requests"):
        remote.read(50)


@pytest.mark.network
def test_a_release_says_what_the_table_says() -> None:
    index = Index()
    wheel_of = index.archive("transformers", "4.45.0")
    assert isinstance(wheel_of, Archive)
    now = transformers.known(wheel_of)
    listed = tables.transformers().model_types
    new = {name for name, span in listed.items() if span.first == "4.45.0"}
    assert "qwen2_vl" in new
    assert new <= now.model_types | now.folders
    wheel_of = index.archive("vllm", "0.6.1")
    assert isinstance(wheel_of, Archive)
    assert "Qwen2VLForConditionalGeneration" in engine.known(wheel_of).architectures
