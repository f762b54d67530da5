from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.scheduler.conftest import MONDAY, OFFICE, Stage, decisions

from lamplighter.errors import StoreCorrupt, UsageError, VersionConflict
from lamplighter.scheduler.overrides import KEPT, PARTITION, TABLE, clear_overrides, list_overrides, set_override, tidy
from lamplighter.schedules.overrides import Hold, Override
from lamplighter.store.memory import MemoryStore
from lamplighter.store.table import Item

NOON = MONDAY + timedelta(hours=12)
ONE = Override("o1", Hold.RUNNING, "i-1", NOON + timedelta(hours=2), "late work", "ada", NOON)


def test_what_is_set_is_listed_oldest_first() -> None:
    store = MemoryStore()
    old = replace(ONE, id="z", created=NOON - timedelta(hours=1), until=NOON)
    for override in (ONE, old):
        set_override(store, override)
    assert list_overrides(store) == [old, ONE]
    assert list_overrides(store, at=NOON - timedelta(seconds=1)) == [old]
    assert list_overrides(store, at=NOON) == [ONE]
    assert list_overrides(store, at=ONE.until) == []


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"until": NOON}, "would end before it begins"),
        ({"until": NOON - timedelta(hours=1)}, "would end before it begins"),
        ({"selector": ""}, "selects nothing"),
        ({"selector": "  "}, "selects nothing"),
        ({"selector": "tag:"}, "selects nothing"),
        ({"selector": "tag:Team"}, "selects nothing"),
        ({"until": NOON.replace(tzinfo=None) + timedelta(hours=2)}, "need a time zone"),
        ({"created": NOON.replace(tzinfo=None)}, "need a time zone"),
    ],
)
def test_what_cannot_work_is_refused(wrong: dict[str, object], words: str) -> None:
    store = MemoryStore()
    with pytest.raises(UsageError, match=words):
        set_override(store, replace(ONE, **wrong))  # type: ignore[arg-type]
    assert list_overrides(store) == []


def test_an_id_is_used_once() -> None:
    store = MemoryStore()
    set_override(store, ONE)
    with pytest.raises(VersionConflict):
        set_override(store, replace(ONE, hold=Hold.STOPPED))


def test_clearing_by_id_and_by_selector() -> None:
    store = MemoryStore()
    many = [replace(ONE, id=f"o{n}", selector="i-1" if n % 2 else "tag:Team=web") for n in range(6)]
    for override in many:
        set_override(store, override)
    assert clear_overrides(store, at=MONDAY) == []
    assert clear_overrides(store, at=MONDAY, ids=frozenset({"o1", "nobody"})) == [many[1]]
    assert clear_overrides(store, at=MONDAY, selector="i-1") == [many[3], many[5]]
    assert clear_overrides(store, at=MONDAY, ids=frozenset({"o0"}), selector="tag:Team=web") == [
        many[0],
        many[2],
        many[4],
    ]
    assert list_overrides(store) == []


def test_those_that_ended_long_ago_are_forgotten() -> None:
    store = MemoryStore()
    later = replace(ONE, id="o2", until=ONE.until + timedelta(hours=1))
    for override in (ONE, later):
        set_override(store, override)
    store.put(TABLE, PARTITION, "bad", {"until": "2020-01-01T00:00+00:00"})
    tidy(store, ONE.until + KEPT - timedelta(seconds=1))
    assert [item.sort for item in store.query(TABLE, PARTITION)] == ["bad", "o1", "o2"]
    tidy(store, ONE.until + KEPT)
    assert [item.sort for item in store.query(TABLE, PARTITION)] == ["bad", "o2"], "what nobody can read is shown"
    tidy(store, ONE.until + KEPT)
    clear_overrides(store, at=NOON, ids=frozenset({"bad"}))
    assert list_overrides(store) == [later]


def test_a_quarter_can_be_compared_after_its_end() -> None:
    assert timedelta(days=92 + 7) <= KEPT


def test_at_most_a_hundred_are_forgotten_at_a_time() -> None:
    store = MemoryStore()
    for number in range(130):
        set_override(store, replace(ONE, id=f"o{number:03}"))
    tidy(store, ONE.until + KEPT)
    assert [each.id for each in list_overrides(store)] == [f"o{number}" for number in range(100, 130)]
    tidy(store, ONE.until + KEPT)
    assert list_overrides(store) == []


def test_one_that_is_written_meanwhile_is_not_forgotten() -> None:
    class Rival(MemoryStore):
        """Somebody gives the override another end as soon as it was read."""

        def query(self, *args: str, **options: object) -> Iterator[Item]:
            found = list(super().query(*args, **options))  # type: ignore[arg-type]
            self.put(TABLE, PARTITION, "o1", {**found[0].data, "until": "2027-12-01T00:00+00:00"})
            return iter(found)

    store = Rival()
    for id_ in ("o1", "o2"):
        set_override(store, replace(ONE, id=id_))
    tidy(store, ONE.until + KEPT)
    left = store.get(TABLE, PARTITION, "o1")
    assert (left and left.data["until"], store.get(TABLE, PARTITION, "o2")) == ("2027-12-01T00:00+00:00", None)


def test_a_store_that_holds_foreign_items_is_left_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    class Foreign(MemoryStore):
        def query(self, *args: str, **options: object) -> Iterator[Item]:
            raise StoreCorrupt("overrides/overrides/x: no item of the store", hint="take it away")

    tidy(Foreign(), NOON)
    assert "x: no item of the store; take it away" in caplog.text


def test_one_that_is_damaged_stops_a_pass_and_can_be_cleared_by_its_id() -> None:
    stage = Stage()
    set_override(stage.plain, ONE)
    broken = {"hold": "lit", "selector": "i-1", "until": "", "reason": "", "author": "", "created": ""}
    for id_, data in {"bad": broken, "naive": {**broken, "hold": "running", "until": "2026-11-23T12:00"}}.items():
        stage.plain.put(TABLE, PARTITION, id_, dict(data))
        with pytest.raises(StoreCorrupt, match=id_) as refusal:
            stage.run(8)
        assert refusal.value.hint == f"take it away: lamp override clear --id {id_}"
        with pytest.raises(StoreCorrupt):
            clear_overrides(stage.plain, at=MONDAY, selector="i-1")
        assert clear_overrides(stage.plain, at=MONDAY, ids=frozenset({id_})) == []
        assert list_overrides(stage.plain) == [ONE]


def test_in_a_pass_and_after_its_end(stage: Stage) -> None:
    id_ = stage.cloud.instance(name="web", tags={"Team": "shop"})
    other = stage.cloud.instance()
    stage.run(8)
    evening = MONDAY + timedelta(hours=17)
    for number, selector in enumerate(("web", "tag:Team=shop")):
        hold = Hold.RUNNING if selector == "web" else Hold.STOPPED
        set_override(
            stage.plain,
            Override(f"o{number}", hold, selector, evening + timedelta(hours=3), "late work", "ada", evening),
        )
    report = stage.run(18)
    assert decisions(report) == {id_: ("none", "override"), other: ("stop", "schedule")}
    assert (
        "an override by ada keeps it running until 2026-11-23T20:00+00:00 (late work)"
        in report.steps[0].decision.reason
    )
    assert decisions(stage.run(19, 59))[id_] == ("none", "override")
    assert decisions(stage.run(20))[id_] == ("stop", "schedule")


def test_leave_alone_in_a_pass(stage: Stage) -> None:
    stage.define(OFFICE.replace("{periods: office}", "{periods: office, enforced: true}"))
    id_ = stage.cloud.instance(state="running")
    set_override(stage.plain, Override("o", Hold.LEAVE_ALONE, id_, MONDAY + timedelta(hours=6), "", "ada", MONDAY))
    assert decisions(stage.run(3)) == {id_: ("none", "override")}
    assert stage.stored(id_) == "unknown"
    assert decisions(stage.run(6)) == {id_: ("stop", "enforced")}
