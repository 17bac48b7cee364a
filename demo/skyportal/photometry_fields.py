"""Which fields a photometry request may and must have, and its columns as rows of equal length."""

from typing import Any

from demo.skyportal.envelope import Refusal

MAX_ROWS = 10_000
REQUIRED = ("mjd", "filter", "obj_id", "instrument_id", "magsys")
ROW_FIELDS = (
    "mjd",
    "filter",
    "obj_id",
    "instrument_id",
    "assignment_id",
    "ra",
    "dec",
    "ra_unc",
    "dec_unc",
    "origin",
    "altdata",
    "magsys",
)
MAG_FIELDS = ("mag", "magerr", "limiting_mag", "limiting_mag_nsigma", "magref", "e_magref")
FLUX_FIELDS = ("flux", "fluxerr", "zp", "ref_flux", "ref_fluxerr")
FLUX_REQUIRED = ("fluxerr", "zp")
REQUEST_FIELDS = ("group_ids", "stream_ids")


def space(body: dict[str, Any]) -> tuple[str, ...]:
    """Return the fields of the space, magnitude or flux, that the request is in."""
    in_mag = _errors(body, REQUIRED, MAG_FIELDS)
    if not in_mag:
        return MAG_FIELDS
    in_flux = _errors(body, REQUIRED + FLUX_REQUIRED, FLUX_FIELDS)
    if not in_flux:
        return FLUX_FIELDS
    raise Refusal(
        400,
        f'Invalid input format: Tried to parse data in mag space, got: "{in_mag}." '
        f'Tried to parse data in flux space, got: "{in_flux}."',
    )


def _errors(body: dict[str, Any], required: tuple[str, ...], fields: tuple[str, ...]) -> dict[str, list[str]]:
    errors = {}
    for name in required:
        if name not in body:
            errors[name] = ["Missing data for required field."]
        elif body[name] is None:
            errors[name] = ["Field may not be null."]
        elif name == "fluxerr" and isinstance(body[name], list) and None in body[name]:
            errors[name] = ["fluxerr must be a number or list of numbers"]
    allowed = {*ROW_FIELDS, *REQUEST_FIELDS, *fields}
    return errors | {name: ["Unknown field."] for name in body if name not in allowed}


def rows(body: dict[str, Any], fields: tuple[str, ...]) -> list[dict[str, Any]]:
    """Turn columns into rows; scalars go to every row."""
    columns = {name: None if name == "altdata" else body.get(name) for name in (*ROW_FIELDS, *fields)}
    lengths = {len(column) for column in columns.values() if isinstance(column, list)}
    if len(lengths) > 1:
        raise Refusal(
            400,
            'Unable to coerce passed JSON to a series of packets. Error was: "All arrays must be of the same length"',
        )
    count = lengths.pop() if lengths else 1
    if count > MAX_ROWS:
        raise Refusal(
            400,
            f"Maximum number of photometry rows to post exceeded: {count} > {MAX_ROWS}. "
            "Please break up the data into smaller sets and try again",
        )
    columns["altdata"] = altdata(body.get("altdata"), count)
    spread = [column if isinstance(column, list) else [column] * count for column in columns.values()]
    return [dict(zip(columns, values, strict=True)) for values in zip(*spread, strict=True)]


def altdata(given: object, count: int) -> list[Any]:
    """Return one value per row. Only a list of one dict per row survives unharmed."""
    if not given:
        return [None] * count
    if isinstance(given, dict):
        columns = {name: _column(name, value, count) for name, value in given.items()}
        return [_without_blanks({name: values[row] for name, values in columns.items()}) for row in range(count)]
    if not isinstance(given, list):
        raise Refusal(500, f"'{type(given).__name__}' object has no attribute 'values'")
    for one in given:
        if not isinstance(one, dict):
            raise Refusal(500, f"'{type(one).__name__}' object has no attribute 'values'")
    if len(given) != count:
        raise Refusal(500, f"Length of values ({len(given)}) does not match length of index ({count})")
    return [_without_blanks(one) for one in given]


def _column(name: str, value: object, count: int) -> list[Any]:
    if isinstance(value, dict):  # pandas takes the keys for an index and loses them
        value = list(value.values())
        if len(value) == 1:
            value *= count
    if not isinstance(value, list):
        return [value] * count
    if len(value) != count:
        raise Refusal(500, f"{name} in altdata incorrect length")
    if all(one is None for one in value):
        return value
    return [float("nan") if one is None else one for one in value]  # what pandas makes of a gap


def _without_blanks(values: dict[str, Any]) -> dict[str, Any] | None:
    return {name: value for name, value in values.items() if value is not None and value != ""} or None
