"""`lamp deploy status` and `destroy` as people type them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from tests.cli.deployment import BUCKET, bucket, deploy, names, parameters_of, zips

from lamplighter.cli.testing import Lamp
from lamplighter.estate.testing import MANAGEMENT, EstateProbe


def test_nothing_is_deployed(lamp: Lamp, estate: EstateProbe) -> None:
    before = lamp("deploy", "status")
    assert (before.code, before.out.count("not deployed"), before.out.count("left out")) == (0, 7, 0)
    assert "there is no stack lamplighter-..." in lamp("deploy", "destroy", "--yes").err


def test_without_a_region_it_is_asked_for(lamp: Lamp) -> None:
    done = lamp("deploy", "status")
    assert done.code == 2
    assert "set AWS_REGION" in done.err


def test_status_tells_the_code_that_runs_beside_that_which_is_here(
    lamp: Lamp, estate: EstateProbe, tmp_path: Path
) -> None:
    bucket(estate)
    zips(tmp_path / "dist")
    pushed = {
        each["key"].split("/")[1]: each["key"] for each in lamp("deploy", "push", "--bucket", BUCKET, "-o", "json").rows
    }
    deploy(estate, "state", RecoveryDays="7")
    deploy(estate, "hub", CoreCodeKey=pushed["core"], TagName="Plan")
    deploy(estate, "data", DataCodeKey="code/data/1.2.2-00000000000000aa.zip")
    own = {"HubAccount": MANAGEMENT, "HubPrefix": "lamplighter", "BusArn": "arn:aws:events:x:1:event-bus/lamplighter"}
    deploy(estate, "member", **own)
    done = lamp("deploy", "status", "-o", "json")
    assert done.code == 3, "data runs other code"
    rows = {each["template"]: each for each in done.rows}
    hub, data = rows["hub"], rows["data"]
    assert (hub["status"], hub["version"], hub["built"], hub["behind"]) == (
        "CREATE_COMPLETE",
        "1.2.3",
        "2026-11-20T09:30:00Z",
        False,
    )
    assert hub["set"] == {"TagName": "Plan"}
    assert rows["state"]["set"] == {"RecoveryDays": "7"}
    assert (data["version"], data["built"], data["behind"]) == ("1.2.2", None, True)
    assert "not in the bucket any more" in done.err
    assert rows["member"]["status"] == "CREATE_COMPLETE"
    assert rows["watch"]["status"] is None
    table = lamp("deploy", "status")
    assert "TagName=Plan" in table.out
    assert "other than here" in table.out
    assert "version 1.2.3, built 2026-11-20 09:30" in table.err


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [("pipeline", {"Watch": "no"}, "left out"), ("pipeline", {}, "not deployed"), ("hub", {}, "left out")],
)
def test_watch_is_left_out_where_the_others_say_so(
    lamp: Lamp, estate: EstateProbe, name: str, given: dict[str, str], said: str
) -> None:
    deploy(estate, name, **given)
    (watch,) = [line for line in lamp("deploy", "status").out.splitlines() if "lamplighter-watch" in line]
    assert said in watch


@pytest.mark.parametrize("command", ["status", "destroy"])
def test_a_prefix_that_no_deployment_has_is_refused(lamp: Lamp, command: str) -> None:
    done = lamp("deploy", command, "--prefix", "A b")
    assert done.code == 2
    assert "no deployment has the prefix 'A b'" in done.err
    assert "2 to 24 small letters" in done.err


@pytest.fixture
def whole(estate: EstateProbe) -> EstateProbe:
    """Everything, by the pipeline, and the hub's own account is scheduled as well."""
    own = {"HubAccount": MANAGEMENT, "HubPrefix": "lamplighter", "BusArn": "arn:aws:events:x:1:event-bus/lamplighter"}
    for name in ("application", "state", "lake", "hub", "data", "watch", "pipeline"):
        deploy(estate, name)
    deploy(estate, "member", **own)
    return estate


ORDER = [
    ("lamplighter-member", "delete"),
    ("lamplighter-watch", "delete"),
    ("lamplighter-data", "delete"),
    ("lamplighter-hub", "delete"),
    ("lamplighter-lake", "delete"),
    ("lamplighter-state", "delete"),
    ("lamplighter-pipeline", "let go of the application"),
    ("lamplighter-application", "delete"),
    ("lamplighter-pipeline", "delete"),
]


def test_destroy_says_first_what_goes_in_which_order_and_what_stays(lamp: Lamp, whole: EstateProbe) -> None:
    before = names(whole)
    done = lamp("deploy", "destroy", "-o", "json")
    assert done.code == 0
    assert [(each["stack"], each["action"]) for each in done.rows] == ORDER
    assert {each["outcome"] for each in done.rows} == {"would be deleted", "would be let go"}
    assert "stays: LakeBucket, CodeBucket of lamplighter-state (AWS::S3::Bucket)" in done.err
    assert "stays: Key of lamplighter-state (AWS::KMS::Key)" in done.err
    assert done.err.splitlines()[-1] == "nothing was deleted: add --yes"
    assert names(whole) == before


def test_destroy_deletes_all_in_order_and_a_repeat_does_no_harm(lamp: Lamp, whole: EstateProbe) -> None:
    done = lamp("deploy", "destroy", "--yes", "-o", "json")
    assert done.code == 0, done.err
    assert [(each["stack"], each["action"]) for each in done.rows] == ORDER
    assert {each["outcome"] for each in done.rows} == {"deleted", "let go"}
    assert names(whole) == []
    again = lamp("deploy", "destroy", "--yes")
    assert again.code == 0
    assert "there is no stack lamplighter-..." in again.err


def test_a_deletion_that_is_refused_stops_there(lamp: Lamp, whole: EstateProbe) -> None:
    why = {"code": "ValidationError", "message": "Role arn:x is invalid or cannot be assumed"}
    fault = {"service": "cloudformation", "action": "DeleteStack", "resource": "lamplighter-lake"}
    whole.control.inject({**fault, "kind": "before", "error": why})
    done = lamp("deploy", "destroy", "--yes", "-o", "json")
    assert done.code == 1
    assert [each["outcome"] for each in done.rows] == ["deleted"] * 4 + ["failed"] + ["not tried"] * 4
    assert "error: lamplighter-lake: own/eu-west-1: cloudformation DeleteStack: " in done.err
    assert "Role arn:x is invalid or cannot be assumed" in done.err
    assert names(whole) == [f"lamplighter-{name}" for name in ("application", "lake", "pipeline", "state")]
    assert parameters_of(whole, "lamplighter-pipeline")["ApplicationId"] == "0a1b2c"


def test_a_member_stack_of_a_stack_set_is_in_the_way(lamp: Lamp, estate: EstateProbe) -> None:
    deploy(estate, "hub")
    own = {"HubAccount": MANAGEMENT, "HubPrefix": "lamplighter", "BusArn": "arn:aws:events:x:1:event-bus/lamplighter"}
    deploy(estate, "member", stack="StackSet-lamplighter-members-1", **own)
    done = lamp("deploy", "destroy", "--yes")
    assert done.code == 2
    assert "nothing was deleted: StackSet-lamplighter-members-1 belongs to a stack set" in done.err
    assert names(estate) == ["StackSet-lamplighter-members-1", "lamplighter-hub"]


def test_the_stack_of_a_plain_event_is_shown_and_goes_before_the_hub(lamp: Lamp, estate: EstateProbe) -> None:
    deploy(estate, "hub")
    words = ("evening", "web-1", "--action", "stop", "--when", "at 19:00", "--region", "eu-west-1")
    text = lamp("deploy", "event", *words).out
    kept = yaml.safe_load(text.replace("!Sub", "").replace("!Ref", ""))
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "in-event"}}
    estate.client("cloudformation").create_stack(
        StackName="lamplighter-event-evening",
        TemplateBody=json.dumps({**kept, "Resources": {"Event": topic}}),
        Parameters=[{"ParameterKey": "Prefix", "ParameterValue": "lamplighter"}],
    )
    status = lamp("deploy", "status", "-o", "json")
    assert status.code == 0, status.err
    shown = {each["stack"]: each for each in status.rows}
    event = shown["lamplighter-event-evening"]
    assert (event["template"], event["status"], event["set"]) == ("event", "CREATE_COMPLETE", {})
    assert "lamplighter-event-evening" in lamp("deploy", "status").out
    done = lamp("deploy", "destroy", "--yes", "-o", "json")
    assert done.code == 0, done.err
    assert [each["stack"] for each in done.rows] == ["lamplighter-event-evening", "lamplighter-hub"]
    assert names(estate) == []
