"""``routes.toml``: which topic goes where, by names."""

from pathlib import Path

import pytest

from sink.routing import routes
from sink.routing.criteria import Criteria
from sink.routing.routes import NoRoute, Route, Routes, RoutesError
from support.records import light_curve, skyportal_alert


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

    assert (not list(route.unmet(skyportal_alert(is_solar_system=True)))) is taken
    assert list(route.unmet(skyportal_alert(is_solar_system=False))) == []


def test_a_route_may_refuse_solar_system_objects(tmp_path: Path) -> None:
    table = read(tmp_path, '[[route]]\ntopic = "fink_sso_*"\nsolar_system = false\n')

    (unmet,) = table.route("fink_sso_ztf_candidates_ztf", "ZTF").unmet(skyportal_alert(is_solar_system=True))
    assert unmet.criterion == "solar_system"


def test_criteria_of_the_defaults_hold_where_a_route_says_nothing_else(tmp_path: Path) -> None:
    table = read(
        tmp_path,
        """
        [defaults]
        min_snr = 8
        min_detections = 2
        quality = true

        [[route]]
        topic = "fink_sn_*"
        min_detections_per_band = { ztfg = 2, r = 1 }
        min_time_baseline = 0.5
        min_score = 0.7

        [[route]]
        topic = "*"
        min_snr = 0
        min_detections = 0
        quality = false
        """,
    )

    assert table.route("fink_sn_candidates_ztf", "ZTF").criteria == Criteria(
        min_snr=8,
        min_detections=2,
        min_detections_per_band={"g": 2, "r": 1},
        min_time_baseline=0.5,
        min_score=0.7,
        quality=True,
    )
    rest = table.route("fink_yso_candidates_ztf", "ZTF")
    assert list(rest.unmet(skyportal_alert(photometry=light_curve(0.1)))) == []


def test_routes_that_say_the_same_in_another_form_lead_the_same_way(tmp_path: Path) -> None:
    one = read(tmp_path, "[defaults]\ngroup = 'A'\n[[route]]\ntopic = 'fink_sn_*'")
    same = read(tmp_path, "[[route]]\ntopic = 'fink_sn_*'\ngroup = 'A'  # as before")
    other = read(tmp_path, "[[route]]\ntopic = 'fink_*_lsst'\ngroup = 'A'\n[[route]]\ntopic = 'fink_*'\ngroup='B'")

    assert one.by_topic() == same.by_topic() != other.by_topic()
    assert one.leads_as(same, "fink_sn_candidates_ztf")
    assert one.leads_as(other, "another")
    assert not one.leads_as(other, "fink_sn_candidates_ztf")
    assert not one.leads_as(other, "fink_in_tns_lsst")


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
        pytest.param(
            "[[route]]\ntopic = 'a'\nmin_snrr = 5",
            ["route.0.min_snrr: in the route of 'a': unknown key; did you mean min_snr?"],
            id="a typing mistake",
        ),
        pytest.param("[defaults]\nxyz = 1", ["defaults.xyz: unknown key; there are filter, group,"], id="no such key"),
        pytest.param("[[routes]]", ["routes: unknown key; did you mean route?"], id="no such table"),
        pytest.param(
            "[[route]]\ntopic = 'a'\nsave = 'perhaps'",
            ["route.0.save: in the route of 'a': must be true or false, not 'perhaps'"],
            id="no truth value",
        ),
        pytest.param(
            "[[route]]\ntopic = 'a'\nmin_detections_per_band = { q = 1, g = -1, ztfr = 1.5 }",
            [
                "route.0.min_detections_per_band.q: in the route of 'a': must be a band, one of u, g, r, i, z, y",
                "route.0.min_detections_per_band.g: in the route of 'a': must be greater than or equal to 0, not -1",
                "route.0.min_detections_per_band.ztfr: in the route of 'a': must be a whole number, not 1.5",
            ],
            id="bands",
        ),
        pytest.param(
            "[defaults]\nmin_snr = '5'\nmin_score = 1.5\nmin_time_baseline = inf\nmin_detections = true\nquality = 1",
            ["min_snr: must be a number", "min_score", "min_time_baseline", "min_detections", "quality: must be true"],
            id="no such criteria",
        ),
        pytest.param(
            "[defaults]\nmin_detections_per_band = { g = 2, ztfg = 1 }",
            ["defaults.min_detections_per_band: names g more than once"],
            id="a band twice",
        ),
        pytest.param(
            "[[route]]\ntopic = 'a'\n[[route]]\ntopic = 'b'\n[[route]]\ntopic = 'a'\nsave = true",
            ["route: has more than one route of 'a': only the first would hold"],
            id="a topic twice",
        ),
        pytest.param("route = 3", ["route: must be a list, not 3"], id="no list of routes"),
        pytest.param("route = [3]", ["route.0: must be a table, not 3"], id="no table"),
        pytest.param("[[route]]\ntopic = 3", ["route.0.topic: must be a text in quotes, not 3"], id="a topic's number"),
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


def test_a_file_is_utf_8_whatever_the_machine_and_may_say_so_at_its_beginning(tmp_path: Path) -> None:
    (tmp_path / "routes.toml").write_bytes("\ufeff[defaults]\ngroup = 'Étoiles'".encode())

    assert routes.read(tmp_path / "routes.toml").every()[0].group == "Étoiles"


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RoutesError, match=r"SINK_ROUTES: cannot read .*: No such file"):
        routes.read(tmp_path / "none.toml")


def test_a_file_that_is_no_text_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "routes.toml").write_bytes(b"\xff\xfe")

    with pytest.raises(RoutesError, match=r"routes\.toml"):
        routes.read(tmp_path / "routes.toml")
