"""`lamp deploy push`: zips into the bucket; a release that keeps what is deployed, or says why it would fail."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from tests.cli.deployment import BUCKET, KEY_ARN, bucket, deploy, parameters_of, zips

from lamplighter.cli.testing import Lamp
from lamplighter.deploy import package as packaging
from lamplighter.deploy.family import TEMPLATES
from lamplighter.deploy.handlers import Group
from lamplighter.estate.testing import EstateProbe

STAGES = TEMPLATES["pipeline"].data["Resources"]["Pipeline"]["Properties"]["Stages"]
pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse AWS")  # it stands in the text, and is not made


@pytest.fixture
def by_hand(estate: EstateProbe, tmp_path: Path) -> EstateProbe:
    """Stacks that were deployed by hand, then the pipeline; zips in dist."""
    bucket(estate)
    zips(tmp_path / "dist")
    deploy(estate, "state", ExistingKeyArn=KEY_ARN)
    deploy(estate, "lake")
    deploy(
        estate, "hub", TagName="Plan", OrganizationId="o-a1b2c3d4e5", Regions="eu-west-1,us-east-1", ApplicationId=""
    )
    deploy(estate, "data", BillBucket="bills", SubnetIds="subnet-1", SecurityGroupIds="sg-1")
    deploy(estate, "pipeline", stages=STAGES)
    return estate


def released(estate: EstateProbe) -> dict[str, dict[str, str]]:
    """Parameters by template, as they lie in the release."""
    content = estate.client("s3").get_object(Bucket=BUCKET, Key="release.zip")["Body"].read()
    archive = zipfile.ZipFile(io.BytesIO(content))
    found: dict[str, Any] = {
        name.removeprefix("parameters/").removesuffix(".json"): json.loads(archive.read(name))["Parameters"]
        for name in archive.namelist()
        if name.startswith("parameters/")
    }
    return found


def keys(estate: EstateProbe) -> list[str]:
    return [each["Key"] for each in estate.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def test_zips_go_into_the_bucket_of_the_stack_state_once(lamp: Lamp, by_hand: EstateProbe) -> None:
    done = lamp("deploy", "push", "-o", "json")
    assert done.code == 0, done.err
    assert [(each["bucket"], each["uploaded"]) for each in done.rows] == [(BUCKET, True)] * 2
    assert keys(by_hand) == [each["key"] for each in done.rows]
    assert "there already" in lamp("deploy", "push", "--bucket", BUCKET).out
    assert lamp("deploy", "push", "--bucket", "no-such-bucket").code == 1


def test_a_release_is_planned_first_and_then_keeps_what_is_deployed(
    lamp: Lamp, by_hand: EstateProbe, tmp_path: Path
) -> None:
    (tmp_path / "parameters.yaml").write_text("hub:\n  Frequency: 10\n  Regions: [eu-west-1]\n")
    words = ("deploy", "push", "--release", "--parameters", "parameters.yaml")
    plan = lamp(*words, "-o", "json")
    assert plan.code == 0
    assert plan.err.splitlines()[-1] == "nothing was sent: add --yes"
    assert keys(by_hand) == []
    changes = {
        (each["stack"], each["parameter"]): (each["before"], each["after"], each["source"]) for each in plan.rows
    }
    assert changes["lamplighter-hub", "Frequency"] == ("5", "10", None)
    assert changes["lamplighter-hub", "Regions"] == ("eu-west-1,us-east-1", "eu-west-1", None)
    assert changes["lamplighter-hub", "ApplicationId"] == ("", None, "application")
    assert changes["lamplighter-application", None] == (None, None, None)
    assert {parameter for stack, parameter in changes if stack == "lamplighter-state"} == {
        "ApplicationId",
        "ApplicationTag",
    }

    done = lamp(*words, "--yes")
    assert done.code == 0, done.err
    assert "lamplighter-hub: Frequency: 5 -> 10" in done.err
    assert "release.zip" in done.out
    parameters = released(by_hand)
    assert parameters["state"]["ExistingKeyArn"] == KEY_ARN
    hub = parameters["hub"]
    assert (hub["TagName"], hub["OrganizationId"], hub["Regions"]) == ("Plan", "o-a1b2c3d4e5", "eu-west-1")
    data = parameters["data"]
    assert (data["BillBucket"], data["SubnetIds"], data["SecurityGroupIds"]) == ("bills", "subnet-1", "sg-1")
    assert parameters["application"] == {"Version": "1.2.3", "BuiltAt": "2026-11-20T09:30:00Z"}
    assert hub["CoreCodeKey"] in keys(by_hand)


def test_what_would_fail_half_way_is_refused_with_all_its_reasons(
    lamp: Lamp, by_hand: EstateProbe, tmp_path: Path
) -> None:
    for path in (tmp_path / "dist").glob("*-data-*"):
        path.unlink()
    (tmp_path / "parameters.yaml").write_text(
        "hub:\n  Frequency: 7\n  TagName: ~\n  Timezone: UTC\n  Timezone: CET\nwatch: {Colour: red}\n"
    )
    done = lamp("deploy", "push", "--release", "--parameters", "parameters.yaml", "--yes")
    assert done.code == 3
    assert "the pipeline would fail, 5 problems; nothing was sent" in done.err
    for line in (
        "5:3: hub.Timezone: 'Timezone' stands twice",
        "3:12: hub.TagName: has no value",
        "6:17: watch.Colour: template watch has no parameter 'Colour'",
        "2:14: hub.Frequency: '7' is not one of 1, 2, 5, 10, 15, 30, 60",
        "  data.DataCodeKey: there is no zip of the group data",
    ):
        assert line in done.err
    assert keys(by_hand) == []


def test_a_value_that_cloudformation_does_not_tell_is_asked_for(
    lamp: Lamp, estate: EstateProbe, tmp_path: Path
) -> None:
    bucket(estate)
    zips(tmp_path / "dist")
    deploy(estate, "state")
    deploy(estate, "hub", no_echo="ExternalId", ExternalId="night-watch")
    deploy(estate, "pipeline", stages=STAGES)
    done = lamp("deploy", "push", "--release", "--yes")
    assert done.code == 3
    assert "hub.ExternalId: CloudFormation does not tell its value (NoEcho)" in done.err
    (tmp_path / "parameters.yaml").write_text("hub: {ExternalId: night-watch}\n")
    done = lamp("deploy", "push", "--release", "--parameters", "parameters.yaml", "--yes")
    assert done.code == 0, done.err
    assert released(estate)["hub"]["ExternalId"] == "night-watch"


def test_a_release_that_is_not_deployed_is_not_set_back(lamp: Lamp, by_hand: EstateProbe, tmp_path: Path) -> None:
    (tmp_path / "parameters.yaml").write_text("hub: {Frequency: 10}\n")
    assert lamp("deploy", "push", "--release", "--parameters", "parameters.yaml", "--yes").code == 0
    done = lamp("deploy", "push", "--release", "--yes")
    assert done.code == 3
    assert "hub.Frequency: the release of " in done.err
    assert "says '10', and is not deployed; this one says '5'" in done.err
    assert released(by_hand)["hub"]["Frequency"] == "10"
    assert lamp("deploy", "push", "--release", "--parameters", "parameters.yaml", "--yes").code == 0
    formation = by_hand.client("cloudformation")
    given = {**parameters_of(by_hand, "lamplighter-hub"), "Frequency": "10"}
    formation.update_stack(
        StackName="lamplighter-hub",
        UsePreviousTemplate=True,
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()],
    )
    assert lamp("deploy", "push", "--release", "--yes").code == 0
    assert released(by_hand)["hub"]["Frequency"] == "10"


def test_a_pipeline_of_another_version_is_told(lamp: Lamp, by_hand: EstateProbe) -> None:
    by_hand.client("cloudformation").delete_stack(StackName="lamplighter-pipeline")
    deploy(by_hand, "pipeline", stages=STAGES[:2])
    done = lamp("deploy", "push", "--release", "--yes")
    assert done.code == 3
    assert "lamplighter-pipeline: the pipeline is of another version" in done.err
    assert keys(by_hand) == []


def test_without_a_pipeline_nothing_is_sent(lamp: Lamp, by_hand: EstateProbe) -> None:
    by_hand.client("cloudformation").delete_stack(StackName="lamplighter-pipeline")
    done = lamp("deploy", "push", "--release", "--yes")
    assert done.code == 3
    assert "lamplighter-pipeline: is not deployed: nothing takes releases" in done.err
    assert "docs/deployment.md" in done.err
    assert keys(by_hand) == []


def test_a_key_of_code_that_is_not_there_is_refused(lamp: Lamp, by_hand: EstateProbe, tmp_path: Path) -> None:
    (tmp_path / "parameters.yaml").write_text("hub: {CoreCodeKey: code/core/old.zip}\n")
    words = ("deploy", "push", "--release", "--parameters", "parameters.yaml", "--yes")
    done = lamp(*words)
    assert done.code == 3
    assert "1:20: hub.CoreCodeKey: there is no code/core/old.zip in lamplighter-code" in done.err
    by_hand.client("s3").put_object(Bucket=BUCKET, Key="code/core/old.zip", Body=b"old")
    assert lamp(*words).code == 0
    assert released(by_hand)["hub"]["CoreCodeKey"] == "code/core/old.zip"


def test_one_command_packages_and_pushes(
    lamp: Lamp, by_hand: EstateProbe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def build(group: Group, out: Path, **options: Any) -> packaging.Package:
        asked.append((group, options))
        zips(out, "1.3.0", (group,))
        return packaging.open_package(out / f"lamplighter-{group.value}-1.3.0-x.zip")

    monkeypatch.setattr(packaging, "build", build)
    done = lamp(
        "deploy", "push", "--package", "--python", "3.12", "--machine", "arm64", "--fetch", "--release", "--yes"
    )
    assert done.code == 0, done.err
    options = {"python": "3.12", "machine": "arm64", "fetch": True, "also": ()}
    assert asked == [(Group.CORE, options), (Group.DATA, options)]
    assert released(by_hand)["application"]["Version"] == "1.3.0"
    assert all("1.3.0" in key for key in keys(by_hand) if key.startswith("code/"))


def test_old_zips_are_told(lamp: Lamp, by_hand: EstateProbe) -> None:
    assert "is of version 1.2.3, and this is" in lamp("deploy", "push").err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "there are no zips in dist"),
        (("--bucket", "b", "--parameters", "x"), "add --release"),
        (("--python", "3.12"), "add --package"),
        (("--machine", "arm64"), "add --package"),
        (("--release", "--parameters", "none.yaml"), "none.yaml cannot be read"),
        (("--release", "--parameters", "none.yaml"), "hint: write hub: {TagName: Schedule} into it"),
    ],
)
def test_what_is_used_wrongly_is_said(lamp: Lamp, words: tuple[str, ...], said: str) -> None:
    done = lamp("deploy", "push", *words)
    assert done.code == 2
    assert said in done.err


@pytest.mark.parametrize("text", ["", "- hub\n", "hub: {TagName: Plan\n"])
def test_a_file_that_holds_no_parameters_is_refused(lamp: Lamp, tmp_path: Path, text: str) -> None:
    (tmp_path / "parameters.yaml").write_text(text)
    done = lamp("deploy", "push", "--release", "--parameters", "parameters.yaml")
    assert done.code == 2
    assert "parameters.yaml holds no parameters" in done.err
    assert "write hub: {TagName: Schedule}" in done.err


def test_without_a_bucket_and_a_stack_that_has_one_it_is_asked_for(
    lamp: Lamp, estate: EstateProbe, tmp_path: Path
) -> None:
    zips(tmp_path / "dist")
    done = lamp("deploy", "push")
    assert done.code == 2
    assert "there is no stack lamplighter-state" in done.err
    assert "--bucket NAME" in done.err
