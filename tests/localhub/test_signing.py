from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from hubq.localhub.problems import ForbiddenError
from hubq.localhub.signing import Signer
from hubq.localhub.storage import Storage


def test_signed_fields_come_back_and_changed_ones_do_not() -> None:
    signer = Signer()
    query = dict(parse_qsl(signer.sign("get", oid="abc", size=3)))
    assert signer.check("get", query)["oid"] == "abc"
    for broken in (query | {"oid": "abd"}, query | {"until": "9999999999"}, query | {"x": "1"}, {}):
        with pytest.raises(ForbiddenError):
            signer.check("get", broken)
    with pytest.raises(ForbiddenError):
        signer.check("put", query)
    with pytest.raises(ForbiddenError):
        Signer().check("get", query)


def test_an_address_outlives_a_restart_of_its_server(tmp_path: Path) -> None:
    before = Signer(Storage(tmp_path).signing_key)
    query = dict(parse_qsl(before.sign("put", oid="abc", part=1)))
    after = Signer(Storage(tmp_path).signing_key)
    assert after.check("put", query)["part"] == "1"
    assert (tmp_path / "signing.key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "signing.key").write_bytes(b"damaged")
    with pytest.raises(ForbiddenError):
        Signer(Storage(tmp_path).signing_key).check("put", query)
