"""What Rubin's other schema versions name and type otherwise than v10, and the schemas that come of it.

From Rubin's own schemas, as Fink would write them. Fink's Spark lets every leaf be null; where Rubin's v11 no longer
does, these do not either: a reader that counts on a union in every place is found out.
"""

from collections.abc import Iterable, Mapping

from demo.fink import lsst_schema
from demo.fink.lsst_schema import DIA_OBJECT_LISTING, DIA_SOURCE_LISTING, PRV_FORCED_SOURCE, alert_schema
from demo.fink.structs import Field, Struct

SS_SOURCE_V9 = Struct(
    "ssSource",
    """
    long ssObjectId diaSourceId
    double ephOffset
    long diaSourceDistanceRank
    double eclipticLambda eclipticBeta galacticL galacticB
    float phaseAngle heliocentricDist topocentricDist predictedVMagnitude
    double residualRa residualDec
    float heliocentricX heliocentricY heliocentricZ heliocentricVX heliocentricVY heliocentricVZ
    float topocentricX topocentricY topocentricZ topocentricVX topocentricVY topocentricVZ
    """,
)

SS_SOURCE_RENAMED: Mapping[str, str] = {
    "diaSourceDistanceRank": "diaDistanceRank",
    "eclipticLambda": "eclLambda",
    "eclipticBeta": "eclBeta",
    "galacticL": "galLon",
    "galacticB": "galLat",
    "heliocentricDist": "helioRange",
    "topocentricDist": "topoRange",
    "predictedVMagnitude": "ephVmag",
    "residualRa": "ephOffsetRa",
    "residualDec": "ephOffsetDec",
    **{
        f"{long}{axis.upper()}": f"{short}_{axis}"
        for long, short in (("heliocentric", "helio"), ("topocentric", "topo"))
        for axis in ("x", "y", "z", "vx", "vy", "vz")
    },
}
"""Names of v9, and what v10 calls the same. The residuals are degrees, their successors arcseconds."""

MPCORB = Struct(
    "MPCORB",
    """
    string mpcDesignation
    long ssObjectId
    float mpcH
    double epoch M peri node incl e a q t_p
    """,
)
"""What ``mpc_orbits`` was until v9."""

MPCORB_RENAMED: Mapping[str, str] = {
    "mpcDesignation": "packed_primary_provisional_designation",
    "mpcH": "h",
    "epoch": "epoch_mjd",
    "M": "mean_anomaly",
    "peri": "argperi",
    "node": "node",
    "incl": "i",
    "e": "e",
    "a": "a",
    "q": "q",
    "t_p": "peri_time",
}
"""Names of v9, and what ``mpc_orbits`` calls the same. MPCORB's ``ssObjectId`` has no successor there."""

REQUIRED_SINCE_V11 = ("psfNdata", "trailNdata", "dipoleNdata", "bboxSize")
"""Of a detection; of an object it is the number of points in each band."""


def _with_required(listing: str, names: Iterable[str]) -> str:
    """Return the listing in which these integers, each the first of its line, are never null."""
    for name in names:
        listing = listing.replace(f"int {name}", f"int! {name}")
    return listing


_SOURCE_V11 = _with_required(DIA_SOURCE_LISTING, REQUIRED_SINCE_V11)
_SOURCE_V11_1 = (
    _SOURCE_V11.replace("double midpointMjdTai ra", "double midpointMjdTai\nfloat exposureTime\ndouble ra")
    .replace("int! trailNdata", "int! trailNdata\nint trailAlgorithm")
    .replace("boolean trail_flag_edge", "boolean trail_flag_edge trail_flag")
    .replace("string band", "string reliabilityVersion band")
)

DIA_OBJECT_V11 = Struct(
    "diaObject", _with_required(DIA_OBJECT_LISTING, (f"{band}_psfFluxNdata" for band in lsst_schema.BANDS))
)


def _since_v11(source: str) -> Field:
    return alert_schema(
        Struct("diaSource", source).field,
        Struct("prvDiaSources", source).array,
        PRV_FORCED_SOURCE.array,
        DIA_OBJECT_V11.field,
        lsst_schema.SS_SOURCE.field,
        lsst_schema.MPC_ORBIT.field,
    )


SCHEMAS: Mapping[str, Field] = {
    "9.0": alert_schema(
        lsst_schema.DIA_SOURCE.field,
        lsst_schema.PRV_DIA_SOURCE.array,
        PRV_FORCED_SOURCE.array,
        lsst_schema.DIA_OBJECT.field,
        SS_SOURCE_V9.field,
        MPCORB.field,
    ),
    "10.0": lsst_schema.SCHEMA,
    "11.0": _since_v11(_SOURCE_V11),
    "11.1": _since_v11(_SOURCE_V11_1),
}
