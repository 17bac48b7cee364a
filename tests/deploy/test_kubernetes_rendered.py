"""What kustomize makes of ``deploy/kubernetes``. Where it is not installed, the files alone are looked at."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from processor.settings import ProcessorSettings
from runtime.settings import ProcessSettings, SettingsError, load
from sink.routing import routes
from sink.settings import OWN_PREFIXES, SinkSettings
from support import manifests
from support.manifests import Manifest

pytestmark = pytest.mark.skipif(not manifests.kustomize(), reason="neither kustomize nor kubectl is installed")

EXAMPLE = manifests.FOLDER / "example"
PREFIXES = {"processor": ("FINK_", "PROCESSOR_"), "sink": OWN_PREFIXES}
SETTINGS: dict[str, type[ProcessSettings]] = {"processor": ProcessorSettings, "sink": SinkSettings}


@pytest.fixture(scope="module")
def site() -> list[Manifest]:
    """Render the example of a site."""
    return manifests.rendered(EXAMPLE)


def of(kind: str, resources: list[Manifest]) -> dict[str, Manifest]:
    """Return the resources of a kind, by name."""
    return {one["metadata"]["name"]: one for one in resources if one["kind"] == kind}


def environment(workload: Manifest, resources: list[Manifest]) -> dict[str, str]:
    """Return the whole environment of a workload's container."""
    container = manifests.container(workload)
    found: dict[str, str] = {}
    for source in container["envFrom"]:
        found |= of("ConfigMap", resources)[source["configMapRef"]["name"]]["data"]
    return found | {entry["name"]: entry["value"] for entry in container["env"]}


def allowed(workload: Manifest, resources: list[Manifest]) -> Iterator[range]:
    """Yield the ports that a workload's pods may call."""
    for policy in of("NetworkPolicy", resources).values():
        if selects(policy["spec"]["podSelector"], workload):
            for rule in policy["spec"].get("egress", []):
                for port in rule["ports"]:
                    yield range(port["port"], port.get("endPort", port["port"]) + 1)


def selects(selector: dict[str, Any], workload: Manifest) -> bool:
    """Say whether a selector matches a workload's pods."""
    labels = workload["spec"]["template"]["metadata"]["labels"]
    return selector.get("matchLabels", {}).items() <= labels.items() and all(
        expression["operator"] == "In" and labels.get(expression["key"]) in expression["values"]
        for expression in selector.get("matchExpressions", [])
    )


@pytest.mark.parametrize("version", ["1.27", kubernetes_validate.latest_version().rpartition(".")[0]])
def test_kubernetes_knows_every_field_of_what_a_site_applies(site: list[Manifest], version: str) -> None:
    assert len(site) > len(manifests.ours())
    for resource in site:
        kubernetes_validate.validate(resource, version, strict=True)


def test_every_file_that_is_referred_to_exists(site: list[Manifest]) -> None:
    maps, workloads = of("ConfigMap", site), of("Deployment", site)
    used = {
        *(s["configMapRef"]["name"] for w in workloads.values() for s in manifests.container(w)["envFrom"]),
        *(
            volume["configMap"]["name"]
            for workload in workloads.values()
            for volume in workload["spec"]["template"]["spec"]["volumes"]
            if "configMap" in volume
        ),
    }

    assert used == set(maps)


def test_everything_is_in_the_namespace_of_the_site(site: list[Manifest]) -> None:
    assert {resource["metadata"]["namespace"] for resource in site} == {"fink"}


def test_every_process_starts_with_what_a_site_says(
    site: list[Manifest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("a-token")
    surveys = []
    for workload in of("Deployment", site).values():
        with monkeypatch.context() as patch:
            for name, value in environment(workload, site).items():
                patch.setenv(name, str(tmp_path / "token") if name.endswith("_FILE") else value)
            half = manifests.half(workload)
            settings = load(SETTINGS[half], own_prefixes=PREFIXES[half])
            surveys += [str(settings.fink_survey)] if isinstance(settings, ProcessorSettings) else []

    assert sorted(surveys) == ["lsst", "ztf"]


def test_what_only_a_site_can_know_has_no_value_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A group at Fink that two sites share would give each of them half of the alerts."""
    base = manifests.rendered(manifests.FOLDER / "base")
    for name, value in environment(of("Deployment", base)["processor-ztf"], base).items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError, match=r"FINK_GROUP_ID: not set.*\n.*FINK_TOPICS: not set"):
        load(ProcessorSettings, own_prefixes=PREFIXES["processor"])


def test_other_settings_replace_the_pods_and_other_routes_do_not(site: list[Manifest]) -> None:
    hashed = {name for name in of("ConfigMap", site) if re.search(r"-[a-z0-9]{10}$", name)}

    assert set(of("ConfigMap", site)) - hashed == {"routes"}


def test_the_routes_of_base_and_example_can_be_read() -> None:
    for folder in ("base/sink", "example"):
        assert routes.read(manifests.FOLDER / folder / "routes.toml").text.strip()


def test_names_can_be_looked_up_and_every_server_of_a_process_can_be_called(site: list[Manifest]) -> None:
    for name, workload in of("Deployment", site).items():
        given = environment(workload, site)
        servers = [given["KAFKA_BOOTSTRAP_SERVERS"], given.get("FINK_SERVERS", "")]
        ports = {53, *(int(one.rpartition(":")[2]) for one in servers if one)} | (
            {443} if "SKYPORTAL_URL" in given else set()
        )
        open_ports = list(allowed(workload, site))

        assert {port for port in ports if not any(port in some for some in open_ports)} == set(), name


def test_every_pod_of_ours_is_closed_to_whom_no_policy_names(site: list[Manifest]) -> None:
    policies = of("NetworkPolicy", site).values()
    for workload in [*of("Deployment", site).values(), *of("StatefulSet", site).values()]:
        both_ways = [p for p in policies if set(p["spec"]["policyTypes"]) == {"Ingress", "Egress"}]
        assert any(selects(policy["spec"]["podSelector"], workload) for policy in both_ways)


def test_monitoring_may_ask_each_process_for_its_metrics(site: list[Manifest]) -> None:
    for name, workload in of("Deployment", site).items():
        if name == "console":
            continue
        (port,) = manifests.container(workload)["ports"]
        entries = [
            entry["port"]
            for policy in of("NetworkPolicy", site).values()
            if selects(policy["spec"]["podSelector"], workload)
            for rule in policy["spec"].get("ingress", [])
            for entry in rule["ports"]
        ]
        assert port["containerPort"] in entries


def test_the_lab_broker_is_where_the_processes_look_for_it(site: list[Manifest]) -> None:
    (service,) = of("Service", site).values()
    kafka = of("StatefulSet", site)["kafka"]
    servers = {environment(workload, site)["KAFKA_BOOTSTRAP_SERVERS"] for workload in of("Deployment", site).values()}
    advertised = {entry["name"]: entry["value"] for entry in manifests.container(kafka)["env"]}

    assert selects({"matchLabels": service["spec"]["selector"]}, kafka)
    assert servers == {f"{service['metadata']['name']}:{service['spec']['ports'][0]['port']}"}
    assert advertised["KAFKA_ADVERTISED_LISTENERS"] == f"PLAINTEXT://{servers.pop()}"


def test_no_two_workloads_share_pods(site: list[Manifest]) -> None:
    workloads = [*of("Deployment", site).values(), *of("StatefulSet", site).values()]
    for workload in workloads:
        assert sum(selects(workload["spec"]["selector"], other) for other in workloads) == 1


def test_the_components_of_the_readme_can_be_added(tmp_path: Path) -> None:
    site = yaml.safe_load((EXAMPLE / "kustomization.yaml").read_text())
    copy = tmp_path / "kubernetes"
    for folder in ("base", "kafka-lab", "prometheus-operator", "example"):
        for path in (manifests.FOLDER / folder).rglob("*"):
            if path.is_file():
                target = copy / path.relative_to(manifests.FOLDER)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())
    site["components"] = ["../prometheus-operator"]
    (copy / "example" / "kustomization.yaml").write_text(yaml.safe_dump(site))

    resources = manifests.rendered(copy / "example")

    assert {"processor", "sink"} == set(of("PodMonitor", resources))
    assert of("StatefulSet", resources) == {}
