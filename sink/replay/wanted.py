"""Which messages are records that a route takes, before anything is sent."""

from confluent_kafka import Message

from schemas import codec
from schemas.record import SkyPortalAlert
from sink.delivery.validity import Unsendable, check
from sink.routing.router import NotWanted
from sink.routing.routes import Route, Routes


class Unusable(Exception):
    """No record that can be sent: it is a dead letter already, or waits for a newer version."""


def decode(message: Message) -> SkyPortalAlert:
    """Return the record of a message. Raises `Unusable`."""
    try:
        alert = codec.decode(message.value())
        check(alert)
    except (codec.Undecodable, codec.NewerRecord, Unsendable) as error:
        raise Unusable(f"{type(error).__name__}: {error}") from error
    return alert


def way_of(alert: SkyPortalAlert, routes: Routes) -> Route:
    """Return the route of a record. Raises `NotWanted`, and `NoRoute` if no route names its topic."""
    route = routes.route(alert.topic, alert.survey)
    if unmet := list(route.unmet(alert)):
        raise NotWanted(unmet)
    return route
