"""Real alerts of Fink's, against sums of the test's own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastavro
import pytest

from processor.convert import FinkSurvey, Source, convert
from processor.decode import Decoder
from schemas.record import FORCED_PHOTOMETRY, SkyPortalAlert

Fields = dict[str, Any]


def packets(samples: Path, survey: str) -> Iterator[Fields]:
    (file,) = samples.glob(f"fink_{survey}_*alerts.avro")
    with file.open("rb") as opened:
        for packet in fastavro.reader(opened):
            assert isinstance(packet, dict)
            yield packet


def record(packet: Fields, survey: FinkSurvey) -> SkyPortalAlert:
    conversion = convert(packet, survey, Source(topic=f"fink_x_{survey}"))
    failed_fits = sum(bool(row.get("psfFlux_flag")) for row in packet.get("prvDiaSources") or ())
    assert conversion.left_out == ({"psfFlux_flag": failed_fits} if failed_fits else {})
    return conversion.record


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
