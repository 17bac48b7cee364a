"""SkyPortal's own brokers, and the empty requests that tell which permissions a token has."""

from collections.abc import Iterator

import pytest
from skyportal_contract import Target, contract_target

from demo.skyportal.process import SkyPortal


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    with contract_target() as one:
        yield one


def test_anybody_may_list_the_brokers(target: Target) -> None:
    assert isinstance(target.data("GET", "/api/brokers"), list)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/api/candidates", "Missing required parameter: `id`."),
        ("/api/sources/nobody/annotations", "Invalid/missing parameters: "),
        ("/api/classification", "Error posting classification: 'obj_id'"),
    ],
)
def test_an_empty_request_is_refused_for_what_it_lacks_after_its_permission_is_looked_at(
    target: Target, path: str, message: str
) -> None:
    status, said = target.refusal("POST", path, {})

    assert status == 400
    assert said.startswith(message)


def test_a_token_without_the_permission_is_refused_before_what_a_request_lacks() -> None:
    with SkyPortal(whitelist=True) as skyportal:
        users = skyportal.control.setup(tokens=[{"name": "guest", "acls": []}])["users"]
        target = Target(url=skyportal.url, token=next(one["token"] for one in users if one["username"] == "guest"))
        skyportal.control.setup(brokers=[["Fink", "FINKBROKER", True]])

        assert target.refusal("POST", "/api/classification", {}) == (401, "HTTP 401: Unauthorized")
        (row,) = target.data("GET", "/api/brokers")
        assert (row["name"], row["broker_classname"], row["active"]) == ("Fink", "FINKBROKER", True)
        assert "altdata" not in row
