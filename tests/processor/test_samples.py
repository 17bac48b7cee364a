"""Real alerts of Fink's, against sums of the test's own."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import fastavro
import pytest
from written_rules import LSST_ELSEWHERE, ZTF_ELSEWHERE, added_by_fink, is_none, leaves, said

from processor.convert import FinkSurvey, MoreAnnotations, Source, convert
from processor.decode import Decoder
from schemas.record import FORCED_PHOTOMETRY, SkyPortalAlert

Fields = dict[str, Any]


def packets(samples: Path, survey: str) -> Iterator[Fields]:
    (file,) = samples.glob(f"fink_{survey}_*alerts.avro")
    with file.open("rb") as opened:
        for packet in fastavro.reader(opened):
            assert isinstance(packet, dict)
            yield packet


def record(packet: Fields, survey: FinkSurvey, *more: Fields) -> SkyPortalAlert:
    conversion = convert(packet, survey, Source(topic=f"fink_x_{survey}"))
    failed_fits = sum(bool(row.get("psfFlux_flag")) for row in (*more, *(packet.get("prvDiaSources") or ())))
    assert conversion.left_out == ({"psfFlux_flag": failed_fits} if failed_fits else {})
    return conversion.record


def nine_digits(value: float) -> float:
    """Round as the contract does."""
    return float(f"{value:.9g}")


def test_every_value_of_ztfs_light_curves_is_the_contracts_to_the_last_bit(samples: Path) -> None:
    for packet in packets(samples, "ztf"):
        curve = record(packet, FinkSurvey.ZTF).photometry
        rows = [packet["candidate"], *packet["prv_candidates"]]
        expected = {}
        for row in rows:
            mjd = row["jd"] - 2400000.5
            if row["magpsf"] is not None:
                flux = 10 ** (-0.4 * (row["magpsf"] - 23.9))
                error = nine_digits(flux * row["sigmapsf"] * math.log(10) / 2.5)
                sign = {"t": 1, "1": 1, "f": -1, "0": -1}[row["isdiffpos"]]
                expected[mjd, row["fid"]] = (sign * nine_digits(flux), error, row["ra"], row["dec"])
        deepest: dict[tuple[float, int], float] = {}
        for row in rows:
            exposure = (row["jd"] - 2400000.5, row["fid"])
            if exposure not in expected:
                deepest[exposure] = max(row["diffmaglim"], deepest.get(exposure, -99))
        for exposure, limit in deepest.items():
            expected[exposure] = (None, nine_digits(10 ** (-0.4 * (limit - 23.9)) / 5), None, None)

        found = zip(curve.mjd, curve.filter, curve.flux, curve.fluxerr, curve.ra, curve.dec, strict=True)
        assert {(mjd, "?gri".index(band[3:])): point for mjd, band, *point in found} == {
            exposure: list(point) for exposure, point in expected.items()
        }
        assert len(curve) == len(expected)
        assert set(curve.origin) == {None}
        assert set(curve.program_id) == {1}


def test_every_value_of_rubins_light_curves_is_the_contracts_to_the_last_bit(samples: Path) -> None:
    for packet in packets(samples, "lsst"):
        curve = record(packet, FinkSurvey.LSST).photometry
        rows = [(row, None) for row in (packet["diaSource"], *(packet["prvDiaSources"] or ()))]
        rows += [(row, FORCED_PHOTOMETRY) for row in packet["prvDiaForcedSources"] or ()]
        expected = [
            (
                row["midpointMjdTai"] - 37 / 86400,
                f"lsst{row['band']}",
                row["psfFlux"] / 1000,
                row["psfFluxErr"] / 1000,
                row["ra"],
                row["dec"],
                origin,
                None,
            )
            for row, origin in rows
            if not row.get("psfFlux_flag")
        ]

        columns = (curve.mjd, curve.filter, curve.flux, curve.fluxerr, curve.ra, curve.dec, curve.origin)
        assert list(zip(*columns, curve.program_id, strict=True)) == list(dict.fromkeys(expected))


WORTH_KEEPING = (
    "drb rb nbad sgscore1 distpsnr1 ssdistnr ssnamenr magnr distnr ndethist jdstarthist classtar objectidps1"
)
"""Of ZTF's own fields; see `MoreAnnotations` for the others."""


def test_every_fact_of_ztfs_alerts_is_annotated_leaf_by_leaf(samples: Path) -> None:
    for packet in packets(samples, "ztf"):
        found = dict(record(packet, FinkSurvey.ZTF).annotations)
        assert found.pop("fink_filters.class") == packet["finkclass"]  # Fink's own, of the night's end
        assert found.pop("fink_filters.rule")
        own = {path: value for path, value in found.items() if path.startswith("candidate.")}

        assert {path: value for path, value in found.items() if path not in own} == added_by_fink(packet, ZTF_ELSEWHERE)
        assert own == {path: said(path, packet["candidate"][path.removeprefix("candidate.")]) for path in own}
        assert {f"candidate.{name}" for name in WORTH_KEEPING.split()} <= own.keys()
        assert not [path for path, value in found.items() if is_none(value)]


def test_every_fact_of_rubins_alerts_is_annotated_leaf_by_leaf(samples: Path) -> None:
    for packet in packets(samples, "lsst"):
        detection, moving = packet["diaSource"], packet["pred"]["is_sso"]
        found = dict(record(packet, FinkSurvey.LSST).annotations)
        flags = found.pop("diaSource.flags")
        found.pop("fink_filters.b_good_quality")
        structs = {"diaSource", "diaObject"} | ({"mpc_orbits", "ssSource"} if moving else set())
        own = {path: value for path, value in found.items() if path.partition(".")[0] in structs}

        assert {path: value for path, value in found.items() if path not in own} == added_by_fink(
            packet, LSST_ELSEWHERE
        )
        for path, value in own.items():
            struct, _, name = path.partition(".")
            assert value == said(path, packet[struct][name])
        assert {"diaSource.snr", "diaSource.reliability", "diaObject.nDiaSources"} <= own.keys()
        assert (own.get("mpc_orbits.a") is not None) == (own.get("ssSource.ephOffset") is not None) == moving
        assert set((flags or "").split()) == {
            name
            for name, value in detection.items()
            if value is True and name not in {"isNegative", "dipoleFitAttempted"}
        }
        assert not [path for path, value in found.items() if is_none(value)]


@pytest.mark.parametrize("survey", FinkSurvey)
def test_everything_in_a_real_alert_can_be_asked_for(samples: Path, survey: FinkSurvey) -> None:
    for packet in packets(samples, survey):
        found = convert(packet, survey, Source(topic="t"), MoreAnnotations(["*"])).record.annotations
        expected = dict(leaves(packet))
        ids = {"pid", "tblid", "rfid"}
        assert {path: str(found[path]) if path.rpartition(".")[2] in ids else found[path] for path in expected} == {
            path: str(value) if path.rpartition(".")[2] in ids else value for path, value in expected.items()
        }


def test_the_real_alerts_have_finks_own_class_with_the_score_behind_it(samples: Path) -> None:
    for packet in packets(samples, "ztf"):
        (found,) = record(packet, FinkSurvey.ZTF).classifications
        scores = (packet["snn_snia_vs_nonia"], packet["snn_sn_vs_all"])
        assert (found.name, found.probability, found.origin) == (packet["finkclass"], max(scores), "fink_filters")


def test_the_real_alerts_of_rubin_have_the_class_of_each_classifier(samples: Path) -> None:
    names = {11: "SN-like", 12: "Fast", 13: "Long", 21: "Periodic", 22: "Non-periodic"}
    for packet in packets(samples, "lsst"):
        clf = packet["clf"]
        expected = {"fink_x_lsst": ("x", None)}
        if not packet["pred"]["is_sso"]:
            score = clf["snnSnVsOthers_score"]
            expected["fink_cats"] = (f"(CATS) {names[clf['cats_class']]}", clf["cats_score"])
            likelier = ("SN", score) if score > 0.5 else ("Other", 1 - score)
            expected["fink_supernnova"] = (f"(SuperNNova) {likelier[0]}", likelier[1])
        found = record(packet, FinkSurvey.LSST).classifications
        assert {item.origin: (item.name, item.probability) for item in found} == expected


def test_the_real_alerts_have_their_score_position_time_and_provenance(samples: Path) -> None:
    for packet in packets(samples, "ztf"):
        alert, candidate = record(packet, FinkSurvey.ZTF), packet["candidate"]
        assert (alert.score, alert.ra, alert.dec) == (candidate["drb"], candidate["ra"], candidate["dec"])
        night = datetime.fromisoformat(packet["timestamp"]).replace(tzinfo=UTC)  # Fink's own sum
        assert abs(alert.observed_at - night) <= timedelta(milliseconds=0.6)
        assert not alert.is_solar_system
        assert (alert.fink_broker_version, alert.fink_science_version, alert.schema_version) == (
            "4.1",
            "8.41.0",
            "4.02",
        )
    for packet in packets(samples, "lsst"):
        alert, source = record(packet, FinkSurvey.LSST), packet["diaSource"]
        place = source if packet["pred"]["is_sso"] else packet["diaObject"]
        assert (alert.score, alert.ra, alert.dec) == (source["reliability"], place["ra"], place["dec"])
        assert alert.is_solar_system is packet["pred"]["is_sso"]
        assert alert.schema_version == "lsst.v10_0"


def test_a_detection_of_rubins_is_good_by_finks_block(samples: Path) -> None:
    bad = (
        "isDipole pixelFlags pixelFlags_bad pixelFlags_saturated pixelFlags_streakCenter pixelFlags_interpolated "
        "pixelFlags_cr pixelFlags_nodata pixelFlags_streak pixelFlags_edge psfFlux_flag apFlux_flag "
        "forced_PsfFlux_flag forced_PsfFlux_flag_edge shape_flag centroid_flag"
    )
    found = []
    for packet in packets(samples, "lsst"):
        for source in (packet["diaSource"], *(packet["prvDiaSources"] or ())):
            flagged = any(source[name] for name in bad.split())
            is_good = not flagged and source["psfFlux"] >= 0 and source["psfFlux"] / source["psfFluxErr"] >= 6
            alert = record({**packet, "diaSource": source, "prvDiaSources": None}, FinkSurvey.LSST, source)
            assert alert.annotations["fink_filters.b_good_quality"] is is_good
            found.append(is_good)
    assert 0 < sum(found) < len(found)


def test_all_31_alerts_of_ztf_convert_with_every_point(samples: Path) -> None:
    alerts = [(packet, record(packet, FinkSurvey.ZTF)) for packet in packets(samples, "ztf")]

    for packet, alert in alerts:
        current, history = packet["candidate"], packet["prv_candidates"]
        seen = [current, *(row for row in history if row["magpsf"] is not None)]
        depth: dict[tuple[float, int], float] = {}
        for row in history:
            depth[row["jd"], row["fid"]] = max(row["diffmaglim"], depth.get((row["jd"], row["fid"]), 0))
        limits = {when: limit for when, limit in depth.items() if when not in {(row["jd"], row["fid"]) for row in seen}}
        microjansky = [(-1) ** (row["isdiffpos"] in "f0") * 3631e6 * 10 ** (-row["magpsf"] / 2.5) for row in seen]

        curve = alert.photometry
        assert curve.flux[: len(seen)] == pytest.approx(microjansky, rel=2e-4)  # 3631 Jy is 23.9 to four digits
        assert curve.fluxerr[: len(seen)] == pytest.approx(
            [abs(flux) * row["sigmapsf"] / 1.0857362 for flux, row in zip(microjansky, seen, strict=True)], rel=2e-4
        )
        assert curve.flux[len(seen) :] == (None,) * len(limits)
        assert curve.fluxerr[len(seen) :] == pytest.approx(
            [3631e6 * 10 ** (-limit / 2.5) / 5 for limit in limits.values()], rel=2e-4
        )
        assert curve.mjd == pytest.approx(
            [row["jd"] - 2400000.5 for row in seen] + [jd - 2400000.5 for jd, _ in limits]
        )
        assert curve.filter == tuple(
            "ztf" + "?gri"[fid] for fid in [*(row["fid"] for row in seen), *(fid for _, fid in limits)]
        )
        assert alert.alert_id == str(packet["candid"])
        assert alert.cutout_science == packet["cutoutScience"]["stampData"]
    assert len(alerts) == 31
    assert sum(alert.photometry.flux.count(None) for _, alert in alerts) > 500


def test_all_7_alerts_of_rubin_convert_with_every_point(samples: Path) -> None:
    alerts = [(packet, record(packet, FinkSurvey.LSST)) for packet in packets(samples, "lsst")]

    for packet, alert in alerts:
        seen = [packet["diaSource"], *(packet["prvDiaSources"] or ())]
        forced = packet["prvDiaForcedSources"] or []
        rows = seen + forced
        kept = dict.fromkeys(
            (number >= len(seen), row["midpointMjdTai"], row["psfFlux"], row["psfFluxErr"])
            for number, row in enumerate(rows)
            if not row.get("psfFlux_flag")
        )

        curve = alert.photometry
        assert curve.flux == pytest.approx([flux * 1e-3 for _, _, flux, _ in kept])
        assert curve.fluxerr == pytest.approx([error * 1e-3 for _, _, _, error in kept])
        assert [mjd * 86_400 for mjd in curve.mjd] == pytest.approx(
            [tai * 86_400 - 37 for _, tai, _, _ in kept], abs=1e-3
        )
        assert curve.origin.count(FORCED_PHOTOMETRY) == len({key for key in kept if key[0]})
        assert alert.cutout_science == packet["cutoutScience"][: 2880 + 5760]
    assert [alert.obj_id for _, alert in alerts if alert.is_solar_system] == ["sso_2004_JQ12", "sso_2020_SJ88"]
    assert len(alerts) == 7


@pytest.mark.parametrize(("value", "survey"), [("ztf_sn", "ztf"), ("lsst_static_ddf", "lsst"), ("lsst_sso", "lsst")])
def test_real_messages_decode_with_their_real_keys(samples: Path, value: str, survey: str) -> None:
    (key,) = samples.glob(f"live_key_{survey}_*.json")

    packet = Decoder().decode(key.read_bytes(), (samples / f"live_value_{value}.bin").read_bytes())

    assert len(record(packet, FinkSurvey(survey)).photometry) > 0
