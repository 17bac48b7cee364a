"""What docs/RECORD.md says of annotations and classes is what the converter makes."""

from pathlib import Path

import pytest

from processor.convert import finkclass, lsst_classes
from processor.convert.lsst_vocabulary import LSST
from processor.convert.multi_messenger_vocabulary import MULTI_MESSENGER
from processor.convert.vocabulary import Vocabulary
from processor.convert.ztf_vocabulary import ZTF

PAGE = Path(__file__).parents[1].joinpath("docs", "RECORD.md").read_text()


@pytest.mark.parametrize("vocabulary", [ZTF, LSST], ids=["ztf", "lsst"])
def test_every_field_of_the_survey_that_is_annotated_is_listed(vocabulary: Vocabulary) -> None:
    listed = PAGE.split("## Annotations")[1].split("**None**")[0].replace("`", " ").split()

    for struct, names in (*vocabulary.chosen.items(), *vocabulary.moving.items()):
        assert {name for name in names if name not in listed and f"{struct}.{name}" not in PAGE} == set()


@pytest.mark.parametrize("vocabulary", [ZTF, LSST, MULTI_MESSENGER], ids=["ztf", "lsst", "multi-messenger"])
def test_every_field_with_numbers_that_mean_none_is_listed(vocabulary: Vocabulary) -> None:
    numbers = {path for path in vocabulary.none if path.rpartition(".")[2] not in vocabulary.ids}

    assert {path for path in numbers if f"`{path}`" not in PAGE} == set()


@pytest.mark.parametrize("vocabulary", [ZTF, LSST, MULTI_MESSENGER], ids=["ztf", "lsst", "multi-messenger"])
def test_what_is_annotated_on_request_is_listed(vocabulary: Vocabulary) -> None:
    assert {name for name in vocabulary.on_request if name.replace("_g", "").replace("_r", "") not in PAGE} == set()


def test_every_class_and_the_rule_are_listed() -> None:
    cats = [f"(CATS) {name}" for name in lsst_classes.CATS_CLASSES.values()]
    snn = [f"(SuperNNova) {name}" for name in (lsst_classes.SUPERNOVA, lsst_classes.OTHER)]

    assert [name for name in (*finkclass.CLASSES, *cats, *snn) if f"`{name}`" not in PAGE] == []
    assert finkclass.RULE in PAGE
