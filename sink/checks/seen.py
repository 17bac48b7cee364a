"""The Fink topics whose records are in the local topic: alerts of these will be delivered."""

from collections.abc import Iterator, MutableMapping

from runtime.checks import Finding, ok, warning, wrong
from runtime.look import Look
from schemas import codec
from schemas.record import Survey

RECORDS = "records"

NEWEST = 5
"""Records of each partition that are looked at."""


def record_findings(look: Look, topic: str, topics: MutableMapping[str, Survey]) -> Iterator[Finding]:
    """Yield whether the newest records of ``topic`` can be read, and put their Fink topics into ``topics``."""
    extent = look.extent(topic)
    messages = look.messages(extent, extent.newest(NEWEST), count=NEWEST)
    bad: list[str] = []
    seen: set[str] = set()
    for message in messages:
        try:
            record = codec.decode(message.value() or b"")
        except codec.NewerRecord as error:
            yield wrong(RECORDS, str(error), "install the newer version of fink-skyportal, then restart the sink")
            return
        except codec.Undecodable as error:
            bad.append(str(error))
        else:
            topics.setdefault(record.topic, record.survey)
            seen.add(record.topic)
    if bad:
        yield warning(
            RECORDS,
            f"{len(bad)} of the {len(messages)} newest messages in {topic} are no records: {bad[0]}",
            "find out who writes into the topic beside the processors; such messages are put aside",
        )
    elif messages:
        yield ok(RECORDS, f"the newest {len(messages)} can be read; they are of {', '.join(sorted(seen))}")
    else:
        yield ok(RECORDS, f"{topic} is empty now")
