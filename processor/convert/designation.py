"""Names of solar-system objects: the Minor Planet Center's packed designations into readable ones."""

import re
import string

_BASE_62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_ORDER = string.ascii_uppercase.replace("I", "")
"""Letters of half-months and of the order in one: the MPC leaves out I."""

_CENTURIES = {"I": 18, "J": 19, "K": 20, "L": 21}
_PROVISIONAL = re.compile(r"([IJKL])(\d\d)([A-HJ-Y])([0-9A-Za-z])(\d)([A-HJ-Z])")
_COMET = re.compile(r"([CPDXAI])([IJKL])(\d\d)([A-HJ-Y])([0-9A-Za-z])(\d)([0a-zA-HJ-Z])")
_EXTENDED = re.compile(r"_([0-9A-Za-z])([A-HJ-Y])([0-9A-Za-z]{4})")
_SURVEY = re.compile(r"(PL|T1|T2|T3)S(\d{4})")
_NUMBERED = re.compile(r"([0-9A-Za-z])(\d{4})")
_NUMBERED_EXTENDED = re.compile(r"~([0-9A-Za-z]{4})")
_NUMBERED_COMET = re.compile(r"(\d{4})([PDI])")

_FIRST_EXTENDED = 620 * len(_ORDER)
"""Place in its half-month of the first object whose provisional designation needs the extended form."""

_FIRST_EXTENDED_NUMBER = 620_000


def unpacked(designation: str) -> str:
    """Return ``K04J12Q`` as ``2004 JQ12`` and ``A0345`` as ``100345``; anything that is not packed as it is."""
    for pattern, unpack in _FORMS:
        if match := pattern.fullmatch(designation):
            return unpack(*match.groups())
    return designation


def _number(digits: str) -> int:
    value = 0
    for digit in digits:
        value = value * 62 + _BASE_62.index(digit)
    return value


def _count(tens: str, units: str) -> int:
    return 10 * _number(tens) + int(units)


def _provisional(century: str, year: str, half_month: str, tens: str, units: str, order: str) -> str:
    return f"{_CENTURIES[century]}{year} {half_month}{order}{_count(tens, units) or ''}"


def _comet(kind: str, century: str, year: str, half_month: str, tens: str, units: str, last: str) -> str:
    if last.isupper():  # a comet that was first taken for an asteroid
        return f"{kind}/{_provisional(century, year, half_month, tens, units, last)}"
    fragment = "" if last == "0" else f"-{last.upper()}"
    return f"{kind}/{_CENTURIES[century]}{year} {half_month}{_count(tens, units)}{fragment}"


def _extended(year: str, half_month: str, place: str) -> str:
    count, order = divmod(_number(place) + _FIRST_EXTENDED, len(_ORDER))
    return f"20{_number(year):02} {half_month}{_ORDER[order]}{count}"


def _survey(survey: str, number: str) -> str:
    return f"{number} {survey[0]}-{survey[1]}"


def _numbered(ten_thousands: str, rest: str) -> str:
    return str(10_000 * _number(ten_thousands) + int(rest))


def _numbered_extended(number: str) -> str:
    return str(_number(number) + _FIRST_EXTENDED_NUMBER)


def _numbered_comet(number: str, kind: str) -> str:
    return f"{int(number)}{kind}"


_FORMS = (
    (_PROVISIONAL, _provisional),
    (_COMET, _comet),
    (_EXTENDED, _extended),
    (_SURVEY, _survey),
    (_NUMBERED, _numbered),
    (_NUMBERED_EXTENDED, _numbered_extended),
    (_NUMBERED_COMET, _numbered_comet),
)
