"""What the second opinion says that an annotation and a class must be."""

import json
from pathlib import Path

from demo.expectation import expect
from demo.expectation.facts import facts
from demo.expectation.fink_class import fink_class
from demo.fink import encode, read_alerts

PACKET = {
    "objectId": "ZTF26aaaaaaa",
    "cdsxmatch": "Galaxy",
    "mulens": 0.25,
    "nalerthist": 3,
    "is_transient": True,
    "from_upper": False,
    "Plx": float("nan"),
    "delta_time": float("inf"),
    "tns": "",
    "gcvs": "Unknown",
    "vsx": "Fail 503",
    "DR3Name": " nan ",
    "spicy_id": -1,
    "mag_rate": -1.0,
    "blazar_stats": {"m0": -1.0, "m1": 0.5},
    "mangrove": {"2MASS_name": "None", "lum_dist": "38.25"},
    "tags": ["a", "Unknown", "c"],
    "points": [{"jd": 1.0}],
    "image": b"FITS",
    "number": 2**53 + 1,
    "candidate": {"nbad": 0, "ssdistnr": -999.0, "objectidps1": 17, "drb": None, "fid": 1},
}
SAID = {
    "cdsxmatch": "Galaxy",
    "mulens": 0.25,
    "nalerthist": 3,
    "is_transient": True,
    "from_upper": False,
    "mag_rate": -1.0,
    "blazar_stats.m1": 0.5,
    "mangrove.lum_dist": "38.25",
    "tags": '["a", null, "c"]',
    "number": "9007199254740993",
    "candidate.nbad": 0,
    "candidate.objectidps1": "17",
}


def test_facts_are_fields_under_their_paths_without_what_says_nothing() -> None:
    chosen = {"candidate": "nbad ssdistnr objectidps1 drb magnr"}

    assert facts(PACKET, elsewhere="objectId candidate", chosen=chosen) == SAID


def test_real_rubin_alerts_are_annotated_with_what_they_say(samples: Path) -> None:
    (file,) = samples.glob("fink_lsst_*.avro")
    for alert in read_alerts(file):
        ((_, data),) = expect((topic, *encode(alert)) for topic in alert.topics).annotations.values()
        source = alert.packet["diaSource"]
        assert data["diaSource.visit"] == str(source["visit"])
        assert data["diaSource.reliability"] == source["reliability"]
        assert data["alert_id"] == str(alert.packet["diaSourceId"])
        assert data.get("clf.cats_class", -1) == alert.packet["clf"]["cats_class"]
        assert data.get("diaSource.flags", "").count("isDipole") == source["isDipole"]
        assert not data["fink_filters.b_good_quality"] or source["snr"] > 5.9
        assert ("ssSource.designation" in data) == alert.packet["pred"]["is_sso"]
        assert not [path for path in data if path.startswith(("cutout", "prv", "lc_features", "publisher"))]


def test_the_class_is_finks_own_on_real_alerts(samples: Path) -> None:
    vectors = json.loads((samples / "ztf_classification_vectors_164.json").read_text())["vectors"]

    assert len(vectors) == 164
    assert [one for one in vectors if fink_class(one)[0] != one["expected"]] == []
