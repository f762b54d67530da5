"""A deployment in the simulated AWS: stacks with the parameters of our templates, and little in them."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lamplighter.deploy.family import TEMPLATES
from lamplighter.deploy.handlers import Group
from lamplighter.deploy.package import Facts
from lamplighter.estate.testing import EstateProbe

BUCKET = "lamplighter-code"
KEY_ARN = "arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-4000-8000-000000000001"
OUTPUTS: Mapping[str, Mapping[str, str]] = {
    "application": {"ApplicationId": "0a1b2c", "ApplicationTag": "arn:tag"},
    "state": {"KeyArn": KEY_ARN, "LakeBucket": "lamplighter-lake", "CodeBucket": BUCKET},
    "hub": {"TopicArn": "arn:aws:sns:eu-west-1:111122223333:lamplighter"},
}
BUILT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def zips(folder: Path, version: str = "1.2.3", groups: tuple[Group, ...] = tuple(Group)) -> None:
    """Small packages."""
    folder.mkdir(exist_ok=True)
    for group in groups:
        with zipfile.ZipFile(folder / f"lamplighter-{group.value}-{version}-x.zip", "w") as archive:
            facts = Facts(group, version, BUILT, "", "python3.12", "x86_64", {})
            archive.writestr("lamplighter/_build.json", facts.text())


def bucket(estate: EstateProbe) -> None:
    """The bucket of the code."""
    place = {"LocationConstraint": "eu-west-1"}
    estate.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)


def deploy(
    estate: EstateProbe, name: str, stack: str = "", no_echo: str = "", stages: object = None, **given: str
) -> None:
    """A stack of one of our templates: its parameters, one topic, fixed outputs; the text has a pipeline of stages."""
    parameters: dict[str, dict[str, Any]] = {
        key: {**asked, **({"NoEcho": True} if key == no_echo else {})}
        for key, asked in TEMPLATES[name].data["Parameters"].items()
    }
    wired = {key: value for outputs in OUTPUTS.values() for key, value in outputs.items() if key in parameters}
    # All of them: the simulated CloudFormation forgets which defaults it took.
    needed = {key: str(asked.get("Default", "x")) for key, asked in parameters.items()}
    pipeline = {"Type": "AWS::CodePipeline::Pipeline", "Properties": {"Stages": stages}}
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": f"in-{stack or name}"}}
    estate.client("cloudformation").create_stack(
        StackName=stack or f"lamplighter-{name}",
        TemplateBody=json.dumps(
            {
                "Parameters": parameters,
                "Resources": {"Topic": topic, **({"Pipeline": pipeline} if stages else {})},
                "Outputs": {key: {"Value": value} for key, value in OUTPUTS.get(name, {}).items()},
            }
        ),
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value} for key, value in {**needed, **wired, **given}.items()
        ],
    )


def parameters_of(estate: EstateProbe, stack: str) -> dict[str, str]:
    """Of a stack that is deployed."""
    (found,) = estate.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return {each["ParameterKey"]: each["ParameterValue"] for each in found["Parameters"]}


def names(estate: EstateProbe) -> list[str]:
    """Stacks that are there, by name."""
    return sorted(each["StackName"] for each in estate.client("cloudformation").describe_stacks()["Stacks"])
