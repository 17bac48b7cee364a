"""What the routes name in SkyPortal: is it there, and does the bot see it."""

import re
from collections.abc import Iterator, Mapping

from runtime.checks import Finding, ok, unchecked, warning, wrong
from schemas.record import Survey
from sink.provision.asking import Asking, NotProvisioned
from sink.provision.needs import needs
from sink.provision.plan import plan
from sink.provision.present import Present, observe
from sink.provision.steps import Creatable, Missing, Step, There
from sink.routing.directory import Directory, Unroutable
from sink.routing.routes import NoRoute, Routes

SET_UP = "routes"


def set_up_findings(
    asking: Asking, routes: Routes, topics: Mapping[str, Survey], filters: set[int]
) -> Iterator[Finding]:
    """Yield what is found of the groups, streams, filters, instruments and taxonomies that alerts of ``topics`` need.

    The topics that the routes name exactly are looked at besides. The ids of what is found are put into ``filters``.
    """
    routed = []
    for topic, survey in topics.items():
        try:
            routes.route(topic, survey)
        except NoRoute as error:
            yield wrong(SET_UP, str(error), "alerts without a route wait, and are put aside in the end")
        else:
            routed.append(topic)
    # What a topic's name does not tell of its survey, its records do.
    plain = [topic for topic in routed if (topics[topic] == "LSST") == topic.endswith("_lsst")]
    needed = needs(routes, plain)
    try:
        present = observe(asking, needed.groups)
    except NotProvisioned as error:
        yield wrong(SET_UP, str(error), "run the check again; if it lasts, see SkyPortal's log")
        return
    for step in plan(needed, present):
        if isinstance(step.state, There) and step.key[0] == "filter":
            filters.add(step.state.id)
        yield _finding(step, present)
    directory = Directory(stale_after_s=0)
    directory.read(asking.get)
    for topic in routed:
        if topic not in plain:
            yield _resolved(directory, routes, topic, topics[topic], filters)
    if needed.patterns:
        yield unchecked(
            "filters",
            "without a route of its own, a topic's alerts go to a filter of its name, and no topic is known yet",
            "name the Fink topics with --topic, once for each",
        )


def _finding(step: Step, present: Present) -> Finding:
    match step.state:
        case There(id=number):
            return ok(step.name, f"is there, id {number}")
        case Missing(why=why, to_do=sentences):
            text, to_do = why, " ".join(sentences)
        case Creatable(done=done):
            text, to_do = "is not there", f"{_provision(step)}: it is {done}, as far as the token may"
    # The sink delivers all the same: others see less, or some classes are put aside.
    return warning(step.name, text, to_do) if _is_dispensable(step, present) else wrong(step.name, text, to_do)


def _provision(step: Step) -> str:
    """Return the command that makes it: a filter has the name of its topic unless a route says otherwise."""
    kind, name = step.key[:2]
    topic = f" --topic {name}" if kind == "filter" and re.fullmatch(r"[A-Za-z0-9._-]+", str(name)) else ""
    return f"`python -m sink provision{topic}`"


def _is_dispensable(step: Step, present: Present) -> bool:
    kind, name = step.key[:2]
    return kind == "access" or (kind == "taxonomy" and name in {row.name for row in present.taxonomies})


def _resolved(directory: Directory, routes: Routes, topic: str, survey: Survey, filters: set[int]) -> Finding:
    name = f"route of {topic}"
    try:
        destination = directory.resolve(routes.route(topic, survey))
    except Unroutable as error:
        what, _, to_do = str(error).rpartition(": ")
        return wrong(name, what, to_do)
    filters.add(destination.filter_id)
    return ok(name, f"leads to the filter {destination.filter_id}")
