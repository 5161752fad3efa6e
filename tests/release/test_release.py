"""A release runs whole, once, and again only where something changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from huggingface_hub import HfApi, constants

from hubq.errors import BadInput
from hubq.model.stage import Kind
from hubq.model.workload import SITTING
from hubq.release.endpoint import local_server, storage_head, storage_tree
from hubq.release.status import releases as list_releases
from hubq.release.status import stage_states
from hubq.release.tracing import claims_of, trace_claim
from hubq.store import Store
from tests.release.releases import Releases
from tests.release.stand_in import StandInExecutor, write_recipe


def kinds_of(names: tuple[str, ...]) -> set[str]:
    return {name.partition("/")[0] for name in names}


def card(releases: Releases, variant: str) -> str:
    state = next(
        s
        for s in stage_states(releases.folder / "runs", "Small")
        if s["stage"] == f"card/{variant}"
    )
    store = Store(releases.folder / "runs")
    return (store.folder(state["key"]) / "README.md").read_text()


def test_a_family_reaches_the_hub_whole(releases: Releases) -> None:
    report = releases.run()
    assert report.exit_code == 0
    assert not report.gaps
    assert set(report.urls) == {"GPTQ-Int8", "AWQ"}
    files = storage_tree(releases.folder / "runs" / "hub", "acme/Small-AWQ")
    wanted = {"README.md", "hubq.json", "config.json", "model.safetensors", "SHA256SUMS"}
    assert wanted <= set(files)
    assert Path(report.report).read_text().startswith("<!doctype html>")


@pytest.mark.long
def test_a_published_repo_downloads_through_the_real_client(
    finished: Releases, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    with local_server(finished.folder / "runs" / "hub") as server:
        api = HfApi(endpoint=server.url, token=False)
        folder = Path(api.snapshot_download("acme/Small-GPTQ-Int8", local_dir=tmp_path / "got"))
        info = api.model_info("acme/Small-GPTQ-Int8")
    assert json.loads((folder / "config.json").read_text())["model_type"] == "qwen2_vl"
    assert info.card_data is not None
    assert info.card_data["license"] == "apache-2.0"
    assert "8-bit" in (info.tags or [])


def test_a_second_run_does_nothing(finished: Releases) -> None:
    executor = StandInExecutor()
    again = finished.run(executor)
    assert again.ran == ("push", "verify")
    assert again.done == ()
    assert set(again.unchanged) == {"GPTQ-Int8", "AWQ"}
    assert executor.started == []


def test_nothing_is_asked_of_the_hub_when_there_is_nothing_to_do(finished: Releases) -> None:
    with finished.session() as session:
        assert session.missing() == []
        assert session.endpoint._server is None


@pytest.mark.long
def test_an_edit_of_the_card_renders_and_publishes_and_runs_nothing_else(
    releases: Releases,
) -> None:
    releases.run()
    before = storage_head(releases.folder / "runs" / "hub", "acme/Small-AWQ", None)
    write_recipe(releases.folder / "recipe", card={"intro": "A new paragraph."})
    report = releases.run()
    assert kinds_of(report.ran) == {"card", "report", "push", "verify"}
    assert "A new paragraph." in card(releases, "AWQ")
    assert storage_head(releases.folder / "runs" / "hub", "acme/Small-AWQ", None) != before


@pytest.mark.long
def test_an_edit_of_one_variant_runs_that_variant_and_the_sitting_alone(releases: Releases) -> None:
    releases.run()
    recipe = yaml.safe_load(releases.recipe.read_text())
    recipe["variants"][0]["damp"] = 0.2
    write_recipe(releases.folder / "recipe", variants=recipe["variants"])
    executor = StandInExecutor()
    releases.run(executor)
    assert {name.split("/")[1] for name in executor.started} == {"GPTQ-Int8", SITTING}


@pytest.mark.long
def test_a_failed_stage_leaves_a_footnote_and_publishes_only_on_request(
    releases: Releases,
) -> None:
    broken = StandInExecutor(fail={"bench/sitting": "no timer"})
    report = releases.run(broken)
    assert report.gaps["bench/sitting"].reason == "RuntimeError: no timer"
    assert report.gaps["bench/AWQ"].because == "bench/sitting"
    assert report.gaps["push"].refused
    assert report.exit_code == 3
    assert "no timer" in card(releases, "GPTQ-Int8")
    forced = releases.run(StandInExecutor(fail={"bench/sitting": "no timer"}), allow_gaps=True)
    assert set(forced.urls) == {"GPTQ-Int8", "AWQ"}
    assert forced.exit_code == 1


@pytest.mark.long
def test_a_mended_failure_gives_the_card_that_never_failed(releases: Releases) -> None:
    releases.run(StandInExecutor(fail={"generate/AWQ/Words": "unlucky"}))
    report = releases.run()
    assert report.exit_code == 0
    assert {"generate/AWQ/Words", "score/AWQ/Words"} <= set(report.ran)
    assert "unlucky" not in card(releases, "AWQ")


@pytest.mark.long
def test_what_is_not_certified_is_not_published(releases: Releases) -> None:
    report = releases.run(StandInExecutor(kl=5.0))
    assert "certify/GPTQ-Int8" in report.gaps
    assert report.gaps["push"].refused
    assert report.exit_code == 3
    hub = releases.folder / "runs" / "hub"
    assert storage_head(hub, "acme/Small-GPTQ-Int8", None) is None


@pytest.mark.long
def test_a_control_is_measured_and_never_published(releases: Releases) -> None:
    recipe = yaml.safe_load(releases.recipe.read_text())
    control = {"name": "RTN-Int3", "method": "rtn", "bits": 3, "publish": False}
    write_recipe(releases.folder / "recipe", variants=[*recipe["variants"], control])
    report = releases.run()
    assert report.exit_code == 0
    assert "RTN-Int3" in Path(report.report).read_text()
    assert "RTN-Int3" not in card(releases, "AWQ")
    hub = releases.folder / "runs" / "hub"
    assert storage_head(hub, "acme/Small-RTN-Int3", None) is None


@pytest.mark.long
def test_a_verb_does_not_make_the_index_forget_the_cards(releases: Releases) -> None:
    releases.run()
    releases.run(kinds=[Kind.QUANTIZE])
    assert claims_of(releases.folder / "runs", "Small", "AWQ")


def test_a_verb_runs_only_its_part(releases: Releases) -> None:
    report = releases.run(kinds=[Kind.GENERATE, Kind.SCORE])
    assert kinds_of(report.ran) == {"resolve", "quantize", "generate", "score"}
    assert not report.urls


def test_a_plan_starts_nothing_and_writes_nothing(releases: Releases) -> None:
    with releases.session() as session:
        assert len(session.missing()) == len(session.plan.stages)
        assert session.needs_disk() > 0
    assert not (releases.folder / "runs").exists()


def test_status_knows_releases_and_stages(releases: Releases) -> None:
    releases.run(StandInExecutor(fail={"bench/sitting": "no timer"}))
    runs = releases.folder / "runs"
    (found,) = list_releases(runs)
    assert found["name"] == "Small"
    states = {state["stage"]: state for state in stage_states(runs, "Small")}
    assert states["bench/sitting"]["state"] == states["bench/AWQ"]["state"] == "failed"
    assert "no timer" in states["bench/AWQ"]["reason"]
    assert states["score/AWQ/Words"]["state"] == "done"
    with pytest.raises(BadInput, match="no release 'Big'"):
        stage_states(runs, "Big")


def test_every_claim_on_every_card_is_found_again_where_it_came_from(finished: Releases) -> None:
    runs = finished.folder / "runs"
    for variant in ("AWQ", "GPTQ-Int8", ""):
        claims = claims_of(runs, "Small", variant)
        assert len(claims) > 8
        for claim in claims:
            found = trace_claim(runs, "Small", variant, claim.id)
            assert found.agrees, (claim.id, found.problem)


@pytest.mark.long
def test_a_changed_file_no_longer_agrees(releases: Releases) -> None:
    releases.run()
    runs = releases.folder / "runs"
    claim = next(c for c in claims_of(runs, None, "AWQ") if c.id.startswith("score.AWQ"))
    path = Store(runs).folder(claim.key) / claim.file
    path.write_text(path.read_text() + " ")
    assert not trace_claim(runs, None, "AWQ", claim.id).agrees


def test_a_full_disk_is_refused_before_any_work(
    releases: Releases, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    usage = shutil.disk_usage(releases.folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    executor = StandInExecutor()
    with pytest.raises(BadInput, match="GB needed"):
        releases.run(executor)
    assert executor.started == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("acme/Nowhere", "acme/Nowhere"),
        ("acme/Small@feature", "no such model"),
    ],
)
def test_an_unknown_source_is_one_clear_line(
    releases: Releases, source: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with local_server(releases.folder / "runs" / "hub") as server:
        monkeypatch.setenv("HF_TOKEN", server.token)
        with pytest.raises(BadInput, match=said):
            releases.session(source=source, hub=server.url)


def test_no_token_is_said_before_any_work(
    releases: Releases, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor = StandInExecutor()
    hub = local_server(releases.folder / "hub2")
    with hub as server, pytest.raises(BadInput, match="token"):
        releases.run(executor, hub=server.url)
    assert executor.started == []


def test_without_a_token_a_plan_asks_for_a_namespace(releases: Releases) -> None:
    with local_server(releases.folder / "hub2") as server:
        with pytest.raises(BadInput) as caught:
            releases.session(hub=server.url, namespace=None)
        assert "--namespace" in caught.value.remedy
        with releases.session(hub=server.url, namespace="acme") as session:
            assert session.plan.repos["AWQ"] == "acme/Small-AWQ"


def test_no_permission_is_said_before_any_work(
    releases: Releases, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor = StandInExecutor()
    with local_server(releases.folder / "hub2") as server:
        reader = server.storage.accounts.add("bob", role="read")
        monkeypatch.setenv("HF_TOKEN", reader.token)
        with pytest.raises(BadInput, match="acme"):
            releases.run(executor, hub=server.url)
    assert executor.started == []


def test_a_group_size_that_does_not_divide_is_named(releases: Releases) -> None:
    recipe = yaml.safe_load(releases.recipe.read_text())
    recipe["variants"][0]["group_size"] = 512
    write_recipe(releases.folder / "recipe", variants=recipe["variants"])
    with pytest.raises(BadInput, match=r"variants\[0\].group_size: 512 does not divide"):
        releases.session()


def test_an_unsupported_architecture_is_named(releases: Releases) -> None:
    config = json.loads((releases.source / "config.json").read_text())
    (releases.source / "config.json").write_text(json.dumps(config | {"model_type": "mamba"}))
    with pytest.raises(BadInput, match="mamba"):
        releases.session()
    with pytest.raises(BadInput, match="no recipe for model_type 'mamba'"):
        releases.session(recipe=None)
