"""What a processor says of itself in the state topic."""

from datetime import UTC

from processor.fink import FinkConsumer
from processor.settings import ProcessorSettings
from runtime.reports import Words
from schemas.standing import FinkStanding


def words(settings: ProcessorSettings, source: FinkConsumer) -> Words:
    """Return a word for each of Fink's partitions that is ours: how far it is read, and what became of it."""
    standings = [
        FinkStanding(
            survey=settings.fink_survey,
            group=settings.fink_group_id,
            topic=one.topic,
            partition=one.partition,
            first=one.count.first,
            position=one.position,
            end=max(one.position, source.end_of(one.topic, one.partition)),
            published=one.count.published,
            put_aside=one.count.put_aside,
            expired=one.count.expired,
            read_to=one.read_to.astimezone(UTC).isoformat(timespec="seconds") if one.read_to else "",
        )
        for one in source.counts.now()
    ]
    return {standing.key: standing.word() for standing in standings}
