"""The writer schema of Fink's multi-messenger topics: a ZTF alert and another messenger's event, in one flat record.

Fink joins the two with Spark and sends what the join leaves: the event's columns, those that Fink added to the alert, a
few of the detection's. There is no history and there are no images.
"""

from demo.fink.structs import Field, Struct, leaf, leaves, record
from demo.fink.ztf_schema import SCHEMA as ZTF_SCHEMA

EVENT = """
    string observatory instrument event triggerId
    double gcn_ra gcn_dec gcn_loc_error
    string triggerTimeUTC raw_event gcn_status
    """

DETECTION = """
    double ztf_ra ztf_dec
    string fink_class
    double p_assoc
    int candid fid
    double jdstarthist rb jd
    float magpsf sigmapsf
    """
"""``candid`` has 64 bits in ZTF and 32 here."""

MANGROVE = Struct("mangrove", "string HyperLEDA_name TwoMASS_name lum_dist ang_dist")
"""A map in ZTF's own alerts."""

_DROPPED = {
    "candid",
    "schemavsn",
    "publisher",
    "candidate",
    "prv_candidates",
    "cutoutScience",
    "cutoutTemplate",
    "cutoutDifference",
    "fink_broker_version",
    "fink_science_version",
    "mangrove",
}
_AS_DOUBLE = {"Plx", "e_Plx"}


def _kept() -> list[Field]:
    """Return the fields that the packet has in common with ZTF's own, first the object's name."""
    fields = [field for field in ZTF_SCHEMA["fields"] if field["name"] not in _DROPPED]
    return [leaf(field["name"], "double") if field["name"] in _AS_DOUBLE else field for field in fields]


KEPT = tuple(field["name"] for field in _kept())

SCHEMA = record("value", [*leaves(EVENT), *_kept(), *leaves(DETECTION), MANGROVE.field])
