"""SkyPortal's own ingestion of Fink's alerts: beside a sink it doubles every point."""

from collections.abc import Collection, Iterator

from runtime.checks import Finding, ok, unchecked, warning
from sink.provision.asking import Asking, NotProvisioned

OTHERS = "other ingestion of Fink"

BROKERS = "/api/brokers"


def other_ingestion_findings(asking: Asking, filters: Collection[int]) -> Iterator[Finding]:
    """Yield whether SkyPortal reads Fink by itself, perhaps into ``filters``, which are those of the routes."""
    try:
        brokers = [
            row for row in asking.get(BROKERS) if row["active"] and "fink" in str(row["broker_classname"]).lower()
        ]
        fed = {row["name"] for row in asking.get("/api/filters") if row["id"] in filters and row.get("broker_id")}
    except NotProvisioned as error:
        yield unchecked(OTHERS, str(error), "ask SkyPortal's administrator whether a Fink broker is active")
        return
    except (AttributeError, KeyError, TypeError) as error:
        yield unchecked(OTHERS, f"SkyPortal lists its brokers in an unknown form ({type(error).__name__}: {error})")
        return
    if fed:
        yield warning(
            OTHERS,
            f"filters of the routes belong to a broker of SkyPortal's: {', '.join(sorted(fed))}",
            "let only one of them feed a filter; points that both send are stored twice",
        )
    if brokers:
        yield warning(
            OTHERS,
            f"SkyPortal reads Fink by itself, through the broker {', '.join(sorted(row['name'] for row in brokers))}; "
            "points of objects that both send are stored twice",
            "let an administrator deactivate that broker, and restart SkyPortal's broker_ingest",
        )
    if not fed and not brokers:
        yield ok(OTHERS, "none: no Fink broker of SkyPortal's is active")
