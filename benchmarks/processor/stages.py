"""Decode, convert and encode, without any Kafka, beside what fink-client needs to decode alone."""

import gc
from collections.abc import Callable, Iterator
from statistics import median
from time import process_time

from fink_client.consumer import AlertConsumer

from benchmarks.lines import Figure, Target, line
from benchmarks.processor.cases import ALL_ANNOTATIONS, Sample
from demo.fink.samples import Case
from processor.convert import Source, convert
from processor.decode import Decoder
from schemas.avro import CODECS, Codec
from schemas.codec import Encoder

ROUNDS = 9
ROUND_S = 0.15
"""CPU time that fink-client is given in a round; we do as many messages."""

TARGETS: dict[tuple[str, Case], float] = {
    ("cavro", "lsst_long"): 3,
    ("cavro", "lsst_short"): 5,
    ("cavro", "ztf"): 2.5,
    ("fastavro", "lsst_long"): 0.8,
    ("fastavro", "lsst_short"): 3,
    ("fastavro", "ztf"): 0.9,
}
"""How many times as fast we have to be."""

Times = tuple[float, ...]
"""CPU seconds per message, of each stage."""


class FinkClient(AlertConsumer):  # type: ignore[misc]  # fink_client publishes no types
    """fink-client's consumer, which decodes what it is given and reads nothing."""

    def __init__(self) -> None:
        self.schema_path, self.dump_schema = None, False

    def times(self, sample: Sample, count: int) -> Times:
        """Decode so many messages."""
        start = process_time()
        for message in sample.repeated(count):
            self.process_message(message)
        return ((process_time() - start) / count,)


class Ours:
    """What the processor does with a message, apart from Kafka."""

    def __init__(self, codec: Codec) -> None:
        self._decoder, self._encoder = Decoder(codec), Encoder(codec)

    def times(self, sample: Sample, count: int) -> Times:
        """Decode, convert and encode so many messages. The clock is read three times for each, at our expense."""
        decode, encode = self._decoder.decode, self._encoder.encode
        source = Source(topic="fink_benchmark")
        decoding = converting = encoding = 0.0
        before = process_time()
        for message in sample.repeated(count):
            packet = decode(message.key(), message.value())
            decoded = process_time()
            record = convert(packet, sample.survey, source, ALL_ANNOTATIONS).record
            converted = process_time()
            encode(record)
            decoding += decoded - before
            converting += converted - decoded
            before = process_time()
            encoding += before - converted
        return decoding / count, converting / count, encoding / count


def compare(sample: Sample) -> Iterator[str]:
    """Yield a line for each codec: the median of rounds in which all take turns, in milliseconds of CPU time."""
    fink_client = FinkClient()
    ours = {codec.name: Ours(codec) for codec in CODECS}
    count = _messages_of_a_round(fink_client, sample)
    turns: dict[str, Callable[[Sample, int], Times]] = {
        "fink_client": fink_client.times,
        **{name: one.times for name, one in ours.items()},
    }
    for one in ours.values():
        one.times(sample, len(sample.messages))  # the schema is parsed once in the life of a processor
    rounds: dict[str, list[Times]] = {name: [] for name in turns}
    for _ in range(ROUNDS):
        for name, times in turns.items():
            gc.collect()  # nobody pays for another's waste
            rounds[name].append(times(sample, count))
    theirs = median(sum(times) for times in rounds.pop("fink_client"))
    for name, found in rounds.items():
        yield _line(sample, name, found, theirs)


def _messages_of_a_round(fink_client: FinkClient, sample: Sample) -> int:
    """Return how many messages a round takes: whole turns of all that are different, once everything is warm."""
    different = len(sample.messages)
    (each,) = fink_client.times(sample, max(5, different))
    return different * max(1, round(ROUND_S / each / different))


def _line(sample: Sample, codec: str, rounds: list[Times], theirs: float) -> str:
    total = median(sum(times) for times in rounds)
    decode, convert_, encode = (median(column) for column in zip(*rounds, strict=True))
    facts: dict[str, Figure] = {
        "case": sample.case,
        "codec": codec,
        "ours_ms": total * 1e3,
        "fink_client_ms": theirs * 1e3,
        "ratio": theirs / total,
        "decode_ms": decode * 1e3,
        "convert_ms": convert_ * 1e3,
        "encode_ms": encode * 1e3,
        "alerts": sample.alerts,
    }
    return line("processor", facts, {"ratio": Target(limit=TARGETS[codec, sample.case])})
