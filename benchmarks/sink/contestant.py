"""Who delivers alerts in a measurement, and a loop of our own that does."""

import threading
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Protocol

from benchmarks.sink.account import Key
from benchmarks.sink.connection import Connection, Pace, Stopped
from demo.skyportal.process import SkyPortal
from schemas.record import SkyPortalAlert
from sink.delivery.rank import utc

LEAVING_S = 70.0


class Lost(Exception):
    """Alerts did not reach SkyPortal, or whoever delivers them has ended."""


class Contestant(Protocol):
    """Delivers alerts to one SkyPortal."""

    def learn(self) -> None:
        """Deliver what is to be known before the measurement, while SkyPortal takes everything at once."""

    def start(self) -> None:
        """Begin to deliver; return at once."""

    def check(self) -> None:
        """Raise `Lost` if it has ended by a failure."""

    def has_more(self) -> bool:
        """Say whether something is left to deliver."""

    def stop(self) -> None:
        """Deliver nothing more, and settle what is under way. Raises `Lost` if that fails."""

    def end(self) -> None:
        """End, whatever it is at."""

    def delivered(self) -> set[Key]:
        """Return the alerts that it takes for delivered, after `stop`."""


def key(alert: SkyPortalAlert) -> Key:
    """Return what SkyPortal tells alerts apart by."""
    return alert.obj_id, utc(alert.observed_at)


class Loop:
    """Some connections, each in a thread, that share a pace. It begins where it is told to, and keeps no account."""

    def __init__(self, portal: SkyPortal, connections: int, *, limit: float) -> None:
        self.portal = portal
        self.pace = Pace(limit)
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._connections = connections
        self._failures: list[Exception] = []
        self._delivered: set[Key] = set()

    @abstractmethod
    def batches(self, number: int) -> Iterator[Sequence[SkyPortalAlert]]:
        """Yield what connection ``number`` delivers, and together."""

    @abstractmethod
    def deliver(self, batch: Sequence[SkyPortalAlert], connection: Connection) -> None:
        """Deliver one batch."""

    def start(self) -> None:
        """Begin to deliver; return at once."""
        for number in range(self._connections):
            self._threads.append(threading.Thread(target=self._work, args=(number,), daemon=True))
            self._threads[-1].start()

    def check(self) -> None:
        """Raise `Lost` if a connection has ended by a failure."""
        for failure in self._failures:
            raise Lost(f"the {type(self).__name__.lower()} loop has ended: {failure}") from failure

    def has_more(self) -> bool:
        """Say whether something is left to deliver."""
        return any(thread.is_alive() for thread in self._threads)

    def stop(self) -> None:
        """Begin no more requests. Raises `Lost` if a connection had ended by a failure."""
        self.end()
        self.wait()

    def end(self) -> None:
        """Begin no more requests."""
        self._stop.set()

    def wait(self) -> None:
        """Return when there is nothing more to deliver. Raises `Lost`."""
        for thread in self._threads:
            thread.join(LEAVING_S)
        self.check()

    def delivered(self) -> set[Key]:
        """Return the alerts whose every request was accepted."""
        return self._delivered

    def _work(self, number: int) -> None:
        connection = Connection(self.portal.url, self.portal.token, pace=self.pace, stop=self._stop)
        try:
            for batch in self.batches(number):
                self.deliver(batch, connection)
                self._delivered.update(map(key, batch))
        except Stopped:
            return
        except Exception as error:  # noqa: BLE001  # `check` raises it where it is handled
            self._failures.append(error)
        finally:
            connection.close()
