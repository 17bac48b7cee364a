"""The Docker engine of this machine, through its command lines."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PATIENCE_S = 1500.0
"""Longer than any wait of the story's own, and than a first build."""
LAST_LINES = 25
VARIABLE = re.compile(r"\$\{([A-Z_]+)")


class Broken(Exception):
    """Something is not as it is promised; the text says what."""


def run(
    command: Sequence[str], *, environment: Mapping[str, str] | None = None, ends_with: tuple[int, ...] = (0,)
) -> str:
    """Return what a command prints. Raises `Broken` with its last lines if its status is not one of ``ends_with``."""
    try:
        ended = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Broken(f"{' '.join(command)} has not ended in {PATIENCE_S:.0f} s") from error
    if ended.returncode not in ends_with:
        said = (ended.stdout + ended.stderr).splitlines()[-LAST_LINES:]
        raise Broken("\n".join([f"{' '.join(command)} ended with {ended.returncode}:", *said]))
    return ended.stdout if ended.returncode == 0 else ended.stdout + ended.stderr


def docker(*arguments: str) -> str:
    """Return what ``docker`` prints."""
    return run(["docker", *arguments])


def inspect(*names: str) -> list[dict[str, Any]]:
    """Return what the engine knows of containers or images."""
    found: list[dict[str, Any]] = json.loads(docker("inspect", *names))
    return found


def compose_command() -> list[str]:
    """Return the words that begin a command of Compose: of version 2, else of version 1. Raises `Broken`."""
    if not shutil.which("docker"):
        raise Broken("no docker here: install the Docker engine (docs.docker.com/engine/install)")
    try:
        docker("info")
    except Broken as broken:
        raise Broken(f"no Docker engine answers: start it, and see that you may use it\n{broken}") from broken
    for words in (["docker", "compose"], ["docker-compose"]):
        if (
            shutil.which(words[0])
            and subprocess.run([*words, "version"], capture_output=True, check=False).returncode == 0
        ):
            return words
    raise Broken("no Docker Compose here: install the plugin (docs.docker.com/compose/install)")


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a command of Compose: ``settings``, and none of the caller's own."""
    asked_for = set(VARIABLE.findall((ROOT / "docker-compose.yml").read_text()))
    ours = ("FINK_", "KAFKA_", "SINK_", "SKYPORTAL_", "PROCESSOR_", "COMPOSE_")
    kept = {name: value for name, value in os.environ.items() if name not in asked_for and not name.startswith(ours)}
    if subprocess.run(["docker", "buildx", "version"], capture_output=True, check=False).returncode != 0:
        kept["DOCKER_BUILDKIT"] = "0"  # an engine without the builder's plugin
    return {**kept, **settings}


def is_there(image: str) -> bool:
    """Say whether the engine has the image, or gets it."""
    if subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False).returncode == 0:
        return True
    return subprocess.run(["docker", "pull", "--quiet", image], capture_output=True, check=False).returncode == 0


def megabytes(image: str) -> float:
    """Return the size of an image, in units of 10^6 bytes."""
    return float(inspect(image)[0]["Size"]) / 1e6
