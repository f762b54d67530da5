"""Reading config tables of the AWS Instance Scheduler: forms, fields, and what is rejected."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter.errors import Problem
from lamplighter.schedules import Imported, State, load_instance_scheduler
from lamplighter.schedules.definitions import PeriodDefinition, ScheduleDefinition
from lamplighter.schedules.dialects.instance_scheduler import read

Item = Mapping[str, object]
MONDAY = datetime(2026, 5, 4, 12, tzinfo=UTC)

GOOD: list[Item] = [
    {"type": "config", "name": "scheduler", "scheduled_services": ["ec2"]},
    {"type": "schedule", "name": "dev", "periods": ["office"], "timezone": "Europe/Berlin"},
    {"type": "period", "name": "office", "begintime": "9:00", "endtime": "17:00", "weekdays": ["mon-fri"]},
]


def load(*items: Item) -> Imported:
    return load_instance_scheduler([*items, *GOOD])


def period_problems(**fields: object) -> tuple[Problem, ...]:
    """What is wrong with a period of these fields; everything else in the table must be read all the same."""
    imported = load({"type": "period", "name": "bad", **fields})
    assert list(imported.schedules) == list(imported.definitions) == ["dev"]
    assert list(imported.periods) == ["office"]
    assert set(imported.errors) == {"bad"}
    return imported.errors["bad"]


def test_a_table() -> None:
    imported = load()
    assert imported.errors == {}
    assert list(imported.periods) == ["office"]
    assert imported.definitions["dev"].timezone == "Europe/Berlin"
    found = imported.schedules["dev"].state_at(MONDAY)
    assert (found.state, found.period, found.instance_type) == (State.RUNNING, "office", None)


def test_dynamodb_markers_and_plain_values_mean_the_same() -> None:
    marked: list[Item] = [
        {"type": {"S": "period"}, "name": {"S": "p"}, "begintime": {"S": "08:00"}, "monthdays": {"NS": ["4", "5"]}},
        {"type": {"S": "period"}, "name": {"S": "q"}, "weekdays": {"SS": ["sat", "sun"]}, "months": {"NULL": True}},
        {
            "type": {"S": "schedule"},
            "name": {"S": "s"},
            "periods": {"SS": ["q", "p@t3.large"]},
            "timezone": {"S": "Asia/Tokyo"},
            "stop_new_instances": {"BOOL": False},
            "enforced": {"BOOL": True},
            "ssm_maintenance_window": {"L": [{"S": "patching"}]},
            "override_status": {"NULL": True},
        },
    ]
    plain: list[Item] = [
        {"type": "period", "name": "p", "begintime": "08:00", "monthdays": {Decimal(4), Decimal(5)}},
        {"type": "period", "name": "q", "weekdays": "sat,sun"},
        {
            "type": "schedule",
            "name": "s",
            "periods": "p@t3.large, q",
            "timezone": "Asia/Tokyo",
            "stop_new_instances": False,
            "enforced": True,
            "ssm_maintenance_window": ["patching"],
        },
    ]
    one, other = load_instance_scheduler(marked), load_instance_scheduler(plain)
    assert one.errors == other.errors == {}
    assert one.definitions == other.definitions
    assert one.definitions["s"].ssm_maintenance_window == ("patching",)
    assert (one.definitions["s"].enforced, one.definitions["s"].stop_new_instances) == (True, False)
    found = one.schedules["s"].state_at(MONDAY)
    assert found == other.schedules["s"].state_at(MONDAY)
    assert (found.state, found.period, found.instance_type) == (State.RUNNING, "p", "t3.large")


def test_fields_that_are_not_given_have_the_originals_defaults() -> None:
    definition = load().definitions["dev"]
    assert (definition.stop_new_instances, definition.use_maintenance_window) == (True, True)
    assert (definition.enforced, definition.retain_running, definition.hibernate) == (False, False, False)
    assert definition.override_status is None
    zones = [
        load_instance_scheduler([*GOOD[1:], x], default_timezone="Asia/Tokyo").schedules
        for x in (
            {"type": "schedule", "name": "none", "periods": ["office"]},
            {"type": "schedule", "name": "none", "periods": ["office"], "timezone": ""},
        )
    ]
    assert [z["none"].zone.key for z in zones] == ["Asia/Tokyo", "Asia/Tokyo"]


@pytest.mark.parametrize(("text", "state"), [("running", "running"), ("STOPPED", "stopped"), ("Running", "running")])
def test_override_status_is_read_in_any_case(text: str, state: str) -> None:
    imported = load({"type": "schedule", "name": "fixed", "override_status": text})
    found = imported.schedules["fixed"].state_at(MONDAY)
    assert (found.state.value, found.period) == (state, "override_status")


@pytest.mark.parametrize(
    ("fields", "where", "position", "message", "hint"),
    [
        ({"begintime": "24:00"}, "begintime", 0, "'24:00' is not a time of the day", "use 00:00 to 23:59"),
        ({"endtime": "24:00"}, "endtime", 0, "'24:00' is not a time of the day", "use 00:00 to 23:59"),
        ({"endtime": "08:60"}, "endtime", 0, "'08:60' is not a time of the day", "use 00:00 to 23:59"),
        ({"begintime": "8"}, "begintime", 0, "'8' is not a time", "write HH:MM"),
        ({"begintime": "08:00:00"}, "begintime", 0, "is not a time", "write HH:MM"),
        ({"begintime": " 08:00"}, "begintime", 0, "is not a time", "write HH:MM"),
        ({"begintime": ""}, "begintime", 0, "'' is not a time", "write HH:MM"),
        ({"begintime": 800}, "begintime", 0, "'800' is not a time", "write HH:MM"),
        ({"begintime": ["08:00"]}, "begintime", 0, "is not a time", "write HH:MM"),
        ({"begintime": "\u0660\u0668:\u0660\u0660"}, "begintime", 0, "is not a time", "write HH:MM"),
        ({"begintime": "18:00", "endtime": "08:00"}, "begintime", 0, "is after endtime 08:00", "no overnight periods"),
        ({"begintime": "08:00", "endtime": "8:00"}, "endtime", 0, "would never run", "leave both out"),
        ({}, None, None, "names no time, day or month", "give it begintime"),
        ({"description": "empty"}, None, None, "names no time, day or month", "give it begintime"),
        ({"weekdays": None, "months": {"NULL": True}}, None, None, "names no time, day or month", "give it"),
        ({"weekdays": []}, "weekdays", None, "the list is empty", "leave the field out"),
        ({"begintime": "08:00", "months": {"L": []}}, "months", None, "the list is empty", "leave the field out"),
        ({"weekdays": ""}, "weekdays", 0, "nothing between two commas", "remove the extra comma"),
        ({"weekdays": ["mon,,tue"]}, "weekdays", 4, "nothing between two commas", "remove the extra comma"),
        ({"weekdays": "7"}, "weekdays", 0, "'7' is not a value", "from 0 (Monday)"),
        ({"weekdays": 7}, "weekdays", 0, "'7' is not a value", "from 0 (Monday)"),
        ({"weekdays": "mon, thurs"}, "weekdays", 5, "'thurs' is not a value", "write thu or thursday"),
        ({"weekdays": "mon/0"}, "weekdays", 4, "the step must be", "for example"),
        ({"monthdays": "1-31/0"}, "monthdays", 5, "the step must be", "for example"),
        ({"monthdays": "28-3"}, "monthdays", 0, "do not wrap around", "write 28-L,1-3"),
        ({"monthdays": "L-3"}, "monthdays", 0, "counting back", "list the days"),
        ({"months": "L"}, "months", 0, "has no meaning for months", "write dec"),
        ({"weekdays": {"a": 1, "b": 2}}, "weekdays", None, "valid tuple", "write a text or a list"),
    ],
)
def test_rejected_periods(
    fields: dict[str, object], where: str | None, position: int | None, message: str, hint: str
) -> None:
    (problem,) = period_problems(**fields)
    assert (problem.where, problem.position) == (f"periods.bad.{where}" if where else "periods.bad", position)
    assert message in problem.message
    assert hint in problem.hint


@pytest.mark.parametrize(
    ("fields", "where", "message"),
    [
        ({}, "", "the schedule says nothing"),
        ({"periods": []}, "", "the schedule says nothing"),
        ({"periods": ["nights"]}, ".periods", "period 'nights' is not defined or not valid"),
        ({"periods": ["office", "bad"]}, ".periods", "period 'bad' is not defined or not valid"),
        ({"periods": ["office"], "timezone": "Mars"}, ".timezone", "'Mars' is not a time zone"),
        ({"periods": ["office"], "timezone": 5}, ".timezone", "valid string"),
        ({"periods": [5]}, None, ""),
        ({"periods": ["office"], "enforced": "perhaps"}, ".enforced", "valid boolean"),
        ({"periods": ["office"], "override_status": "sometimes"}, ".override_status", "'running' or 'stopped'"),
    ],
)
def test_rejected_schedules(fields: dict[str, object], where: str | None, message: str) -> None:
    bad: Item = {"type": "period", "name": "bad", "weekdays": "x"}
    imported = load({"type": "schedule", "name": "ops", **fields}, bad)
    assert list(imported.schedules) == list(imported.definitions) == ["dev"]
    (problem,) = imported.errors["ops"]
    assert where is None or problem.where == f"schedules.ops{where}"
    assert message in problem.message
    assert problem.hint


def test_items_without_a_name_and_of_other_types() -> None:
    imported = load({"type": "period"}, {"type": "schedule", "name": ""}, {"type": "thing", "name": "x"}, {})
    assert list(imported.schedules) == ["dev"]
    assert [p.where for p in imported.errors["(no name)"]] == ["periods", "schedules"]


def test_a_period_and_a_schedule_of_one_name_keep_their_problems() -> None:
    imported = load({"type": "period", "name": "x"}, {"type": "schedule", "name": "x"})
    assert [p.where for p in imported.errors["x"]] == ["periods.x", "schedules.x"]


def test_of_equal_begins_a_list_decides_by_its_order_and_a_set_by_its_names() -> None:
    periods: list[Item] = [
        {"type": "period", "name": name, "begintime": "08:00", "endtime": end}
        for name, end in (("a", "17:00"), ("b", "18:00"))
    ]

    def at_noon(named: object) -> str | None:
        imported = load_instance_scheduler([*periods, {"type": "schedule", "name": "s", "periods": named}])
        return imported.schedules["s"].state_at(MONDAY).period

    assert [at_noon(["a", "b"]), at_noon(["b", "a"]), at_noon("b,a")] == ["a", "b", "b"]
    assert [at_noon({"SS": ["b", "a"]}), at_noon({"b", "a"})] == ["a", "a"]


# What no field accepts, by field, and where in the text the fault begins.
BAD_TOKENS = {
    "weekdays": ["7", "thurs", "mon-L", "fri#6", "fri#0", "*/2", "!sat", "mon/0", "mon-fri/x", "15W", "mon-sun-tue"],
    "monthdays": ["0", "32", "28-3", "L-3", "L/2", "32W", "mon", "*/2", "1/0", "!5", "2026-12-24", "1#2"],
    "months": ["0", "13", "L", "jan-L", "sept", "janL", "jan#1", "1W", "?/2", "jan/0", "!jan"],
}
GOOD_TOKENS = {
    "weekdays": ["mon", "0-4", "sat-mon", "friL", "mon#1", "L", "*", "mon/2"],
    "monthdays": ["1", "1-15", "15-L", "L", "15W", "1/10", "?"],
    "months": ["jan", "1-3", "nov-feb", "jan/3", "*"],
}


@settings(derandomize=True, database=None, deadline=None, max_examples=150)
@given(st.data())
def test_one_bad_token_among_good_ones_is_found_at_its_place(data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(sorted(BAD_TOKENS)))
    good = data.draw(st.lists(st.sampled_from(GOOD_TOKENS[field]), max_size=4))
    bad = data.draw(st.sampled_from(BAD_TOKENS[field]))
    blank = data.draw(st.sampled_from(["", " ", "  "]))
    at = data.draw(st.integers(0, len(good)))
    text = ",".join(blank + token for token in [*good[:at], bad, *good[at:]])
    (problem,) = period_problems(**{field: text})
    assert problem.where == f"periods.bad.{field}"
    assert problem.hint
    assert problem.position is not None
    begin = sum(len(blank + token) + 1 for token in good[:at]) + len(blank)
    assert begin <= problem.position < begin + len(bad)


JUNK: st.SearchStrategy[object] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-99, 99),
        st.floats(allow_nan=False),
        st.text(max_size=5),
        st.binary(max_size=3),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["S", "N", "SS", "NS", "L", "M", "BOOL", "NULL", "x"]), inner, max_size=2),
    ),
    max_leaves=5,
)
FIELDS = (
    *("begintime", "endtime", "weekdays", "monthdays", "months", "description", "periods", "timezone"),
    *("override_status", "enforced", "ssm_maintenance_window", "configured_in_stack"),
)


@settings(derandomize=True, database=None, deadline=None, max_examples=400)
@given(
    st.sampled_from(["period", "schedule"]),
    st.dictionaries(st.sampled_from(FIELDS), JUNK, max_size=4),
    st.one_of(st.just("odd"), JUNK),
)
def test_junk_stops_nothing(kind: str, fields: dict[str, object], name: object) -> None:
    imported = load({"type": kind, "name": name, **fields})
    assert "dev" in imported.schedules
    assert "office" in imported.periods
    assert all(problem.message for problems in imported.errors.values() for problem in problems)
    if name == "odd":
        read = imported.periods if kind == "period" else imported.schedules
        assert ("odd" in read) != ("odd" in imported.errors)


def test_hundreds_of_bad_items_stop_no_good_one() -> None:
    shuffle = random.Random(7)
    items: list[Item] = list(GOOD)
    for n in range(300):
        field = shuffle.choice(sorted(BAD_TOKENS))
        items.append({"type": "period", "name": f"bad{n}", field: shuffle.choice(BAD_TOKENS[field])})
        items.append({"type": "schedule", "name": f"lost{n}", "periods": [f"bad{n}", "office"]})
        items.append({"type": "schedule", "name": f"kept{n}", "periods": ["office"]})
    shuffle.shuffle(items)
    imported = load_instance_scheduler(items)
    assert set(imported.schedules) == {"dev", *(f"kept{n}" for n in range(300))}
    assert set(imported.errors) == {f"{kind}{n}" for kind in ("bad", "lost") for n in range(300)}


TABLE = """{"Items": [
  {"type": {"S": "period"}, "name": {"S": "office"}, "begintime": {"S": "09:00"}, "endtime": {"S": "17:00"}},
  {"type": {"S": "period"}, "name": {"S": "late"}, "begintime": {"S": "18:00"}, "endtime": {"S": "9:00"}},
  {"type": {"S": "schedule"}, "name": {"S": "dev"}, "periods": {"SS": ["office@t3.micro"]}},
  {"type": {"S": "schedule"}, "name": {"S": "bad"}, "periods": {"SS": ["late"]}}
]}"""


def test_one_schedule_of_a_table_in_json() -> None:
    found = read("dev", TABLE, default_timezone="Asia/Tokyo")
    assert found.problems == ()
    assert found.schedule == ScheduleDefinition(periods=("office@t3.micro",), timezone="Asia/Tokyo")
    assert found.periods == {"office": PeriodDefinition(begintime="09:00", endtime="17:00")}


@pytest.mark.parametrize(
    ("name", "text", "message", "position"),
    [
        ("bad", TABLE, "period 'late' is not defined or not valid", None),
        ("other", TABLE, "the table has no such schedule", 0),
        ("dev", "[1]", "there are no items", 0),
        ("dev", "[{]", "not JSON", 2),
    ],
)
def test_what_is_wrong_with_the_json(name: str, text: str, message: str, position: int | None) -> None:
    found = read(name, text)
    assert found.schedule is None
    assert message in found.problems[0].message
    assert found.problems[0].position == position
