"""Every class that the processor gives is in the taxonomy: SkyPortal refuses others."""

import json
from pathlib import Path

import pytest

from demo.fink import TOPICS, night
from processor.convert import FinkSurvey, Source, convert
from processor.convert.finkclass import CLASSES, EXTRAGALACTIC_HOSTS, UNKNOWN, fink_class, taxonomy_name
from processor.convert.lsst_classes import CATS_CLASSES
from processor.convert.vocabulary import words
from schemas.taxonomy import TAXONOMY, classes
from support.packets import lsst_packet, ztf_packet

KNOWN = classes(TAXONOMY.hierarchy)

LSST_TOPICS = words("""
    fink_extragalactic_lt20mag_candidate_lsst fink_extragalactic_new_candidate_lsst fink_extragalactic_svom_lsst
    fink_fast_transient_gvom_lsst fink_faint_trails_lsst fink_hostless_candidate_lsst fink_in_simbad_lsst
    fink_in_tns_lsst fink_is_solar_system_lsst fink_mdwarf_flare_lsst fink_most_likely_sn_lsst
    fink_remove_unlikely_transients_lsst fink_sn_near_galaxy_candidate_lsst fink_uniform_sample_lsst
""")
"""Fink's, in November 2026."""


def test_finks_own_classes_of_ztf_alerts_are_known() -> None:
    assert {taxonomy_name(name) for name in CLASSES} <= KNOWN


@pytest.mark.parametrize("cats_class", CATS_CLASSES)
@pytest.mark.parametrize("score", [0.1, 0.9])
def test_the_classes_of_lsst_classifiers_are_known(cats_class: int, score: float) -> None:
    packet = lsst_packet(clf={"cats_class": cats_class, "cats_score": 0.5, "snnSnVsOthers_score": score})

    found = convert(packet, FinkSurvey.LSST, Source(topic="any")).record.classifications

    assert len(found) == 2
    assert {item.name for item in found} <= KNOWN


@pytest.mark.parametrize("topic", sorted({*LSST_TOPICS, *TOPICS["lsst"]}))
def test_the_tag_of_every_lsst_topic_is_known(topic: str) -> None:
    found = convert(lsst_packet(clf=None), FinkSurvey.LSST, Source(topic=topic)).record.classifications

    assert [item.origin for item in found] == [topic]
    assert {item.name for item in found} <= KNOWN


@pytest.mark.parametrize("host", sorted(EXTRAGALACTIC_HOSTS))
def test_every_type_that_finks_rule_names_gives_a_known_class_or_none(host: str) -> None:
    found = convert(ztf_packet(cdsxmatch=host), FinkSurvey.ZTF, Source(topic="t")).record.classifications

    assert {item.name for item in found} <= KNOWN


def test_the_classes_of_a_night_of_alerts_are_known() -> None:
    found = set()
    for survey in FinkSurvey:
        for alert in night(seed=3, alerts=150, surveys=(survey.value,)):
            for topic in alert.topics:
                record = convert(alert.packet, survey, Source(topic=topic)).record
                found |= {item.name for item in record.classifications}

    assert found - KNOWN == set()
    assert len(found) > 10


def test_the_classes_of_164_real_alerts_are_known(samples: Path) -> None:
    vectors = json.loads((samples / "ztf_classification_vectors_164.json").read_text())["vectors"]

    found = {taxonomy_name(fink_class(vector).name) for vector in vectors} - {taxonomy_name(UNKNOWN)}

    assert found - KNOWN == set()
    assert len(found) > 60
