"""Which records of a partition are copies: published again by a processor that had been killed."""

from collections import OrderedDict

from schemas.origin import Origin

MOST_METADATA = 800
"""Characters: some forty of Fink's partitions. A copy follows within seconds of its original, or never."""

NOTE = "seen="


class Copies:
    """The highest offset of each of Fink's partitions whose records came by. Used in the order of the local topic."""

    def __init__(self, metadata: str = "") -> None:
        """``metadata`` is what was committed; what cannot be read is not known."""
        self._highest: OrderedDict[str, int] = OrderedDict()
        note = next((word.removeprefix(NOTE) for word in metadata.split() if word.startswith(NOTE)), "")
        for entry in reversed(note.split(",")):  # the latest stands first in the note, and last here
            series, _, offset = entry.partition(":")
            if offset.isascii() and offset.isdecimal():
                self._highest[series] = int(offset)

    def pass_by(self, origin: Origin) -> bool:
        """Note a record, and say whether it is a copy of one that came by before."""
        if not origin.series:
            return False
        highest = self._highest.get(origin.series, -1)
        self._highest[origin.series] = max(highest, origin.offset)
        self._highest.move_to_end(origin.series)
        return origin.offset <= highest and not origin.is_late

    @property
    def note(self) -> str:
        """What to commit with the offset: those that came by last."""
        written = ""
        for series, offset in reversed(self._highest.items()):
            longer = f"{written},{series}:{offset}" if written else f"{NOTE}{series}:{offset}"
            if len(longer) > MOST_METADATA:
                break
            written = longer
        return written
