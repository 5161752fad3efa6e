"""What the cards of a release know of its source."""

from __future__ import annotations

import msgspec
import pytest

from hubq.model.stage import Kind
from hubq.release.carding import _family, family_of
from hubq.release.demo import demo_options, publish_source
from hubq.release.session import Session
from hubq.runner import View
from tests.release.releases import Releases

pytestmark = pytest.mark.long

NOTHING = View(results={}, folders={}, gaps={})


def test_a_folders_readme_and_processor_are_known(releases: Releases) -> None:
    with releases.session([Kind.CARD]) as session:
        family = family_of(session, NOTHING)
    assert family.readme.endswith("# Small\n")
    assert family.processor == {}
    assert family.planned is not None
    assert "card/AWQ/snippets" in family.planned


def test_a_repos_readme_is_read_once_and_kept(releases: Releases) -> None:
    options = demo_options(releases.folder / "demo")
    publish_source(options.runs_dir, releases.said.append)
    for _ in range(2):
        with Session(options, [Kind.QUANTIZE], releases.said.append) as session:
            assert session.source.path == ""
            family = _family(session, NOTHING)
    kept = sorted((options.runs_dir / "sources").glob("*/*"))
    assert [path.name for path in kept] == ["README.md", "preprocessor_config.json"]
    assert family.readme == kept[0].read_text()
    assert family.processor == msgspec.json.decode(kept[1].read_bytes())


def test_a_processor_that_is_no_json_is_none(releases: Releases) -> None:
    (releases.source / "preprocessor_config.json").write_text("{")
    with releases.session([Kind.CARD]) as session:
        assert family_of(session, NOTHING).processor == {}
