"""One thing that the routes need: there, to be made, or to be made by somebody else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sink.skyportal.client import Request

Key = tuple[str, ...]
"""A kind of thing and the names that tell it from others of its kind."""

Ids = Mapping[Key, int]
"""SkyPortal's ids of things that are there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class There:
    """SkyPortal has it."""

    id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Creatable:
    """SkyPortal lacks it, and may take it from the bot."""

    done: str
    """What becomes of it: created, added, joined."""
    requires: tuple[Key, ...]
    """What must be there before."""
    request: Callable[[Ids], Request]
    """The request that makes it, from the ids of what it requires."""
    id_field: str
    """Where the answer tells its id."""
    permission: str
    """That the token needs; empty if none."""
    without_permission: str = ""
    """Who else can help, beside whoever gives the token its permission."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Missing:
    """The bot cannot use it, and only somebody else can change that."""

    why: str
    to_do: tuple[str, ...]
    """Sentences, and requests as they are sent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What is known of one thing."""

    key: Key
    name: str
    """As a person reads it."""
    state: There | Creatable | Missing
