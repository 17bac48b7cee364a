"""What SkyPortal holds of one object, as far as we know: read once, then kept up with what it accepts from us."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sink.delivery.rank import OLDEST, Rank, rank_in

Groups = frozenset[int]

Audience = tuple[tuple[int, ...], tuple[int, ...]]
"""The groups and the streams that may see a point."""


class Unreadable(Exception):
    """SkyPortal shows an object in a form that nobody knows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldAnnotation:
    """An annotation of one origin; SkyPortal has one at most, whoever wrote it."""

    id: int
    rank: Rank
    digest: bytes
    """Of its data, so that the same need not be sent again."""
    groups: Groups


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldClass:
    """A classification of ours."""

    id: int
    name: str
    probability: float | None
    groups: Groups
    rank: Rank
    """Of the alert that it came from, or of the newest that had come by when it was read."""


@dataclass(slots=True, eq=False, kw_only=True)
class Held:
    """One object in SkyPortal. Used by the worker that has the object, and by nobody else."""

    is_read: bool = False
    """Whether SkyPortal was asked. What it was not asked for is sent, and it sorts out what it has."""
    exists: bool = False
    is_disproved: bool = False
    """Whether SkyPortal has turned out to hold something else: nothing more is decided by this."""
    annotations: dict[str, HeldAnnotation] = field(default_factory=dict)
    """By origin."""
    classes: dict[tuple[str, int], list[HeldClass]] = field(default_factory=dict)
    """By origin and taxonomy, the oldest row first; more than one are doubled."""
    thumbnails: set[str] = field(default_factory=set)
    saved_to: set[int] = field(default_factory=set)
    points: dict[Audience, set[int]] = field(default_factory=dict)
    """Fingerprints of accepted points of long histories."""


def fingerprint(point: Sequence[object]) -> int:
    """Return 63 bits that stand for a point's key; of a million points two share them once in twenty million runs."""
    return int.from_bytes(hashlib.blake2b(repr(point).encode(), digest_size=8).digest()) >> 1


def digest(data: Mapping[str, object]) -> bytes:
    """Return what tells one annotation's data from another's, in any order of the keys."""
    return hashlib.blake2b(json.dumps(data, sort_keys=True).encode(), digest_size=16).digest()


def read(held: Held, shown: Mapping[str, Any], *, author_id: int, origins: Collection[str]) -> None:
    """Fill ``held`` with the ``data`` of ``GET /api/sources/{id}?includeThumbnails=true``.

    Of the classifications only those of ``author_id`` are ours, and taken to be as old as the newest annotation of
    ``origins``. Raises `Unreadable`.
    """
    try:
        _read(held, shown, author_id, origins)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"SkyPortal shows an object in an unknown form ({type(error).__name__}: {error})") from error


def _read(held: Held, shown: Mapping[str, Any], author_id: int, origins: Collection[str]) -> None:
    held.annotations = {
        str(row["origin"]): HeldAnnotation(
            id=int(row["id"]),
            rank=rank_in(row["data"]),
            digest=digest(row["data"]),
            groups=_groups(row),
        )
        for row in shown["annotations"]
    }
    newest = max((one.rank for origin, one in held.annotations.items() if origin in origins), default=OLDEST)
    held.classes = {}
    for row in sorted(shown["classifications"], key=lambda row: int(row["id"])):
        if row["author_id"] == author_id:
            mine = HeldClass(
                id=int(row["id"]),
                name=str(row["classification"]),
                probability=None if row["probability"] is None else float(row["probability"]),
                groups=_groups(row),
                rank=newest,
            )
            held.classes.setdefault((str(row["origin"]), int(row["taxonomy_id"])), []).append(mine)
    held.thumbnails = {str(row["type"]) for row in shown["thumbnails"]}
    held.saved_to = set(_groups(shown))
    held.is_read = held.exists = True


def _groups(row: Mapping[str, Any]) -> Groups:
    return frozenset(int(group["id"]) for group in row["groups"])
