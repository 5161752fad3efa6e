from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from hubq.localhub.problems import ForbiddenError
from hubq.localhub.signing import Signer


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
