from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lamplighter.estate.testing import MANAGEMENT, MONDAY, REGION, EstateProbe, refusal

GHOST = "i-0123456789abcdef0"


def test_a_launch_is_pending_until_30_seconds_have_passed(estate: EstateProbe) -> None:
    ids = estate.launch(2, running=False)

    assert estate.states(ids) == ["pending", "pending"]
    estate.control.advance(29.9)
    assert estate.states(ids) == ["pending", "pending"]
    estate.control.advance(0.1)
    assert estate.states(ids) == ["running", "running"]


def test_a_stop_and_a_start_take_their_time(estate: EstateProbe) -> None:
    (id_,) = estate.launch()
    ec2 = estate.client("ec2")

    (stopping,) = ec2.stop_instances(InstanceIds=[id_])["StoppingInstances"]
    assert stopping["PreviousState"] == {"Code": 16, "Name": "running"}
    assert stopping["CurrentState"] == {"Code": 64, "Name": "stopping"}
    estate.control.advance(44)
    assert estate.states([id_]) == ["stopping"]
    estate.control.advance(1)
    assert estate.states([id_]) == ["stopped"]

    (starting,) = ec2.start_instances(InstanceIds=[id_])["StartingInstances"]
    assert starting["PreviousState"] == {"Code": 80, "Name": "stopped"}
    assert starting["CurrentState"] == {"Code": 0, "Name": "pending"}
    estate.control.advance(30)
    assert estate.states([id_]) == ["running"]


def test_what_asks_for_what_is_already_so_succeeds_and_changes_nothing(estate: EstateProbe) -> None:
    (id_,) = estate.launch()
    ec2 = estate.client("ec2")
    before = estate.control.history()

    (started,) = ec2.start_instances(InstanceIds=[id_])["StartingInstances"]
    assert (started["PreviousState"]["Name"], started["CurrentState"]["Name"]) == ("running", "running")
    assert estate.control.history() == before

    ec2.stop_instances(InstanceIds=[id_])
    (again,) = ec2.stop_instances(InstanceIds=[id_])["StoppingInstances"]
    assert (again["PreviousState"]["Name"], again["CurrentState"]["Name"]) == ("stopping", "stopping")
    estate.control.advance(45)
    (still,) = ec2.stop_instances(InstanceIds=[id_])["StoppingInstances"]
    assert (still["PreviousState"]["Name"], still["CurrentState"]["Name"]) == ("stopped", "stopped")


def test_starting_while_pending_keeps_the_due_time(estate: EstateProbe) -> None:
    (id_,) = estate.launch(running=False)
    estate.control.advance(20)
    (started,) = estate.client("ec2").start_instances(InstanceIds=[id_])["StartingInstances"]
    assert (started["PreviousState"]["Name"], started["CurrentState"]["Name"]) == ("pending", "pending")
    estate.control.advance(10)
    assert estate.states([id_]) == ["running"]


def test_a_start_sets_the_launch_time_and_a_stop_the_reason(estate: EstateProbe) -> None:
    (id_,) = estate.launch()
    ec2 = estate.client("ec2")
    ec2.stop_instances(InstanceIds=[id_])
    estate.control.set_clock(MONDAY + timedelta(days=1))

    def shown() -> dict[str, Any]:
        found: dict[str, Any] = ec2.describe_instances(InstanceIds=[id_])["Reservations"][0]["Instances"][0]
        return found

    assert shown()["StateTransitionReason"] == "User initiated (2026-11-23 08:00:30 GMT)"
    assert shown()["StateReason"]["Code"] == "Client.UserInitiatedShutdown"
    ec2.start_instances(InstanceIds=[id_])
    assert shown()["LaunchTime"] == datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    assert shown()["StateTransitionReason"] == ""


def test_a_stopping_instance_cannot_be_started(estate: EstateProbe) -> None:
    (id_,) = estate.launch()
    ec2 = estate.client("ec2")
    ec2.stop_instances(InstanceIds=[id_])

    with pytest.raises(ClientError) as error:
        ec2.start_instances(InstanceIds=[id_])

    assert refusal(error.value) == (
        "IncorrectInstanceState",
        f"The instance '{id_}' is not in a state from which it can be started.",
        400,
    )
    assert estate.states([id_]) == ["stopping"]


@pytest.mark.parametrize("seconds", [0, 60])
def test_a_terminated_instance_can_be_neither_started_nor_stopped(estate: EstateProbe, seconds: int) -> None:
    (id_,) = estate.launch()
    ec2 = estate.client("ec2")
    (ended,) = ec2.terminate_instances(InstanceIds=[id_])["TerminatingInstances"]
    assert (ended["PreviousState"]["Name"], ended["CurrentState"]["Name"]) == ("running", "shutting-down")
    estate.control.advance(seconds)
    assert estate.states([id_]) == ["terminated" if seconds else "shutting-down"]

    with pytest.raises(ClientError) as start:
        ec2.start_instances(InstanceIds=[id_])
    with pytest.raises(ClientError) as stop:
        ec2.stop_instances(InstanceIds=[id_])

    assert refusal(start.value)[0] == "IncorrectInstanceState"
    assert refusal(stop.value) == (
        "IncorrectInstanceState",
        f"This instance '{id_}' is not in a state from which it can be stopped.",
        400,
    )
    (again,) = ec2.terminate_instances(InstanceIds=[id_])["TerminatingInstances"]
    assert again["PreviousState"] == again["CurrentState"]


def test_a_pending_instance_can_be_stopped_only_if_it_has_run_before(estate: EstateProbe) -> None:
    (id_,) = estate.launch(running=False)
    ec2 = estate.client("ec2")
    with pytest.raises(ClientError) as error:
        ec2.stop_instances(InstanceIds=[id_])
    assert refusal(error.value)[:2] == (
        "IncorrectInstanceState",
        f"Instance '{id_}' cannot be stopped as it has never reached the 'running' state.",
    )

    estate.control.advance(30)
    ec2.stop_instances(InstanceIds=[id_])
    estate.control.advance(45)
    ec2.start_instances(InstanceIds=[id_])
    (stopped,) = ec2.stop_instances(InstanceIds=[id_])["StoppingInstances"]
    assert (stopped["PreviousState"]["Name"], stopped["CurrentState"]["Name"]) == ("pending", "stopping")
    estate.control.advance(30)
    assert estate.states([id_]) == ["stopping"]
    estate.control.advance(15)
    assert estate.states([id_]) == ["stopped"]


@pytest.mark.parametrize("action", ["start_instances", "stop_instances", "terminate_instances", "reboot_instances"])
def test_a_batch_with_one_unknown_id_fails_whole(estate: EstateProbe, action: str) -> None:
    (id_,) = estate.launch()

    with pytest.raises(ClientError) as error:
        getattr(estate.client("ec2"), action)(InstanceIds=[id_, GHOST])

    assert refusal(error.value) == ("InvalidInstanceID.NotFound", f"The instance ID '{GHOST}' does not exist", 400)
    assert estate.states([id_]) == ["running"]


def test_several_unknown_ids_are_all_named_and_a_malformed_one_is_named_first(estate: EstateProbe) -> None:
    other = GHOST.replace("0123", "3210")
    with pytest.raises(ClientError) as missing:
        estate.client("ec2").stop_instances(InstanceIds=[GHOST, other])
    with pytest.raises(ClientError) as malformed:
        estate.client("ec2").stop_instances(InstanceIds=[GHOST, "i-xyz"])

    assert refusal(missing.value)[:2] == (
        "InvalidInstanceID.NotFound",
        f"The instance IDs '{GHOST}, {other}' do not exist",
    )
    assert refusal(malformed.value)[:2] == ("InvalidInstanceID.Malformed", 'Invalid id: "i-xyz"')


def test_a_batch_with_one_instance_in_the_wrong_state_fails_whole(estate: EstateProbe) -> None:
    good, bad = estate.launch(2)
    ec2 = estate.client("ec2")
    ec2.terminate_instances(InstanceIds=[bad])

    with pytest.raises(ClientError) as error:
        ec2.stop_instances(InstanceIds=[good, bad])

    assert bad in refusal(error.value)[1]
    assert estate.states([good]) == ["running"]


@pytest.mark.parametrize(
    ("attribute", "action", "word"),
    [("DisableApiStop", "stop_instances", "stopped"), ("DisableApiTermination", "terminate_instances", "terminated")],
)
def test_a_protected_instance_is_protected_with_its_whole_batch(
    estate: EstateProbe, attribute: str, action: str, word: str
) -> None:
    free, protected = estate.launch(2)
    ec2 = estate.client("ec2")
    ec2.modify_instance_attribute(InstanceId=protected, **{attribute: {"Value": True}})

    with pytest.raises(ClientError) as error:
        getattr(ec2, action)(InstanceIds=[free, protected])

    code, message, _ = refusal(error.value)
    assert code == "OperationNotPermitted"
    assert message.startswith(f"The instance '{protected}' may not be {word}.")
    assert estate.states([free, protected]) == ["running", "running"]


def test_a_spot_instance_cannot_be_stopped(estate: EstateProbe) -> None:
    (id_,) = estate.launch(InstanceMarketOptions={"MarketType": "spot"})
    with pytest.raises(ClientError) as error:
        estate.client("ec2").stop_instances(InstanceIds=[id_])
    assert refusal(error.value)[0] == "UnsupportedOperation"
    assert f"You can't stop the Spot Instance '{id_}'" in refusal(error.value)[1]


def test_hibernation_needs_an_instance_launched_for_it(estate: EstateProbe) -> None:
    (plain,) = estate.launch()
    (able,) = estate.launch(HibernationOptions={"Configured": True})
    ec2 = estate.client("ec2")

    with pytest.raises(ClientError) as error:
        ec2.stop_instances(InstanceIds=[able, plain], Hibernate=True)
    assert refusal(error.value) == (
        "UnsupportedHibernationConfiguration",
        f"The instance can't be hibernated because it was not configured at launch for hibernation: {plain}",
        400,
    )
    assert estate.states([able]) == ["running"]

    ec2.stop_instances(InstanceIds=[able], Hibernate=True)
    estate.control.advance(119)
    assert estate.states([able]) == ["stopping"]
    estate.control.advance(1)
    assert estate.states([able]) == ["stopped"]
    shown = ec2.describe_instances(InstanceIds=[able])["Reservations"][0]["Instances"][0]
    assert shown["StateReason"]["Code"] == "Client.UserInitiatedHibernate"


def test_a_type_that_cannot_hibernate_is_not_launched_for_it(estate: EstateProbe) -> None:
    with pytest.raises(ClientError) as error:
        estate.launch(InstanceType="m1.small", HibernationOptions={"Configured": True})
    assert refusal(error.value)[0] == "UnsupportedHibernationConfiguration"


def test_the_type_is_changed_only_while_stopped_and_only_to_one_that_exists(estate: EstateProbe) -> None:
    (id_,) = estate.launch()
    ec2 = estate.client("ec2")
    with pytest.raises(ClientError) as running:
        ec2.modify_instance_attribute(InstanceId=id_, InstanceType={"Value": "t3.large"})
    with pytest.raises(ClientError) as bogus:
        ec2.modify_instance_attribute(InstanceId=id_, InstanceType={"Value": "zz.bogus"})
    with pytest.raises(ClientError) as other_form:
        ec2.modify_instance_attribute(InstanceId=id_, Attribute="instanceType", Value="t3.large")

    wrong_state = ("IncorrectInstanceState", f"The instance '{id_}' is not in the 'stopped' state.", 400)
    assert refusal(running.value) == refusal(other_form.value) == wrong_state
    assert refusal(bogus.value)[:2] == ("InvalidInstanceAttributeValue", "Invalid value 'zz.bogus' for InstanceType.")

    ec2.stop_instances(InstanceIds=[id_])
    estate.control.advance(45)
    ec2.modify_instance_attribute(InstanceId=id_, InstanceType={"Value": "t3.large"})
    shown = ec2.describe_instances(InstanceIds=[id_])["Reservations"][0]["Instances"][0]
    assert shown["InstanceType"] == "t3.large"


def test_a_bogus_type_is_not_launched(estate: EstateProbe) -> None:
    with pytest.raises(ClientError) as error:
        estate.launch(InstanceType="zz.bogus")
    assert refusal(error.value) == ("InvalidParameterValue", "Invalid value 'zz.bogus' for InstanceType.", 400)


def test_a_reboot_does_not_start_a_stopped_instance(estate: EstateProbe) -> None:
    (id_,) = estate.launch()
    ec2 = estate.client("ec2")
    ec2.reboot_instances(InstanceIds=[id_])
    assert estate.states([id_]) == ["running"]
    ec2.stop_instances(InstanceIds=[id_])
    estate.control.advance(45)

    with pytest.raises(ClientError) as error:
        ec2.reboot_instances(InstanceIds=[id_])

    assert refusal(error.value)[0] == "IncorrectInstanceState"
    assert estate.states([id_]) == ["stopped"]


def test_a_dry_run_changes_nothing(estate: EstateProbe) -> None:
    (id_,) = estate.launch()
    with pytest.raises(ClientError) as error:
        estate.client("ec2").stop_instances(InstanceIds=[id_], DryRun=True)
    assert refusal(error.value)[0] == "DryRunOperation"
    assert estate.states([id_]) == ["running"]


@pytest.mark.parametrize(
    ("tag", "word"),
    [
        ({"Key": "aws:reserved", "Value": "x"}, "reserved"),
        ({"Key": "k" * 129, "Value": "x"}, "128"),
        ({"Key": "k", "Value": "v" * 257}, "256"),
    ],
)
def test_tags_are_limited(estate: EstateProbe, tag: dict[str, str], word: str) -> None:
    (id_,) = estate.launch()
    ec2 = estate.client("ec2")
    with pytest.raises(ClientError) as error:
        ec2.create_tags(Resources=[id_], Tags=[{"Key": "Name", "Value": "web"}, tag])
    assert refusal(error.value)[0] == "InvalidParameterValue"
    assert word in refusal(error.value)[1]
    assert ec2.describe_tags()["Tags"] == []


def test_tags_need_an_instance_that_exists_and_are_50_at_most(estate: EstateProbe) -> None:
    (id_,) = estate.launch()
    ec2 = estate.client("ec2")
    with pytest.raises(ClientError) as ghost:
        ec2.create_tags(Resources=[id_, GHOST], Tags=[{"Key": "Name", "Value": "web"}])
    with pytest.raises(ClientError) as many:
        ec2.create_tags(Resources=[id_], Tags=[{"Key": f"k{n}", "Value": "v"} for n in range(51)])
    assert refusal(ghost.value)[0] == "InvalidInstanceID.NotFound"
    assert refusal(many.value)[0] == "TagLimitExceeded"


def test_instances_of_a_scaling_group_are_followed_too(estate: EstateProbe) -> None:
    scaling = estate.client("autoscaling")
    scaling.create_launch_configuration(
        LaunchConfigurationName="web",
        ImageId="ami-12345678",
        InstanceType="t3.micro",
        InstanceMonitoring={"Enabled": False},
    )
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="web",
        LaunchConfigurationName="web",
        MinSize=0,
        MaxSize=2,
        DesiredCapacity=2,
        AvailabilityZones=[f"{REGION}a"],
    )
    group = scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]
    ids = [one["InstanceId"] for one in group["Instances"]]
    assert estate.states(ids) == ["pending", "pending"]
    estate.control.advance(30)

    scaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=0)

    assert estate.states(ids) == ["shutting-down", "shutting-down"]
    told = {(change.id, change.to_state) for change in estate.control.history() if change.account == MANAGEMENT}
    assert told == {(id_, state) for id_ in ids for state in ("pending", "running", "shutting-down")}
