"""The flow of the client that the sink replaces: alert after alert, everything asked anew, one point of photometry."""

from collections.abc import Iterable, Iterator, Sequence

from benchmarks.sink import portal as portals
from benchmarks.sink.connection import Connection
from benchmarks.sink.contestant import Loop, key
from demo.skyportal.process import SkyPortal
from schemas.record import SkyPortalAlert
from sink.delivery.payloads import AB_ZEROPOINT_UJY
from sink.skyportal.client import Request


class Predecessor(Loop):
    """Seven requests for an alert. It keeps its connection open and its pace, which is kinder than it was."""

    def __init__(
        self,
        portal: SkyPortal,
        alerts: Iterable[SkyPortalAlert],
        *,
        known: Iterable[SkyPortalAlert] = (),
        limit: float = 0,
    ) -> None:
        """Deliver ``alerts``; the objects of ``known`` are in SkyPortal before."""
        super().__init__(portal, 1, limit=limit)
        self._alerts = alerts
        self._known = known
        self._to = portals.destination(portal, "ztf", portals.ALL.parts)

    def learn(self) -> None:
        """Make the known objects."""
        connection = Connection(self.portal.url, self.portal.token)
        for alert in self._known:
            connection.ask(self._candidate(alert))
        connection.close()

    def batches(self, number: int) -> Iterator[Sequence[SkyPortalAlert]]:
        """Yield each alert for itself."""
        del number
        return ((alert,) for alert in self._alerts)

    def deliver(self, batch: Sequence[SkyPortalAlert], connection: Connection) -> None:
        """Send the requests of one alert."""
        (alert,) = batch
        connection.get("/api/instrument")
        connection.ask(_post("/api/sources", self._place(alert) | {"group_ids": [self._to.group_id]}))
        connection.ask(self._candidate(alert))
        connection.ask(Request(method="PUT", path="/api/photometry", body=self._point(alert)))
        connection.get("/api/taxonomy")
        connection.get(f"/api/sources/{alert.obj_id}/classifications")
        found: dict[str, object] = {
            "obj_id": alert.obj_id,
            "classification": alert.classifications[0].name,
            "probability": alert.classifications[0].probability,
            "taxonomy_id": self._to.taxonomy.id,
            "group_ids": [self._to.group_id],
        }
        connection.ask(_post("/api/classification", found))

    def _candidate(self, alert: SkyPortalAlert) -> Request:
        passed = {"filter_ids": [self._to.filter_id], "passed_at": key(alert)[1]}
        return _post("/api/candidates", self._place(alert) | passed)

    def _point(self, alert: SkyPortalAlert) -> dict[str, object]:
        curve = alert.photometry
        return {
            "obj_id": alert.obj_id,
            "instrument_id": self._to.instrument_id,
            "mjd": curve.mjd[0],
            "filter": curve.filter[0],
            "flux": curve.flux[0],
            "fluxerr": curve.fluxerr[0],
            "zp": AB_ZEROPOINT_UJY,
            "magsys": "ab",
            "group_ids": [self._to.group_id],
        }

    @staticmethod
    def _place(alert: SkyPortalAlert) -> dict[str, object]:
        return {"id": alert.obj_id, "ra": alert.ra, "dec": alert.dec}


def _post(path: str, body: dict[str, object]) -> Request:
    return Request(method="POST", path=path, body=body)
