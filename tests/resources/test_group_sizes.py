from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.errors import NotSupported, OutcomeUnknown, Throttled, WrongState
from lamplighter.resources.group_sizes import SIZE_TAG, one_by_one, size_to_restore
from lamplighter.resources.kind import Resource
from lamplighter.schedules.decision import Live

OLD_TAG = "IS-MinDesiredMax"
BOTH = (SIZE_TAG, OLD_TAG)
NOTHING = {"min": "0", "desired": "0", "max": "0"}
BEFORE = {"min": "1", "desired": "2", "max": "4"}


def group(
    tags: Mapping[str, str] | None = None,
    restore: Mapping[str, str] | None = None,
    size: Mapping[str, str] = NOTHING,
    id_: str = "web",
) -> Resource:
    return Resource(
        "autoscaling-group",
        id_,
        f"arn:{id_}",
        "111122223333",
        "eu-west-1",
        id_,
        tags or {},
        None,
        Live.STOPPED,
        "0-0-0",
        size=size,
        restore=restore or {},
    )


def test_what_was_remembered_is_put_back() -> None:
    assert size_to_restore(group(restore=BEFORE), BOTH) == ({"min": 1, "desired": 2, "max": 4}, "as remembered")


def test_it_is_put_back_in_order_however_the_store_orders_it() -> None:
    backwards = dict(reversed(BEFORE.items()))
    assert list(size_to_restore(group(restore=backwards), BOTH)[0].items()) == [("min", 1), ("desired", 2), ("max", 4)]


def test_only_what_the_kind_sets_to_nothing_is_put_back() -> None:
    lit = group(restore={"min": "1", "desired": "2"}, size={"min": "0", "desired": "0"})
    assert size_to_restore(lit, BOTH)[0] == {"min": 1, "desired": 2}


@pytest.mark.parametrize(
    ("tags", "size", "origin"),
    [
        ({OLD_TAG: "2-3-5"}, {"min": 2, "desired": 3, "max": 5}, "from tag IS-MinDesiredMax"),
        ({SIZE_TAG: "0-1-1"}, {"min": 0, "desired": 1, "max": 1}, "from tag lamplighter:size"),
        ({OLD_TAG: "2-3-5", SIZE_TAG: "3-3-3"}, {"min": 3, "desired": 3, "max": 3}, "from tag lamplighter:size"),
        ({SIZE_TAG: " 1 - 10 - 20 "}, {"min": 1, "desired": 10, "max": 20}, "from tag lamplighter:size"),
        ({SIZE_TAG: "0-0-4"}, {"min": 0, "desired": 0, "max": 4}, "from tag lamplighter:size"),
    ],
)
@pytest.mark.parametrize("restore", [{}, BEFORE, NOTHING], ids=["unknown", "remembered", "nothing"])
def test_a_tag_wins_over_what_was_remembered(
    tags: Mapping[str, str], size: Mapping[str, int], origin: str, restore: Mapping[str, str]
) -> None:
    assert size_to_restore(group(tags, restore), BOTH) == (size, origin)


@pytest.mark.parametrize(
    "value",
    ["", "0-0-0", "1-2", "1-2-4-8", "1-2-x", "4-2-1", "1-5-4", "-1-2-4", "1--4", "1,2,4", "1.0-2-4", "٢-٣-٤", "²-3-4"],
)
@pytest.mark.parametrize("tag", BOTH)
def test_a_malformed_tag_is_an_error_even_when_the_size_is_remembered(tag: str, value: str) -> None:
    with pytest.raises(NotSupported) as refusal:
        size_to_restore(group({tag: value}, BEFORE), BOTH)
    assert refusal.value.message == (
        f"111122223333/eu-west-1: web cannot be started: its tag {tag} is {value!r}, which is no size"
    )
    assert refusal.value.hint.startswith(f"tag it {tag} with min-desired-max, such as 1-2-4")
    assert refusal.value.target == "111122223333/eu-west-1"


def test_a_malformed_tag_is_not_passed_over_for_the_next_one() -> None:
    with pytest.raises(NotSupported, match=SIZE_TAG):
        size_to_restore(group({SIZE_TAG: "many", OLD_TAG: "1-2-4"}), BOTH)


def test_tags_that_are_not_asked_for_count_for_nothing() -> None:
    assert size_to_restore(group({OLD_TAG: "9-9-9"}, BEFORE), (SIZE_TAG,))[1] == "as remembered"


@pytest.mark.parametrize("restore", [{}, NOTHING], ids=["not remembered", "remembered as nothing"])
def test_without_a_size_it_is_not_guessed(restore: Mapping[str, str]) -> None:
    with pytest.raises(NotSupported) as refusal:
        size_to_restore(group(restore=restore), BOTH)
    assert refusal.value.message == "111122223333/eu-west-1: web cannot be started: its size before is not known"
    assert refusal.value.hint == (
        "tag it lamplighter:size with min-desired-max, such as 1-2-4, or give it its size by hand this once"
    )


@pytest.mark.parametrize(
    "restore", [{"min": "1"}, {"min": "1", "desired": "2"}, {**BEFORE, "max": "many"}, {**BEFORE, "desired": "9"}]
)
def test_a_damaged_memory_is_an_error(restore: Mapping[str, str]) -> None:
    with pytest.raises(NotSupported, match="what was remembered of its size is"):
        size_to_restore(group(restore=restore), BOTH)


@given(st.lists(st.integers(0, 10_000), min_size=3, max_size=3))
def test_a_size_is_what_rises_and_is_not_nothing(numbers: list[int]) -> None:
    low, desired, high = numbers
    lit = group({SIZE_TAG: f"{low}-{desired}-{high}"})
    if low <= desired <= high and high > 0:
        assert size_to_restore(lit, BOTH)[0] == {"min": low, "desired": desired, "max": high}
    else:
        with pytest.raises(NotSupported):
            size_to_restore(lit, BOTH)


@given(st.text(max_size=12))
def test_any_text_is_a_size_or_a_refusal(value: str) -> None:
    try:
        size, _ = size_to_restore(group({SIZE_TAG: value}), BOTH)
    except NotSupported:
        return
    assert 0 <= size["min"] <= size["desired"] <= size["max"] > 0


def test_a_failure_belongs_to_its_resource() -> None:
    failures = {"b": Throttled("slow"), "d": WrongState("busy"), "e": OutcomeUnknown("lost")}
    asked: list[str] = []

    def act(resource: Resource) -> str:
        asked.append(resource.id)
        if resource.id in failures:
            raise failures[resource.id]
        return f"did {resource.id}"

    results = one_by_one([group(id_=id_) for id_ in "abcde"], act)
    assert asked == list("abcde")
    assert [(result.id, result.error, result.note) for result in results] == [
        ("a", None, "did a"),
        ("b", failures["b"], ""),
        ("c", None, "did c"),
        ("d", failures["d"], ""),
        ("e", failures["e"], ""),
    ]
