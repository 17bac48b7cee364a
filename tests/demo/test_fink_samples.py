import statistics
from typing import Any

import pytest

from demo.fink import encode
from demo.fink.samples import Case, typical


def lengths(packets: list[dict[str, Any]], name: str) -> list[int]:
    return [len(packet[name] or ()) for packet in packets]


@pytest.mark.parametrize(
    ("case", "smallest", "largest"),
    [("ztf", 44_000, 65_000), ("lsst_long", 240_000, 312_000), ("lsst_short", 104_000, 112_000)],
)
def test_values_are_as_large_as_real_ones(case: Case, smallest: int, largest: int) -> None:
    sizes = [len(encode(alert)[1]) for alert in typical(case, seed=3, alerts=8)]

    assert len(sizes) == 8
    assert smallest < min(sizes) < max(sizes) < largest


def test_histories_are_as_long_as_real_ones() -> None:
    ztf = [alert.packet for alert in typical("ztf", seed=4, alerts=20)]
    long = [alert.packet for alert in typical("lsst_long", seed=4, alerts=8)]
    short = [alert.packet for alert in typical("lsst_short", seed=4, alerts=8)]

    assert statistics.mean(lengths(ztf, "prv_candidates")) == pytest.approx(44, abs=6)
    assert all(303 <= length <= 391 for length in lengths(long, "prvDiaSources"))
    assert statistics.mean(lengths(long, "prvDiaForcedSources")) == pytest.approx(420, abs=80)
    assert set(lengths(short, "prvDiaSources")) == {0}


@pytest.mark.parametrize("case", ["ztf", "lsst_long", "lsst_short"])
def test_samples_are_the_same_for_the_same_seed_and_each_of_another_object(case: Case) -> None:
    one, again, other = (list(map(encode, typical(case, seed=seed, alerts=3))) for seed in (5, 5, 6))

    assert one == again
    assert one != other
    assert len(set(one)) == 3
