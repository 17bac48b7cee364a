"""Write ``jars.lock`` anew: ``python -m demo.kafka.lock``.

For a change of Kafka's version: change ``KAFKA_VERSION``, run this, read the lock's diff, run the tests. It resolves
Kafka's dependencies in Maven's repository and believes what is there today; from then on nothing else is accepted.
"""

import hashlib
import tempfile
from pathlib import Path

from jgo.maven import MavenContext

from demo.kafka.errors import LocalKafkaError
from demo.kafka.jars import KAFKA_VERSION, LOCK, Jar

ROOTS = (f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}", "org.slf4j:slf4j-simple:1.7.36")
"""The broker, and a logger that needs no configuration file, of the slf4j that Kafka was built with."""


def resolve() -> list[Jar]:
    """Find, fetch and hash all jars that the roots need to run."""
    with tempfile.TemporaryDirectory() as scratch:
        context = MavenContext(repo_cache=Path(scratch), timeout=30)
        roots, others = context.resolver.resolve([context.create_dependency(root) for root in ROOTS])
        needed = roots + [other for other in others if other.scope in {"compile", "runtime"}]
        return sorted(
            (
                Jar(
                    coordinate=f"{one.groupId}:{one.artifactId}:{one.version}",
                    sha256=hashlib.sha256(Path(one.artifact.resolve()).read_bytes()).hexdigest(),
                )
                for one in needed
            ),
            key=lambda jar: jar.coordinate,
        )


def written(jars: list[Jar]) -> str:
    """Render the lock; refuse one that would run another Kafka than the one that was asked for."""
    # A root that brings a bill of materials of its own can replace Kafka's clients by older ones without a word.
    for jar in jars:
        if jar.coordinate.startswith("org.apache.kafka:") and not jar.coordinate.endswith(f":{KAFKA_VERSION}"):
            raise LocalKafkaError(f"{jar.coordinate} is not of Kafka {KAFKA_VERSION}: see which root brings it")
    lines = [f"{jar.coordinate} {jar.sha256}\n" for jar in jars]
    return "".join(["# Kafka's jars: coordinate and sha256. Written by: python -m demo.kafka.lock\n", *lines])


if __name__ == "__main__":
    LOCK.write_text(written(resolve()), encoding="utf-8")
