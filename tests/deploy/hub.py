"""A double of S3 and CloudFormation in the hub's account, which holds every request to botocore's models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.models import check_request

from lamplighter.aws.targets import Target
from lamplighter.deploy.handlers import Group
from lamplighter.deploy.package import Facts, Package
from lamplighter.errors import AwsError, NotFound

BUILT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


def made(
    folder: Path, group: Group = Group.CORE, digest: str = "ab" * 32, version: str = "1.2.3", built: datetime = BUILT
) -> Package:
    """A zip; its file is in the folder."""
    path = folder / f"{group.value}.zip"
    path.write_bytes(b"zip")
    return Package(path, Facts(group, version, built, "c0ffee", "python3.12", "x86_64", {}), digest, 3, 9)


def arn(name: str) -> str:
    """Of a stack."""
    return f"arn:aws:cloudformation:eu-west-1:111122223333:stack/{name}/1"


def stack(
    name: str, status: str = "CREATE_COMPLETE", outputs: Mapping[str, str] | None = None, /, **parameters: str
) -> dict[str, Any]:
    """What DescribeStacks answers of one."""
    return {
        "StackName": name,
        "StackId": arn(name),
        "StackStatus": status,
        "CreationTime": AT,
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in (outputs or {}).items()],
    }


class Hub:
    """S3 and CloudFormation.

    Attributes:
        objects: (bytes, metadata) by key, whatever the bucket.
        stacks: as DescribeStacks answers them, by name.
        asked: (operation, name of the stack) of what changes stacks.
        looks: how often a stack is looked at before what was asked for is done.
        events: of a stack, the newest first, by name.
        fails: statuses that stacks end with instead of being gone, by name.
        templates: of stacks, by name.
        put_at: when every object was put there.
        error: raised by every call.
    """

    target = Target("111122223333", "eu-west-1")

    def __init__(self, *stacks: Mapping[str, Any]) -> None:
        self.objects: dict[str, tuple[bytes, Mapping[str, str]]] = {}
        self.stacks: dict[str, dict[str, Any]] = {each["StackName"]: dict(each) for each in stacks}
        self.asked: list[tuple[str, str]] = []
        self.looks = 0
        self.events: dict[str, Sequence[Mapping[str, str]]] = {}
        self.fails: dict[str, str] = {}
        self.templates: dict[str, Any] = {}
        self.put_at = AT
        self.error: AwsError | None = None
        self._left: dict[str, int] = {}

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        """One call."""
        check_request(service, operation, params)
        if self.error is not None:
            raise self.error
        found: Mapping[str, Any] = getattr(self, f"_{operation}")(**params)
        return found

    def pages(self, service: str, operation: str, key: str, **params: Any) -> Iterator[Any]:
        """The items of all pages."""
        check_request(service, operation, params)
        if self.error is not None:
            raise self.error
        if operation == "describe_stacks":
            return iter([each for each in self.stacks.values() if each["StackStatus"] != "DELETE_COMPLETE"])
        assert (operation, key) == ("describe_stack_events", "StackEvents")
        return iter(self.events[_name(params["StackName"])])

    def download(self, service: str, operation: str, path: Path, /, **params: Any) -> int:
        """A body, into a file."""
        check_request(service, operation, params)
        return path.write_bytes(self.objects[params["Key"]][0])

    def _head_object(self, **asked: Any) -> Mapping[str, Any]:
        if asked["Key"] not in self.objects:
            raise NotFound("Not Found", code="404")
        return {"Metadata": self.objects[asked["Key"]][1], "LastModified": self.put_at}

    def _put_object(self, **asked: Any) -> Mapping[str, Any]:
        self.objects[asked["Key"]] = (asked["Body"], asked.get("Metadata") or {})
        return {}

    def _describe_stacks(self, **asked: Any) -> Mapping[str, Any]:
        name = _name(asked["StackName"])
        found = self.stacks.get(name)
        if found is None or (found["StackStatus"] == "DELETE_COMPLETE" and name == asked["StackName"]):
            raise AwsError(f"Stack with id {name} does not exist", code="ValidationError")
        if found["StackStatus"].endswith("_IN_PROGRESS") and name in self._left:
            self._left[name] -= 1
            if self._left[name] < 0:
                found["StackStatus"] = self.fails.get(name) or found["StackStatus"].replace("_IN_PROGRESS", "_COMPLETE")
        return {"Stacks": [found]}

    def _get_template(self, **asked: Any) -> Mapping[str, Any]:
        return {"TemplateBody": self.templates[asked["StackName"]]}

    def _delete_stack(self, **asked: Any) -> Mapping[str, Any]:
        return self._begin("delete", asked["StackName"], "DELETE_IN_PROGRESS")

    def _update_stack(self, **asked: Any) -> Mapping[str, Any]:
        assert (asked["UsePreviousTemplate"], asked["Capabilities"]) == (True, ["CAPABILITY_NAMED_IAM"])
        given = {each["ParameterKey"]: each.get("ParameterValue") for each in asked["Parameters"]}
        for each in self.stacks[_name(asked["StackName"])]["Parameters"]:
            kept = given.pop(each["ParameterKey"])
            each["ParameterValue"] = each["ParameterValue"] if kept is None else kept
        assert not given
        return self._begin("update", asked["StackName"], "UPDATE_IN_PROGRESS")

    def _begin(self, operation: str, stack_name: str, status: str) -> Mapping[str, Any]:
        name = _name(stack_name)
        self.asked.append((operation, name))
        self.stacks[name]["StackStatus"] = status
        self._left[name] = self.looks
        return {}


def _name(name: str) -> str:
    return name.split("/")[1] if name.startswith("arn:") else name
