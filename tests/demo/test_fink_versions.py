from typing import Any

import pytest
from fink_messages import decode, same

from demo.fink import FinkAlert, encode, night
from demo.fink.lsst_versions import as_version, with_packed_designation

VERSIONS = ((9, 0), (10, 0), (11, 0), (11, 1))


@pytest.fixture(scope="module")
def alerts() -> list[FinkAlert]:
    return list(night(seed=7, alerts=80, surveys=("lsst",)))


@pytest.fixture(scope="module")
def moving(alerts: list[FinkAlert]) -> list[FinkAlert]:
    return [alert for alert in alerts if alert.packet["pred"]["is_sso"]]


def fields(alert: FinkAlert, *path: str) -> dict[str, Any]:
    """Return the Avro types of the fields of a record in an alert's writer schema."""
    schema: Any = alert.written_with.parsed
    for step in path:
        schema = next(field["type"] for field in schema["fields"] if field["name"] == step)
    return {field["name"]: field["type"] for field in schema["fields"]}


@pytest.mark.parametrize("version", VERSIONS)
def test_an_alert_of_another_version_decodes_with_its_key_to_the_packet(
    alerts: list[FinkAlert], version: tuple[int, int]
) -> None:
    for alert in alerts:
        other = as_version(alert, *version)
        assert same(decode(*encode(other)), other.packet)
        assert other.packet["lsst_schema_version"] == "lsst.v{}_{}".format(*version)


def test_version_10_0_is_the_nights_own(alerts: list[FinkAlert]) -> None:
    for alert in alerts:
        assert encode(as_version(alert, 10)) == encode(alert)


def test_making_another_version_leaves_the_alert_as_it_was(alerts: list[FinkAlert]) -> None:
    before = list(map(encode, alerts))
    for alert in alerts:
        for version in VERSIONS:
            as_version(alert, *version)

    assert list(map(encode, alerts)) == before


def test_an_unknown_version_is_refused(alerts: list[FinkAlert]) -> None:
    with pytest.raises(KeyError, match=r"12\.0"):
        as_version(alerts[0], 12)


def test_version_9_has_mpcorb_in_the_place_of_mpc_orbits(moving: list[FinkAlert]) -> None:
    for alert in moving:
        old, orbit = as_version(alert, 9).packet, alert.packet["mpc_orbits"]
        assert "mpc_orbits" not in old
        assert list(old).index("MPCORB") == list(alert.packet).index("mpc_orbits")
        assert old["MPCORB"]["mpcDesignation"] == orbit["packed_primary_provisional_designation"]
        assert old["MPCORB"]["ssObjectId"] == alert.packet["diaSource"]["ssObjectId"]
        for name, new in (("M", "mean_anomaly"), ("peri", "argperi"), ("incl", "i"), ("t_p", "peri_time"), ("a", "a")):
            assert old["MPCORB"][name] == orbit[new]


def test_version_9_names_the_fields_of_ss_source_otherwise(moving: list[FinkAlert]) -> None:
    for alert in moving:
        old, new = as_version(alert, 9).packet["ssSource"], alert.packet["ssSource"]
        assert "designation" not in old
        assert (old["eclipticLambda"], old["galacticB"]) == (new["eclLambda"], new["galLat"])
        assert (old["heliocentricDist"], old["topocentricVZ"]) == (new["helioRange"], new["topo_vz"])
        assert old["residualRa"] * 3600 == pytest.approx(new["ephOffsetRa"])
        assert len(old.keys() - new.keys()) == 22


def test_a_static_alert_of_version_9_has_structs_full_of_nulls_too(alerts: list[FinkAlert]) -> None:
    for alert in alerts:
        if not alert.packet["pred"]["is_sso"]:
            old = as_version(alert, 9).packet
            assert set(old["MPCORB"].values()) == set(old["ssSource"].values()) == {None}


def test_since_version_11_numbers_of_points_are_never_null(alerts: list[FinkAlert]) -> None:
    for version in ((11, 0), (11, 1)):
        alert = as_version(alerts[0], *version)
        for name in ("psfNdata", "trailNdata", "dipoleNdata", "bboxSize"):
            assert fields(alert, "diaSource")[name] == "int"
        assert fields(alert, "diaObject")["u_psfFluxNdata"] == "int"
        assert fields(as_version(alerts[0], 10), "diaSource")["bboxSize"] == ["int", "null"]


def test_version_11_1_adds_four_fields_to_every_detection(alerts: list[FinkAlert]) -> None:
    long = max(alerts, key=lambda alert: len(alert.packet["prvDiaSources"] or ()))
    added = {"exposureTime", "trailAlgorithm", "trail_flag", "reliabilityVersion"}

    older, newer = as_version(long, 11).packet, as_version(long, 11, 1).packet

    assert newer["diaSource"].keys() - older["diaSource"].keys() == added
    assert all(row.keys() - older["diaSource"].keys() == added for row in newer["prvDiaSources"])
    assert len(newer["prvDiaSources"]) == len(long.packet["prvDiaSources"])


def test_early_alerts_have_a_packed_designation(moving: list[FinkAlert]) -> None:
    packed = with_packed_designation(moving[0]).packet
    alone = with_packed_designation(moving[0], orbit=False)

    assert packed["ssSource"]["designation"] == packed["mpc_orbits"]["packed_primary_provisional_designation"]
    assert packed["mpc_orbits"] == moving[0].packet["mpc_orbits"]
    assert set(alone.packet["mpc_orbits"].values()) == {None}
    assert same(decode(*encode(alone)), alone.packet)
