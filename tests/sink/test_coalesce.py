"""Which records share a request."""

from schemas.record import instant
from sink.delivery import coalesce
from sink.delivery.payloads import MOST_ROWS, Routed
from support.in_flight import destination, routed
from support.records import MJD, light_curve


def names(groups: list[list[Routed]]) -> list[list[str]]:
    return [[one.alert.obj_id for one in group] for group in groups]


def test_the_topics_of_one_alert_share_a_candidate_request() -> None:
    groups = coalesce.candidates([routed(topic="a"), routed(obj_id="other"), routed(topic="b")])

    assert names(groups) == [["ZTF26aamcbly", "ZTF26aamcbly"], ["other"]]


def test_two_alerts_of_one_object_are_two_candidates() -> None:
    groups = coalesce.candidates([routed(), routed(observed_at=instant(MJD + 1))])

    assert [len(group) for group in groups] == [1, 1]


def test_a_suspect_is_alone_in_its_candidate_request() -> None:
    groups = coalesce.candidates([routed(suspect=True), routed(), routed(), routed(suspect=True)])

    assert [len(group) for group in groups] == [1, 2, 1]


def test_points_of_many_objects_share_a_request() -> None:
    records = [routed(obj_id=f"ZTF{number}") for number in range(20)]

    assert list(coalesce.photometry(records)) == [records]


def test_a_suspect_is_alone_in_its_photometry_request() -> None:
    good, bad, fine = routed(obj_id="good"), routed(obj_id="bad", suspect=True), routed(obj_id="fine")

    assert sorted(names(list(coalesce.photometry([good, bad, fine])))) == [["bad"], ["good", "fine"]]


def test_objects_that_different_groups_may_see_are_not_mixed() -> None:
    one, two = destination(group_id=7), destination(group_id=8)
    records = [routed(obj_id="a", to=one), routed(obj_id="b", to=two), routed(obj_id="c", to=one)]

    assert names(list(coalesce.photometry(records))) == [["a", "c"], ["b"]]


def test_the_topics_of_one_object_are_seen_by_all_their_groups_and_streams() -> None:
    records = [routed(to=destination(group_id=9, stream_id=2)), routed(to=destination(group_id=7, stream_id=1))]

    (chunk,) = coalesce.photometry(records)

    assert coalesce.audience(chunk) == ((7, 9), (1, 2))


def test_rows_end_a_request_before_they_are_too_many() -> None:
    curve = light_curve(*map(float, range(MOST_ROWS // 2)))
    records = [routed(obj_id=f"ZTF{number}", photometry=curve) for number in range(5)]

    assert [len(chunk) for chunk in coalesce.photometry(records)] == [2, 2, 1]


def test_points_that_several_histories_share_count_once() -> None:
    night = [light_curve(*[20.5] * 44, mjd=MJD + day) for day in range(30)]
    records = [
        routed(observed_at=instant(MJD + day), photometry=curve, alert_id=str(day)) for day, curve in enumerate(night)
    ]

    assert list(coalesce.photometry(records)) == [records]


def test_an_alert_with_more_rows_than_a_request_is_alone() -> None:
    large = routed(photometry=light_curve(*map(float, range(MOST_ROWS + 1))))

    assert [len(chunk) for chunk in coalesce.photometry([routed(obj_id="a"), large, routed(obj_id="b")])] == [1, 1, 1]
