"""A sink that begins again with an empty memory, in the middle of objects that SkyPortal has."""

from benchmarks.lines import line
from benchmarks.sink.alerts import Sky
from benchmarks.sink.contest import measure
from benchmarks.sink.entry import Case, Entry, Ready, World
from benchmarks.sink.outcome import facts
from benchmarks.sink.portal import skyportal
from benchmarks.sink.sinks import Sinks


class Restarted(Sinks):
    """A sink that knows its objects, and is another process when the measurement begins."""

    def start(self) -> None:
        """Let a new process begin with the backlog."""
        self.stop()
        self.processes.clear()
        self.topic.publish(self.backlog)
        self.run()

    def has_more(self) -> bool:
        """Say whether something is left to deliver."""
        return self.settled() < len(self.topic.published_at) - len(self.place.known)


def restart(case: Case, limit: float, world: World, ready: Ready) -> str:
    """Return the line about the first alert of each object after a restart. Raises as `measure` does."""
    entry, sky = Entry(case=case, who="sink", limit=limit), Sky(case.shape, points=case.points)
    known, backlog = list(sky.new(case.objects)), sky.seen_again(case.objects, case.objects)
    with skyportal() as portal, Restarted(world.place(portal, case.parts, known), backlog) as sinks:
        found = measure(sinks, portal, limit=limit, window=world.window, ready=ready)
    return line("sink", facts(entry, found))
