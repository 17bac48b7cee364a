"""What Prometheus and Grafana are given: the alarms, and the queries of the dashboard.

``python -m support.observe http://localhost:9090`` sends them all to a running Prometheus and says which find data.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import requests
import yaml
from rich.console import Console

from support.processes import ROOT

PROMETHEUS = ROOT / "deploy" / "prometheus"
GRAFANA = ROOT / "deploy" / "grafana"

VARIABLES = {"$__rate_interval": "1m", "$__range": "1h", "$survey": ".*", "$sink": ".*"}
"""What Grafana puts in the place of the dashboard's variables."""

ANSWER_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Query:
    """One PromQL expression, and where it stands."""

    place: str
    expression: str


def yaml_file(folder: str, name: str) -> Any:
    """Return what a YAML file of ``deploy/`` holds."""
    return yaml.safe_load((ROOT / "deploy" / folder / name).read_text())


def alarms() -> list[dict[str, Any]]:
    """Return every alarm, as Prometheus reads it."""
    return [rule for group in yaml_file("prometheus", "alerts.yml")["groups"] for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    """Return the dashboard, as Grafana reads it."""
    board: dict[str, Any] = json.loads((GRAFANA / "dashboards" / "fink-skyportal.json").read_text())
    return board


def targets(panel: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the queries of a panel; a row has none."""
    return list(panel.get("targets", ()))


def queries() -> Iterator[Query]:
    """Yield every expression of the alarms and of the dashboard, its variables replaced."""
    for rule in alarms():
        yield Query(place=f"alarm {rule['alert']}", expression=rule["expr"])
    board = dashboard()
    for panel in board["panels"]:
        for target in targets(panel):
            name = f"panel {panel['id']} {panel['title']}, {target['refId']}"
            yield Query(place=name, expression=replaced(target["expr"]))
    for note in board["annotations"]["list"]:
        if "expr" in note:
            yield Query(place=f"annotation {note['name']}", expression=replaced(note["expr"]))


def series(prometheus: str, query: Query) -> int:
    """Return how many series ``query`` finds now. Raises `ValueError` with Prometheus' words if it is no PromQL."""
    answer = requests.post(f"{prometheus}/api/v1/query", data={"query": query.expression}, timeout=ANSWER_S).json()
    if answer["status"] != "success":
        raise ValueError(f"{query.place}: {answer['error']}")
    return len(answer["data"]["result"])


def replaced(expression: str) -> str:
    """Return ``expression`` as Grafana sends it."""
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    return expression


if __name__ == "__main__":
    console = Console()
    for one in queries():
        console.print(f"{series(sys.argv[1].rstrip('/'), one):6}  {one.place}", highlight=False, markup=False)
