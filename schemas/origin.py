"""Where at Fink a record comes from, in the headers of its message: what tells a copy from another alert.

A processor that is killed publishes what it had not committed once more. Within one partition of the local topic the
records of one Fink partition stand in the order of their offsets there; one that goes back is such a copy.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from schemas.dead_letters import Header
from schemas.redriven import REDRIVEN

SOURCE = "fink_skyportal.source"
"""``<series>@<offset>``: the message at Fink. Records that other programs publish have none."""

LATE = "fink_skyportal.late"
"""Of a record that was published again after later ones, since the first attempt had failed: it is no copy."""

PUT_BACK = f"{REDRIVEN}topic"

FORM = re.compile(rb"([0-9a-f]{12})@([0-9]{1,18})")
"""Of what is in `SOURCE`: series are noted in commits, where strange ones would do harm."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where a record comes from, as far as it is known."""

    series: str = ""
    """The messages of one Fink partition as one consumer group reads them; empty if nobody has said."""
    offset: int = -1
    """At Fink."""
    is_late: bool = False
    is_redriven: bool = False
    """Whether it was put back from the dead letters."""

    def headers(self) -> list[Header]:
        """Return the headers that say so; `origin_in` reads them."""
        late: list[Header] = [(LATE, b"1")] if self.is_late else []
        return [(SOURCE, f"{self.series}@{self.offset}".encode()), *late]


def origin_in(headers: Iterable[Header]) -> Origin:
    """Return what the headers of a message say of where it comes from; what cannot be read is not known."""
    found = {name: value or b"" for name, value in headers if name in {SOURCE, LATE, PUT_BACK}}
    source = FORM.fullmatch(found.get(SOURCE, b""))
    return Origin(
        series=source[1].decode() if source else "",
        offset=int(source[2]) if source else -1,
        is_late=LATE in found,
        is_redriven=PUT_BACK in found,
    )


def series(*, group: str, topic: str, partition: int, first: int, began: int) -> str:
    """Return the name of the messages of a Fink partition that ``group`` reads from the offset ``first`` on.

    ``began`` is when Fink published that one, in milliseconds since 1970. Short, since every record carries it.
    Another group reads everything once more, and so does one whose offsets Fink has forgotten: its alerts are published
    anew, and are no copies. Nor are those of a topic that Fink has made anew.
    """
    name = f"{group}\n{topic}\n{partition}\n{first}\n{began}"
    return hashlib.blake2s(name.encode(), digest_size=6).hexdigest()
