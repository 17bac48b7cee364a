"""Packed designations, with the Minor Planet Center's own examples."""

import pytest

from processor.convert.designation import unpacked


@pytest.mark.parametrize(
    ("packed", "readable"),
    [
        ("K04J12Q", "2004 JQ12"),
        ("J95X00A", "1995 XA"),
        ("J95X01L", "1995 XL1"),
        ("J98SA8Q", "1998 SQ108"),
        ("K99AJ3Z", "2099 AZ193"),
        ("K07Tf8A", "2007 TA418"),
        ("PLS2040", "2040 P-L"),
        ("T1S3138", "3138 T-1"),
        ("_QC0000", "2026 CA620"),
        ("_QC0aEM", "2026 CZ6190"),
        ("_QCzzzz", "2026 CL591673"),
    ],
)
def test_provisional_designations_are_unpacked(packed: str, readable: str) -> None:
    assert unpacked(packed) == readable


@pytest.mark.parametrize(
    ("packed", "readable"),
    [
        ("03202", "3202"),
        ("00001", "1"),
        ("A0345", "100345"),
        ("a0017", "360017"),
        ("K3289", "203289"),
        ("~0000", "620000"),
        ("~000z", "620061"),
        ("~AZaz", "3140113"),
        ("~zzzz", "15396335"),
    ],
)
def test_numbers_are_unpacked(packed: str, readable: str) -> None:
    assert unpacked(packed) == readable


@pytest.mark.parametrize(
    ("packed", "readable"),
    [
        ("CJ95O010", "C/1995 O1"),
        ("DJ93F02b", "D/1993 F2-B"),
        ("CJ94P01b", "C/1994 P1-B"),
        ("PK07H01Q", "P/2007 HQ1"),
        ("0029P", "29P"),
        ("0002I", "2I"),
    ],
)
def test_comets_are_unpacked(packed: str, readable: str) -> None:
    assert unpacked(packed) == readable


@pytest.mark.parametrize(
    "readable", ["2004 JQ12", "C/2020 F3", "3202 T-2", "433", "Eros", "K04I12Q", "", "2099 AZ193", "29P/Schwassmann"]
)
def test_what_is_not_packed_stays_as_it_is(readable: str) -> None:
    assert unpacked(readable) == readable
