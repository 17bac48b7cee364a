"""What must become of a message: a record or a dead letter, the same with every codec, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from math import isfinite

from fuzz.draft import Draft
from processor.convert import FinkSurvey, MoreAnnotations, Source, Unconvertible, convert
from processor.decode import Decoder, Undecodable
from processor.drift import SchemaWatch
from runtime.health import Health
from schemas import codec
from schemas.avro import CODECS
from schemas.codec import Encoder
from schemas.record import SkyPortalAlert

ALL = MoreAnnotations(["*"])
"""Whatever is in a packet, but its histories and images."""

_SOURCE = Source(topic="fink_fuzz")


class Outcome(IntEnum):
    """What became of a message, with one codec."""

    RECORD = 0
    UNDECODABLE = 1
    UNCONVERTIBLE = 2


class Wrong(Exception):
    """Something else became of it."""


@dataclass(frozen=True)
class Verdict:
    """What became of a message with each codec, by the codec's name."""

    outcomes: Mapping[str, Outcome]
    sentences: Mapping[str, str]
    """Why it is no record, where it is none."""
    differ: str = ""
    """How the codecs differ, if they do."""


class Judge:
    """A processor for each survey and codec, which lives as long as a real one does."""

    def __init__(self) -> None:
        self._watches = {survey: SchemaWatch(survey, Health()) for survey in FinkSurvey}
        self._decoders = {one.name: Decoder(one) for one in CODECS}
        self._encoders = {one.name: Encoder(one) for one in CODECS}

    def judge(self, draft: Draft) -> Verdict:
        """Say what becomes of a message. Raises `Wrong`, or what nobody has foreseen."""
        outcomes, sentences, records = {}, {}, {}
        for name in self._decoders:
            try:
                records[name] = self._record(name, draft)
                outcomes[name] = Outcome.RECORD
            except (Undecodable, Unconvertible) as error:
                outcomes[name] = Outcome.UNDECODABLE if isinstance(error, Undecodable) else Outcome.UNCONVERTIBLE
                sentences[name] = f"{type(error).__name__}: {error}"
        differ = ""
        if len(set(outcomes.values())) > 1:
            differ = ", ".join(f"{name}: {outcome.name}" for name, outcome in outcomes.items())
        elif len(set(records.values())) > 1:
            differ = "records of different bytes"
        return Verdict(outcomes, sentences, differ)

    def _record(self, name: str, draft: Draft) -> bytes:
        """Do what a processor does between its two Kafkas."""
        self._watches[draft.survey].see(_SOURCE.topic, draft.key)
        packet = self._decoders[name].decode(draft.key, draft.value)
        record = convert(packet, draft.survey, _SOURCE, ALL).record
        _check(record)
        encoder = self._encoders[name]
        data = encoder.encode(record)
        if encoder.encode(codec.decode(data)) != data:
            raise Wrong("the record that is read back is another one")
        return data


def _check(record: SkyPortalAlert) -> None:
    """Raise `Wrong` for what SkyPortal could not be told."""
    if not record.obj_id.encode():
        raise Wrong("the record has no obj_id")
    numbers = {**record.annotations, "score": record.score, "ra": record.ra, "dec": record.dec}
    numbers |= {f"class {one.name}": one.probability for one in record.classifications}
    if odd := [name for name, value in numbers.items() if isinstance(value, float) and not isfinite(value)]:
        raise Wrong(f"not finite: {', '.join(odd)}")
