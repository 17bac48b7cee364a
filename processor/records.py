"""A Fink message, live or put aside, into a record."""

from dataclasses import dataclass, field

from processor import metrics
from processor.convert import FinkSurvey, MoreAnnotations, Source, convert
from processor.decode import Decoder
from processor.drift import SchemaWatch
from schemas.record import SkyPortalAlert


@dataclass(frozen=True, kw_only=True)
class Records:
    """Decodes and converts. Not thread-safe."""

    survey: FinkSurvey
    watch: SchemaWatch
    more: MoreAnnotations
    decoder: Decoder = field(default_factory=Decoder)

    def record(self, source: Source, schema: bytes | None, value: bytes | None) -> SkyPortalAlert:
        """Return the record of a message that is written with ``schema``. Raises `Undecodable` or `Unconvertible`."""
        self.watch.see(source.topic, schema)
        packet = self.decoder.decode(schema, value)
        conversion = convert(packet, self.survey, source, self.more)
        for reason, count in conversion.left_out.items():
            metrics.LEFT_OUT.labels(self.survey, reason).inc(count)
        return conversion.record
