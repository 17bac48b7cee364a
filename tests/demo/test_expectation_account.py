"""Every kind of loss and of doubling is found, and what is right is not taken for either."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fink_messages import ordinary
from skyportal_told import tell

from demo.expectation import Account, Expected, compare, expect
from demo.fink import FinkAlert, encode, night
from demo.skyportal.process import SkyPortal

State = dict[str, Any]

TABLES = ("candidates", "photometry", "annotations", "classifications", "thumbnails")


@pytest.fixture(scope="module")
def expected() -> Expected:
    alerts = [*ordinary(night(seed=7, alerts=30, surveys=("lsst",)))[:10], *_joined_objects()]
    return expect((topic, *encode(alert)) for alert in alerts for topic in alert.topics)


def _joined_objects() -> list[FinkAlert]:
    """Return all alerts of the night's first object that was joined with an event."""
    alerts = list(night(seed=2, alerts=300, surveys=("ztf",)))
    name = next(alert.packet["objectId"] for alert in alerts if "triggerId" in alert.packet)
    return [alert for alert in alerts if alert.packet["objectId"] == name]


@pytest.fixture(scope="module")
def held(expected: Expected) -> Iterator[State]:
    """Give the state of a SkyPortal that was told of every row, once."""
    filters = {
        (name, "Fink", "LSST Public" if name.endswith("lsst") else "ZTF Public") for _, name, _ in expected.candidates
    }
    with SkyPortal(
        whitelist=True, filters=sorted(filters), taxonomies=[("Fink", "1", sorted(expected.names))]
    ) as skyportal:
        tell(skyportal, expected)
        yield skyportal.control.state()


@pytest.fixture
def state(held: State) -> State:
    return copy.deepcopy(held)


def test_a_skyportal_that_was_told_every_row_once_has_lost_and_doubled_nothing(
    expected: Expected, state: State
) -> None:
    account = compare(expected, state)

    assert (account.lost, account.doubled, account.examples) == (0, 0, [])
    assert account.objects == len(state["objects"]) > 5
    assert account.accepted == len({(obj_id, time) for obj_id, _, time in expected.candidates})
    counted = account.points, account.annotations, account.classes, account.thumbnails
    assert counted == tuple(len(state[table]) for table in TABLES[1:])
    assert min(counted) > account.objects


@pytest.mark.parametrize("table", TABLES)
def test_a_row_that_is_gone_is_lost(expected: Expected, state: State, table: str) -> None:
    for row in (state[table][0], state[table][-1]):
        state[table].remove(row)

    assert _counts(compare(expected, state)) == (2, 0)


@pytest.mark.parametrize("table", TABLES)
def test_a_row_that_is_there_again_is_doubled(expected: Expected, state: State, table: str) -> None:
    for row in (state[table][0], state[table][-1]):
        state[table] += [row, row]

    assert _counts(compare(expected, state)) == (0, 4)


@pytest.mark.parametrize("table", TABLES)
def test_a_row_of_an_object_that_was_not_wanted_is_one_too_many(expected: Expected, state: State, table: str) -> None:
    state[table].append(state[table][0] | {"obj_id": "ZTF26unwanted"})

    account = compare(expected, state)

    assert _counts(account) == (0, 1)
    assert "ZTF26unwanted" in account.examples[0]


def _other_data(state: State) -> None:
    data = state["annotations"][0]["data"]
    data["diaSource.visit"] = data["diaSource.visit"] + "0"


def _older_alert(state: State) -> None:
    state["annotations"][0]["data"]["alert_id"] = "1"


def _true_for_1(state: State) -> None:
    data = next(row["data"] for row in state["annotations"] if "diaObject.nDiaSources" in row["data"])
    data["diaObject.nDiaSources"] = data["diaObject.nDiaSources"] == 1


def _null(state: State) -> None:
    state["annotations"][0]["data"]["clf.earlySNIa_score"] = None


def _key_less(state: State) -> None:
    del state["annotations"][0]["data"]["observed_at"]


def _other_groups(state: State) -> None:
    state["annotations"][0]["groups"].append(_id(state, "groups", "Sitewide Group"))


def _other_class(state: State) -> None:
    state["classifications"][0]["classification"] += " candidate"


def _other_origin(state: State) -> None:
    state["classifications"][0]["origin"] = "Fink"


def _probability_gone(state: State) -> None:
    _scored(state)["probability"] = None


def _probability_made_up(state: State) -> None:
    next(row for row in state["classifications"] if row["probability"] is None)["probability"] = 0.5


def _far_probability(state: State) -> None:
    row = _scored(state)
    row["probability"] += 0.2 if row["probability"] < 0.5 else -0.2


def _by_a_person(state: State) -> None:
    state["classifications"][0]["ml"] = False


def _everybody_sees_the_class(state: State) -> None:
    state["classifications"][0]["groups"] = [_id(state, "groups", "Sitewide Group")]


def _other_taxonomy(state: State) -> None:
    state["taxonomies"].append({"id": 99, "name": "Sitewide Taxonomy"})
    state["classifications"][0]["taxonomy_id"] = 99


def _other_type(state: State) -> None:
    next(row for row in state["thumbnails"] if row["type"] == "ref")["type"] = "ps1"


def _other_band(state: State) -> None:
    state["photometry"][0]["filter"] = "lsstu"


def _last_digit(state: State) -> None:
    state["photometry"][0]["fluxerr"] *= 1 + 1e-15


def _scored(state: State) -> dict[str, Any]:
    return next(row for row in state["classifications"] if row["probability"] is not None)


def _id(state: State, table: str, name: str) -> int:
    return next(int(row["id"]) for row in state[table] if row["name"] == name)


@pytest.mark.parametrize(
    "change",
    [
        _other_data,
        _older_alert,
        _true_for_1,
        _null,
        _key_less,
        _other_groups,
        _other_class,
        _other_origin,
        _probability_gone,
        _probability_made_up,
        _far_probability,
        _by_a_person,
        _everybody_sees_the_class,
        _other_taxonomy,
        _other_type,
        _other_band,
        _last_digit,
    ],
)
def test_a_row_with_another_value_is_one_lost_and_one_too_many(
    expected: Expected, state: State, change: Callable[[State], None]
) -> None:
    change(state)

    account = compare(expected, state)

    assert _counts(account) == (1, 1)
    assert len(account.examples) == 2


def test_a_probability_that_moved_too_little_to_be_written_is_right(expected: Expected, state: State) -> None:
    row = _scored(state)
    row["probability"] += 0.09 if row["probability"] < 0.5 else -0.09

    assert _counts(compare(expected, state)) == (0, 0)


def test_a_second_class_of_an_origin_is_one_too_many_even_with_a_probability_of_its_own(
    expected: Expected, state: State
) -> None:
    row = _scored(state)
    state["classifications"].append(row | {"probability": row["probability"] * 0.97})

    assert _counts(compare(expected, state)) == (0, 1)


def test_the_example_of_an_annotation_tells_what_differs_and_no_more(expected: Expected, state: State) -> None:
    data = state["annotations"][0]["data"]
    due, data["target_name"] = data["target_name"], "elsewhere"

    lost, doubled = compare(expected, state).examples

    assert f"{{'target_name': ('{due}', 'elsewhere')}}" in lost
    assert max(len(lost), len(doubled)) < 200


def _counts(account: Account) -> tuple[int, int]:
    return account.lost, account.doubled
