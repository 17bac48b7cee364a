"""Grafana's dashboard: it loads, can be read, and asks for what there is."""

import itertools
import re

import pytest

from support import observe, promql
from support.processes import ROOT

BOARD = observe.dashboard()
PANELS = BOARD["panels"]
DATA = [panel for panel in PANELS if panel["type"] != "row"]
QUERIES = list(observe.queries())

ROW = re.compile(r"^\| `(?P<name>\w+)` \| (?P<type>\w+) \|(?P<labels>[^|]*)\|", re.MULTILINE)
METRICS = {row["name"]: row for row in ROW.finditer((ROOT / "docs" / "METRICS.md").read_text())}
FROM_ELSEWHERE = {
    "up",
    "ALERTS",
    "process_start_time_seconds",
    "process_resident_memory_bytes",
    "process_cpu_seconds_total",
}
"""What Prometheus itself and its Python client know of any process."""

OF_ANY_TARGET = {"job", "instance", "survey"}
"""Labels that prometheus.yml gives to what it reads."""


def labels(metric: str) -> set[str]:
    """Return the labels that ``metric`` may have. Raises `KeyError` if docs/METRICS.md does not know it."""
    if metric in FROM_ELSEWHERE:
        return OF_ANY_TARGET | {"alertname", "alertstate"}
    if metric in METRICS:
        return OF_ANY_TARGET | set(re.findall(r"`(\w+)`", METRICS[metric]["labels"]))
    histogram, part = metric.rsplit("_", 1)
    if part not in {"bucket", "sum", "count"} or METRICS[histogram]["type"] != "histogram":
        raise KeyError(metric)
    return labels(histogram) | {"le"}


@pytest.mark.parametrize("name", ["id", "title"])
def test_panels_can_be_told_apart(name: str) -> None:
    names = [panel[name] for panel in PANELS]

    assert len(set(names)) == len(names)


def test_every_panel_says_what_it_is() -> None:
    assert all(panel["title"] and panel["description"] for panel in DATA)


def test_no_panel_covers_another_and_none_leaves_the_grid() -> None:
    places = [panel["gridPos"] for panel in PANELS]

    assert all(place["x"] >= 0 and place["x"] + place["w"] <= 24 for place in places)
    for one, other in itertools.combinations(places, 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart, (one, other)


def test_every_panel_says_its_unit_and_what_no_data_mean() -> None:
    for panel in DATA:
        defaults = panel["fieldConfig"]["defaults"]
        assert defaults["unit"], panel["title"]
        assert defaults["noValue"], panel["title"]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.place)
def test_a_query_asks_for_metrics_and_labels_that_there_are(query: observe.Query) -> None:
    asked = promql.metrics(query.expression)

    assert asked
    known = set().union(*(labels(metric) for metric in asked))
    assert promql.grouping_labels(query.expression) <= known
    for metric, label in promql.selected_labels(query.expression):
        assert label in labels(metric), metric


@pytest.mark.parametrize("panel", DATA, ids=lambda panel: panel["title"])
def test_a_legend_names_labels_that_its_query_keeps(panel: dict[str, object]) -> None:
    for target in observe.targets(panel):
        expression = observe.replaced(target["expr"])
        grouped = promql.grouping_labels(expression)
        kept = grouped or set().union(*(labels(metric) for metric in promql.metrics(expression)))
        assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= kept


def test_every_metric_is_shown() -> None:
    shown = {
        metric.removesuffix("_bucket")
        for query in QUERIES
        if not query.place.startswith("alarm")
        for metric in promql.metrics(query.expression)
    }

    assert set(METRICS) - shown == set()


def test_dashboard_and_queries_use_the_prometheus_that_is_provisioned() -> None:
    (source,) = observe.yaml_file("grafana", "provisioning/datasources/prometheus.yml")["datasources"]
    variables = {variable["name"]: variable for variable in BOARD["templating"]["list"]}

    assert variables["datasource"]["current"]["value"] == source["uid"]
    uses = [target["datasource"]["uid"] for panel in DATA for target in observe.targets(panel)]
    assert set(uses) == {"${datasource}"}
    scrapes = observe.yaml_file("prometheus", "prometheus.yml")["global"]["scrape_interval"]
    assert source["jsonData"]["timeInterval"] == scrapes


def test_every_variable_of_a_query_is_the_dashboards_or_grafanas() -> None:
    own = {f"${variable['name']}" for variable in BOARD["templating"]["list"]}
    used = {
        name for panel in DATA for target in observe.targets(panel) for name in re.findall(r"\$\w+", target["expr"])
    }

    assert used <= set(observe.VARIABLES)
    assert {name for name in used if not name.startswith("$__")} <= own
