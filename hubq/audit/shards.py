"""Shards: which weight files a repo has, and which its indexes name."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from hubq.audit.subject import Subject
from hubq.audit.tensors import shards_of

_SHARD = re.compile(
    r"^(?P<stem>.*)-(?P<number>\d{5})-of-(?P<total>\d{5})(?P<ending>\.safetensors|\.bin)$"
)
_INDEX = ".index.json"


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """An index of shards.

    Attributes:
        path: of the index.
        shards: tensor -> path of the file that it names, as the repo has paths.
        total: `metadata.total_size`; none without.
    """

    path: str
    shards: Mapping[str, str]
    total: int | None = None

    @property
    def files(self) -> tuple[str, ...]:
        """The files that it names, in order."""
        return tuple(sorted(set(self.shards.values())))

    @property
    def single(self) -> str:
        """The file that would hold everything: `model.safetensors`."""
        return self.path.removesuffix(_INDEX)


class Set(msgspec.Struct, frozen=True, kw_only=True):
    """Files that are numbered as parts of one checkpoint.

    Attributes:
        pattern: `model-*-of-00002.safetensors`.
        index: what its index would be called.
        total: how many parts there are, by their names.
        parts: number -> path.
    """

    pattern: str
    index: str
    total: int
    parts: Mapping[int, str]

    @property
    def missing(self) -> tuple[int, ...]:
        """Numbers of parts that are not there; at most the first hundred."""
        last = min(self.total, len(self.parts) + 100)
        return tuple(number for number in range(1, last + 1) if number not in self.parts)


def indexes_of(subject: Subject) -> tuple[Index, ...]:
    """Return the indexes of a repo that were read and can be."""
    found = []
    for path in sorted(subject.gathered.texts):
        if not path.endswith(_INDEX):
            continue
        index = subject.json(path)
        shards = shards_of(index)
        if index is None or not shards:
            continue
        folder = path.rpartition("/")[0]
        about = index.get("metadata")
        total = about.get("total_size") if isinstance(about, dict) else None
        found.append(
            Index(
                path=path,
                shards={
                    name: f"{folder}/{file}" if folder else file for name, file in shards.items()
                },
                total=_whole(total),
            )
        )
    return tuple(found)


def sets_of(subject: Subject) -> tuple[Set, ...]:
    """Return the numbered files of a repo, by what they are parts of."""
    sets: dict[tuple[str, str, str], dict[int, str]] = {}
    for path in subject.files:
        found = _SHARD.match(path)
        if found:
            key = (found["stem"], found["total"], found["ending"])
            sets.setdefault(key, {})[int(found["number"])] = path
    return tuple(
        Set(
            pattern=f"{stem}-*-of-{total}{ending}",
            index=f"{stem}{ending}{_INDEX}",
            total=int(total),
            parts=parts,
        )
        for (stem, total, ending), parts in sorted(sets.items())
    )


def _whole(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) else None
