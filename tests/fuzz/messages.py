"""The messages: each follows from a seed and its number, whatever came before it."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from fuzz.byte_damage import DAMAGE
from fuzz.draft import Dice, Draft, begun
from fuzz.packet_damage import drifted, odd_packet
from fuzz.schema_damage import damage_schema

Change = Callable[[Dice, Draft], Draft]


def damage_bytes(dice: Dice, draft: Draft) -> Draft:
    """Do one to three things to the bytes."""
    for _ in range(dice.few(3)):
        draft = _told(dice.one_of(DAMAGE), dice, draft)
    return draft


def nothing_more(dice: Dice, draft: Draft) -> Draft:
    """Leave the message as it is."""
    del dice
    return draft


FIRST: Mapping[Change, float] = {damage_bytes: 14, damage_schema: 2.5, odd_packet: 4, drifted: 1}
THEN: Mapping[Change, float] = {nothing_more: 7, damage_bytes: 1}


def message(seed: int, number: int) -> Draft:
    """Return message ``number`` of the ones that ``seed`` makes."""
    dice = Dice(seed, number)
    draft = begun(dice)
    for changes in (FIRST, THEN):
        change = dice.one_of(changes)
        draft = change(dice, draft) if change is damage_bytes else _told(change, dice, draft)
    return draft


def _told(change: Change, dice: Dice, draft: Draft) -> Draft:
    if change is nothing_more:
        return draft
    return replace(change(dice, draft), story=(*draft.story, change.__name__))
