"""Kafka's jars: pinned by a lock, fetched once, hashed before every use."""

import fcntl
import hashlib
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from demo.kafka.errors import JarsUnavailableError

KAFKA_VERSION = "4.3.0"

LOCK = Path(__file__).with_name("jars.lock")
"""One line per jar: groupId:artifactId:version, a space, sha256. Written by ``python -m demo.kafka.lock``."""


@dataclass(frozen=True, kw_only=True)
class Jar:
    """One line of the lock."""

    coordinate: str
    """groupId:artifactId:version."""
    sha256: str

    @property
    def file_name(self) -> str:
        """Its name in Maven's repository and in the cache."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"

    def intact_in(self, folder: Path) -> bool:
        """Whether the file in ``folder`` is, byte for byte, the one that was locked."""
        try:
            with (folder / self.file_name).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == self.sha256
        except OSError:
            return False


def locked_jars(lock: Path = LOCK) -> tuple[Jar, ...]:
    """Read the lock; empty lines and lines that start with # say nothing."""
    lines = [line.split() for line in lock.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    return tuple(Jar(coordinate=coordinate, sha256=sha256) for coordinate, sha256 in lines)


def cache_folder() -> Path:
    """Where everything that outlives a local Kafka is kept.

    ``kafka-<version>`` in $FINK_SKYPORTAL_CACHE, else in ``fink-skyportal`` of $XDG_CACHE_HOME, else of ``~/.cache``.
    """
    own = os.environ.get("FINK_SKYPORTAL_CACHE")
    shared = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return (Path(own) if own else Path(shared) / "fink-skyportal").expanduser().absolute() / f"kafka-{KAFKA_VERSION}"


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other process changes ``folder``, and keep the others waiting meanwhile.

    Sweeps away what a process left that was killed in the middle of a change.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("w")
    except OSError as error:
        raise JarsUnavailableError(
            f"the cache {folder} cannot be written ({error}): mend that, or set FINK_SKYPORTAL_CACHE to another folder"
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for leftover in folder.glob(".scratch-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        yield


def ensure_jars(folder: Path, jars: Sequence[Jar] | None = None, repository: str = "") -> list[Path]:
    """Return every locked jar's path in ``folder``, verified; fetch those that are missing or not as locked.

    ``repository`` is the address of another Maven repository than Maven's own.
    Raises JarsUnavailableError if a jar cannot be had.
    """
    wanted = locked_jars() if jars is None else jars
    if not all(jar.intact_in(folder) for jar in wanted):
        with alone_in(folder):
            # Another process may have fetched them while we waited.
            missing = [jar for jar in wanted if not jar.intact_in(folder)]
            if missing:
                from demo.kafka.fetch import fetch  # noqa: PLC0415 - an HTTP client, 0.2 s, needed once in a lifetime

                print(f"Fetching {len(missing)} of Kafka's {len(wanted)} jars into {folder}", file=sys.stderr)
                fetch(missing, folder, repository)
    return [folder / jar.file_name for jar in wanted]
