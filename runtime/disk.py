"""For how many days of alerts the broker's disk has room."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import time

from confluent_kafka.admin import ClusterMetadata

from runtime.checks import Finding, ok, size, unchecked, warning, wrong
from runtime.look import Look, mean_bytes, stamped_at

DAY_S = 86_400.0
LEAST_S = 3600.0
"""A rate is measured over an hour at least: a burst of a minute says nothing of a day."""

LEAST_DAYS = 2.0
"""A disk that is full sooner than this is wrong: it leaves no weekend to do anything."""

FOREVER_DAYS = 36_500.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Traffic:
    """What goes into a topic, and what of it is kept."""

    messages: int
    """Held now."""
    messages_a_day: float
    message_bytes: float
    """As a consumer gets it: before the topic's compression."""
    retention_days: float
    copies: float
    """On how many disks of a broker each message stands, on the average over the brokers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """A disk, and what it takes."""

    free_bytes: float
    held_bytes: float
    bytes_a_day: float
    retention_days: float

    @property
    def days_until_full(self) -> float:
        """Days until the disk is full if nothing expires; infinite without traffic."""
        return self.free_bytes / self.bytes_a_day if self.bytes_a_day else float("inf")

    @property
    def days_of_alerts(self) -> float:
        """Days of alerts that fit on the disk; infinite without traffic."""
        return (self.free_bytes + self.held_bytes) / self.bytes_a_day if self.bytes_a_day else float("inf")


def disk_findings(
    name: str,
    look: Look,
    broker: Mapping[str, str],
    cluster: ClusterMetadata,
    configurations: Mapping[str, Mapping[str, str]],
    given: Path | None,
) -> Iterator[Finding]:
    """Yield for how long the broker's disk has room for the topics of ``configurations``, as they are used now."""
    traffic = {topic: _traffic(look, topic, configuration, cluster) for topic, configuration in configurations.items()}
    folders = [given] if given else folders_here(broker, cluster)
    if given and not given.exists():
        yield wrong(name, f"--disk: there is no {given}", "name a folder on the disk of the broker")
        return
    if not any(one.messages_a_day for one in traffic.values()):
        free = f"; {size(_free(folders))} free at {_paths(folders)}" if folders else ""
        yield ok(name, f"nothing was written in the last day, so that its use cannot be foreseen{free}")
        return
    on_disk = _on_disk(folders, traffic)
    room = _room(traffic, on_disk, _free(folders) if folders else 0)
    measured = "measured in the broker's folder" if on_disk else "estimated from the newest messages, uncompressed"
    said = f"about {size(room.bytes_a_day)} a day ({measured})"
    if not folders:
        yield unchecked(
            name,
            f"{said}; the broker's disk is not on this machine, or not readable",
            "give a folder on the broker's disk as --disk, or look with df there: it should have room for "
            f"{size(room.bytes_a_day * room.retention_days)}",
        )
        return
    yield judged(name, room, f"{said}; {size(room.free_bytes)} free at {_paths(folders)}")


def judged(name: str, room: Room, said: str) -> Finding:
    """Return whether a disk is large enough: a cross below two days, a warning below the retention."""
    if room.days_of_alerts >= room.retention_days:
        return ok(name, f"{said}: room for what is kept, {room.retention_days:.3g} days of alerts")
    text = (
        f"{said}: full in {room.days_until_full:.1f} days at this rate, though alerts are to be kept for "
        f"{room.retention_days:.3g}"
    )
    to_do = "make the disk larger, free some of it, or keep less: retention.ms of the topics"
    return wrong(name, text, to_do) if room.days_until_full < LEAST_DAYS else warning(name, text, to_do)


def _traffic(look: Look, topic: str, configuration: Mapping[str, str], cluster: ClusterMetadata) -> Traffic:
    extent, now = look.extent(topic), time()
    oldest = min(stamped_at(look.messages(extent, extent.oldest())), default=now)
    period = min(DAY_S, max(now - oldest, LEAST_S))
    replicas = [len(part.replicas) for part in cluster.topics[topic].partitions.values()]
    milliseconds = float(configuration["retention.ms"])
    return Traffic(
        messages=extent.held,
        messages_a_day=look.messages_since(extent, now - period) * DAY_S / period,
        message_bytes=mean_bytes(look.messages(extent, extent.newest())),
        retention_days=milliseconds / 1000 / DAY_S if milliseconds >= 0 else FOREVER_DAYS,
        copies=sum(replicas) / len(replicas) / len(cluster.brokers),
    )


def _room(traffic: Mapping[str, Traffic], on_disk: Mapping[str, float], free_bytes: float) -> Room:
    held = {topic: on_disk.get(topic, one.messages * one.message_bytes * one.copies) for topic, one in traffic.items()}
    a_day = {topic: held[topic] / one.messages * one.messages_a_day for topic, one in traffic.items() if one.messages}
    busiest = max(traffic, key=lambda topic: a_day.get(topic, 0.0))
    return Room(
        free_bytes=free_bytes,
        held_bytes=sum(held.values()),
        bytes_a_day=sum(a_day.values()),
        retention_days=traffic[busiest].retention_days,
    )


def folders_here(broker: Mapping[str, str], cluster: ClusterMetadata) -> list[Path]:
    """Return the broker's folders if they are on this machine: the cluster's name stands in them."""
    found = [Path(one.strip()) for one in broker.get("log.dirs", "").split(",") if one.strip()]
    return [folder for folder in found if _is_of(folder, cluster.cluster_id)]


def _is_of(folder: Path, cluster_id: str | None) -> bool:
    try:
        return f"cluster.id={cluster_id}" in (folder / "meta.properties").read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return False


def _on_disk(folders: Sequence[Path], traffic: Mapping[str, Traffic]) -> Mapping[str, float]:
    """Return the bytes of each topic in the broker's ``folders``; nothing where those of a topic cannot be read."""
    sizes: dict[str, float] = {}
    for topic in traffic:
        parts = [part for folder in folders for part in folder.glob(f"{topic}-*") if _is_partition(part, topic)]
        try:
            amount = sum(file.stat().st_blocks * 512 for part in parts for file in part.glob("*.log"))
        except OSError:  # a segment that expired just now, or a folder that is not ours to read
            continue
        if amount:
            sizes[topic] = amount
    return sizes


def _is_partition(folder: Path, topic: str) -> bool:
    return folder.name.removeprefix(f"{topic}-").isdecimal()


def _free(folders: Sequence[Path]) -> float:
    return float(min((shutil.disk_usage(folder).free for folder in folders), default=0))


def _paths(folders: Sequence[Path]) -> str:
    return ", ".join(map(str, folders))
