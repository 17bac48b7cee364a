"""The taxonomy of our classes, and the names in anybody's."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.taxonomy import TAXONOMY, classes


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("subclasses", []):
        yield from nodes(below)


def test_the_file_is_what_skyportal_takes_but_for_the_groups() -> None:
    body = json.loads(Path(__file__).parents[2].joinpath("schemas", "taxonomy.v1.json").read_text())

    assert set(body) == {"name", "version", "hierarchy"}
    assert (body["name"], body["version"]) == ("Fink", "1") == (TAXONOMY.name, TAXONOMY.version)
    assert body["hierarchy"] == TAXONOMY.hierarchy


def test_every_node_has_a_name_and_nothing_that_skyportals_schema_does_not_know() -> None:
    for node in nodes(TAXONOMY.hierarchy):
        assert {"class"} <= set(node) <= {"class", "subclasses"}
        assert node["class"] == node["class"].strip() != ""
        assert node.get("subclasses", ["leaf"])


def test_no_class_is_there_twice() -> None:
    names = [node["class"] for node in nodes(TAXONOMY.hierarchy)]

    assert len(names) == len(set(names))
    assert frozenset(names) == classes(TAXONOMY.hierarchy)


def test_simbads_types_of_today_have_names_of_their_own() -> None:
    (simbad,) = (node for node in nodes(TAXONOMY.hierarchy) if node["class"] == "SIMBAD")
    today = {name.removeprefix("(SIMBAD) ") for name in classes(simbad) if name.startswith("(SIMBAD) ")}

    assert len(today) == 225  # as many as SIMBAD has, without "Unknown"
    assert today >= {"Star", "**", "CataclyV*_Candidate", "LongPeriodV*", "OH/IR*", "Galaxy_Candidate", "Inexistent"}
    assert today.isdisjoint({"Unknown", "LPV*", "CV*_Candidate", "Seyfert_1"})
    assert all(name.removesuffix("_Candidate") in today for name in today)


def test_former_names_of_simbads_types_are_classes_too() -> None:
    names = {"LPV*", "Candidate_CV*", "CV*_Candidate", "Seyfert_1", "EB*WUMa", "RRLyr", "galaxy"}

    assert {f"(SIMBAD) {name}" for name in names} <= classes(TAXONOMY.hierarchy)


def test_what_says_none_is_no_class() -> None:
    names = {name.removeprefix("(SIMBAD) ") for name in classes(TAXONOMY.hierarchy)}

    assert names.isdisjoint({"", "Unknown", "None", "null", "nan", "Fail", "Fail 504"})


def test_the_classes_of_a_hierarchy_are_its_nodes_at_any_depth() -> None:
    hierarchy = {
        "class": "Time-domain Source",
        "tags": ["not", "classes"],
        "other names": ["nor", "these"],
        "subclasses": [
            {"class": "Stellar", "subclasses": [{"class": "Nova", "subclasses": []}]},
            {"subclasses": [{"class": "of a node without a name"}]},
        ],
    }

    assert classes(hierarchy) == {"Time-domain Source", "Stellar", "Nova", "of a node without a name"}


@pytest.mark.parametrize(
    "odd",
    [
        None,
        "class",
        7,
        [],
        [{"class": "in a list, where SkyPortal finds none"}],
        {},
        {"class": None},
        {"class": ["SN"]},
        {"class": {"class": "SN"}},
        {"subclasses": None},
        {"subclasses": "SN"},
        {"subclasses": {"class": "SN"}},
        {"subclasses": [None, "class", 7, ["SN"], {"name": "SN"}]},
    ],
)
def test_what_is_no_hierarchy_has_no_classes(odd: object) -> None:
    assert classes(odd) == frozenset()


def test_a_tree_deeper_than_pythons_stack_is_read() -> None:
    hierarchy: dict[str, Any] = {"class": "deepest"}
    for _ in range(100_000):
        hierarchy = {"subclasses": [hierarchy]}

    assert classes(hierarchy) == {"deepest"}
    while "subclasses" in hierarchy:  # or Python frees it level by level, on its stack
        hierarchy = hierarchy["subclasses"].pop()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["class", "subclasses", "tags"]), inner),
)


@given(json_values)
def test_any_json_has_classes_or_none(value: object) -> None:
    assert all(isinstance(name, str) for name in classes(value))
