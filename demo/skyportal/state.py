"""What clients have posted: objects, candidates and points of photometry."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from demo.skyportal.directory import Directory, now

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


class State:
    """All tables. Everything happens in one thread, so that a method is a transaction."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.clear()

    def clear(self) -> None:
        """Empty the tables that clients fill and let their ids begin at 1 again."""
        self.objects: dict[str, Obj] = {}
        self.candidates: dict[int, Candidate] = {}
        self.points: dict[int, Point] = {}
        self.sources: dict[str, set[int]] = {}
        """Of each object that is saved, the groups that saved it."""
        self._candidate_ids: dict[tuple[str, int, str], int] = {}
        self._candidates_of: dict[str, list[int]] = {}
        self._point_ids: dict[PointKey, int] = {}
        self._points_of: dict[str, list[int]] = {}
        self._last_candidate = 0
        self._last_point = 0

    def save_candidate(self, obj_id: str, filter_id: int, passed_at: str, passing_alert_id: int | None) -> int:
        """Insert unless (object, filter, time) is known, and draw an id either way, as PostgreSQL does."""
        self._last_candidate += 1
        known = self._candidate_ids.setdefault((obj_id, filter_id, passed_at), self._last_candidate)
        if known == self._last_candidate:
            row = Candidate(
                id=known,
                obj_id=obj_id,
                filter_id=filter_id,
                passed_at=passed_at,
                passing_alert_id=passing_alert_id,
            )
            self.candidates[known] = row
            self._candidates_of.setdefault(obj_id, []).append(known)
        return known

    def candidates_of(self, obj_id: str) -> Iterator[Candidate]:
        """Return the object's candidates in the order of their ids."""
        return (self.candidates[number] for number in self._candidates_of.get(obj_id, ()))

    def delete_candidates(self, obj_id: str, filter_id: int) -> None:
        """Delete an object's candidates of one filter; the object stays."""
        rows = [row for row in self.candidates_of(obj_id) if row.filter_id == filter_id]
        for row in rows:
            del self.candidates[row.id]
            del self._candidate_ids[row.obj_id, row.filter_id, row.passed_at]
            self._candidates_of[obj_id].remove(row.id)

    def point_id(self, key: PointKey) -> int | None:
        """Return the id of the point with that key, None if there is none."""
        return self._point_ids.get(key)

    def draw_point_ids(self, count: int) -> range:
        """Draw from the sequence; ids of a transaction that fails are lost."""
        first = self._last_point + 1
        self._last_point += count
        return range(first, first + count)

    def save_point(self, point: Point) -> None:
        """Insert a point whose key is new."""
        self.points[point.id] = point
        self._point_ids[point.key] = point.id
        self._points_of.setdefault(point.obj_id, []).append(point.id)

    def points_of(self, obj_id: str) -> Iterator[Point]:
        """Return the object's points in the order of their ids."""
        return (self.points[number] for number in self._points_of.get(obj_id, ()))
