"""Whether what is deployed has been at work lately."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.deploy.health.conftest import DENIED, NOW, Answers

from lamplighter.deploy.fresh import PERMISSIONS, Deployed, deployed, last_collection, last_pass, usage_gaps
from lamplighter.usage.gaps import Gap

HOUR = timedelta(hours=1)
LAKE = "s3://lit-lake/lake"


def summary(age: timedelta, **changes: Any) -> dict[str, Any]:
    return {"at": (NOW - age).isoformat(), "failed": 0, "failed_targets": [], "refused": "", **changes}


def test_passes_go_on() -> None:
    found = last_pass([summary(HOUR), summary(2 * HOUR)], NOW, 4 * HOUR)
    assert (found.status, found.detail) == ("ok", "2026-11-27 07:00 UTC; of the last 2, 0 with failures")
    assert last_pass([summary(8 * HOUR)], NOW, 4 * HOUR).status == "ok"
    late = last_pass([summary(9 * HOUR)], NOW, 4 * HOUR)
    assert (late.status, late.detail.partition("; one ")[2]) == ("fail", "is due every 4 h")
    assert last_pass([], NOW, 4 * HOUR).status == "fail"


@pytest.mark.parametrize("bad", [{"failed": 1}, {"failed_targets": ["x"]}, {"refused": "too many"}])
def test_passes_that_failed(bad: dict[str, Any]) -> None:
    found = last_pass([summary(HOUR), summary(2 * HOUR, **bad)], NOW, 4 * HOUR)
    assert (found.status, found.detail) == ("warn", "2026-11-27 07:00 UTC; of the last 2, 1 with failures")


def test_a_target_that_is_none_any_more_is_not_counted_for_ever() -> None:
    old = summary(10 * HOUR, failed=1)
    found = last_pass([summary(HOUR), summary(9 * HOUR), old], NOW, 4 * HOUR)
    assert (found.status, found.detail) == ("ok", "2026-11-27 07:00 UTC; of the last 2, 0 with failures")


def stack(parameters: dict[str, str], outputs: dict[str, str]) -> dict[str, Any]:
    return {
        "Stacks": [
            {
                "StackName": "lit",
                "CreationTime": NOW,
                "StackStatus": "CREATE_COMPLETE",
                "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
                "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
            }
        ]
    }


def test_what_stacks_say() -> None:
    session = Answers(
        {
            "describe_stacks": [
                DENIED,
                stack({"Prefix": "lit"}, {"Store": "dynamodb://lit", "Lake": LAKE}),
                stack({"ReconcileHours": "6"}, {}),
            ]
        }
    )
    assert deployed(session, ["a", "b", "c"]) == Deployed("dynamodb://lit", LAKE, 6 * HOUR)
    assert set(session.asked) <= set(PERMISSIONS)
    assert deployed(Answers({"describe_stacks": DENIED}), ["a"]) == Deployed("", "", 4 * HOUR)


def objects(*ages: timedelta) -> dict[str, Any]:
    return {"Contents": [{"Key": "x", "LastModified": NOW - age} for age in ages]}


@pytest.mark.parametrize(("age", "status"), [(HOUR, "ok"), (3 * HOUR, "ok"), (4 * HOUR, "fail")])
def test_when_usage_was_collected(age: timedelta, status: str) -> None:
    session = Answers({"list_objects_v2": objects(50 * HOUR, age, 9 * HOUR)})
    found = last_collection(session, LAKE, NOW)
    assert (found.status, found.detail) == (status, f"{NOW - age:%Y-%m-%d %H:%M %Z}")
    assert session.params == [{"Bucket": "lit-lake", "Prefix": "lake/usage_looks/billing_period=2026-11/"}]


def test_at_the_beginning_of_a_month() -> None:
    first = NOW.replace(month=12, day=1, hour=0, minute=30)
    session = Answers({"list_objects_v2": [objects(), {"Contents": [{"Key": "x", "LastModified": first - HOUR}]}]})
    assert last_collection(session, LAKE, first).status == "ok"
    prefixes = [call["Prefix"] for call in session.params]
    assert prefixes == [f"lake/usage_looks/billing_period=2026-{month}/" for month in (12, 11)]


def test_usage_that_was_never_collected_or_cannot_be_seen() -> None:
    assert last_collection(Answers({"list_objects_v2": objects()}), LAKE, NOW).status == "fail"
    found = last_collection(Answers({"list_objects_v2": DENIED}), LAKE, NOW)
    assert (found.status, found.detail) == ("not known", "not known: not authorized")
    assert (
        last_collection(Answers({}), "", NOW).detail == "not known: no stack has an output Lake that begins with s3://"
    )


def test_gaps() -> None:
    def gap(age: timedelta) -> Gap:
        ends = NOW - age
        return Gap("111122223333", "eu-west-1", "ec2", ends - HOUR, ends, "shop", 1, "AccessDenied")

    assert usage_gaps([gap(timedelta(days=8))], NOW).status == "ok"
    found = usage_gaps([gap(timedelta(days=8)), gap(2 * HOUR), gap(HOUR)], NOW)
    assert found.status == "warn"
    assert found.detail == "2 in 7 days, of 1 services in their regions; the newest: AccessDenied"
