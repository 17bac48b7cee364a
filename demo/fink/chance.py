"""Chance that falls the same way on every Python, so that a night can be made again from its seed."""

import hashlib
from collections.abc import Sequence
from random import Random
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")

Image = np.ndarray[Any, np.dtype[np.float64]]


class Dice:
    """Chance of one thing in the night, named by ``seed``; other names fall independently.

    Python promises that `Random.random` gives the same sequence in every version, and promises it of no other method; a
    hash's output is fixed by its standard. Everything here comes from those two by plain arithmetic, not through libm.
    """

    def __init__(self, *seed: object) -> None:
        self._name = "/".join(map(str, seed)).encode()
        self._random = Random(int.from_bytes(hashlib.sha256(self._name).digest(), "big"))

    def uniform(self, low: float, high: float, digits: int = 7) -> float:
        """Return a number of that range, rounded to ``digits`` decimals."""
        return round(low + (high - low) * self._random.random(), digits)

    def whole(self, low: int, high: int) -> int:
        """Return an integer of that range, both ends included."""
        return low + int((high - low + 1) * self._random.random())

    def normal(self, sigma: float) -> float:
        """Return a number around 0: twelve uniform ones added, so never beyond 6 sigma."""
        return sigma * (sum(self._random.random() for _ in range(12)) - 6.0)

    def happens(self, probability: float) -> bool:
        """Return whether something of that probability happens this time."""
        return self._random.random() < probability

    def pick(self, things: Sequence[T], weights: Sequence[float] = ()) -> T:
        """Return one of the things, each as likely as its weight says."""
        shares = weights or [1.0] * len(things)
        left = self._random.random() * sum(shares)
        for thing, share in zip(things, shares, strict=True):
            left -= share
            if left < 0:
                return thing
        return things[-1]

    def noise(self, size: int, sigma: float, label: object = "") -> Image:
        """Return a square image of noise around 0; the same for the same label, whatever was drawn before."""
        drawn = hashlib.shake_128(self._name + f"/{label}".encode()).digest(4 * size * size)
        sums = np.frombuffer(drawn, dtype=np.uint8).reshape(size, size, 4).sum(axis=2, dtype=np.int64)
        # Four bytes added: mean 510, variance 4 (256^2 - 1) / 12.
        image: Image = np.asarray((sums - 510) * (sigma / 147.8), dtype=np.float64)
        return image
