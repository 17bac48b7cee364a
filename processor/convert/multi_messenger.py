"""A packet of the multi-messenger topics into a record: a ZTF alert, flat, and the event that it may belong to."""

from typing import Any

from processor.convert.annotations import MoreAnnotations, annotations
from processor.convert.conversion import Conversion, Source
from processor.convert.fields import Fields, moment, named, number, object_id, sky_position, text
from processor.convert.finkclass import KNOWN_MINOR_PLANET, ORIGIN, taxonomy_name
from processor.convert.leaves import word
from processor.convert.light_curve import LightCurveBuilder
from processor.convert.multi_messenger_vocabulary import MULTI_MESSENGER
from processor.convert.ztf import MJD_ZERO_JD
from schemas.record import Classification, SkyPortalAlert


def is_multi_messenger(packet: Fields) -> bool:
    """Say whether ``packet`` is one of these: they stand in ZTF's Kafka beside ordinary ones."""
    return "triggerId" in packet and "candidate" not in packet


def convert(packet: Fields, source: Source, more: MoreAnnotations) -> Conversion:
    """Turn one multi-messenger packet into SkyPortal's terms. Raises `Unconvertible`.

    Its light curve is empty: it has a magnitude and no sign, so that the point could only be guessed. The object's
    ordinary alerts bring it, and the magnitude is annotated.
    """
    obj_id, trigger = named(packet, "objectId"), named(packet, "triggerId")
    jd = packet.get("jd")
    ra, dec = sky_position(packet.get("ztf_ra"), packet.get("ztf_dec"), "ztf_")
    record = SkyPortalAlert(
        survey="ZTF",
        topic=source.topic,
        alert_id=f"{obj_id}:{trigger}:{jd!r}",
        obj_id=object_id(obj_id),
        ra=ra,
        dec=dec,
        observed_at=moment(jd, "jd", number(jd) - MJD_ZERO_JD),
        published_at=source.published_at,
        is_solar_system=packet.get("roid") == KNOWN_MINOR_PLANET,
        photometry=LightCurveBuilder().build(),
        annotations=annotations(packet, MULTI_MESSENGER, more),
        classifications=_classes(packet.get("fink_class")),
        fink_broker_version=text(packet.get("fink_broker_version")),
        fink_science_version=text(packet.get("fink_science_version")),
    )
    return Conversion(record=record, left_out={})


def _classes(value: Any) -> tuple[Classification, ...]:
    label = word(value) if isinstance(value, str) else None
    if label is None:
        return ()
    return (Classification(name=taxonomy_name(label), probability=None, origin=ORIGIN),)
