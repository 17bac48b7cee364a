"""What a processor says of itself in the state topic."""

import socket
from datetime import UTC, datetime

from processor.fink import FinkConsumer
from processor.settings import ProcessorSettings
from runtime.health import Health
from runtime.reports import Words
from schemas.words import FinkStanding, ProcessorWord, said


class Report:
    """Makes a processor's words: that it runs, and how far it has read each of Fink's partitions that it has."""

    def __init__(self, settings: ProcessorSettings, source: FinkConsumer, *, health: Health, port: int) -> None:
        """``port`` is the one of its metrics: with the host, what tells processors apart."""
        self._settings = settings
        self._source = source
        self._health = health
        self._name = f"{socket.gethostname()}:{port}"

    @property
    def key(self) -> str:
        """Key of the word that it runs."""
        return self._own().key

    def words(self) -> Words:
        """Return the words by their keys."""
        return said(self._own(), *self._standings())

    def _own(self) -> ProcessorWord:
        return ProcessorWord(
            survey=self._settings.fink_survey,
            group=self._settings.fink_group_id,
            name=self._name,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            why=self._health.remarks(),
        )

    def _standings(self) -> list[FinkStanding]:
        return [
            FinkStanding(
                survey=self._settings.fink_survey,
                group=self._settings.fink_group_id,
                topic=one.topic,
                partition=one.partition,
                first=one.count.first,
                began=one.count.began,
                position=one.position,
                end=max(one.position, self._source.end_of(one.topic, one.partition)),
                published=one.count.published,
                put_aside=one.count.put_aside,
                expired=one.count.expired,
                read_to=one.read_to.astimezone(UTC).isoformat(timespec="seconds") if one.read_to else "",
            )
            for one in self._source.counts.now()
        ]
