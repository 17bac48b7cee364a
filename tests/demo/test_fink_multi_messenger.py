import itertools
import json
import xml.etree.ElementTree as ET
from collections import defaultdict
from pathlib import Path
from typing import Any

import fastavro
import pytest
from fink_messages import decode, same

from demo.fink import FinkAlert, encode, night, read_alerts
from demo.fink.alert import MULTI_MESSENGER, is_multi_messenger
from demo.fink.multi_messenger import GRB_TOPICS, GW_TOPICS

Pair = tuple[FinkAlert, FinkAlert]

RETIRED = {"delta_mag", "rate", "start_vartime", "diff_vartime", "__index_level_0__"}
"""Fields that version 1.3 of the schema had, and the live topics no longer have."""


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    """Return each joined alert of some nights with the ordinary alert before it."""
    nights = (itertools.pairwise(night(seed=seed, alerts=300, surveys=("ztf",))) for seed in range(3))
    return [pair for pair in itertools.chain.from_iterable(nights) if is_multi_messenger(pair[1].packet)]


@pytest.fixture(scope="module")
def joined(pairs: list[Pair]) -> list[dict[str, Any]]:
    return [alert.packet for _, alert in pairs]


def test_a_night_has_a_few_alerts_of_one_burst_and_of_one_gravitational_wave() -> None:
    for seed in (1, 2, 3):
        found = defaultdict(list)
        for alert in night(seed=seed, alerts=300):
            if is_multi_messenger(alert.packet):
                found[alert.packet["observatory"]].append(alert.packet["triggerId"])
        assert found.keys() == {"Fermi", "LVK"}
        assert all(len(set(triggers)) == 1 for triggers in found.values())
        assert sum(map(len, found.values())) < 30


def test_an_ordinary_alert_of_the_same_detection_comes_first(pairs: list[Pair]) -> None:
    for before, joined in pairs:
        candidate, packet = before.packet["candidate"], joined.packet
        assert before.packet["objectId"] == packet["objectId"]
        assert (candidate["ra"], candidate["dec"]) == (packet["ztf_ra"], packet["ztf_dec"])
        for name in ("jd", "jdstarthist", "fid", "rb", "magpsf", "sigmapsf"):
            assert candidate[name] == packet[name]
        for name in ("cdsxmatch", "roid", "mag_rate", "anomaly_score", "lc_features_g"):
            assert same(before.packet[name], packet[name])


def test_candid_is_what_32_bits_hold_of_the_alerts_own(pairs: list[Pair]) -> None:
    for before, joined in pairs:
        assert -(2**31) <= joined.packet["candid"] < 2**31
        assert joined.packet["candid"] % 2**32 == before.packet["candid"] % 2**32


def test_an_event_comes_before_its_counterparts_and_near_them(joined: list[dict[str, Any]]) -> None:
    for packet in joined:
        assert packet["triggerTimeUTC"].startswith(("2026-03-21", "2026-03-22"))
        near_deg = 25 if packet["observatory"] == "LVK" else packet["gcn_loc_error"] / 60
        assert abs(packet["ztf_dec"] - packet["gcn_dec"]) <= near_deg
        assert min((packet["ztf_ra"] - packet["gcn_ra"]) % 360, (packet["gcn_ra"] - packet["ztf_ra"]) % 360) <= near_deg


def test_topics_are_as_good_as_the_association(pairs: list[Pair]) -> None:
    for _, alert in pairs:
        packet = alert.packet
        assert packet["rb"] >= 0.7
        if packet["observatory"] == "LVK":
            assert alert.topics == GW_TOPICS
            continue
        assert alert.topics == GRB_TOPICS[: len(alert.topics)]
        assert ("fink_grb_silver" in alert.topics) == (packet["p_assoc"] < 5.7e-7)
        if "fink_grb_gold" in alert.topics:
            assert packet["rb"] >= 0.9
            assert abs(packet["mag_rate"]) > 0.3
    assert {topic for _, alert in pairs for topic in alert.topics} == {*GRB_TOPICS, *GW_TOPICS}


def test_the_notice_says_what_the_columns_say(joined: list[dict[str, Any]]) -> None:
    for packet in joined:
        if packet["event"] == "gw":
            notice = json.loads(packet["raw_event"])
            assert notice["superevent_id"] == packet["triggerId"]
            assert "skymap" not in notice["event"]
            continue
        assert packet["event"] == ""
        notice = ET.fromstring(packet["raw_event"].encode())  # noqa: S314  # our own text
        assert notice.find(".//Param[@name='TrigID']").get("value") == packet["triggerId"]  # type: ignore[union-attr]
        place = [float(notice.findtext(f".//{name}") or "nan") for name in ("C1", "C2")]
        assert place == [packet["gcn_ra"], packet["gcn_dec"]]
        when = notice.findtext(".//ISOTime") or ""
        assert when.replace("T", " ").startswith(packet["triggerTimeUTC"])


def test_they_have_a_schema_of_their_own_and_decode_with_it(pairs: list[Pair]) -> None:
    for _, alert in pairs:
        key, value = encode(alert)
        assert key == MULTI_MESSENGER.key
        assert same(decode(key, value), alert.packet)


def test_a_file_of_them_is_read_back(tmp_path: Path, pairs: list[Pair]) -> None:
    file = tmp_path / "joined.avro"
    with file.open("wb") as opened:
        fastavro.writer(opened, json.loads(MULTI_MESSENGER.key), [alert.packet for _, alert in pairs])

    read = list(read_alerts(file))

    assert list(map(encode, read)) == [encode(alert) for _, alert in pairs]
    assert [alert.topics[0] for alert in read] == [alert.topics[0] for _, alert in pairs]


def test_every_field_that_version_1_3_had_is_there_or_known_to_be_gone(samples: Path) -> None:
    schema = json.loads((samples / "fink_mm_schema_1.3.avsc").read_text())
    ours = {field["name"] for field in json.loads(MULTI_MESSENGER.key)["fields"]}

    assert {field["name"] for field in schema["fields"]} - ours == RETIRED
