"""Which fields of a kind of packet are used, and how it says "none"."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """The words of one kind of packet. Paths are dotted: ``candidate.jd``.

    A field that Fink adds and that is not named here becomes an annotation all the same: nothing Fink says is
    dropped because we had not heard of it. A field that is named here and missing is an alarm.
    """

    used: frozenset[str]
    """Paths that the record is made of, apart from history and annotations."""

    history: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Arrays of points, and the fields of a point that are used: no other field of theirs need be decoded."""

    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Of the survey's own structs, the fields that are annotated."""

    moving: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The same, of solar-system alerts alone."""

    facts: frozenset[str]
    """Paths that Fink adds and that are annotated, as far as we know them."""

    elsewhere: frozenset[str]
    """Top-level fields that are no annotations: they are elsewhere in the record, or say nothing."""

    on_request: frozenset[str] = frozenset()
    """Top-level fields that are annotated only if somebody asks for them: too large for everyone."""

    texts: frozenset[str] = frozenset()
    """Of the paths used, those that are read as texts. Others are numbers or truth values."""

    binaries: frozenset[str] = frozenset()
    """Of the paths used, those that are images."""

    numbers: frozenset[str] = frozenset()
    """Of the facts, those that a rule of ours reads as numbers."""

    none: Mapping[str, frozenset[float]] = field(default_factory=dict)
    """Numbers that mean "none", by the path of a field, or of the struct or map that it stands in."""

    ids: frozenset[str] = frozenset()
    """Names of 64-bit ids: they are annotated as text."""

    older: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What other versions of the survey's schema call a path."""

    @cached_property
    def silent(self) -> frozenset[str]:
        """Top-level fields that are not annotated as they stand."""
        return self.elsewhere | self.on_request

    @cached_property
    def chosen_of_moving(self) -> Mapping[str, tuple[str, ...]]:
        """Of the survey's own structs, the fields that are annotated of solar-system alerts."""
        return {**self.chosen, **self.moving}

    def paths(self) -> frozenset[str]:
        """Return every path whose absence from a writer's schema would make our records poorer."""
        history = {f"{array}.{name}" for array, names in self.history.items() for name in names}
        chosen = {
            f"{struct}.{name}"
            for structs in (self.chosen, self.moving)
            for struct, names in structs.items()
            for name in names
        }
        return self.used | history | chosen | self.facts


def words(text: str) -> tuple[str, ...]:
    """Return the words of ``text``: a list of fields reads better as a paragraph."""
    return tuple(text.split())
