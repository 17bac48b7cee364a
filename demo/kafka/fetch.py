"""Fetch jars from Maven's repository, without Maven and without Java."""

import hashlib
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jgo.maven import MavenContext

from demo.kafka.errors import JarsUnavailableError
from demo.kafka.jars import Jar

ATTEMPTS = 3
AT_ONCE = 4
TIMEOUT_SECONDS = 30


def fetch(jars: Sequence[Jar], folder: Path, repository: str = "") -> None:
    """Put each jar into ``folder``, whole and as locked, or not at all.

    Raises JarsUnavailableError for the first that cannot be had; what was fetched before stays.
    """
    # In the same file system as the jars' place, so that the last step can be a rename.
    with tempfile.TemporaryDirectory(prefix=".scratch-", dir=folder) as scratch, ThreadPoolExecutor(AT_ONCE) as pool:
        fetched = [pool.submit(fetch_one, jar, folder, Path(scratch), repository) for jar in jars]
        try:
            for one in fetched:
                one.result()
        finally:
            pool.shutdown(cancel_futures=True)


def fetch_one(jar: Jar, folder: Path, scratch: Path, repository: str) -> None:
    """Fetch one jar into ``scratch``, compare it with the lock, move it to its place."""
    why = "it was not tried"
    for attempt in range(ATTEMPTS):
        # jgo writes under the jar's final name and only warns of a wrong checksum: never in the jars' own place.
        context = MavenContext(
            repo_cache=scratch / jar.coordinate / str(attempt),
            remote_repos={"here": repository} if repository else None,  # None is Maven's own
            timeout=TIMEOUT_SECONDS,
        )
        try:
            file = context.create_dependency(jar.coordinate).artifact.resolve()
        except (OSError, RuntimeError) as error:  # OSError covers every way in which HTTP fails
            why = str(error)
            continue
        found = hashlib.sha256(file.read_bytes()).hexdigest()
        if found == jar.sha256:
            file.replace(folder / jar.file_name)
            return
        why = f"what came has sha256 {found}, the lock demands {jar.sha256}"
    raise JarsUnavailableError(
        f"{jar.coordinate} could not be fetched from Maven's repository into {folder}, tried {ATTEMPTS} times: {why}. "
        "See that the network reaches Maven's repository and start again, or copy that folder from a machine where "
        "it is filled."
    )
