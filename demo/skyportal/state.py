"""What clients have posted: objects and everything that is about one of them."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from demo.skyportal.directory import Directory, now
from demo.skyportal.table import Table

PointKey = tuple[str, int, str, float, float, float | None]
"""obj_id, instrument_id, origin, mjd, fluxerr, flux; the flux of a non-detection is None, so that it equals itself."""


@dataclass(frozen=True, kw_only=True)
class Obj:
    """A thing in the sky. ``fields`` are the columns a client may set when it creates the object."""

    id: str
    ra: object
    dec: object
    fields: dict[str, object]
    pixel_of: tuple[object, object]
    """The ra and dec that were posted last: SkyPortal moves the healpix with them and nothing else."""
    internal_key: str = field(default_factory=lambda: str(uuid.uuid4()))
    created_at: str = field(default_factory=now)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An object passed a filter at a time (UTC, without a zone)."""

    id: int
    obj_id: str
    filter_id: int
    passed_at: str
    passing_alert_id: int | None


@dataclass(frozen=True, kw_only=True)
class Point:
    """A point of photometry; flux and fluxerr in microjansky, AB, and a flux of None for a non-detection."""

    id: int
    obj_id: str
    instrument_id: int
    filter: str
    mjd: float
    flux: float | None
    fluxerr: float
    origin: str
    ra: float | None
    dec: float | None
    ra_unc: float | None
    dec_unc: float | None
    altdata: object
    user_data: Mapping[str, object]
    """What was posted in magnitudes: read back unchanged."""
    owner_id: int
    groups: set[int]
    streams: set[int]
    created_at: str = field(default_factory=now)

    @property
    def key(self) -> PointKey:
        """Return what makes a point the same point. The band is not part of it."""
        return self.obj_id, self.instrument_id, self.origin, self.mjd, self.fluxerr, self.flux


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """A client's facts about an object: one row per object and origin, whoever wrote it."""

    id: int
    obj_id: str
    origin: str
    data: Mapping[str, Any]
    author_id: int
    groups: set[int]
    created_at: str = field(default_factory=now)
    modified: str = field(default_factory=now)


@dataclass(frozen=True, kw_only=True)
class PointAnnotation(Annotation):
    """A client's facts about a point of photometry: one row per point and origin."""

    photometry_id: int


@dataclass(frozen=True, kw_only=True)
class Classification:
    """An object's class in somebody's eyes. Nothing about it is unique."""

    id: int
    obj_id: str
    classification: str
    taxonomy_id: int
    probability: float | None
    ml: bool
    origin: str | None
    author_id: int
    author_name: str
    groups: set[int]
    votes: Mapping[int, int]
    """What users voted, by the votes' ids: the author's own is the only one there is."""
    created_at: str = field(default_factory=now)
    modified: str = field(default_factory=now)


@dataclass(frozen=True, kw_only=True)
class Thumbnail:
    """A picture of an object. Every POST adds a row; the file on the disk is one per object and type."""

    id: int
    obj_id: str
    type: str
    survey: str | None
    data: bytes
    """PNG."""
    created_at: str = field(default_factory=now)


class State:
    """All tables. Everything happens in one thread, so that a method is a transaction."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.clear()

    def clear(self) -> None:
        """Empty the tables that clients fill and let their ids begin at 1 again."""
        self.objects: dict[str, Obj] = {}
        self.candidates: Table[Candidate] = Table()
        self.points: Table[Point] = Table()
        self.annotations: Table[Annotation] = Table()
        self.point_annotations: Table[PointAnnotation] = Table()
        self.classifications: Table[Classification] = Table()
        self.thumbnails: Table[Thumbnail] = Table()
        self.sources: dict[str, set[int]] = {}
        """Of each object that is saved, the groups that saved it."""
        self.files: dict[str, bytes] = {}
        """Pictures on the disk, by their paths: the last of an object and type, accepted or not."""
        self._votes = 0
        self._candidate_ids: dict[tuple[str, int, str], int] = {}
        self._point_ids: dict[PointKey, int] = {}

    def next_vote(self) -> int:
        """Draw the id of a vote."""
        self._votes += 1
        return self._votes

    def save_candidate(self, obj_id: str, filter_id: int, passed_at: str, passing_alert_id: int | None) -> int:
        """Insert unless (object, filter, time) is known, and draw an id either way, as PostgreSQL does."""
        (fresh,) = self.candidates.draw()
        known = self._candidate_ids.setdefault((obj_id, filter_id, passed_at), fresh)
        if known == fresh:
            row = Candidate(
                id=known,
                obj_id=obj_id,
                filter_id=filter_id,
                passed_at=passed_at,
                passing_alert_id=passing_alert_id,
            )
            self.candidates.add(row)
        return known

    def candidates_of(self, obj_id: str) -> Iterator[Candidate]:
        """Return the object's candidates in the order of their ids."""
        return self.candidates.of(obj_id)

    def delete_candidates(self, obj_id: str, filter_id: int) -> None:
        """Delete an object's candidates of one filter; the object stays."""
        for row in self.candidates.of(obj_id):
            if row.filter_id == filter_id:
                del self.candidates[row.id]
                del self._candidate_ids[row.obj_id, row.filter_id, row.passed_at]

    def point_id(self, key: PointKey) -> int | None:
        """Return the id of the point with that key, None if there is none."""
        return self._point_ids.get(key)

    def save_point(self, point: Point) -> None:
        """Insert a point whose key is new."""
        self.points.add(point)
        self._point_ids[point.key] = point.id

    def points_of(self, obj_id: str) -> Iterator[Point]:
        """Return the object's points in the order of their ids."""
        return self.points.of(obj_id)

    def annotations_of(self, obj_id: str) -> Iterator[Annotation]:
        """Return the object's annotations in the order of their ids."""
        return self.annotations.of(obj_id)

    def classifications_of(self, obj_id: str) -> Iterator[Classification]:
        """Return the object's classifications in the order of their ids."""
        return self.classifications.of(obj_id)

    def thumbnails_of(self, obj_id: str) -> Iterator[Thumbnail]:
        """Return the object's thumbnails in the order of their ids, which is that of their arrival."""
        return self.thumbnails.of(obj_id)

    def purge(self, created_before: str) -> list[str]:
        """Delete the objects that no group saved, active ones too, with all that is about them; return their names."""
        gone = [
            obj.id for obj in self.objects.values() if obj.created_at < created_before and not self.sources.get(obj.id)
        ]
        for obj_id in gone:
            del self.objects[obj_id]
            for candidate in self.candidates.of(obj_id):
                del self._candidate_ids[candidate.obj_id, candidate.filter_id, candidate.passed_at]
            for point in self.points.of(obj_id):
                del self._point_ids[point.key]
            for table in (
                self.candidates,
                self.points,
                self.annotations,
                self.point_annotations,
                self.classifications,
                self.thumbnails,
            ):
                table.forget(obj_id)
        return gone
