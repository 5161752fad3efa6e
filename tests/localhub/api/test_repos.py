from __future__ import annotations

from collections.abc import Callable

import pytest
from huggingface_hub import CommitOperationAdd, HfApi, RepoCard
from huggingface_hub.errors import (
    BadRequestError,
    GatedRepoError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from hubq.localhub.server import LocalHub

Client = Callable[[str], HfApi]


def test_whoami_tells_name_role_and_organizations(api: HfApi, client: Client) -> None:
    alice = client("alice").whoami()
    assert alice["name"] == "alice"
    assert [org["name"] for org in alice["orgs"]] == ["acme"]
    assert alice["auth"]["accessToken"]["role"] == "write"
    assert client("bob").whoami()["auth"]["accessToken"]["role"] == "read"
    assert api.whoami()["name"] == "local"


def test_an_unknown_token_is_refused(hub: LocalHub) -> None:
    with pytest.raises(HfHubHTTPError) as caught:
        HfApi(endpoint=hub.url, token="hf_unknown").whoami()
    assert caught.value.response.status_code == 401


def test_creating_a_repo_again_answers_with_its_address(api: HfApi, repo_id: str) -> None:
    url = api.create_repo(repo_id, exist_ok=True)
    assert url.repo_id == repo_id
    assert str(url) == f"{api.endpoint}/{repo_id}"
    with pytest.raises(HfHubHTTPError) as caught:
        api.create_repo(repo_id)
    assert caught.value.response.status_code == 409


def test_an_id_without_a_namespace_belongs_to_the_user(client: Client) -> None:
    assert client("alice").create_repo("own", exist_ok=True).repo_id == "alice/own"


def test_only_writers_of_a_namespace_create_and_delete(client: Client, repo_id: str) -> None:
    for name in ("bob", "nobody"):
        with pytest.raises(HfHubHTTPError):
            client(name).create_repo("acme/refused")
        with pytest.raises(HfHubHTTPError):
            client(name).delete_repo(repo_id)
    with pytest.raises(HfHubHTTPError) as caught:
        client("alice").create_repo("elsewhere/refused")
    assert caught.value.response.status_code == 403
    client("alice").delete_repo(repo_id)
    assert not client("alice").repo_exists(repo_id)
    client("alice").delete_repo(repo_id, missing_ok=True)


@pytest.mark.parametrize("repo_type", ["dataset", "space"])
def test_datasets_and_spaces_are_kept_apart_from_models(api: HfApi, repo_type: str) -> None:
    repo_id = f"acme/the-{repo_type}"
    api.create_repo(
        repo_id, repo_type=repo_type, space_sdk="static" if repo_type == "space" else None
    )
    api.upload_file(
        path_or_fileobj=b"x", path_in_repo="x.txt", repo_id=repo_id, repo_type=repo_type
    )
    assert api.list_repo_files(repo_id, repo_type=repo_type) == [".gitattributes", "x.txt"]
    assert api.repo_info(repo_id, repo_type=repo_type).id == repo_id
    with pytest.raises(RepositoryNotFoundError):
        api.model_info(repo_id)


def test_a_model_is_described(api: HfApi) -> None:
    api.create_repo("acme/described-base")
    api.create_repo("acme/described")
    readme = b"""---
license: mit
base_model: acme/described-base
pipeline_tag: text-generation
library_name: transformers
---
# Card
"""
    results = b"- dataset: {id: a/b, task_id: t}\n  value: 39.22\n"
    config = (
        b'{"model_type": "qwen2_vl", "quantization_config": {"quant_method": "awq", "bits": 4}}'
    )
    api.create_commit(
        "acme/described",
        [
            CommitOperationAdd("README.md", readme),
            CommitOperationAdd("config.json", config),
            CommitOperationAdd("model.safetensors", b"weights"),
            CommitOperationAdd(".eval_results/b.yaml", results),
        ],
        commit_message="All",
    )
    info = api.model_info("acme/described", files_metadata=True)
    assert info.author == "acme"
    assert info.pipeline_tag == "text-generation"
    assert info.library_name == "transformers"
    assert info.card_data is not None
    assert info.card_data.license == "mit"
    assert info.tags is not None
    assert {"awq", "4-bit", "base_model:quantized:acme/described-base"} <= set(info.tags)
    assert info.siblings is not None
    sizes = {file.rfilename: (file.size, file.lfs is not None) for file in info.siblings}
    assert sizes["model.safetensors"] == (7, True)
    assert sizes["README.md"] == (len(readme), False)
    assert info.eval_results is not None
    assert info.eval_results[0].value == 39.22
    assert api.model_info("acme/described-base").children_model_count == 1
    lineage = api.model_info("acme/described", expand=["baseModels"])
    assert "'relation': 'quantized'" in str(lineage.base_models)
    assert "'id': 'acme/described-base'" in str(lineage.base_models)
    assert lineage.tags is None


def test_errors_have_the_types_that_the_client_knows(api: HfApi, repo_id: str) -> None:
    with pytest.raises(RepositoryNotFoundError):
        api.model_info("acme/none")
    with pytest.raises(RepositoryNotFoundError):
        api.model_info("no-namespace")
    with pytest.raises(RevisionNotFoundError):
        api.model_info(repo_id, revision="none")
    with pytest.raises(HfHubHTTPError) as caught:
        list(api.list_lfs_files(repo_id))
    assert type(caught.value) is HfHubHTTPError
    assert not api.file_exists(repo_id, "none.txt")
    assert api.revision_exists(repo_id, "main")


def test_a_private_repo_is_hidden_until_it_is_revealed(api: HfApi, client: Client) -> None:
    api.create_repo("acme/hidden", visibility="private")
    assert client("alice").model_info("acme/hidden").private is True
    for name in ("bob", "nobody"):
        with pytest.raises(RepositoryNotFoundError):
            client(name).model_info("acme/hidden")
        with pytest.raises(RepositoryNotFoundError):
            client(name).hf_hub_download("acme/hidden", ".gitattributes")
        assert "acme/hidden" not in [info.id for info in client(name).list_models(author="acme")]
    api.update_repo_settings("acme/hidden", visibility="public")
    assert client("nobody").model_info("acme/hidden").private is False


def test_a_gated_repo_shows_its_files_but_not_their_content(
    api: HfApi, client: Client, repo_id: str
) -> None:
    api.update_repo_settings(repo_id, gated="manual")
    assert client("nobody").model_info(repo_id).gated == "manual"
    for name in ("bob", "nobody"):
        with pytest.raises(GatedRepoError):
            client(name).hf_hub_download(repo_id, "config.json")
        with pytest.raises(GatedRepoError):
            client(name).auth_check(repo_id)
    client("alice").hf_hub_download(repo_id, "config.json")
    api.grant_access(repo_id, "bob")
    client("bob").hf_hub_download(repo_id, "config.json")
    with pytest.raises(HfHubHTTPError):
        client("bob").auth_check(repo_id, write=True)
    api.auth_check(repo_id, write=True)
    api.update_repo_settings(repo_id, gated=False)
    assert api.model_info(repo_id).gated is False


def test_models_are_listed_in_pages_and_filtered(api: HfApi) -> None:
    names = [f"lister/model-{number}" for number in range(7)]
    for name in names:
        api.create_repo(name)
    readme = b"---\npipeline_tag: text-generation\ntags: [special]\n---\n"
    api.upload_file(path_or_fileobj=readme, path_in_repo="README.md", repo_id=names[3])
    assert sorted(info.id for info in api.list_models(author="lister")) == names
    assert len(list(api.list_models(author="lister", limit=3))) == 3
    assert [info.id for info in api.list_models(search="lister MODEL-5")] == [names[5]]
    found = api.list_models(author="lister", pipeline_tag="text-generation", filter="special")
    assert [info.id for info in found] == [names[3]]
    full = next(iter(api.list_models(author="lister", search="model-1", full=True)))
    assert full.siblings is not None


def test_a_card_is_checked_before_it_is_sent(hub: LocalHub, api: HfApi, repo_id: str) -> None:
    assert hub.faults is not None
    bad = b"---\nbase_model: /home/me/Llama\n---\n"
    hub.faults.clear_log()
    with pytest.raises(ValueError, match="is not valid"):
        api.upload_file(path_or_fileobj=bad, path_in_repo="README.md", repo_id=repo_id)
    assert [entry.path for entry in hub.faults.log()] == ["/api/validate-yaml"]
    with pytest.warns(UserWarning, match="empty or missing yaml"):
        api.upload_file(path_or_fileobj=b"# x\n", path_in_repo="README.md", repo_id=repo_id)


def test_a_card_round_trips_through_the_clients_card_class(api: HfApi, repo_id: str) -> None:
    path = api.hf_hub_download(repo_id, "README.md")
    assert RepoCard.load(path).data.license == "mit"


def test_a_repo_moves(api: HfApi, repo_id: str) -> None:
    new = f"{repo_id}-moved"
    api.move_repo(repo_id, new)
    assert api.repo_exists(new)
    assert not api.repo_exists(repo_id)


def test_an_unknown_kind_of_repo_is_refused(api: HfApi) -> None:
    with pytest.raises(BadRequestError):
        api.create_repo("acme/kernel", repo_type="kernel")
