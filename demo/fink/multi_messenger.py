"""A ZTF alert that Fink joins to a gamma-ray burst or a gravitational wave, as Fink sends it beside the alert's own."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from demo.fink import ztf_sky
from demo.fink.alert import FinkAlert
from demo.fink.chance import Dice
from demo.fink.multi_messenger_schema import KEPT, MANGROVE

GRB_TOPICS = ("fink_grb_bronze", "fink_grb_silver", "fink_grb_gold")
GW_TOPICS = ("fink_gw_bronze",)

_BY_CHANCE = 5.7e-7
"""Probability of an association by chance above which Fink does not call it silver: five sigma."""
_GOLDEN_RB, _GOLDEN_RATE, _GOLDEN_ERROR_ARCMIN = 0.9, 0.3, 300.0

_VOEVENT = """<?xml version='1.0' encoding='UTF-8'?>
<voe:VOEvent xmlns:voe="http://www.ivoa.net/xml/VOEvent/v2.0"
    ivorn="ivo://demo.fink/grb#{trigger}" role="observation" version="2.0">
  <Who><AuthorIVORN>ivo://demo.fink</AuthorIVORN><Date>{time}</Date></Who>
  <What>
    <Param name="Packet_Type" value="115"/>
    <Param name="TrigID" value="{trigger}" ucd="meta.id"/>
  </What>
  <WhereWhen><ObsDataLocation><ObservationLocation>
    <AstroCoordSystem id="UTC-FK5-GEO"/>
    <AstroCoords coord_system_id="UTC-FK5-GEO">
      <Time unit="s"><TimeInstant><ISOTime>{time}</ISOTime></TimeInstant></Time>
      <Position2D unit="deg">
        <Name1>RA</Name1><Name2>Dec</Name2>
        <Value2><C1>{ra}</C1><C2>{dec}</C2></Value2>
        <Error2Radius>{error}</Error2Radius>
      </Position2D>
    </AstroCoords>
  </ObservationLocation></ObsDataLocation></WhereWhen>
</voe:VOEvent>
"""


@dataclass(frozen=True, kw_only=True)
class Event:
    """What another messenger saw before the night."""

    observatory: str
    instrument: str
    kind: str
    """``gw``, or nothing: Fink names no other kind."""
    trigger_id: str
    trigger_jd: float
    ra: float
    dec: float
    """Its most probable place, deg."""
    error: float
    """Arcmin; of a gravitational wave the area of its region, arcmin²."""
    spread_deg: float
    """How far from the place its counterparts may be, in either coordinate."""
    raw: str
    """The notice: a VOEvent, of a gravitational wave JSON without its sky map."""
    status: str

    def place(self, dice: Dice) -> tuple[float, float]:
        """Return where a counterpart is."""
        ra, dec = (dice.uniform(-self.spread_deg, self.spread_deg) for _ in "ab")
        return round((self.ra + ra) % 360, 7), round(self.dec + dec, 7)


def gamma_ray_burst(seed: int) -> Event:
    """Return the night's burst."""
    dice = Dice(seed, "gamma-ray burst")
    jd = dice.uniform(ztf_sky.DUSK_JD - 0.3, ztf_sky.DUSK_JD - 0.05)
    ra, dec, error = dice.uniform(0, 360, 4), dice.uniform(-10, 50, 4), dice.uniform(60, 290, 2)
    trigger = str(795_000_000 + dice.whole(0, 999_999))
    time = f"{ztf_sky.utc(jd):%Y-%m-%dT%H:%M:%S.%f}"
    return Event(
        observatory="Fermi",
        instrument="GBM",
        kind="",
        trigger_id=trigger,
        trigger_jd=jd,
        ra=ra,
        dec=dec,
        error=error,
        spread_deg=error / 60 / 2,
        raw=_VOEVENT.format(trigger=trigger, time=time, ra=ra, dec=dec, error=error / 60),
        status=dice.pick(("initial", "update_0")),
    )


def gravitational_wave(seed: int) -> Event:
    """Return the night's merger."""
    dice = Dice(seed, "gravitational wave")
    jd = dice.uniform(ztf_sky.DUSK_JD - 0.3, ztf_sky.DUSK_JD - 0.05)
    trigger = f"S260321{dice.pick('abcdefgh')}{dice.pick('abcdefghijklmnop')}"
    time = f"{ztf_sky.utc(jd):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
    notice = {
        "alert_type": "PRELIMINARY",
        "time_created": time,
        "superevent_id": trigger,
        "event": {
            "time": time,
            "far": dice.uniform(1e-10, 1e-8, 14),
            "significant": True,
            "instruments": ["H1", "L1"],
            "group": "CBC",
            "properties": {"HasNS": 1.0, "HasRemnant": dice.uniform(0, 1, 3)},
            "classification": {"BNS": 0.9, "NSBH": 0.07, "BBH": 0.0, "Terrestrial": 0.03},
        },
        "external_coinc": None,
    }
    return Event(
        observatory="LVK",
        instrument="H1_L1",
        kind="gw",
        trigger_id=trigger,
        trigger_jd=jd,
        ra=dice.uniform(0, 360, 4),
        dec=dice.uniform(0, 40, 4),
        error=dice.uniform(3e5, 3e6, 3),
        spread_deg=15.0,
        raw=json.dumps(notice),
        status=dice.pick(("initial", "update_0")),
    )


EVENTS: Mapping[str, Callable[[int], Event]] = {"grb": gamma_ray_burst, "gw": gravitational_wave}
"""The night's events, each from the night's seed."""


def joined(event: Event, alert: FinkAlert, dice: Dice) -> FinkAlert:
    """Return what Fink sends of ``event`` and the ZTF alert ``alert``, which is about a counterpart of it."""
    packet, candidate = alert.packet, alert.packet["candidate"]
    if event.kind == "gw":
        association = dice.uniform(1e-6, 5e-3, 12)  # a density of probability, per square degree
    else:
        association = dice.pick((dice.uniform(1e-9, 5e-7, 15), dice.uniform(1e-6, 1e-3, 12)), (0.6, 0.4))
    flat = {
        "observatory": event.observatory,
        "instrument": event.instrument,
        "event": event.kind,
        "triggerId": event.trigger_id,
        "gcn_ra": event.ra,
        "gcn_dec": event.dec,
        "gcn_loc_error": event.error,
        "triggerTimeUTC": f"{ztf_sky.utc(event.trigger_jd):%Y-%m-%d %H:%M:%S.%f}"[:-3],
        "raw_event": event.raw,
        "gcn_status": event.status,
        **{name: packet[name] for name in KEPT},
        "ztf_ra": candidate["ra"],
        "ztf_dec": candidate["dec"],
        "fink_class": _fink_class(packet),
        "p_assoc": association,
        "candid": _last_32_bits(packet["candid"]),
        **{name: candidate[name] for name in ("fid", "jdstarthist", "rb", "jd", "magpsf", "sigmapsf")},
        "mangrove": MANGROVE(**{name.replace("2MASS", "TwoMASS"): value for name, value in packet["mangrove"].items()}),
    }
    return FinkAlert(survey="ztf", topics=_topics(flat), packet=flat)


def _topics(flat: Mapping[str, Any]) -> tuple[str, ...]:
    if flat["observatory"] == "LVK":
        return GW_TOPICS
    silver = flat["p_assoc"] < _BY_CHANCE
    gold = silver and flat["rb"] >= _GOLDEN_RB and flat["gcn_loc_error"] <= _GOLDEN_ERROR_ARCMIN
    fast = abs(flat["mag_rate"] or 0.0) > _GOLDEN_RATE
    return GRB_TOPICS[: 1 + silver + (gold and fast)]


def _fink_class(packet: Mapping[str, Any]) -> str:
    """Return Fink's class of a young object that no catalogue knows."""
    is_kilonova = packet["rf_kn_vs_nonkn"] > 0.5 and (packet["candidate"]["drb"] or 0) > 0.5  # noqa: PLR2004
    return "Kilonova candidate" if is_kilonova else "Unknown"


def _last_32_bits(number: int) -> int:
    """Return what Java leaves of a ``long`` that is cast to ``int``."""
    return (number + 2**31) % 2**32 - 2**31
