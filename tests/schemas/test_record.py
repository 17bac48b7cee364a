"""Times of records."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.record import EPOCH, MJD_OF_EPOCH, instant


@pytest.mark.parametrize(
    ("mjd", "time"),
    [
        (40_587, EPOCH),
        (61_121.5, datetime(2026, 3, 22, 12, tzinfo=UTC)),
        (51_544.0, datetime(2000, 1, 1, tzinfo=UTC)),
        (61_121.463_101_9, datetime(2026, 3, 22, 11, 6, 52, 4000, tzinfo=UTC)),
    ],
)
def test_a_date_is_a_time_in_utc(mjd: float, time: datetime) -> None:
    assert instant(mjd) == time


@given(st.integers(0, 4_000_000_000_000))
@settings(deadline=None)
def test_a_whole_millisecond_survives_the_way_through_days(milliseconds: int) -> None:
    found = instant(MJD_OF_EPOCH + milliseconds / 86_400e3)

    assert found.microsecond % 1000 == 0
    assert round((found - EPOCH).total_seconds() * 1000) == milliseconds
