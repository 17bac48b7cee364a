"""``routes.toml``: which topic goes where, by names."""

from pathlib import Path

import pytest

from sink import routes
from sink.routes import NoRoute, Route, Routes, RoutesError
from support.records import skyportal_alert


def read(folder: Path, text: str) -> Routes:
    path = folder / "routes.toml"
    path.write_text(text)
    return routes.read(path)


def test_without_a_file_the_filter_is_named_after_the_topic() -> None:
    assert routes.read(None).route("fink_sn_candidates_ztf", "ZTF") == Route(
        group="Fink",
        filter="fink_sn_candidates_ztf",
        stream="ZTF Public",
        instrument="ZTF",
        taxonomy="Fink",
        parts=("candidate", "photometry", "annotation", "classification", "thumbnail"),
        save=False,
        solar_system=False,
    )
    assert routes.read(None).route("fink_in_tns_lsst", "LSST").stream == "LSST Public"


def test_a_route_says_what_differs_from_the_defaults_of_the_file(tmp_path: Path) -> None:
    table = read(
        tmp_path,
        """
        [defaults]
        group = "Supernovae"
        save = true

        [[route]]
        topic = "fink_sn_candidates_ztf"
        filter = "Fink SN"
        parts = ["candidate"]
        save = false

        [[route]]
        topic = "*"
        """,
    )

    first = table.route("fink_sn_candidates_ztf", "ZTF")
    rest = table.route("fink_yso_candidates_ztf", "ZTF")
    assert (first.group, first.filter, first.parts, first.save) == ("Supernovae", "Fink SN", ("candidate",), False)
    assert (rest.group, rest.filter, rest.save) == ("Supernovae", "fink_yso_candidates_ztf", True)


def test_the_first_route_that_matches_holds(tmp_path: Path) -> None:
    table = read(
        tmp_path,
        """
        [[route]]
        topic = "fink_sn_*"
        filter = "first"

        [[route]]
        topic = "fink_sn_candidates_ztf"
        filter = "second"
        """,
    )

    assert table.route("fink_sn_candidates_ztf", "ZTF").filter == "first"


def test_a_topic_that_no_route_names_has_none(tmp_path: Path) -> None:
    table = read(tmp_path, '[[route]]\ntopic = "fink_sn_*"\n')

    with pytest.raises(NoRoute, match="fink_yso_candidates_ztf"):
        table.route("fink_yso_candidates_ztf", "ZTF")


def test_routes_without_a_glob_can_be_checked_before_an_alert_comes(tmp_path: Path) -> None:
    table = read(tmp_path, '[[route]]\ntopic = "fink_in_tns_lsst"\n[[route]]\ntopic = "x*"\n[[route]]\ntopic = "a_ztf"')

    assert [(route.filter, route.instrument) for route in table.named()] == [
        ("fink_in_tns_lsst", "LSST"),
        ("a_ztf", "ZTF"),
    ]


@pytest.mark.parametrize(
    ("topic", "taken"),
    [
        ("fink_sso_ztf_candidates_ztf", True),
        ("fink_is_solar_system_lsst", True),
        ("fink_sn_candidates_ztf", False),
    ],
)
def test_solar_system_objects_go_only_where_they_are_wanted(topic: str, taken: bool) -> None:  # noqa: FBT001  # a table
    route = routes.read(None).route(topic, "ZTF")

    assert route.takes(skyportal_alert(is_solar_system=True)) is taken
    assert route.takes(skyportal_alert(is_solar_system=False))


def test_a_route_may_refuse_solar_system_objects(tmp_path: Path) -> None:
    table = read(tmp_path, '[[route]]\ntopic = "fink_sso_*"\nsolar_system = false\n')

    assert not table.route("fink_sso_ztf_candidates_ztf", "ZTF").takes(skyportal_alert(is_solar_system=True))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("[[route]]\ntopic = 'a'\nfitler = 'x'", ["route.0.fitler"], id="a key that does not exist"),
        pytest.param("[[routes]]\ntopic = 'a'", ["routes"], id="a table that does not exist"),
        pytest.param("[[route]]\nfilter = 'x'", ["route.0.topic"], id="no topic"),
        pytest.param("[[route]]\ntopic = ''", ["route.0.topic"], id="an empty topic"),
        pytest.param("[[route]]\ntopic = 'a'\nparts = ['thumbnails']", ["route.0.parts"], id="an unknown part"),
        pytest.param(
            "[[route]]\ntopic = 'a'\nparts = ['candidate', 'classification']",
            ["route.0.parts"],
            id="classes of unknown age",
        ),
        pytest.param("[[route]]\ntopic = 'a'\nparts = ['photometry']", ["route.0.parts"], id="no candidate"),
        pytest.param("[[route]]\ntopic = 'a'\nparts = []", ["route.0.parts"], id="no part"),
        pytest.param("[[route]]\ntopic = 'a'\nfilter = 3", ["route.0.filter"], id="a number for a name"),
        pytest.param(
            "[defaults]\nsvae = true\n[[route]]\ntopic = 'a'\nstream = ''",
            ["defaults.svae", "route.0.stream"],
            id="two",
        ),
        pytest.param("[[route]\n", ["line 1"], id="no TOML"),
    ],
)
def test_every_mistake_is_named(text: str, said: list[str], tmp_path: Path) -> None:
    with pytest.raises(RoutesError) as error:
        read(tmp_path, text)

    assert len(str(error.value).splitlines()) == len(said)
    for words in said:
        assert words in str(error.value)
    assert "routes.toml" in str(error.value)


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RoutesError, match=r"SINK_ROUTES: cannot read .*: No such file"):
        routes.read(tmp_path / "none.toml")


def test_a_file_that_is_no_text_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "routes.toml").write_bytes(b"\xff\xfe")

    with pytest.raises(RoutesError, match=r"routes\.toml"):
        routes.read(tmp_path / "routes.toml")
