from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.resources.conftest import Recorder, notebook, tags

from lamplighter.errors import AccessDenied, AwsError, NotFound
from lamplighter.resources.kind import Resource, Search
from lamplighter.resources.sagemaker_notebook import SagemakerNotebook
from lamplighter.schedules.decision import Live

KIND = SagemakerNotebook()


class Tagged(Recorder):
    """Notebook instances with tags of their own, by name; one whose tags are an error refuses to tell them."""

    def __init__(self, known: dict[str, list[dict[str, str]] | AwsError], status: str = "InService") -> None:
        super().__init__({"list_notebook_instances": [notebook(name, status) for name in known]})
        self._known = known

    def pages(self, service: str, operation: str, key: str, **params: Any) -> Iterator[Any]:
        if operation != "list_tags":
            yield from super().pages(service, operation, key, **params)
            return
        self.asked.append((service, operation, params))
        known = {notebook(name)["NotebookInstanceArn"]: pairs for name, pairs in self._known.items()}
        pairs = known[params["ResourceArn"]]
        if isinstance(pairs, AwsError):
            raise pairs
        yield from pairs


def find(session: Recorder, **search: Any) -> list[Resource]:
    return list(KIND.discover(session, Search("Schedule", **search)))


def test_a_plain_notebook() -> None:
    [resource] = find(Tagged({"Lab": tags(Schedule="office", Name="the lab")}))
    assert resource == Resource(
        kind="sagemaker-notebook",
        id="Lab",
        arn="arn:aws:sagemaker:eu-west-1:111122223333:notebook-instance/lab",
        account="111122223333",
        region="eu-west-1",
        name="the lab",
        tags={"Schedule": "office", "Name": "the lab"},
        schedule="office",
        live=Live.RUNNING,
        state="InService",
        instance_type="ml.t3.medium",
    )


@pytest.mark.parametrize(
    ("status", "live"),
    [
        ("Pending", Live.STARTING),
        ("InService", Live.RUNNING),
        ("Stopping", Live.STOPPING),
        ("Stopped", Live.STOPPED),
        ("Failed", Live.STOPPED),
        ("Updating", Live.BUSY),
        ("PendingMaintenance", Live.BUSY),
        ("InMaintenance", Live.BUSY),
        ("Deleting", Live.GONE),
        ("Dreaming", Live.BUSY),
    ],
)
def test_states(status: str, live: Live) -> None:
    [resource] = find(Tagged({"lab": tags(Schedule="office")}, status))
    assert (resource.live, resource.state) == (live, status)


@pytest.mark.parametrize(
    ("search", "found", "asked"),
    [
        ({}, ["a", "b"], 3),
        ({"schedules": frozenset({"office"})}, ["a"], 3),
        ({"ids": frozenset({"c"})}, ["c"], 1),
        ({"ids": frozenset({"d"})}, [], 0),
    ],
)
def test_tags_are_asked_for_only_where_they_decide(search: dict[str, Any], found: list[str], asked: int) -> None:
    session = Tagged({"a": tags(Schedule="office"), "b": tags(Schedule="lab"), "c": []})
    assert [resource.id for resource in find(session, **search)] == found
    assert session.operations.count("list_tags") == asked
    assert session.asked[0] == ("sagemaker", "list_notebook_instances", {"MaxResults": 100})


def test_what_was_deleted_since_it_was_listed_is_left_out() -> None:
    assert [each.id for each in find(Tagged({"a": NotFound("gone"), "b": tags(Schedule="x")}))] == ["b"]


def test_tags_that_may_not_be_read_are_an_error_and_not_none() -> None:
    with pytest.raises(AccessDenied):
        find(Tagged({"a": AccessDenied("no")}))


@pytest.mark.parametrize("act", ["start", "stop"])
def test_one_call_each_and_a_failure_is_its_own(act: str) -> None:
    def answer(_operation: str, **params: Any) -> dict[str, Any]:
        if params["NotebookInstanceName"] == "b":
            raise AwsError("Status (Pending) not in ([InService])")
        return {}

    resources = find(Tagged({name: tags(Schedule="office") for name in "abc"}))
    session = Recorder(answer=answer)
    results = getattr(KIND, act)(session, resources)
    assert {result.id: type(result.error) for result in results} == {"a": type(None), "b": AwsError, "c": type(None)}
    assert session.asked == [
        ("sagemaker", f"{act}_notebook_instance", {"NotebookInstanceName": name}) for name in ("a", "b", "c")
    ]
