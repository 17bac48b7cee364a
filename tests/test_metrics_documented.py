"""docs/METRICS.md lists the metrics that there are, and they are named as Prometheus wants it."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

import processor.metrics
import sink.metrics
from runtime import build_info
from runtime.gauges import AskedGauge
from sink.delivery import parts
from sink.routing.criteria import Criteria

PAGE = Path(__file__).parents[1].joinpath("docs", "METRICS.md").read_text()
OURS = ("processor_", "sink_", "fink_skyportal_")


@dataclass(frozen=True)
class Metric:
    """A metric, as a row of the table or as Prometheus sees it."""

    name: str
    kind: str
    labels: tuple[str, ...]


def made() -> dict[str, Metric]:
    """Return the metrics of both halves, as Prometheus sees them."""
    found = [one for module in (build_info, processor.metrics, sink.metrics) for one in vars(module).values()]
    labels = {one.name: one.labels for one in found if isinstance(one, AskedGauge)} | {
        one._name: one._labelnames  # noqa: SLF001  # there is no other way to ask
        for one in found
        if isinstance(one, MetricWrapperBase)
    }
    families = [family for family in REGISTRY.collect() if family.name.startswith(OURS)]
    names = {family.name: family.name + "_total" * (family.type == "counter") for family in families}
    return {
        names[family.name]: Metric(names[family.name], family.type, tuple(labels[family.name])) for family in families
    }


def rows() -> list[list[str]]:
    """Return the cells of each row of the table: name, type, labels, meaning, when it is absent."""
    lines = [line for line in PAGE.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def listed() -> list[Metric]:
    return [Metric(name.strip("`"), kind, tuple(re.findall(r"\w+", labels))) for name, kind, labels, *_ in rows()]


def test_every_metric_is_documented_once_with_its_type_and_labels_and_no_other_is() -> None:
    assert sorted(listed(), key=lambda one: one.name) == sorted(made().values(), key=lambda one: one.name)
    assert [cells for cells in rows() if len(cells) != 5 or not cells[3]] == []


@pytest.mark.parametrize("metric", listed(), ids=lambda metric: metric.name)
def test_a_metric_is_named_by_prometheus_conventions(metric: Metric) -> None:
    name = metric.name

    assert re.fullmatch(r"[a-z]+(_[a-z]+)+", name)
    assert name.endswith("_total") == (metric.kind == "counter")
    assert not re.search(
        r"_(ms|milliseconds|minutes|hours|days|kb|mb|mib|percent|gauge|histogram|count|sum)(_|$)", name
    )
    if metric.kind == "histogram":
        assert name.endswith("_seconds")
    if name.endswith("_info"):
        assert metric.kind == "gauge"
    assert not set(metric.labels) & {"job", "instance", "le", "quantile"}


def test_labels_that_begin_at_nothing_are_those_that_there_will_be() -> None:
    criteria = set(Criteria.__dataclass_fields__) | {"solar_system"}
    kinds = [kind for kind in vars(parts).values() if isinstance(kind, type) and hasattr(kind, "name")]

    assert set(sink.metrics.CRITERIA) == criteria
    assert set(sink.metrics.PART_NAMES) == {kind.name for kind in kinds}
