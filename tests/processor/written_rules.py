"""What the surveys' documents say of a packet's values, written down once more: tests compare the converter with it."""

import dataclasses
import json
import math
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

Fields = Mapping[str, Any]
Values = dict[str, Any]

NONE_TEXTS = ("", "null", "nan", "None", "Unknown", "Fail", "Fail 504", "Fail 500")
FAILED = re.compile(r"Fail( \d+)?")
"""A service that did not answer, and perhaps its HTTP status."""

NONE_NUMBERS = (
    (re.compile(r"(spicy_id|slsn_score|p_assoc|blazar_stats\..+|clf\..+|pred\.main_label_classifier)"), -1),
    (re.compile(r"candidate\..+"), -999),
    (re.compile(r"ssSource\.eph(Vmag|Rate)"), 0),
)
"""Numbers that mean "none", and the paths of which they mean it."""

IDS = re.compile(
    r"(.+\.)?(candid|objectidps[123]|diaSourceId|diaObjectId|ssObjectId|parentDiaSourceId|visit|diaForcedSourceId)"
)

ZTF_ELSEWHERE = (
    "candid",
    "objectId",
    "schemavsn",
    "publisher",
    "candidate",
    "prv_candidates",
    "cutoutScience",
    "cutoutTemplate",
    "cutoutDifference",
    "fink_broker_version",
    "fink_science_version",
    "lc_features_g",
    "lc_features_r",
)
LSST_ELSEWHERE = (
    "diaSourceId",
    "diaSource",
    "prvDiaSources",
    "prvDiaForcedSources",
    "diaObject",
    "ssSource",
    "mpc_orbits",
    "MPCORB",
    "cutoutScience",
    "cutoutTemplate",
    "cutoutDifference",
    "lsst_schema_version",
    "fink_broker_version",
    "fink_science_version",
    "publisher",
    "lc_features",
)
EVENT_ELSEWHERE = (
    "candid",
    "objectId",
    "ztf_ra",
    "ztf_dec",
    "jd",
    "publisher",
    "fink_broker_version",
    "fink_science_version",
    "lc_features_g",
    "lc_features_r",
    "raw_event",
    "__index_level_0__",
)


def added_by_fink(packet: Fields, elsewhere: Collection[str]) -> Values:
    """Return path and value of every leaf that Fink adds, as an annotation is to say it."""
    return dict(leaves({name: value for name, value in packet.items() if name not in elsewhere}))


def leaves(record: Fields, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield path and value of every leaf that an annotation can say."""
    for name, value in record.items():
        path = prefix + name
        if isinstance(value, dict):
            yield from leaves(value, f"{path}.")
        elif isinstance(value, list):
            if all(isinstance(item, list) and len(item) == 2 for item in value):
                yield from leaves(dict(value), f"{path}.")
            elif all(item is None for item in value):  # of other lists of plain values nothing is written here
                yield path, json.dumps(value)
        elif not isinstance(value, bytes):
            yield path, said(path, value)


def said(path: str, value: Any) -> Any:
    """Return what an annotation says of a value."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return None if says_none(value) else value
    if math.isnan(value) or math.isinf(value):
        return None
    if any(paths.fullmatch(path) and value == number for paths, number in NONE_NUMBERS):
        return None
    if IDS.fullmatch(path):
        return str(value) if value else None
    return value


def says_none(text: str) -> bool:
    """Say whether a text is one of the ways to say "none"."""
    return text.strip() in NONE_TEXTS or FAILED.fullmatch(text) is not None


def is_none(value: Any) -> bool:
    """Say whether an annotation holds a way to say "none" instead of none."""
    return says_none(value) if isinstance(value, str) else isinstance(value, float) and not math.isfinite(value)


def plain(value: Any) -> Any:
    """Return a record as dictionaries and lists, which are equal whatever sequences it was made of."""
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value
