"""The time of a candidate as SkyPortal reads it."""

import re
from datetime import UTC, datetime, timedelta

from demo.skyportal.envelope import Refusal

FRACTION = re.compile(r"[.,](\d{1,9})(?=$|[Z+-])")
ROUNDED_DIGIT = 6
"""PostgreSQL keeps microseconds; the digit behind them is rounded half to even."""


def parse(value: object) -> str:
    """Return UTC without a zone; a number is seconds since 1970, whatever it was meant to be."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC).replace(tzinfo=None).isoformat()
    text = str(value)
    fraction = FRACTION.search(text)
    try:
        time = datetime.fromisoformat(FRACTION.sub("", text))
    except ValueError as error:
        raise Refusal(
            400,
            f"Invalid passedAt value: Could not match input '{text}' to any of the following formats: "
            "YYYY-MM-DD, YYYY-M-DD, YYYY-M-D, YYYY/MM/DD, YYYY/M/DD, YYYY/M/D, YYYY.MM.DD, YYYY.M.DD, YYYY.M.D, "
            "YYYYMMDD, YYYY-DDDD, YYYYDDDD, YYYY-MM, YYYY/MM, YYYY.MM, YYYY, W.",
        ) from error
    if fraction:
        time += timedelta(microseconds=_microseconds(fraction.group(1)))
    if time.tzinfo:
        time = time.astimezone(UTC).replace(tzinfo=None)
    return time.isoformat()


def _microseconds(digits: str) -> int:
    kept = int(digits[:ROUNDED_DIGIT].ljust(ROUNDED_DIGIT, "0"))
    rest = int(digits[ROUNDED_DIGIT]) if len(digits) > ROUNDED_DIGIT else 0
    half = 5
    return kept + (kept % 2 if rest == half else rest > half)
