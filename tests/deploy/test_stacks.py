"""Stacks: code under keys by content, releases, what is deployed, and what stays when it is taken away."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.validate import ParamValidator
from tests.models import operation_model

from lamplighter.aws.targets import Target
from lamplighter.deploy.family import TEMPLATES
from lamplighter.deploy.handlers import Group
from lamplighter.deploy.package import Facts, Package
from lamplighter.deploy.stacks import (
    RELEASE,
    Stack,
    destroy,
    left_behind,
    push,
    push_release,
    release,
    stacks,
    values,
    with_defaults,
)
from lamplighter.deploy.yamls import load
from lamplighter.errors import AccessDenied, AwsError, NotFound, UsageError


def made(tmp_path: Path, group: Group = Group.CORE, digest: str = "ab" * 32) -> Package:
    path = tmp_path / f"{group.value}.zip"
    path.write_bytes(b"zip")
    return Package(path, Facts(group, "1.2.3", None, "", "python3.11", "x86_64", {}), digest, 3, 9)


class Hub:
    """S3 and CloudFormation of the hub's account."""

    target = Target("111122223333", "eu-west-1")

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.stacks: dict[str, dict[str, Any]] = {}
        self.deleted: list[str] = []
        self.error: AwsError | None = None

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        assert not ParamValidator().validate(params, operation_model(service, operation).input_shape).has_errors()
        if self.error is not None:
            raise self.error
        match operation:
            case "head_object":
                if params["Key"] not in self.objects:
                    raise NotFound("Not Found", code="404")
            case "put_object":
                self.objects[params["Key"]] = params["Body"]
            case "describe_stacks":
                name = params["StackName"]
                if name not in self.stacks:
                    raise AwsError(f"Stack with id {name} does not exist", code="ValidationError")
                return {"Stacks": [{"StackName": name, **self.stacks[name]}]}
            case "delete_stack":
                self.deleted.append(params["StackName"])
        return {}

    def pages(self, *_: Any, **__: Any) -> Any:
        raise AssertionError


def test_code_lies_under_keys_by_content_and_is_sent_once(tmp_path: Path) -> None:
    hub, one = Hub(), made(tmp_path)
    key = "code/core/1.2.3-abababababababab.zip"
    assert [(each.key, each.uploaded) for each in push(hub, "code", [one])] == [(key, True)]
    assert [(each.key, each.uploaded) for each in push(hub, "code", [one])] == [(key, False)]
    assert hub.objects == {key: b"zip"}


def test_a_bucket_that_does_not_answer_is_an_error(tmp_path: Path) -> None:
    hub = Hub()
    hub.error = AwsError("no such bucket", code="NoSuchBucket")
    with pytest.raises(AwsError, match="no such bucket"):
        push(hub, "code", [made(tmp_path)])
    hub.error = AccessDenied("no", code="403")
    with pytest.raises(AccessDenied):
        push(hub, "code", [made(tmp_path)])


def test_a_release_has_every_template_with_its_parameters_and_the_same_bytes(tmp_path: Path) -> None:
    packages = [made(tmp_path), made(tmp_path, Group.DATA, "cd" * 32)]
    content = release(packages, {"hub": {"TagName": "Plan"}})
    assert content == release(packages, {"hub": {"TagName": "Plan"}})
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.namelist() == sorted(
        [f"{folder}/{name}" for name in TEMPLATES for folder, name in (("templates", f"{name}.yaml"),)]
        + [f"parameters/{name}.json" for name in TEMPLATES]
    )
    assert json.loads(archive.read("parameters/hub.json"))["Parameters"] == {
        "CoreCodeKey": "code/core/1.2.3-abababababababab.zip",
        "Runtime": "python3.11",
        "Architecture": "x86_64",
        "TagName": "Plan",
    }
    data = json.loads(archive.read("parameters/data.json"))["Parameters"]
    assert data["DataCodeKey"] == "code/data/1.2.3-cdcdcdcdcdcdcdcd.zip"
    hub = Hub()
    assert push_release(hub, "code", content).key == RELEASE
    assert hub.objects == {RELEASE: content}


@pytest.mark.parametrize(
    ("given", "words"),
    [({"hubs": {}}, "there is no template 'hubs'"), ({"hub": {"Tag": "x"}}, "has no parameter 'Tag'")],
)
def test_parameters_that_are_none_are_refused(given: dict[str, dict[str, str]], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        release([], given)


@pytest.mark.parametrize("name", ["hub", "data"])
def test_defaults_of_a_template_name_the_code(tmp_path: Path, name: str) -> None:
    template = TEMPLATES[name]
    packages = [made(tmp_path), made(tmp_path, Group.DATA, "cd" * 32)]
    given = values(template, packages, "example-code")
    changed = load(with_defaults(template, given))
    before = load(template.text)
    for parameter, value in given.items():
        assert changed["Parameters"][parameter]["Default"] == value
        before["Parameters"][parameter].pop("Default", None)
        del changed["Parameters"][parameter]["Default"]
    assert set(given) >= {"CodeBucket", "Runtime", "Architecture"}
    assert changed == before, "nothing else has changed"


def test_a_template_without_code_has_no_such_values(tmp_path: Path) -> None:
    assert values(TEMPLATES["state"], [made(tmp_path)], "example-code") == {}


def test_stacks_are_listed_in_order_absent_ones_too(tmp_path: Path) -> None:
    hub = Hub()
    at = datetime(2026, 11, 23, 9, tzinfo=UTC)
    key = made(tmp_path).key
    hub.stacks["lamp-hub"] = {
        "StackStatus": "UPDATE_COMPLETE",
        "CreationTime": at,
        "Parameters": [
            {"ParameterKey": "CoreCodeKey", "ParameterValue": key},
            {"ParameterKey": "TagName", "ParameterValue": "Schedule"},
        ],
    }
    found = stacks(hub, "lamp")
    assert [each.name for each in found][:4] == ["lamp-application", "lamp-state", "lamp-lake", "lamp-hub"]
    assert {each.template for each in found} == set(TEMPLATES) - {"member", "organization"}
    (one,) = [each for each in found if each.status]
    assert one == Stack("hub", "lamp-hub", "UPDATE_COMPLETE", at, {"CoreCodeKey": key})
    assert one.behind([made(tmp_path)]) is False
    assert one.behind([made(tmp_path, digest="ef" * 32)]) is True
    assert one.behind([]) is None
    assert found[0].behind([made(tmp_path)]) is None


def test_an_error_is_not_an_absent_stack() -> None:
    hub = Hub()
    hub.error = AccessDenied("not authorized", code="AccessDenied")
    with pytest.raises(AccessDenied):
        stacks(hub, "lamp")


def test_the_last_stack_goes_first_and_data_stays() -> None:
    hub = Hub()
    for name in ("lamp-state", "lamp-hub", "lamp-watch"):
        hub.stacks[name] = {"StackStatus": "CREATE_COMPLETE"}
    found = stacks(hub, "lamp")
    kept = left_behind(found)
    assert ("lamp-state", "LakeBucket", "AWS::S3::Bucket") in kept
    assert {stack for stack, _, _ in kept} >= {"lamp-state"}
    assert destroy(hub, found) == hub.deleted == ["lamp-watch", "lamp-hub", "lamp-state"]
