"""Points in time as an operator writes them: a date, a time, or how long ago."""

import re
from datetime import UTC, datetime, timedelta

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
"""What a letter behind a number means, in the words of `timedelta`."""

_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[smhdw])+", re.ASCII)
_TERM = re.compile(r"(\d+(?:\.\d+)?)([smhdw])", re.ASCII)

EXAMPLES = "2026-11-21, 2026-11-21T18:30, 2026-11-21T18:30:00+01:00, 6h or 1d12h"


def moment(text: str, now: datetime) -> datetime:
    """Return the point in time that ``text`` says, UTC.

    A date or a time in ISO 8601 is UTC where it names no zone; a date is its first instant. A duration, such as 90s,
    30m, 6h, 2d, 1w or 1d12h, is so long before ``now``, which has a zone. Raises ValueError with a sentence.
    """
    stripped = text.strip()
    try:
        if _DURATION.fullmatch(stripped):
            return now.astimezone(UTC) - _duration(stripped)
        found = datetime.fromisoformat(stripped)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r:.60} lies beyond the calendar") from error
    except ValueError as error:
        raise ValueError(f"{text!r:.60} is no time: write for example {EXAMPLES}") from error


def _duration(text: str) -> timedelta:
    terms = ((float(number), UNITS[unit]) for number, unit in _TERM.findall(text))
    return sum((timedelta(**{unit: number}) for number, unit in terms), timedelta())
