"""What the routes need, before SkyPortal is asked."""

from pathlib import Path

import pytest

from sink.provision.needs import BANDS, Needs, needs
from sink.routing import routes
from sink.routing.routes import NoRoute


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "routes.toml"


def needed(file: Path, said: str, *topics: str) -> Needs:
    file.write_text(said)
    return needs(routes.read(file), topics)


def test_without_a_file_and_a_topic_only_group_and_taxonomy_are_known() -> None:
    found = needs(routes.read(None), ())

    assert (found.groups, found.taxonomies) == (("Fink",), {"Fink": ("Fink",)})
    assert (found.streams, found.filters, found.instruments) == ((), (), {})
    assert found.patterns


def test_topics_that_are_named_have_streams_instruments_and_filters() -> None:
    found = needs(routes.read(None), ["fink_a_ztf", "fink_b_lsst", "fink_a_ztf"])

    assert found.groups == ("Fink",)
    assert found.streams == ("ZTF Public", "LSST Public")
    assert found.accesses == (("Fink", "ZTF Public"), ("Fink", "LSST Public"))
    assert found.filters == (("fink_a_ztf", "Fink", "ZTF Public"), ("fink_b_lsst", "Fink", "LSST Public"))
    assert found.instruments == {"ZTF": (BANDS["ZTF"],), "LSST": (BANDS["LSST"],)}
    assert not found.patterns


def test_a_route_for_a_pattern_takes_the_topics_that_are_named(file: Path) -> None:
    said = "[[route]]\ntopic = 'fink_a_ztf'\n[[route]]\ntopic = 'fink_*'\ngroup = 'Others'\n"

    unnamed, named = needed(file, said), needed(file, said, "fink_b_ztf")

    assert unnamed.patterns
    assert unnamed.groups == named.groups == ("Fink", "Others")
    assert unnamed.filters == (("fink_a_ztf", "Fink", "ZTF Public"),)
    assert named.filters == (*unnamed.filters, ("fink_b_ztf", "Others", "ZTF Public"))


def test_a_topic_that_no_route_names_is_an_error(file: Path) -> None:
    with pytest.raises(NoRoute, match="fink_b_ztf"):
        needed(file, "[[route]]\ntopic = 'fink_a_ztf'\n", "fink_b_ztf")


def test_topics_that_share_a_filter_need_it_once(file: Path) -> None:
    said = "[defaults]\nfilter = 'any'\n[[route]]\ntopic = 'a'\n[[route]]\ntopic = 'b'\n"

    assert needed(file, said).filters == (("any", "Fink", "ZTF Public"),)


@pytest.mark.parametrize(
    ("said", "bands"),
    [
        pytest.param("instrument = 'Rubin'\nstream = 'LSST Public'", (BANDS["LSST"],), id="by the stream"),
        pytest.param("instrument = 'LSST'\nstream = 'Ours'", (BANDS["LSST"],), id="by the name"),
        pytest.param("instrument = 'Ours'\nstream = 'Ours'", tuple(BANDS.values()), id="unknown"),
        pytest.param("instrument = 'LSST'\nparts = ['candidate']", ((),), id="no points"),
    ],
)
def test_the_bands_of_an_instrument_are_those_of_the_surveys_that_it_may_be_given(
    file: Path, said: str, bands: tuple[tuple[str, ...], ...]
) -> None:
    (found,) = needed(file, f"[[route]]\ntopic = 'a_lsst'\n{said}\n").instruments.values()

    assert found == bands
