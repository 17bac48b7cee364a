"""One alert of a file into a PNG file."""

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from processor.convert import FinkSurvey, Source, Unconvertible, convert
from processor.plot.figure import draw
from processor.plot.packet_panel import packet_curve
from processor.plot.record_panel import record_curve
from processor.show import UnreadableFile, packets


class Unplottable(Exception):
    """There is no such alert, it is none that can be converted, or the picture cannot be written."""


def write(file: Path, index: int, output: Path | None = None) -> Path:
    """Draw alert number ``index``, from 0, of an Avro container file, and return where the PNG is.

    Without ``output`` that is the current folder. Raises `Unplottable`, with a sentence.
    """
    packet = _packet(file, index)
    try:
        conversion = convert(packet, _survey(packet), Source(topic=file.name))
    except Unconvertible as error:
        raise Unplottable(f"{file}: alert {index} cannot be converted: {error}") from error
    picture = draw(conversion.record, record_curve(conversion), packet_curve(packet))
    path = output or Path(f"{file.stem}-{index}.png")
    try:
        picture.savefig(path, format="png")
    except OSError as error:
        raise Unplottable(f"cannot write {path}: {error.strerror}") from error
    return path


def _packet(file: Path, index: int) -> Mapping[str, Any]:
    """Return an alert of the file, of which nothing behind it is read."""
    count = 0
    try:
        for count, packet in enumerate(islice(packets(file), index + 1), start=1):
            if count > index:
                return packet
    except UnreadableFile as error:
        raise Unplottable(f"{file}: {error}") from error
    known = f"the last one, counted from 0, is {count - 1}" if count else "it is empty"
    raise Unplottable(f"{file} has no alert {index}: {known}")


def _survey(packet: Mapping[str, Any]) -> FinkSurvey:
    """Return the survey that a packet of this shape is of; multi-messenger packets are ZTF's."""
    if "diaSource" in packet:
        return FinkSurvey.LSST
    if "candidate" in packet or "ztf_ra" in packet:
        return FinkSurvey.ZTF
    raise Unconvertible("it has neither diaSource nor candidate nor ztf_ra, so it is no alert of ZTF's or Rubin's")
