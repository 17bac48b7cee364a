"""What SkyPortal 1.4.0 was measured to do with photometry."""

import math
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from skyportal_contract import ALERT_ID, Target, contract_target

PATH = "/api/photometry"
NAN = float("nan")


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    with contract_target() as one:
        yield one


IN_FLUX = "Invalid input format: Tried to parse data in mag space, got: "
MAG_REFUSED: list[tuple[str, dict[str, object], int, str]] = [
    ("an unknown object", {"obj_id": "NOPE"}, 400, "Invalid object ID: NOPE"),
    ("an unknown instrument", {"instrument_id": 9999}, 400, "Invalid instrument ID: 9999"),
    ("an instrument of letters", {"instrument_id": "abc"}, 500, "invalid literal for int() with base 10: 'abc'"),
    ("an unknown filter", {"filter": "nofilter"}, 400, "Filter(s) {np.str_('nofilter')} is not allowed."),
    ("another camera's filter", {"filter": "lsstg"}, 400, "Traceback"),
    ("an unknown group", {"group_ids": [9999]}, 400, "Invalid group IDs: {9999}. Available group IDs: set()"),
    ("a group of letters", {"group_ids": ["abc"]}, 400, "Invalid format for group_ids parameter. Must be a list of i"),
    ("a stream not held", {"stream_ids": [9999]}, 400, "Invalid stream IDs: {9999}. Available stream IDs: set()"),
    ("an unknown field", {"bogus": 1}, 400, IN_FLUX + "\"{'bogus': ['Unknown field.']}.\""),
    ("no mjd", {"mjd": ...}, 400, IN_FLUX + "\"{'mjd': ['Missing data for required field.']}.\""),
    ("a null mjd", {"mjd": None}, 400, IN_FLUX + "\"{'mjd': ['Field may not be null.']}.\""),
    ("an mjd of letters", {"mjd": "abc"}, 400, "Traceback"),
    ("a limit without limit", {"mag": None, "magerr": None, "limiting_mag": None}, 400, "Non-detections (mag=null) re"),
    ("a mag without magerr", {"magerr": None}, 400, "Error parsing packet"),
    ("a bare NaN for mag", {"mag": NAN}, 400, "Error parsing packet"),
    ("another mag system", {"magsys": "bogus"}, 400, "Error standardizing photometry data: 'bogus' not in registry."),
    ("ragged lists", {"mjd": [1.0, 2.0], "mag": [18.0, 18.1, 18.2]}, 400, "Unable to coerce passed JSON to a series"),
    ("10001 rows", {"mjd": [60000.0 + n for n in range(10001)]}, 400, "Maximum number of photometry rows"),
    ("a bare NaN in altdata", {"altdata": {"x": NAN}}, 400, "Traceback"),
    ("a gap in a column of altdata", {"mjd": [1.0, 2.0], "altdata": {"candid": [ALERT_ID, None]}}, 400, "Traceback"),
    ("a null in the list of altdata", {"mjd": [1.0, 2.0], "altdata": [{"a": 1}, None]}, 500, "'NoneType' object has "),
    ("too few dicts of altdata", {"mjd": [1.0, 2.0], "altdata": [{"a": 1}]}, 500, "Length of values (1) does not mat"),
    ("too long a column of altdata", {"altdata": {"a": [1, 2]}}, 500, "a in altdata incorrect length"),
]  # fmt: skip
FLUX_REFUSED: list[tuple[str, dict[str, object], str]] = [
    ("no zp", {"zp": ...}, "Invalid input format"),
    ("a limiting_mag", {"limiting_mag": 20.5}, "Invalid input format"),
    ("a null fluxerr", {"fluxerr": [0.03, None]}, "Invalid input format"),
    ("a fluxerr of zero", {"fluxerr": [0.03, 0.0]}, "Error parsing packet"),
    ("a negative fluxerr", {"fluxerr": [0.03, -1.0]}, "Error parsing packet"),
    ("an infinite flux", {"flux": [math.inf, 1.0]}, "Error parsing packet"),
]
ACCEPTED: list[tuple[str, dict[str, object]]] = [
    ("numbers as strings", {"mag": "18.5"}),
    ("a bare NaN for ra", {"ra": NAN}),
    ("a nonsense mag", {"mag": -999.0}),
    ("a magerr of zero", {"magerr": 0}),
    ("no group_ids", {"group_ids": ...}),
    ("all groups", {"group_ids": "all"}),
    ("an integer beyond 64 bits in altdata", {"altdata": [{"big": 1549473362115015004123}]}),
    ("an empty altdata", {"altdata": []}),
]


@pytest.mark.parametrize(("_name", "changes", "status", "start"), MAG_REFUSED, ids=[case[0] for case in MAG_REFUSED])
def test_magnitudes_are_refused_for(
    target: Target, _name: str, changes: dict[str, object], status: int, start: str
) -> None:
    answer = target.ask("PUT", PATH, target.mag(**changes))
    assert (answer.status_code, answer.json()["message"][: len(start)]) == (status, start)


@pytest.mark.parametrize(("_name", "changes", "start"), FLUX_REFUSED, ids=[case[0] for case in FLUX_REFUSED])
def test_fluxes_are_refused_whole_for(target: Target, _name: str, changes: dict[str, object], start: str) -> None:
    body = target.flux(**changes)
    answer = target.ask("PUT", PATH, body)
    assert (answer.status_code, answer.json()["message"][: len(start)]) == (400, start)
    assert target.data("GET", f"/api/sources/{body['obj_id']}/photometry") == []


@pytest.mark.parametrize(("_name", "changes"), ACCEPTED, ids=[case[0] for case in ACCEPTED])
def test_magnitudes_are_accepted_with(target: Target, _name: str, changes: dict[str, object]) -> None:
    assert len(target.data("PUT", PATH, target.mag(**changes))["ids"]) == 1


def test_a_known_point_keeps_its_id_whatever_else_changes(target: Target) -> None:
    body = target.mag(altdata=[{"candid": ALERT_ID, "gone": None}], ra=150.0)
    first = target.data("PUT", PATH, body)["ids"]
    for change in ({"altdata": {"candid": 2}}, {"limiting_mag": 21.0, "ra": 1.0}, {"filter": "ztfg"}):
        assert target.data("PUT", PATH, body | change)["ids"] == first
    point = target.data("GET", f"{PATH}/{first[0]}?format=both")
    assert point["altdata"] == {"candid": ALERT_ID}
    assert (point["limiting_mag"], point["ra"], point["filter"]) == (20.5, 150.0, "ztfr")
    assert (point["flux"], point["fluxerr"]) == (144.54397707459265, 6.656496137880604)
    for change in ({"origin": "other"}, {"mag": 18.500000001}, {"mjd": 60000.2}):
        assert target.data("PUT", PATH, body | change)["ids"] != first


def test_a_bad_row_is_repeated_in_the_refusal(target: Target) -> None:
    body = target.flux(flux=[math.inf, 1.0], altdata={"diaSourceId": [1, 2]})
    packet = (
        f"{{'mjd': 60200.1, 'filter': 'lsstg', 'obj_id': '{body['obj_id']}', 'instrument_id': {target.lsst}, "
        "'assignment_id': None, 'ra': None, 'dec': None, 'ra_unc': None, 'dec_unc': None, 'origin': 'Fink', "
        "'altdata': {'diaSourceId': 1}, 'magsys': 'ab', 'flux': inf, 'fluxerr': 0.03, 'zp': 23.9, "
        "'ref_flux': None, 'ref_fluxerr': None}"
    )
    message = target.ask("PUT", PATH, body).json()["message"]
    assert message == f'Error parsing packet "{packet}": field flux must be finite.'


def test_no_origin_is_one_origin(target: Target) -> None:
    body = target.mag(origin=...)
    ids = [target.data("PUT", PATH, body | change)["ids"] for change in ({}, {"origin": None}, {"origin": ""})]
    assert ids[0] == ids[1] == ids[2]
    assert target.data("GET", f"{PATH}/{ids[0][0]}")["origin"] == "None"


def test_a_limit_is_the_same_row_in_both_spaces_for_five_sigma_only(target: Target) -> None:
    limit = 10 ** (-0.4 * (20.5 - 23.9))
    mag = target.mag(mag=None, magerr=None, limiting_mag_nsigma=5)
    flux = target.flux(
        obj_id=mag["obj_id"], instrument_id=target.ztf, mjd=60000.1, filter="ztfr", flux=None, fluxerr=limit / 5
    )
    first = target.data("PUT", PATH, flux)["ids"]
    assert target.data("PUT", PATH, mag)["ids"] == first
    assert target.data("PUT", PATH, mag | {"limiting_mag_nsigma": 3})["ids"] != first
    shown = target.data("GET", f"{PATH}/{first[0]}?format=both")
    assert (shown["mag"], shown["flux"], shown["limiting_mag"]) == (None, None, pytest.approx(20.5))


def test_groups_and_streams_are_added_to_known_points(target: Target) -> None:
    body = target.mag(group_ids=...)
    number = target.data("PUT", PATH, body)["ids"][0]
    groups = [group["id"] for group in target.data("GET", f"{PATH}/{number}")["groups"]]
    assert groups == [target.own_group_id]
    target.data("PUT", PATH, body | {"group_ids": [target.group_id], "stream_ids": [target.stream_id]})
    groups = [group["id"] for group in target.data("GET", f"{PATH}/{number}")["groups"]]
    assert sorted(groups) == sorted([target.own_group_id, target.group_id])


def test_post_refuses_what_is_known_and_put_gives_ids_row_by_row(target: Target) -> None:
    body = target.mag()
    first = target.data("POST", PATH, body)
    assert first.keys() == {"ids", "upload_id"}
    two = body | {"mjd": [60001.0, 60000.1]}
    refused = target.ask("POST", PATH, two)
    assert refused.status_code == 400
    assert "already exists in the database (deduplication keys: obj_id, instrument_id" in refused.json()["message"]
    assert "144.54397707459265)]" in refused.json()["message"]
    ids = target.data("PUT", PATH, two)["ids"]
    assert ids[1] == first["ids"][0]
    assert len(target.data("GET", f"/api/sources/{body['obj_id']}/photometry")) == 2


@pytest.mark.parametrize("filters", [["ztfr", "ztfr"], ["ztfr", "ztfg"]])
def test_a_point_twice_in_one_request_refuses_all_of_it(target: Target, filters: list[str]) -> None:
    body = target.mag(mjd=[60050.0, 60050.0], filter=filters)
    answer = target.ask("PUT", PATH, body)
    assert answer.status_code == 400
    assert "psycopg.errors.CardinalityViolation: ON CONFLICT DO UPDATE command" in answer.json()["message"]
    assert target.data("GET", f"/api/sources/{body['obj_id']}/photometry") == []


def test_one_unknown_object_refuses_many(target: Target) -> None:
    body = target.mag(obj_id=[target.obj(), target.obj(), "NOPE"], origin=["a", None, "b"])
    assert target.ask("PUT", PATH, body).json()["message"] == "Invalid object ID: NOPE"
    objects: Any = body["obj_id"]
    assert target.data("GET", f"/api/sources/{objects[0]}/photometry") == []
    assert len(target.data("PUT", PATH, body | {"obj_id": [*objects[:2], objects[0]]})["ids"]) == 3


@pytest.mark.parametrize(("groups", "most"), [(1, 8191), (2, 5461)])
def test_rows_times_groups_must_fit_sixteen_bits_of_parameters(target: Target, groups: int, most: int) -> None:
    sitewide = next(
        row["id"] for row in target.data("GET", "/api/groups")["all_groups"] if row["id"] != target.group_id
    )
    body = target.mag(group_ids=[target.group_id, sitewide][:groups], mjd=[60000 + n / 64 for n in range(most + 1)])
    refused = target.ask("PUT", PATH, body)
    assert refused.status_code == 400
    assert "number of parameters must be between 0 and 65535" in refused.text
    assert 10**6 < len(refused.content) < 10**7
    body["mjd"] = [60000 + n / 64 for n in range(most)]
    assert len(target.data("PUT", PATH, body)["ids"]) == most


def test_microjanskys_come_back_bit_for_bit_and_meet_themselves(target: Target) -> None:
    dice = random.Random(5)  # noqa: S311 - the same points in every run, no secrets
    flux = [None if dice.random() < 0.15 else dice.gauss(0, 100) for _ in range(300)]
    mjd = [dice.uniform(58000, 62000) for _ in flux]
    body = target.flux(mjd=mjd, flux=flux, fluxerr=[dice.lognormvariate(0, 2) for _ in flux])
    ids = target.data("PUT", PATH, body)["ids"]
    assert target.data("PUT", PATH, body)["ids"] == ids
    rows = {row["id"]: row for row in target.data("GET", f"/api/sources/{body['obj_id']}/photometry?format=flux")}
    for name in ("mjd", "flux", "fluxerr"):
        assert [rows[number][name] for number in ids] == body[name]
    one = {**body, "mjd": mjd[7], "flux": 5.0, "fluxerr": 1.0}
    first = target.data("PUT", PATH, one)["ids"]
    assert target.data("PUT", PATH, one | {"flux": math.nextafter(5.0, 6.0)})["ids"] != first
    zero = target.data("PUT", PATH, one | {"flux": 0.0})["ids"]
    assert target.data("PUT", PATH, one | {"flux": -0.0})["ids"] == zero


def test_the_same_points_of_one_object_in_parallel_are_stored_once(target: Target) -> None:
    body = target.mag(mjd=[60000.0 + n for n in range(20)])
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: target.data("PUT", PATH, body)["ids"], range(16)))
    assert all(ids == answers[0] for ids in answers)


def test_parallel_requests_that_share_two_objects_deadlock_and_nothing_of_the_loser_is_stored(target: Target) -> None:
    objects = [target.obj() for _ in range(3)]
    bodies = [target.mag(obj_id=objects, mjd=[mjd] * 3) for mjd in (60000.0, 60001.0, 60002.0, 60003.0)]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(100):
            answers = list(pool.map(lambda body: target.ask("PUT", PATH, body), bodies))
            if any(answer.status_code != 200 for answer in answers):
                break
    lost = [answer for answer in answers if answer.status_code != 200]
    assert 0 < len(lost) < 4
    assert all(answer.status_code == 400 for answer in lost)
    assert all("psycopg.errors.DeadlockDetected: deadlock detected" in answer.json()["message"] for answer in lost)
    assert all(answer.elapsed.total_seconds() > 0.9 for answer in lost)
