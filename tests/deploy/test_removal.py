"""Taking a deployment away: the order, the waiting, what stops it, and what stays."""

from __future__ import annotations

import pytest
from tests.deploy.hub import Hub, arn, stack

from lamplighter.deploy.family import TEMPLATES
from lamplighter.deploy.removal import LOOKS, PAUSE, Step, left_behind, obstacles, steps, take
from lamplighter.deploy.stacks import beside, stacks
from lamplighter.errors import AccessDenied, AwsError

ALL = ("application", "state", "lake", "hub", "data", "watch")


def whole() -> Hub:
    """Everything, made by the pipeline, and the hub's own account scheduled as well."""
    return Hub(
        *(stack(f"lamp-{name}") for name in ALL),
        stack("lamp-pipeline", ApplicationId="0a1b", ApplicationTag="tag", KeyArn="arn:k"),
        stack("lamp-member", HubAccount="111122223333", HubPrefix="lamp", BusArn="arn:bus"),
    )


def planned(hub: Hub) -> list[Step]:
    return steps(stacks(hub, "lamp"), beside(hub, "lamp"))


def take_all(hub: Hub, waited: list[float] | None = None) -> None:
    for step in planned(hub):
        take(hub, step, (waited if waited is not None else []).append)


ORDER = [
    ("delete", "lamp-member"),
    ("delete", "lamp-watch"),
    ("delete", "lamp-data"),
    ("delete", "lamp-hub"),
    ("delete", "lamp-lake"),
    ("delete", "lamp-state"),
    ("update", "lamp-pipeline"),
    ("delete", "lamp-application"),
    ("delete", "lamp-pipeline"),
]


def test_the_order_is_one_in_which_cloudformation_can() -> None:
    hub = whole()
    assert [("update" if step.lets_go else "delete", step.stack.name) for step in planned(hub)] == ORDER


def test_plain_events_go_before_the_hub_in_whose_group_their_schedules_lie() -> None:
    event = {**stack("lamp-event-evening", Prefix="lamp"), "Description": "Lamplighter, the plain event evening - x."}
    other = {**event, **stack("other-event-evening", Prefix="other")}
    foreign = stack("lamp-event-bus", Prefix="lamp")
    hub = Hub(*whole().stacks.values(), event, other, foreign)
    assert [(step.stack.name, step.stack.template) for step in planned(hub)][:2] == [
        ("lamp-member", "member"),
        ("lamp-event-evening", "event"),
    ]
    take_all(hub)
    assert hub.asked == [ORDER[0], ("delete", "lamp-event-evening"), *ORDER[1:]]


def test_each_stack_is_waited_for_before_the_next_is_begun() -> None:
    hub, waited = whole(), list[float]()
    hub.looks = 2
    take_all(hub, waited)
    assert hub.asked == ORDER
    assert waited == [PAUSE] * 2 * len(ORDER)
    assert {each["StackStatus"] for each in hub.stacks.values()} == {"DELETE_COMPLETE"}
    pipeline = {each["ParameterKey"]: each["ParameterValue"] for each in hub.stacks["lamp-pipeline"]["Parameters"]}
    assert pipeline == {"ApplicationId": "", "ApplicationTag": "", "KeyArn": "arn:k"}


def test_a_repeat_does_no_harm() -> None:
    hub = whole()
    take_all(hub)
    hub.asked.clear()
    assert planned(hub) == []
    take_all(hub)
    assert hub.asked == []


def test_a_deletion_under_way_is_waited_for_and_not_begun_again() -> None:
    hub = Hub(stack("lamp-hub", "DELETE_IN_PROGRESS"))
    hub.stacks["lamp-hub"]["StackStatus"] = "DELETE_IN_PROGRESS"
    (step,) = planned(hub)

    def end(_: float) -> None:
        hub.stacks["lamp-hub"]["StackStatus"] = "DELETE_COMPLETE"

    take(hub, step, end)
    assert hub.asked == []


def test_an_application_without_pipeline_or_the_other_way_about() -> None:
    assert [step.stack.name for step in planned(Hub(stack("lamp-application")))] == ["lamp-application"]
    pipeline = stack("lamp-pipeline", ApplicationId="0a1b")
    assert [step.lets_go for step in planned(Hub(pipeline))] == [False]
    free = stack("lamp-pipeline", ApplicationId="")
    assert [step.lets_go for step in planned(Hub(free, stack("lamp-application")))] == [False, False]


def event(logical: str, status: str, why: str = "", physical: str = "x") -> dict[str, str]:
    found = {"LogicalResourceId": logical, "ResourceStatus": status, "PhysicalResourceId": physical}
    return {**found, "ResourceStatusReason": why} if why else found


def test_a_failed_deletion_stops_with_the_reasons_of_the_stack() -> None:
    hub = whole()
    hub.fails["lamp-hub"] = "DELETE_FAILED"
    own = arn("lamp-hub")
    hub.events["lamp-hub"] = [
        event("lamp-hub", "DELETE_FAILED", "The following resource(s) failed to delete: [PassesRole].", own),
        event("PassesRole", "DELETE_FAILED", "Cannot delete entity, must detach all policies first."),
        event("Topic", "DELETE_COMPLETE"),
        event("lamp-hub", "DELETE_IN_PROGRESS", "User Initiated", own),
        event("Bus", "DELETE_FAILED", "an older request"),
    ]
    with pytest.raises(AwsError) as caught:
        take_all(hub)
    assert caught.value.message == (
        "lamp-hub: DELETE_FAILED: PassesRole: Cannot delete entity, must detach all policies first."
    )
    assert "same command again" in caught.value.hint
    assert hub.asked == ORDER[:4], "what comes after it is not begun"
    hub.fails.clear()
    hub.asked.clear()
    take_all(hub)
    assert hub.asked == ORDER[3:]


def test_without_events_the_stack_itself_has_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub({**stack("lamp-hub"), "StackStatusReason": "Role x is invalid or cannot be assumed"})
    hub.fails["lamp-hub"] = "DELETE_FAILED"
    (step,) = planned(hub)

    def refused(*_: object, **__: object) -> object:
        raise AccessDenied("no", code="AccessDenied")

    monkeypatch.setattr(hub, "pages", refused)
    with pytest.raises(AwsError, match="Role x is invalid or cannot be assumed"):
        take(hub, step, lambda _: None)


def test_the_pipeline_that_cannot_let_go_stops_it() -> None:
    hub = whole()
    hub.fails["lamp-pipeline"] = "UPDATE_ROLLBACK_COMPLETE"
    hub.events["lamp-pipeline"] = [
        event("Registration", "UPDATE_FAILED", "not authorized"),
        event("lamp-pipeline", "UPDATE_IN_PROGRESS", "User Initiated", arn("lamp-pipeline")),
    ]
    with pytest.raises(AwsError, match="lamp-pipeline: UPDATE_ROLLBACK_COMPLETE: Registration: not authorized"):
        take_all(hub)
    assert hub.asked[-1] == ("update", "lamp-pipeline")


def test_patience_has_an_end() -> None:
    hub, waited = Hub(stack("lamp-hub")), list[float]()
    hub.looks = LOOKS + 5
    (step,) = planned(hub)
    with pytest.raises(AwsError, match="lamp-hub is not done after 90 minutes"):
        take(hub, step, waited.append)
    assert len(waited) == LOOKS


def test_what_stands_in_the_way_is_said_before_anything_is_deleted() -> None:
    hub = Hub(
        {**stack("lamp-state"), "EnableTerminationProtection": True},
        stack("lamp-hub", "UPDATE_IN_PROGRESS"),
        stack("lamp-data", "DELETE_IN_PROGRESS"),
        stack("lamp-watch", "DELETE_FAILED"),
        stack("StackSet-lamp-1", HubAccount="111122223333", HubPrefix="lamp"),
    )
    assert obstacles(planned(hub)) == [
        "StackSet-lamp-1 belongs to a stack set: take this account out of that first, or delete the stack organization",
        "lamp-hub is at work (UPDATE_IN_PROGRESS): ask again when it is done",
        "lamp-state is protected against deletion: take its termination protection away first",
    ]
    assert obstacles(planned(whole())) == []


def test_a_workgroup_that_was_used_can_be_deleted() -> None:
    resources = TEMPLATES["lake"].data["Resources"].values()
    (workgroup,) = [each for each in resources if each["Type"] == "AWS::Athena::WorkGroup"]
    assert workgroup["Properties"]["RecursiveDeleteOption"] is True


def test_data_stays_and_the_key_unless_it_was_given() -> None:
    kept = left_behind(stacks(Hub(stack("lamp-state", ExistingKeyArn="")), "lamp"))
    assert ("lamp-state", "LakeBucket", "AWS::S3::Bucket") in kept
    assert ("lamp-state", "Key", "AWS::KMS::Key") in kept
    given = left_behind(stacks(Hub(stack("lamp-state", ExistingKeyArn="arn:k")), "lamp"))
    assert set(kept) - set(given) == {("lamp-state", "Key", "AWS::KMS::Key")}
    assert left_behind(stacks(Hub(), "lamp")) == []
