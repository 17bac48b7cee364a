import hashlib
import itertools
import json
from collections.abc import Sequence
from pathlib import Path

import fastavro
import pytest
from fink_messages import alert_id, decode, ordinary, same

from demo.fink import TOPICS, FinkAlert, Survey, encode, night, read_alerts
from demo.fink.alert import LIVE

SURVEYS: tuple[Survey, ...] = ("ztf", "lsst")
BEYOND_FLOATS = 2**53

# Of the keys and values of the night with seed 11 and 40 alerts: the same on every Python and every machine.
DIGEST_OF_A_NIGHT = "b158393f009fd87acae46f8f5dafa3f75ba3c7efc78ad1ba17b45260c553e24c"


@pytest.fixture(scope="module")
def alerts() -> list[FinkAlert]:
    return list(night(seed=7, alerts=400))


def test_a_value_decodes_with_its_key_to_the_packet(alerts: list[FinkAlert]) -> None:
    for alert in alerts:
        assert same(decode(*encode(alert)), alert.packet)


def test_the_key_is_the_schema_as_indented_json(alerts: list[FinkAlert]) -> None:
    for alert in alerts[:20]:
        key, _ = encode(alert)
        assert key.decode() == json.dumps(json.loads(key), indent=2)


def test_every_leaf_may_be_null_and_no_struct_of_an_alert_is() -> None:
    for survey in SURVEYS:
        for field in json.loads(LIVE[survey].key)["fields"]:
            nullable = isinstance(field["type"], list) and field["type"][1] == "null"
            assert nullable != (isinstance(field["type"], dict) and field["type"]["type"] == "record")


def test_the_same_seed_is_the_same_night() -> None:
    one, again = (list(map(encode, night(seed=11, alerts=40))) for _ in range(2))

    assert one == again
    assert one != list(map(encode, night(seed=12, alerts=40)))


def test_a_night_is_the_same_on_every_python_and_machine() -> None:
    digest = hashlib.sha256(b"".join(itertools.chain.from_iterable(map(encode, night(seed=11, alerts=40)))))

    assert digest.hexdigest() == DIGEST_OF_A_NIGHT


@pytest.mark.parametrize("surveys", [("ztf",), ("lsst",), ("ztf", "lsst")])
@pytest.mark.parametrize("count", [0, 1, 2, 77])
def test_a_night_has_exactly_as_many_distinct_alerts_as_asked_for(surveys: Sequence[Survey], count: int) -> None:
    made = list(night(seed=3, alerts=count, surveys=surveys))

    assert len({(alert.survey, alert_id(alert)) for alert in made}) == len(made) == count
    assert {alert.survey for alert in made} <= set(surveys)


def test_a_night_of_nothing_is_refused_before_it_begins() -> None:
    with pytest.raises(ValueError, match="0 surveys"):
        night(seed=1, alerts=5, surveys=())
    with pytest.raises(ValueError, match="-1 alerts"):
        night(seed=1, alerts=-1)


def test_every_alert_belongs_to_one_to_three_topics_of_its_survey(alerts: list[FinkAlert]) -> None:
    for alert in alerts:
        assert 1 <= len(set(alert.topics)) == len(alert.topics) <= 3
        assert set(alert.topics) <= set(TOPICS[alert.survey])


def test_ids_are_beyond_what_a_float_can_hold(alerts: list[FinkAlert]) -> None:
    ids = [int(alert_id(alert)) for alert in ordinary(alerts)]

    assert min(ids) > BEYOND_FLOATS
    assert any(int(float(number)) != number for number in ids)


def test_solar_system_alerts_go_to_their_topic(alerts: list[FinkAlert]) -> None:
    for alert in ordinary(alerts):
        if alert.survey == "lsst":
            assert alert.packet["pred"]["is_sso"] == ("fink_is_solar_system_lsst" in alert.topics)
        else:
            assert (alert.packet["roid"] == 3) == ("fink_sso_ztf_candidates_ztf" in alert.topics)
            assert (alert.packet["roid"] == 2) == ("fink_sso_fink_candidates_ztf" in alert.topics)


def test_a_file_is_published_with_its_own_schema(tmp_path: Path) -> None:
    fields = [{"name": "objectId", "type": ["string", "null"]}, {"name": "extra", "type": ["string", "null"]}]
    candidate = {"type": "record", "name": "candidate", "fields": [{"name": "jd", "type": ["double", "null"]}]}
    schema = {"type": "record", "name": "old", "fields": [*fields, {"name": "candidate", "type": candidate}]}
    packet = {"objectId": "ZTF18aaxypzn", "extra": "then", "candidate": {"jd": 2459540.5}}
    file = tmp_path / "old.avro"
    with file.open("wb") as opened:
        fastavro.writer(opened, schema, [packet])

    (alert,) = read_alerts(file, topics=("fink_sn_candidates_ztf",))

    assert (alert.survey, alert.topics) == ("ztf", ("fink_sn_candidates_ztf",))
    key, value = encode(alert)
    assert json.loads(key) == schema
    assert decode(key, value) == packet


def test_a_file_of_a_night_gives_the_night_back(tmp_path: Path, alerts: list[FinkAlert]) -> None:
    for survey in SURVEYS:
        written = [alert for alert in ordinary(alerts) if alert.survey == survey][:20]
        file = tmp_path / f"{survey}.avro"
        with file.open("wb") as opened:
            fastavro.writer(opened, json.loads(LIVE[survey].key), [alert.packet for alert in written])

        read = list(read_alerts(file))

        assert list(map(encode, read)) == list(map(encode, written))
        assert {topic for alert in read for topic in alert.topics} <= set(TOPICS[survey])


def test_a_file_of_something_else_is_refused_by_name(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no alerts here")
    with pytest.raises(ValueError, match=r"notes\.txt is no Avro"):
        list(read_alerts(text))
    other = tmp_path / "other.avro"
    with other.open("wb") as opened:
        fastavro.writer(opened, {"type": "record", "name": "r", "fields": [{"name": "a", "type": "int"}]}, [{"a": 1}])
    with pytest.raises(ValueError, match=r"other\.avro holds neither"):
        list(read_alerts(other))


@pytest.mark.parametrize("survey", SURVEYS)
def test_the_schemas_are_those_of_the_live_stream(samples: Path, survey: Survey) -> None:
    (key,) = samples.glob(f"live_key_{survey}_*.json")

    assert LIVE[survey].key == key.read_bytes()


def test_real_files_are_published_as_they_are(samples: Path) -> None:
    for file in sorted(samples.glob("fink_*.avro")):
        with file.open("rb") as opened:
            packets = list(fastavro.reader(opened))
        read = list(read_alerts(file))
        assert {alert.survey for alert in read} == {file.name.split("_")[1]}
        for alert, packet in zip(read, packets, strict=True):
            assert same(decode(*encode(alert)), packet)
