"""What each file in ``deploy/kubernetes`` promises; needs no kustomize."""

import re
import tomllib
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from pydantic import SecretStr

from processor.settings import ProcessorSettings
from runtime.settings import ProcessSettings, SettingsError, load, secret_from_file
from sink.settings import OWN_PREFIXES, SinkSettings
from support import manifests
from support.manifests import Manifest

OLDEST, NEWEST = "1.27", kubernetes_validate.latest_version().rpartition(".")[0]
WITHOUT_SCHEMA = {"PodMonitor"}
"""Of the Prometheus operator; everything else is Kubernetes' own."""

SETTINGS: dict[str, type[ProcessSettings]] = {"processor": ProcessorSettings, "sink": SinkSettings}
PORT_SETTINGS = {"processor": "processor_metrics_port", "sink": "sink_metrics_port"}

OURS = manifests.ours()
LOOPS = {name: workload for name, workload in OURS.items() if name != "console"}
KAFKA = manifests.all_of("StatefulSet")["kafka"]

by_name = pytest.mark.parametrize("name", OURS)
by_loop = pytest.mark.parametrize("name", LOOPS)


def names_of(settings: type[ProcessSettings]) -> set[str]:
    """Return the variables that a process reads, those for files included."""
    fields = settings.model_fields
    return {name.upper() for name in fields} | {f"{name}_FILE".upper() for name in fields if is_secret(settings, name)}


def is_secret(settings: type[ProcessSettings], name: str) -> bool:
    """Say whether a setting may stand in a file of its own."""
    annotation = settings.model_fields[name].annotation
    return annotation is SecretStr


def pod(workload: Manifest) -> dict[str, Any]:
    """Return the specification of a workload's pods."""
    return dict(workload["spec"]["template"]["spec"])


def environment(workload: Manifest) -> dict[str, str]:
    """Return the variables that stand in the workload itself."""
    return {entry["name"]: entry.get("value", "") for entry in manifests.container(workload)["env"]}


def test_something_is_looked_at() -> None:
    assert set(OURS) == {"processor", "sink", "console"}


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("path", manifests.files(), ids=lambda path: str(path.relative_to(manifests.FOLDER)))
def test_kubernetes_knows_every_field(path: Path, version: str) -> None:
    for resource in manifests.read(path):
        if resource["kind"] not in WITHOUT_SCHEMA:
            kubernetes_validate.validate(resource, version, strict=True)


@by_name
def test_a_pod_may_do_nothing_that_it_need_not(name: str) -> None:
    whole, own = pod(OURS[name]), manifests.container(OURS[name])["securityContext"]

    assert whole["automountServiceAccountToken"] is False
    assert whole["securityContext"]["runAsNonRoot"] is True
    assert whole["securityContext"]["runAsUser"] == 1000
    assert whole["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert own == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


@by_name
def test_only_tmp_can_be_written_to(name: str) -> None:
    volumes = {volume["name"]: volume for volume in pod(OURS[name])["volumes"]}
    mounts = manifests.container(OURS[name])["volumeMounts"]

    writable = {mount["mountPath"] for mount in mounts if not mount.get("readOnly")}

    assert writable == {"/tmp"}  # noqa: S108  # the pod's own
    assert {"emptyDir" in volumes[mount["name"]] for mount in mounts if mount["mountPath"] in writable} == {True}
    assert set(volumes) == {mount["name"] for mount in mounts}


@by_name
def test_services_of_the_namespace_put_nothing_into_the_environment(name: str) -> None:
    assert pod(OURS[name])["enableServiceLinks"] is False


def test_a_service_named_skyportal_would_otherwise_keep_sinks_from_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYPORTAL_PORT", "tcp://10.0.0.1:80")

    with pytest.raises(SettingsError, match="SKYPORTAL_PORT: unknown variable"):
        load(SinkSettings, own_prefixes=OWN_PREFIXES)


@by_name
def test_every_variable_is_a_setting_of_its_process(name: str) -> None:
    workload = OURS[name]
    sources = {source["configMapRef"]["name"] for source in manifests.container(workload)["envFrom"]}
    given = set(environment(workload)) | {
        variable
        for generator, what in manifests.generators()
        if generator in sources or generator.removesuffix("-ztf").removesuffix("-lsst") in sources
        for variable in manifests.settings_in(what)
    }

    assert "KAFKA_BOOTSTRAP_SERVERS" in given
    assert given - names_of(SETTINGS[manifests.half(workload)]) == set()


@by_name
def test_no_secret_is_in_the_environment(name: str) -> None:
    workload = OURS[name]
    settings = SETTINGS[manifests.half(workload)]
    secrets = {one.upper() for one in settings.model_fields if is_secret(settings, one)} | {"SKYPORTAL_TOKEN"}
    literals = {variable for _, what in manifests.generators() for variable in manifests.settings_in(what)}

    assert all("valueFrom" not in entry for entry in manifests.container(workload)["env"])
    assert all("secretRef" not in source for source in manifests.container(workload)["envFrom"])
    assert (set(environment(workload)) | literals) & secrets == set()


@by_name
def test_what_may_change_while_a_process_runs_is_mounted_as_a_folder(name: str) -> None:
    """Kubernetes replaces a folder's files, and never a file that is mounted by subPath."""
    mounts = manifests.container(OURS[name])["volumeMounts"]

    assert [mount for mount in mounts if "subPath" in mount or "subPathExpr" in mount] == []


@pytest.mark.parametrize("name", ["sink", "console"])
def test_token_and_routes_are_where_their_settings_say(name: str) -> None:
    mounts = {mount["mountPath"]: mount["name"] for mount in manifests.container(OURS[name])["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod(OURS[name])["volumes"]}
    generators = dict(manifests.generators())
    token = Path(environment(OURS[name])["SKYPORTAL_TOKEN_FILE"])
    routes = next(
        Path(given["SINK_ROUTES"])
        for _, what in manifests.generators()
        if "SINK_ROUTES" in (given := manifests.settings_in(what))
    )
    secret = volumes[mounts[str(token.parent)]]["secret"]

    assert token.name in secrets_of_the_readme()[secret["secretName"]]
    assert "optional" not in secret
    assert volumes[mounts[str(routes.parent)]]["configMap"]["name"] == "routes"
    assert generators["routes"]["files"] == [routes.name]


def secrets_of_the_readme() -> dict[str, set[str]]:
    """Return the Secrets that the README has a reader make, and their keys."""
    commands = manifests.README.read_text().replace("\\\n", " ")
    made = re.findall(r"create secret generic (\S+)(.*)", commands)
    return {name: set(re.findall(r"--from-file=([\w.]+)", rest)) for name, rest in made}


@by_name
def test_every_secret_is_made_by_a_command_of_the_readme(name: str) -> None:
    used = {volume["secret"]["secretName"] for volume in pod(OURS[name])["volumes"] if "secret" in volume}

    assert used - set(secrets_of_the_readme()) == set()


@by_name
def test_a_secret_can_be_read_by_the_pod_and_nobody_else(name: str) -> None:
    group_reads = 0o440
    modes = {volume["secret"]["defaultMode"] for volume in pod(OURS[name])["volumes"] if "secret" in volume}

    assert modes == {group_reads}
    assert pod(OURS[name])["securityContext"]["fsGroup"] == pod(OURS[name])["securityContext"]["runAsGroup"]


def test_another_token_behind_the_link_that_kubernetes_moves_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKYPORTAL_TOKEN_FILE", str(tmp_path / "token"))
    for folder, token in (("..one", "old"), ("..two", "new")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "token").write_text(f"{token}\n")
    (tmp_path / "..data").symlink_to("..one")
    (tmp_path / "token").symlink_to("..data/token")
    before = secret_from_file("skyportal_token")
    (tmp_path / "..data_tmp").symlink_to("..two")
    (tmp_path / "..data_tmp").replace(tmp_path / "..data")

    assert (before, secret_from_file("skyportal_token")) == ("old", "new")


@by_loop
def test_probes_ask_the_loop_and_nobody_else(name: str) -> None:
    """/readyz is 503 in an outage of SkyPortal: a restart would not help, and an update would wait for its end."""
    container = manifests.container(LOOPS[name])
    probes = [container[probe]["httpGet"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")]

    assert probes == [{"path": "/healthz", "port": "metrics"}] * 3


@by_loop
def test_ports_are_the_defaults_of_the_settings(name: str) -> None:
    half = manifests.half(LOOPS[name])
    (port,) = manifests.container(LOOPS[name])["ports"]

    assert port == {"name": "metrics", "containerPort": SETTINGS[half].model_fields[PORT_SETTINGS[half]].default}
    assert environment(LOOPS[name])[f"{half.upper()}_METRICS_HOST"] == "0.0.0.0"  # noqa: S104  # the pod's own


@by_loop
def test_an_update_takes_no_process_away_before_another_has_lasted(name: str) -> None:
    spec = LOOPS[name]["spec"]

    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert spec["minReadySeconds"] > ProcessSettings.model_fields["kafka_connect_timeout_s"].default
    assert pod(LOOPS[name])["terminationGracePeriodSeconds"] == 30


@by_name
def test_it_runs_the_version_that_it_came_with(name: str) -> None:
    project = tomllib.loads((manifests.FOLDER.parents[1] / "pyproject.toml").read_text())["project"]
    image = manifests.container(OURS[name])["image"]

    assert image == f"{project['name']}-{manifests.half(OURS[name])}:{project['version']}"


@by_name
def test_a_pod_says_what_it_needs(name: str) -> None:
    """No limit of the processor's time: who is throttled misses Kafka's heartbeats."""
    resources = manifests.container(OURS[name])["resources"]

    assert set(resources["requests"]) == {"cpu", "memory"}
    assert set(resources["limits"]) == {"memory"}


@pytest.mark.parametrize("workload", [*OURS.values(), KAFKA], ids=lambda workload: workload["metadata"]["name"])
def test_a_workload_finds_its_own_pods(workload: Manifest) -> None:
    labels = workload["spec"]["template"]["metadata"]["labels"]

    assert workload["spec"]["selector"]["matchLabels"].items() <= labels.items()


@by_loop
def test_a_node_can_be_drained_whatever_the_number_of_replicas(name: str) -> None:
    spec = manifests.all_of("PodDisruptionBudget")[name]["spec"]

    assert spec["selector"] == LOOPS[name]["spec"]["selector"]
    assert (spec["maxUnavailable"], spec.get("minAvailable")) == (1, None)
    assert spec["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


@by_loop
def test_the_prometheus_operator_finds_each_process(name: str) -> None:
    monitor = manifests.all_of("PodMonitor")[name]["spec"]
    (endpoint,) = monitor["podMetricsEndpoints"]
    labels = LOOPS[name]["spec"]["template"]["metadata"]["labels"]
    wanted = {label: value for label, value in monitor["selector"]["matchLabels"].items() if "part-of" not in label}

    assert wanted.items() <= labels.items()
    assert labels[monitor["jobLabel"]] == name
    assert endpoint["port"] == manifests.container(LOOPS[name])["ports"][0]["name"]


def test_the_lab_broker_remembers_groups_for_longer_than_topics_keep_records() -> None:
    minutes = int(environment(KAFKA)["KAFKA_OFFSETS_RETENTION_MINUTES"])

    assert minutes > 24 * 60 * ProcessSettings.model_fields["kafka_topic_retention_days"].default


def test_the_lab_broker_promises_what_the_one_of_compose_does() -> None:
    compose = yaml.safe_load((manifests.FOLDER.parents[1] / "docker-compose.yml").read_text())
    there = {name: str(value) for name, value in compose["services"]["kafka"]["environment"].items()}
    own_place = re.compile("KAFKA_(.*LISTENER.*|LOG_DIRS|HEAP_OPTS)")

    here = environment(KAFKA)

    assert here.keys() <= there.keys()
    differ = {name for name in there if there[name] != here.get(name)} - {"USED", "CLUSTER_ID"}
    assert {name for name in differ if not own_place.fullmatch(name)} == set()


def test_the_lab_broker_keeps_its_records_in_its_claim() -> None:
    (mount,) = manifests.container(KAFKA)["volumeMounts"]
    (claim,) = KAFKA["spec"]["volumeClaimTemplates"]

    assert mount["name"] == claim["metadata"]["name"]
    assert Path(environment(KAFKA)["KAFKA_LOG_DIRS"]).parent == Path(mount["mountPath"])
