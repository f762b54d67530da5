"""A release: every parameter as it is deployed, under what people want, and why the pipeline would fail."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from tests.deploy.hub import Hub, made, stack

from lamplighter.deploy.block_pipeline import STAGES
from lamplighter.deploy.family import TEMPLATES
from lamplighter.deploy.handlers import Group
from lamplighter.deploy.package import Package
from lamplighter.deploy.release import Change, Release, other_stages, plan_release, release_bytes, without_code
from lamplighter.deploy.stacks import stacks, with_defaults
from lamplighter.errors import AccessDenied

KEY_ARN = "arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-4000-8000-000000000001"
STATE = {"KeyArn": KEY_ARN, "LakeBucket": "lake", "CodeBucket": "code"}
CORE = "code/core/1.2.3-abababababababab.zip"
DATA = "code/data/1.2.3-cdcdcdcdcdcdcdcd.zip"


@pytest.fixture
def zips(tmp_path: Path) -> list[Package]:
    """Both."""
    return [made(tmp_path), made(tmp_path, Group.DATA, "cd" * 32)]


def by_hand() -> Hub:
    """A deployment without application and watch, with what people set."""
    runs = {"Runtime": "python3.12", "Architecture": "x86_64"}
    return Hub(
        stack("lamp-state", "CREATE_COMPLETE", STATE, Prefix="lamp", ExistingKeyArn=KEY_ARN, RecoveryDays="7"),
        stack("lamp-lake", "UPDATE_COMPLETE", {}, KeyArn=KEY_ARN, LakeBucket="lake"),
        stack(
            "lamp-hub",
            "UPDATE_COMPLETE",
            {"TopicArn": "arn:aws:sns:eu-west-1:111122223333:lamp"},
            **STATE,
            **runs,
            CoreCodeKey="code/core/1.2.2-0000000000000000.zip",
            TagName="Plan",
            OrganizationId="o-a1b2c3d4e5",
            NotificationEmail="",
            NoLongerThere="x",
        ),
        stack("lamp-data", "UPDATE_COMPLETE", {}, **STATE, **runs, DataCodeKey=DATA, BillBucket="bills"),
        stack("lamp-pipeline", "CREATE_COMPLETE", {}, CodeBucket="code", ReleaseKey="release.zip"),
    )


def plan(there: Hub, zips: list[Package], bucket: str = "code", **given: dict[str, str]) -> Release:
    return plan_release(stacks(there, "lamp"), zips, given, bucket)


def said(release: Release) -> list[tuple[str, str]]:
    return [(each.where, each.message) for each in release.problems]


def test_what_is_deployed_stays_as_it_is(zips: list[Package]) -> None:
    release = plan(by_hand(), zips, hub={"NotificationEmail": "ops@example.com"})
    assert said(release) == []
    assert tuple(release.parameters) == STAGES
    assert release.parameters["state"] == {"ExistingKeyArn": KEY_ARN, "RecoveryDays": "7"}
    assert release.parameters["hub"] == {
        "TagName": "Plan",
        "OrganizationId": "o-a1b2c3d4e5",
        "NotificationEmail": "ops@example.com",
        "CoreCodeKey": CORE,
        "Runtime": "python3.12",
        "Architecture": "x86_64",
    }
    assert release.parameters["data"]["BillBucket"] == "bills"
    assert release.parameters["application"] == {"Version": "1.2.3", "BuiltAt": "2026-11-20T09:30:00Z"}
    assert release.parameters["watch"] == {}
    assert release.key == "release.zip"


def test_what_changes_is_told_before_anything_is_sent(zips: list[Package]) -> None:
    release = plan(by_hand(), zips, hub={"NotificationEmail": "ops@example.com", "TagName": "Plan"})
    assert release.fresh == ["lamp-application", "lamp-watch"]
    mine = [each for each in release.changes if each.stack in ("lamp-lake", "lamp-hub")]
    assert mine == [
        Change("lamp-lake", "ApplicationId", None, None, "application"),
        Change("lamp-lake", "ApplicationTag", None, None, "application"),
        Change("lamp-hub", "ApplicationId", None, None, "application"),
        Change("lamp-hub", "ApplicationTag", None, None, "application"),
        Change("lamp-hub", "CoreCodeKey", "code/core/1.2.2-0000000000000000.zip", CORE),
        Change("lamp-hub", "NotificationEmail", "", "ops@example.com"),
    ]


def test_an_output_that_is_wired_otherwise_is_a_change(zips: list[Package]) -> None:
    hub = by_hand()
    hub.stacks["lamp-lake"] = stack("lamp-lake", "UPDATE_COMPLETE", {}, KeyArn=KEY_ARN, LakeBucket="old-lake")
    assert Change("lamp-lake", "LakeBucket", "old-lake", "lake", "state") in plan(hub, zips).changes


def test_a_value_that_is_not_told_must_be_given(zips: list[Package]) -> None:
    hub = by_hand()
    for each in hub.stacks["lamp-hub"]["Parameters"]:
        if each["ParameterKey"] == "TagName":
            each["ParameterValue"] = "****"
    (problem,) = plan(hub, zips).problems
    assert (problem.where, problem.hint) == ("hub.TagName", "give it with --parameters")
    assert "NoEcho" in problem.message
    release = plan(hub, zips, hub={"TagName": "Plan"})
    assert said(release) == []
    assert release.parameters["hub"]["TagName"] == "Plan"


def test_every_stack_with_code_needs_its_zip(zips: list[Package]) -> None:
    wanted = [("data.DataCodeKey", "there is no zip of the group data")]
    assert said(plan(by_hand(), zips[:1])) == wanted
    fresh = Hub(by_hand().stacks["lamp-state"], by_hand().stacks["lamp-pipeline"])
    assert said(plan(fresh, zips[:1])) == wanted
    assert said(plan(fresh, [])) == [("hub.CoreCodeKey", "there is no zip of the group core"), *wanted]
    assert said(plan(by_hand(), zips[:1], data={"DataCodeKey": "code/data/old.zip"})) == []


def test_a_key_that_people_name_must_be_in_the_bucket(zips: list[Package]) -> None:
    hub = by_hand()
    release = plan(hub, zips, hub={"CoreCodeKey": "code/core/old.zip"})
    (problem,) = without_code(hub, "code", release, zips)
    assert (problem.where, problem.message) == ("hub.CoreCodeKey", "there is no code/core/old.zip in code")
    hub.objects["code/core/old.zip"] = b"", {}
    assert without_code(hub, "code", release, zips) == []
    hub.error = AccessDenied("Forbidden", code="403")
    (problem,) = without_code(hub, "code", release, zips)
    assert problem.message == "whether code/core/old.zip is in code is not known: Forbidden"


def test_a_pipeline_of_another_version_is_updated_first() -> None:
    hub = by_hand()
    pipeline = stacks(hub, "lamp")[-1]
    hub.templates["lamp-pipeline"] = with_defaults(TEMPLATES["pipeline"], {"Approval": "yes"})
    assert other_stages(hub, pipeline) == []
    hub.templates["lamp-pipeline"] = json.loads(json.dumps(TEMPLATES["pipeline"].data))
    assert other_stages(hub, pipeline) == []
    stages = hub.templates["lamp-pipeline"]["Resources"]["Pipeline"]["Properties"]["Stages"]
    stages[1]["Actions"][0]["Configuration"]["ParameterOverrides"] = '{"Prefix": "lamp", "Gone": "x"}'
    (problem,) = other_stages(hub, pipeline)
    assert (problem.where, problem.hint) == (
        "lamp-pipeline",
        "update its stack with `lamp deploy template pipeline` first",
    )
    assert other_stages(Hub(), stacks(Hub(), "lamp")[-1]) == []


NO_PIPELINE = ("lamp-pipeline", "is not deployed: nothing takes releases")


def test_a_release_that_nothing_takes_is_refused(zips: list[Package]) -> None:
    hub = by_hand()
    del hub.stacks["lamp-pipeline"]
    (problem,) = plan(hub, zips).problems
    assert (problem.where, problem.message) == NO_PIPELINE
    assert problem.hint == "deploy it first (docs/deployment.md)"


@pytest.mark.parametrize(
    ("status", "said_of_it"),
    [
        ("REVIEW_IN_PROGRESS", ["is at work: REVIEW_IN_PROGRESS"]),
        ("DELETE_IN_PROGRESS", ["is at work: DELETE_IN_PROGRESS"]),
        ("ROLLBACK_COMPLETE", ["cannot be updated: it is ROLLBACK_COMPLETE"]),
        ("UPDATE_ROLLBACK_FAILED", []),
    ],
)
def test_a_pipeline_that_was_not_made_takes_nothing(zips: list[Package], status: str, said_of_it: list[str]) -> None:
    hub = by_hand()
    hub.stacks["lamp-pipeline"]["StackStatus"] = status
    assert said(plan(hub, zips)) == [("lamp-pipeline", each) for each in said_of_it]


def test_nobody_asks_for_the_template_of_a_change_set() -> None:
    hub = by_hand()
    hub.stacks["lamp-pipeline"]["StackStatus"] = "REVIEW_IN_PROGRESS"
    hub.templates["lamp-pipeline"] = {}  # as GetTemplate answers
    assert other_stages(hub, stacks(hub, "lamp")[-1]) == []


def test_a_pipeline_without_resources_is_of_another_version() -> None:
    hub = by_hand()
    hub.templates["lamp-pipeline"] = {}
    (problem,) = other_stages(hub, stacks(hub, "lamp")[-1])
    assert "of another version" in problem.message


def test_all_problems_are_told_at_once(zips: list[Package]) -> None:
    hub = by_hand()
    hub.stacks["lamp-lake"]["StackStatus"] = "UPDATE_IN_PROGRESS"
    hub.stacks["lamp-data"]["StackStatus"] = "ROLLBACK_COMPLETE"
    release = plan(
        hub,
        zips[:1],
        "elsewhere",
        hub={"Frequency": "7", "KeyArn": "k", "Prefix": "lamp"},
        data={"LogLevel": "LOUD"},
        member={"TagName": "Plan"},
    )
    assert said(release) == [
        ("lamp-state", "the functions take their code from code, not from elsewhere"),
        ("lamp-pipeline", "the pipeline takes releases from code, not from elsewhere"),
        ("member", "the pipeline does not deploy it"),
        ("lamp-lake", "is at work: UPDATE_IN_PROGRESS"),
        ("hub.KeyArn", "the pipeline fills it in with an output of state"),
        ("hub.Prefix", "the pipeline fills it in with its own prefix"),
        ("hub.Frequency", "'7' is not one of 1, 2, 5, 10, 15, 30, 60"),
        ("lamp-data", "cannot be updated: it is ROLLBACK_COMPLETE"),
        ("data.DataCodeKey", "there is no zip of the group data"),
        ("data.LogLevel", "'LOUD' is not one of DEBUG, INFO"),
    ]


def test_what_is_deployed_may_not_be_allowed_any_more(zips: list[Package]) -> None:
    hub = by_hand()
    hub.stacks["lamp-hub"]["Parameters"].append({"ParameterKey": "Frequency", "ParameterValue": "3"})
    assert said(plan(hub, zips)) == [("hub.Frequency", "'3' is not one of 1, 2, 5, 10, 15, 30, 60")]


def test_a_change_set_that_waits_for_a_person_is_replaced(zips: list[Package]) -> None:
    hub = by_hand()
    hub.stacks["lamp-hub"]["StackStatus"] = "REVIEW_IN_PROGRESS"
    assert said(plan(hub, zips)) == []
    hub.stacks["lamp-data"]["StackStatus"] = "REVIEW_IN_PROGRESS"
    assert said(plan(hub, zips)) == [("lamp-data", "is at work: REVIEW_IN_PROGRESS")]


def test_without_the_bucket_of_the_code_there_is_no_release(zips: list[Package]) -> None:
    hub = Hub(by_hand().stacks["lamp-pipeline"])
    assert said(plan(hub, zips)) == [("lamp-state", "is not deployed, and makes the bucket of the code")]


def test_a_stack_that_the_pipeline_leaves_out_is_not_released(zips: list[Package]) -> None:
    hub = by_hand()
    hub.stacks["lamp-pipeline"] = stack("lamp-pipeline", CodeBucket="code", Watch="no")
    release = plan(hub, zips)
    assert "watch" not in release.parameters
    assert release.fresh == ["lamp-application"]
    assert said(plan(hub, zips, watch={"SchedulingActive": "no"})) == [("watch", "the pipeline does not deploy it")]


def test_the_release_goes_where_the_pipeline_looks(zips: list[Package]) -> None:
    hub = by_hand()
    hub.stacks["lamp-pipeline"] = stack("lamp-pipeline", CodeBucket="code", ReleaseKey="lamp/release.zip")
    assert plan(hub, zips).key == "lamp/release.zip"


def test_a_release_has_every_template_and_the_same_bytes(zips: list[Package]) -> None:
    parameters = plan(by_hand(), zips).parameters
    content = release_bytes(parameters)
    assert content == release_bytes({name: parameters[name] for name in reversed(STAGES)})
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.namelist() == sorted(
        [*(f"templates/{name}.yaml" for name in TEMPLATES), *(f"parameters/{name}.json" for name in STAGES)]
    )
    assert json.loads(archive.read("parameters/hub.json")) == {"Parameters": parameters["hub"]}
    assert archive.read("templates/hub.yaml").decode() == TEMPLATES["hub"].text
