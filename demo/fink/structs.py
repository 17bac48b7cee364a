"""How Fink writes an alert's schema, in a form short enough to read.

Fink derives its Avro from Spark: every leaf may be null, a struct of an alert never is (it is full of nulls instead),
and a union names its type before ``null``.
"""

import struct
from typing import Any

Field = dict[str, Any]
AvroType = str | list[Any] | dict[str, Any]

_FLOAT32 = struct.Struct("<f")


def float32(value: float) -> float:
    """Return the value that is left of ``value`` after a trip through Avro's ``float``."""
    (kept,) = _FLOAT32.unpack(_FLOAT32.pack(value))
    return float(kept)


def leaves(listing: str) -> list[Field]:
    """Fields from lines of ``type name name ...``: a type, then the fields of that type, in the order of the record.

    A field of a type with an exclamation mark is never null.
    """
    lines = (line.split() for line in listing.strip().splitlines())
    return [_required(name, kind) if kind[-1] == "!" else leaf(name, kind) for kind, *names in lines for name in names]


def _required(name: str, kind: str) -> Field:
    return {"name": name, "type": kind.removesuffix("!")}


def leaf(name: str, kind: AvroType) -> Field:
    """One field that may be null."""
    return {"name": name, "type": [kind, "null"]}


class Struct:
    """A record type of an alert; calling it makes one such record.

    What is not given is None, as Fink fills what it does not know; a name that the record does not have is a TypeError.
    Values of the type ``float`` are rounded to what the wire keeps, so that an alert comes out as it went in.
    """

    def __init__(self, name: str, listing: str) -> None:
        self.name = name
        self.fields = leaves(listing)
        self.names = tuple(field["name"] for field in self.fields)
        self._floats = frozenset(field["name"] for field in self.fields if field["type"][0] == "float")

    def __call__(self, **values: object) -> dict[str, Any]:
        """Return a record with these values."""
        record: dict[str, Any] = dict.fromkeys(self.names)
        unknown = values.keys() - record.keys()
        if unknown:
            raise TypeError(f"{self.name} has no field {', '.join(sorted(unknown))}")
        for name, value in values.items():
            record[name] = float32(value) if name in self._floats and isinstance(value, float | int) else value
        return record

    @property
    def schema(self) -> Field:
        """The Avro record."""
        return record(self.name, self.fields)

    @property
    def field(self) -> Field:
        """A field of that name, which is never null."""
        return {"name": self.name, "type": self.schema}

    @property
    def array(self) -> Field:
        """A field of that name with any number of these records, or null."""
        return leaf(self.name, {"type": "array", "items": [self.schema, "null"]})


def record(name: str, fields: list[Field]) -> Field:
    """Avro record, named as Spark names it."""
    return {"type": "record", "name": f"topLevelRecord.{name}", "fields": fields}


def mapping(name: str, values: AvroType) -> Field:
    """Field with a map from names to values of one type, or null."""
    return leaf(name, {"type": "map", "values": [values, "null"]})


FEATURES = Struct(
    "lc_features",
    """
    double mean weighted_mean standard_deviation median amplitude beyond_1_std cusum
    double inter_percentile_range_10 kurtosis linear_trend linear_trend_sigma linear_trend_noise
    double linear_fit_slope linear_fit_slope_sigma linear_fit_reduced_chi2
    double magnitude_percentage_ratio_40_5 magnitude_percentage_ratio_20_10 maximum_slope
    double median_absolute_deviation median_buffer_range_percentage_10 percent_amplitude mean_variance
    double anderson_darling_normal chi2 skew stetson_K
    """,
)
"""Statistics of one band's light curve, the same in both surveys."""
