"""What holds of the conversion of any packet whatever."""

import contextlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from written_rules import plain

from processor.convert import Conversion, FinkSurvey, Source, Unconvertible, convert
from processor.show import as_json
from schemas import codec
from support.packets import (
    dia_source,
    forced_source,
    lsst_packet,
    solar_system_packet,
    ztf_detection,
    ztf_limit,
    ztf_packet,
)

FACTS = (
    "cdsxmatch",
    "roid",
    "mulens",
    "snn_snia_vs_nonia",
    "snn_sn_vs_all",
    "rf_kn_vs_nonkn",
    "tracklet",
    "mangrove",
    "blazar_stats",
    "a_new_field",
    "clf",
    "xm",
    "pred",
    "misc",
    "mpc_orbits",
    "ssSource",
    "MPCORB",
    "triggerId",
    "fink_class",
)

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(),
    st.integers(),
    st.integers(0, 4),
    st.text(max_size=12),
    st.binary(max_size=12),
    st.just([]),
    st.just({}),
    st.sampled_from([0, 1e9, -1e9, 1e300, "t", "f", "0", "g", 10**400, 2**31, 61_105.5, 2_461_121.5]),
)


def junk_in(fields: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return ``fields`` with some values replaced by anything at all."""
    return st.dictionaries(st.sampled_from(sorted(fields)), JUNK, max_size=3).map(lambda junk: {**fields, **junk})


def with_facts(packets: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Return packets to which Fink has added anything at all."""
    trees = st.recursive(
        JUNK,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=6,
    )
    return st.builds(dict.__or__, packets, st.dictionaries(st.sampled_from(FACTS), trees, max_size=4))


def rows(*kinds: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Return an array of a packet's."""
    return JUNK | st.lists(st.none() | st.sampled_from(kinds) | st.one_of(*map(junk_in, kinds)), max_size=6)


ZTF = st.builds(
    lambda packet, candidate, history: {**packet, "candidate": candidate, "prv_candidates": history},
    with_facts(st.just(ztf_packet()) | junk_in(ztf_packet())),
    st.just(ztf_detection()) | junk_in(ztf_detection()),
    rows(ztf_detection(), ztf_limit()),
)
JOINED = with_facts(
    junk_in(
        {"objectId": "ZTF26aamcbly", "triggerId": "S1", "ztf_ra": 1.5, "ztf_dec": -2.5, "jd": 2_461_121.5, "roid": 3}
    )
)
LSST = st.builds(
    lambda packet, source, history, forced: {
        **packet,
        "diaSource": source,
        "prvDiaSources": history,
        "prvDiaForcedSources": forced,
    },
    with_facts(st.just(lsst_packet()) | junk_in(lsst_packet()) | junk_in(solar_system_packet())),
    st.just(dia_source()) | junk_in(dia_source()),
    rows(dia_source()),
    rows(forced_source()),
)


def converted(packet: Mapping[str, Any], survey: FinkSurvey) -> Iterator[Conversion]:
    """Yield the conversion, if the packet has one."""
    with contextlib.suppress(Unconvertible):
        yield convert(packet, survey, Source(topic="fink_sn_candidates_ztf"))


def check(conversion: Conversion) -> None:
    """Assert what every record promises."""
    curve = conversion.record.photometry
    assert {len(column) for column in asdict(curve).values()} == {len(curve)}
    assert all(math.isfinite(value) for value in curve.mjd)
    assert all(math.isfinite(value) and value > 0 for value in curve.fluxerr)
    assert all(value is None or math.isfinite(value) for value in (*curve.flux, *curve.ra, *curve.dec))
    keys = list(zip(curve.origin, curve.mjd, curve.fluxerr, curve.flux, strict=True))
    assert len(keys) == len(set(keys))
    assert all(count > 0 for count in conversion.left_out.values())
    assert as_json(conversion)  # which refuses NaN
    assert plain(codec.decode(codec.encode(conversion.record))) == plain(conversion.record)
    for value in conversion.record.annotations.values():
        assert value is None or type(value) in {bool, int, float, str}
        assert not isinstance(value, int) or abs(value) <= 2**53
        assert not isinstance(value, float) or math.isfinite(value)
    for item in conversion.record.classifications:
        assert item.name
        assert item.probability is None or 0 <= item.probability <= 1


@settings(max_examples=120)
@given(ZTF)
def test_any_packet_of_ztf_becomes_a_sound_record_or_is_refused(packet: Mapping[str, Any]) -> None:
    for conversion in converted(packet, FinkSurvey.ZTF):
        check(conversion)


@settings(max_examples=200)
@given(JOINED)
def test_any_packet_of_a_joined_alert_becomes_a_sound_record_or_is_refused(packet: Mapping[str, Any]) -> None:
    for conversion in converted(packet, FinkSurvey.ZTF):
        check(conversion)


@settings(max_examples=120)
@given(LSST)
def test_any_packet_of_rubin_becomes_a_sound_record_or_is_refused(packet: Mapping[str, Any]) -> None:
    for conversion in converted(packet, FinkSurvey.LSST):
        check(conversion)


@given(st.dictionaries(st.text(max_size=8), JUNK), st.sampled_from(FinkSurvey))
def test_a_packet_of_another_kind_is_refused(packet: Mapping[str, Any], survey: FinkSurvey) -> None:
    with pytest.raises(Unconvertible):
        convert(packet, survey, Source(topic="fink_gw_bronze"))


@pytest.mark.parametrize(
    ("packet", "survey"), [(ztf_packet(history=[ztf_limit()]), FinkSurvey.ZTF), (lsst_packet(), FinkSurvey.LSST)]
)
def test_the_same_packet_gives_the_same_bytes(packet: Mapping[str, Any], survey: FinkSurvey) -> None:
    first, second = (convert(packet, survey, Source(topic="t")).record for _ in range(2))

    assert codec.encode(first) == codec.encode(second)
