"""What a sink says of itself in the state topic."""

import math
import socket
from collections.abc import Callable, Collection
from datetime import UTC, datetime

from runtime.health import Health
from runtime.reports import Words
from schemas.words import SinkWord, State, said
from sink import metrics
from sink.settings import SinkSettings
from sink.skyportal.connection import Connection


class Report:
    """Makes a sink's word: whether it delivers, and what that costs."""

    def __init__(
        self,
        settings: SinkSettings,
        connection: Connection,
        *,
        health: Health,
        port: int,
    ) -> None:
        """``port`` is the one of its metrics: with the host, what tells sinks apart."""
        self._settings = settings
        self._connection = connection
        self._health = health
        self.partitions: Callable[[], Collection[int]] = tuple
        """Returns the partitions of the local topic that are the sink's at present."""
        self._name = f"{socket.gethostname()}:{port}"
        self._state: State = "up"
        self._since = datetime.now(UTC)

    @property
    def key(self) -> str:
        """Key of the word."""
        return f"{SinkWord.PREFIX}{self._settings.sink_group_id}/{self._name}"

    def words(self) -> Words:
        """Return the word by its key."""
        state = self._now()
        if state != self._state:
            self._state, self._since = state, datetime.now(UTC)
        rate = self._connection.rate.per_second
        word = SinkWord(
            group=self._settings.sink_group_id,
            name=self._name,
            state=state,
            since=self._since.isoformat(timespec="seconds"),
            why=self._health.remarks(),
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            requests_per_second=round(rate, 2) if math.isfinite(rate) else 0,
            requests=int(metrics.requests()),
            accepted=int(metrics.accepted()),
            partitions=sorted(self.partitions()),
        )
        return said(word)

    def _now(self) -> State:
        gate = self._connection.gate
        if gate.paused():
            return "paused"
        if gate.halted:
            return "halted"
        return "away" if gate.closed_for_s else "up"
