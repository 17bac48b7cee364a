"""The stand-in SkyPortal that is delivered to, and what its ids are."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.sink.alerts import TOPICS
from benchmarks.sink.connection import Connection
from demo.fink.samples import Case
from demo.skyportal.process import SkyPortal
from schemas.record import Survey
from schemas.taxonomy import TAXONOMY, classes
from sink.routing.directory import Destination, Directory
from sink.routing.routes import PARTS, STREAMS, Part, Routes, RoutesFile

LIMIT = 5.0
"""Requests per second that SkyPortal lets a token pass, as it is shipped."""

SURVEYS: dict[Case, Survey] = {"ztf": "ZTF", "lsst_long": "LSST"}
WORKERS = 2


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What of an alert is delivered."""

    name: str
    parts: tuple[Part, ...]


ESSENTIAL = Parts(name="candidate,photometry", parts=("candidate", "photometry"))
ALL = Parts(name="all", parts=PARTS)


def skyportal() -> SkyPortal:
    """Return a SkyPortal that is not started yet: without a limit, and without the times that the real one takes."""
    filters = [(topic, "Fink", STREAMS[SURVEYS[case]]) for case, topic in TOPICS.items()]
    taxonomies = [(TAXONOMY.name, TAXONOMY.version, sorted(classes(TAXONOMY.hierarchy)))]
    return SkyPortal(whitelist=True, workers=WORKERS, filters=filters, taxonomies=taxonomies)


def begin(portal: SkyPortal, limit: float) -> None:
    """Take as long as the real one from now on, and let ``limit`` requests pass in a second; 0: all of them."""
    portal.control.service_times(taken=True)
    portal.control.limit(limit)


def destination(portal: SkyPortal, case: Case, parts: Sequence[Part]) -> Destination:
    """Return the route of a case's alerts by SkyPortal's ids, as the sink finds it."""
    connection = Connection(portal.url, portal.token)
    directory = Directory(stale_after_s=0)
    directory.read(connection.get)
    connection.close()
    file = RoutesFile.model_validate({"defaults": {"parts": parts}})
    return directory.resolve(Routes(file).route(TOPICS[case], SURVEYS[case]))
