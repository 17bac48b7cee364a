"""Objects as the candidate and source endpoints show them."""

from demo.skyportal.directory import User, now
from demo.skyportal.envelope import Refusal
from demo.skyportal.sky import galactic, healpix
from demo.skyportal.state import Obj

FIELDS: dict[str, object] = {
    "t0": None,
    "altdata": None,
    "tns_name": None,
    "detect_photometry_count": None,
    "redshift": None,
    "dist_nearest_source": None,
    "tns_info": None,
    "redshift_error": None,
    "mag_nearest_source": None,
    "score": None,
    "ra_dis": None,
    "redshift_origin": None,
    "e_mag_nearest_source": None,
    "origin": None,
    "dec_dis": None,
    "redshift_history": None,
    "transient": False,
    "alias": None,
    "ra_err": None,
    "host_id": None,
    "varstar": False,
    "dec_err": None,
    "summary": None,
    "is_roid": False,
    "offset": 0.0,
    "summary_history": None,
    "mpc_name": None,
}
"""Columns that a client may set when it creates an object, with what they hold otherwise."""


def check_position(values: dict[str, object]) -> None:
    """Refuse what SkyPortal refuses as ra and dec; it accepts 400 and 95 degrees."""
    wrong = {name: reason for name, value in values.items() if (reason := _what_is_wrong(value))}
    if wrong:
        raise Refusal(400, f"Invalid/missing parameters: { {name: [reason] for name, reason in wrong.items()} }")
    if any(isinstance(value, str) for value in values.values()):
        raise Refusal(500, "'CompositeUnit' object has no attribute 'to_value'")


def _what_is_wrong(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return "Not a valid number."
    try:
        number = float(value)
    except ValueError:
        return "Not a valid number."
    special = number != number or abs(number) == float("inf")  # noqa: PLR0124 - NaN is what differs from itself
    return "Special numeric values (nan or infinity) are not permitted." if special else ""


def redshift_history(known: Obj | None, redshift: object, user: User) -> object:
    """Return the history with one more redshift, whether or not the object takes it; None while there is none."""
    history = known.fields.get("redshift_history") if known else None
    if redshift is None:
        return history
    step = {"value": redshift, "set_at_utc": f"{now()}+00:00", "uncertainty": None, "set_by_user_id": user.id}
    return [*history, step] if isinstance(history, list) else [step]


def show(obj: Obj) -> dict[str, object]:
    """Return the columns of an object and what SkyPortal computes from its position."""
    ra, dec = float(str(obj.ra)), float(str(obj.dec))
    lon, lat = galactic(ra, dec)
    return {
        **FIELDS,
        **obj.fields,
        "id": obj.id,
        "ra": obj.ra,
        "dec": obj.dec,
        "healpix": healpix(*(float(str(angle)) for angle in obj.pixel_of)),
        "gal_lon": lon,
        "gal_lat": lat,
        "created_at": obj.created_at,
        "modified": obj.created_at,
        "internal_key": obj.internal_key,
        "associated_objs": [],
        "annotations": [],
        "luminosity_distance": None,
        "dm": None,
        "angular_diameter_distance": None,
    }
