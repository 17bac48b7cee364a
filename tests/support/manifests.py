"""What ``deploy/kubernetes`` says: its files one by one, and what kustomize makes of them."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
README = FOLDER / "README.md"

Manifest = dict[str, Any]


def files() -> list[Path]:
    """Return the files that hold resources."""
    return sorted(path for path in FOLDER.rglob("*.yaml") if path.name != "kustomization.yaml")


def read(path: Path) -> list[Manifest]:
    """Return the resources in a file."""
    return list(yaml.safe_load_all(path.read_text()))


def all_of(kind: str) -> dict[str, Manifest]:
    """Return the resources of a kind in all files, by name."""
    return {one["metadata"]["name"]: one for path in files() for one in read(path) if one["kind"] == kind}


def ours() -> dict[str, Manifest]:
    """Return the Deployments, by name: what runs our own images."""
    return all_of("Deployment")


def container(workload: Manifest) -> Manifest:
    """Return the one container of a workload's pods."""
    (only,) = workload["spec"]["template"]["spec"]["containers"]
    return dict(only)


def half(workload: Manifest) -> str:
    """Return whose image a workload runs: ``processor`` or ``sink``."""
    name: str = container(workload)["image"].rpartition("/")[2].partition(":")[0]
    return name.removeprefix("fink-skyportal-")


def generators() -> Iterator[tuple[str, Manifest]]:
    """Yield name and description of each ConfigMap that kustomize makes."""
    for path in sorted(FOLDER.rglob("kustomization.yaml")):
        for generator in yaml.safe_load(path.read_text()).get("configMapGenerator", []):
            yield generator["name"], generator


def settings_in(generator: Manifest) -> dict[str, str]:
    """Return the variables of such a ConfigMap."""
    return dict(literal.split("=", 1) for literal in generator.get("literals", []))


def kustomize() -> list[str]:
    """Return the command that renders a folder; nothing where there is none."""
    for command in (["kustomize", "build"], ["kubectl", "kustomize"]):
        if shutil.which(command[0]):
            return command
    return []


def rendered(folder: Path) -> list[Manifest]:
    """Return the resources that kustomize makes of a folder. Raises `CalledProcessError` if it cannot."""
    made = subprocess.run([*kustomize(), str(folder)], check=True, capture_output=True, text=True, timeout=60)
    return list(yaml.safe_load_all(made.stdout))
