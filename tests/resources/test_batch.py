from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.errors import (
    AccessDenied,
    AwsError,
    CapacityUnavailable,
    CredentialsMissing,
    NotFound,
    OutcomeUnknown,
    Throttled,
    Unreachable,
    WrongState,
)
from lamplighter.resources.batch import isolate

IDS = [f"i-{n:017x}" for n in range(1, 51)]


class Service:
    """Refuses a call that holds a bad member, as AWS does; names some of the bad, or none."""

    def __init__(self, bad: Sequence[str], *, names: int = 0, error: type[AwsError] = WrongState) -> None:
        self.bad, self.names, self.error = set(bad), names, error
        self.calls: list[list[str]] = []
        self.done: list[str] = []

    def __call__(self, ids: Sequence[str]) -> None:
        self.calls.append(list(ids))
        bad = [member for member in ids if member in self.bad]
        if bad:
            raise self.error("refused: " + ", ".join(f"'{member}'" for member in bad[: self.names]))
        self.done.extend(ids)


@given(
    st.integers(1, 50).flatmap(lambda n: st.tuples(st.just(IDS[:n]), st.sets(st.sampled_from(IDS[:n])))),
    st.integers(0, 3),
)
def test_exactly_the_bad_ones_fail(case: tuple[list[str], set[str]], names: int) -> None:
    ids, bad = case
    service = Service(sorted(bad), names=names)
    found = isolate(ids, service)
    assert sorted(found) == sorted(ids)
    assert {member for member, error in found.items() if error is not None} == bad
    assert sorted(service.done) == sorted(set(ids) - bad)
    assert all(call for call in service.calls)
    if names:
        assert len(service.calls) <= 2 * len(bad) + 1
    else:
        assert len(service.calls) <= max(1, 2 * len(bad) * (ceil(log2(len(ids))) if len(ids) > 1 else 1) + 1)
        assert len(service.calls) <= 2 * len(ids) - 1


@pytest.mark.parametrize("error", [Throttled, OutcomeUnknown, CredentialsMissing, Unreachable])
def test_an_error_about_the_call_is_every_members_and_not_repeated(error: type[AwsError]) -> None:
    service = Service(IDS[:1], error=error)
    found = isolate(IDS, service)
    assert len(service.calls) == 1
    assert set(found) == set(IDS)
    assert {type(each) for each in found.values()} == {error}


@pytest.mark.parametrize("error", [WrongState, NotFound, AccessDenied, CapacityUnavailable, AwsError])
def test_an_error_about_members_is_isolated(error: type[AwsError]) -> None:
    service = Service([IDS[7]], error=error)
    found = isolate(IDS, service)
    assert [member for member, each in found.items() if each] == [IDS[7]]
    assert type(found[IDS[7]]) is error


def test_throttling_on_the_way_belongs_to_the_rest_of_its_half() -> None:
    calls: list[list[str]] = []

    def call(ids: Sequence[str]) -> None:
        calls.append(list(ids))
        if len(ids) == 4:
            raise WrongState("one of them")
        if "i-a" in ids:
            raise Throttled("slow down")

    found = isolate(["i-a", "i-b", "i-c", "i-d"], call)
    assert calls == [["i-a", "i-b", "i-c", "i-d"], ["i-a", "i-b"], ["i-c", "i-d"]]
    assert [type(found[member]) for member in ("i-a", "i-b", "i-c", "i-d")] == [
        Throttled,
        Throttled,
        type(None),
        type(None),
    ]


def test_named_members_are_set_aside_at_once() -> None:
    service = Service(IDS[3:6], names=3)
    isolate(IDS, service)
    assert [len(call) for call in service.calls] == [50, 47]


def test_an_id_is_named_as_a_whole_word() -> None:
    """Ids of eight digits live on beside those of seventeen, which may begin with the same ones."""
    old, new = "i-12345678", "i-1234567890abcdef0"
    service = Service([new], names=1)
    found = isolate([old, new, IDS[0]], service)
    assert (found[old], type(found[new]), found[IDS[0]]) == (None, WrongState, None)
    assert service.done == [old, IDS[0]]


def test_an_id_in_an_arn_is_named() -> None:
    def call(ids: Sequence[str]) -> None:
        if "i-b" in ids:
            raise AccessDenied("not allowed on arn:aws:ec2:eu-west-1:111122223333:instance/i-b.")

    found = isolate(["i-a", "i-b", "i-c"], call)
    assert [member for member, error in found.items() if error] == ["i-b"]


def test_anything_else_is_not_caught() -> None:
    def call(_ids: Sequence[str]) -> None:
        raise KeyError("bug")

    with pytest.raises(KeyError):
        isolate(["i-a", "i-b"], call)


def test_what_is_said_to_belong_to_all_is_not_tried_again() -> None:
    service = Service(IDS[:1], error=AccessDenied)
    found = isolate(IDS, service, whole=(AccessDenied,))
    assert [type(error) for error in found.values()] == [AccessDenied] * 50
    assert len(service.calls) == 1

    service = Service(IDS[:1], error=WrongState)
    assert [id_ for id_, error in isolate(IDS, service, whole=(AccessDenied,)).items() if error] == IDS[:1]
