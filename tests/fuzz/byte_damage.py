"""Damage to the bytes of a message, and messages that are put together wrongly."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from fuzz.draft import Dice, Draft
from processor.convert import FinkSurvey
from schemas import wire

_TELLING = (0x00, 0x01, 0x02, 0x03, 0x04, 0x7F, 0x80, 0x81, 0xFE, 0xFF)
"""Union branches, ends of arrays, the least and the longest numbers."""

_HUGE = (
    *(sign * 2**bits for bits in (15, 24, 31, 32, 40, 53, 62) for sign in (1, -1)),
    2**63 - 1,
    -(2**63),
    -1,
)
_OVERLONG = (b"\xff" * 9 + b"\x7f", b"\xff" * 11 + b"\x01", b"\x80" * 20 + b"\x00", b"\xff" * 400)
"""Numbers of more than 64 bits, and of more bytes than they need."""


def flip_bits(dice: Dice, draft: Draft) -> Draft:
    """Flip one to 40 bits of the value."""
    data = bytearray(draft.value or b"")
    for _ in range(dice.few(40) if data else 0):
        data[min(len(data) - 1, draft.place(dice))] ^= 1 << dice.randrange(8)
    return replace(draft, value=bytes(data))


def overwrite(dice: Dice, draft: Draft) -> Draft:
    """Put bytes that mean something to Avro in the place of others."""
    data = bytearray(draft.value or b"")
    for _ in range(dice.few(10)):
        start = draft.place(dice)
        data[start : start + dice.few(4)] = bytes(dice.choices(_TELLING, k=dice.few(4)))
    return replace(draft, value=bytes(data))


def huge_number(dice: Dice, draft: Draft) -> Draft:
    """Put a number there, which may be read as a length, that is longer than any message."""
    data = bytearray(draft.value or b"")
    start = draft.place(dice)
    number = wire.long(dice.choice(_HUGE)) if dice.random() < 0.8 else dice.choice(_OVERLONG)
    data[start : start + dice.randrange(3)] = number
    return replace(draft, value=bytes(data))


def truncate(dice: Dice, draft: Draft) -> Draft:
    """Cut the end off."""
    data = draft.value or b""
    return replace(draft, value=data[: draft.place(dice)] if dice.randrange(2) else data[: -dice.few(30)])


def extend(dice: Dice, draft: Draft) -> Draft:
    """Put more at the end."""
    data = draft.value or b""
    size = dice.few(3_000)
    more = dice.choice((bytes(size), dice.randbytes(size), data[-size:], data))
    return replace(draft, value=data + more)


def leave_out(dice: Dice, draft: Draft) -> Draft:
    """Leave bytes out in the middle."""
    data, start = draft.value or b"", draft.place(dice)
    return replace(draft, value=data[:start] + data[start + dice.few(dice.choice((4, 400, 40_000))) :])


def repeat(dice: Dice, draft: Draft) -> Draft:
    """Say something twice."""
    data, start = draft.value or b"", draft.place(dice)
    end = start + dice.few(dice.choice((4, 400, 40_000)))
    return replace(draft, value=data[:end] + data[start:])


def splice(dice: Dice, draft: Draft) -> Draft:
    """Join the beginning of the value to the end of another's, of the same schema half of the time."""
    other = dice.intact()
    if dice.randrange(2):
        other = draft.origin
    start, end = draft.place(dice), replace(draft, origin=other, value=other.value).place(dice)
    return replace(draft, value=(draft.value or b"")[:start] + other.value[end:])


def swap_key(dice: Dice, draft: Draft) -> Draft:
    """Take the schema of another message, of any kind."""
    return replace(draft, key=dice.intact().key)


def swap_value(dice: Dice, draft: Draft) -> Draft:
    """Take the value of another message, of any kind."""
    return replace(draft, value=dice.intact().value)


def swap_survey(dice: Dice, draft: Draft) -> Draft:
    """Give the message to a processor of the other survey."""
    del dice
    return replace(draft, survey=FinkSurvey.LSST if draft.survey is FinkSurvey.ZTF else FinkSurvey.ZTF)


def no_message(dice: Dice, draft: Draft) -> Draft:
    """Leave the key or the value out, or make it a few bytes of anything."""
    part = dice.choice((None, b"", dice.randbytes(dice.few(60))))
    return replace(draft, key=part) if dice.randrange(2) else replace(draft, value=part)


def damage_key(dice: Dice, draft: Draft) -> Draft:
    """Damage the text of the schema."""
    data = bytearray(draft.key or b"")
    for _ in range(dice.few(6) if data else 0):
        start = dice.randrange(len(data))
        data[start : start + dice.randrange(3)] = dice.choice(
            (b"", b'"', b"}", b"[", b"null", b"\xff", b"\\ud800", b"1e999", b"\0", dice.randbytes(1))
        )
    return replace(draft, key=bytes(data if dice.randrange(4) else data[: dice.randint(0, len(data))]))


DAMAGE: Mapping[Callable[[Dice, Draft], Draft], float] = {
    flip_bits: 6,
    overwrite: 4,
    huge_number: 4,
    truncate: 2,
    extend: 1.5,
    leave_out: 1.5,
    repeat: 1.5,
    splice: 2,
    swap_key: 1.5,
    swap_value: 0.5,
    swap_survey: 1,
    no_message: 0.5,
    damage_key: 1.5,
}
"""Everything here, and how often it is done."""
