from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.schedules.overrides import Hold, Override, in_force

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
NAMES = ("i-1", "arn:aws:ec2:eu-west-1:111122223333:instance/i-1", "web")


def override(
    selector: str, *, id_: str = "o1", start: float = 0, hours: float = 2, hold: Hold = Hold.RUNNING, reason: str = ""
) -> Override:
    created = NOON + timedelta(hours=start)
    return Override(id_, hold, selector, NOON + timedelta(hours=hours), reason, "ada", created)


@pytest.mark.parametrize(
    ("selector", "fits"),
    [
        *((name, True) for name in NAMES),
        ("I-1", False),
        ("i-2", False),
        ("tag:Team=web", True),
        ("tag:Team=Web", False),
        ("tag:team=web", False),
        ("tag:Team=", False),
        ("tag:Empty=", True),
        ("tag:Expression=a=b", True),
        ("tag:Team", False),
        ("tag:Nothing=", False),
        ("", False),
    ],
)
def test_what_a_selector_fits(selector: str, fits: bool) -> None:
    tags = {"Team": "web", "Empty": "", "Expression": "a=b"}
    assert override(selector).matches(NAMES, tags) is fits
    assert (in_force([override(selector)], NOON, NAMES, tags) is not None) is fits


@pytest.mark.parametrize(
    ("hold", "words"),
    [
        (Hold.RUNNING, "an override by ada keeps it running until 2026-11-23T14:00+00:00"),
        (Hold.STOPPED, "an override by ada keeps it stopped until 2026-11-23T14:00+00:00"),
        (Hold.LEAVE_ALONE, "an override by ada leaves it alone until 2026-11-23T14:00+00:00"),
    ],
)
def test_its_words(hold: Hold, words: str) -> None:
    assert override("i-1", hold=hold).words() == words
    assert override("i-1", hold=hold, reason="patch night").words() == f"{words} (patch night)"


def test_it_holds_from_its_making_to_its_end() -> None:
    given_ = override("i-1")
    for seconds, holds in [(-1, False), (0, True), (7199, True), (7200, False)]:
        assert (in_force([given_], NOON + timedelta(seconds=seconds), NAMES, {}) is given_) is holds


def test_one_that_names_the_resource_goes_before_one_that_names_a_tag() -> None:
    by_tag, by_name = override("tag:Team=web", id_="new"), override("web", id_="old", start=-5)
    assert in_force([by_tag, by_name], NOON, NAMES, {"Team": "web"}) is by_name


def test_among_equals_the_newest_applies_and_among_these_the_greater_id() -> None:
    old, new, twin = (
        override("i-1", id_="a", start=-2),
        override("web", id_="b", start=-1),
        override("i-1", id_="c", start=-1),
    )
    assert in_force([new, old], NOON, NAMES, {}) is new
    assert in_force([twin, old, new], NOON, NAMES, {}) is twin


def test_names_may_be_read_once() -> None:
    found = in_force([override("i-2"), override("web", id_="o2")], NOON, iter(NAMES), {})
    assert found is not None
    assert found.selector == "web"


@given(
    st.lists(
        st.builds(
            override,
            st.sampled_from(["i-1", "web", "tag:Team=web", "i-2"]),
            id_=st.uuids().map(str),
            start=st.integers(-9, 3),
            hours=st.integers(-8, 4),
            hold=st.sampled_from(Hold),
        )
    ),
    st.randoms(),
)
def test_the_order_of_overrides_does_not_matter(overrides: list[Override], random: object) -> None:
    found = in_force(overrides, NOON, NAMES, {"Team": "web"})
    assert in_force(reversed(overrides), NOON, NAMES, {"Team": "web"}) is found
    if found is not None:
        assert found.created <= NOON < found.until
