"""Gauges for what a process may not know: then there is no number, and never a false 0."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

Values = Mapping[tuple[str, ...], float]
"""By the values of the labels; of a gauge without labels under ()."""


class AskedGauge(Collector):
    """A gauge that is asked when somebody looks at ``/metrics``."""

    def __init__(self, name: str, documentation: str, labels: Sequence[str] = ()) -> None:
        self.name = name
        self.labels = tuple(labels)
        self._documentation = documentation
        self._ask: Callable[[], Values] = dict
        REGISTRY.register(self)

    def set_function(self, ask: Callable[[], Values]) -> None:
        """Let ``ask`` be called by whatever thread answers; it must not wait, and returns only what is known."""
        self._ask = ask

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield what is known now."""
        family = GaugeMetricFamily(self.name, self._documentation, labels=self.labels)
        for labels, value in self._ask().items():
            family.add_metric(labels, value)
        yield family


def alone(value: float, *, known: bool = True) -> Values:
    """Return the value of a gauge without labels; nothing unless it is ``known``."""
    return {(): value} if known else {}
