"""SageMaker notebook instances."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from lamplighter.errors import NotFound
from lamplighter.resources.group_sizes import one_by_one
from lamplighter.resources.kind import Kind, Permissions, Resource, Result, Search, Session, tags_of
from lamplighter.resources.stop_options import PLAIN_STOP, StopOptions
from lamplighter.schedules.decision import Live

_LIVE = {
    "Pending": Live.STARTING,
    "InService": Live.RUNNING,
    "Stopping": Live.STOPPING,
    "Stopped": Live.STOPPED,
    # It has no instance, and SageMaker starts it as it does a stopped one.
    "Failed": Live.STOPPED,
    "Deleting": Live.GONE,
}


class SagemakerNotebook(Kind):
    """SageMaker notebook instances; what is outside of `/home/ec2-user/SageMaker` is lost by a stop."""

    name: ClassVar[str] = "sagemaker-notebook"
    title: ClassVar[str] = "SageMaker notebook instance"
    why: ClassVar[str] = (
        "A stopped notebook costs no instance hours; its volume goes on. "
        "How much is saved is unknown: the price book has no prices of SageMaker."
    )
    source: ClassVar[str] = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StopNotebookInstance.html"
    permissions: ClassVar[Permissions] = Permissions(
        discover=("sagemaker:ListNotebookInstances", "sagemaker:ListTags"),
        start=("sagemaker:StartNotebookInstance",),
        stop=("sagemaker:StopNotebookInstance",),
        tag=("tag:TagResources", "tag:UntagResources", "sagemaker:AddTags", "sagemaker:DeleteTags"),
    )
    may_start_from: ClassVar[frozenset[str]] = frozenset({"Stopped", "Failed"})
    may_stop_from: ClassVar[frozenset[str]] = frozenset({"InService"})
    batch: ClassVar[int] = 10
    since: ClassVar[str] = "0.1.0"

    def discover(self, session: Session, search: Search) -> Iterator[Resource]:
        """Find notebook instances; SageMaker tells the tags of one at a time."""
        for notebook in session.pages("sagemaker", "list_notebook_instances", "NotebookInstances", MaxResults=100):
            name, arn = notebook["NotebookInstanceName"], notebook["NotebookInstanceArn"]
            if search.ids is not None and name not in search.ids:
                continue
            try:
                tags = tags_of(list(session.pages("sagemaker", "list_tags", "Tags", ResourceArn=arn)))
            except NotFound:
                continue  # deleted since it was listed
            if search.wants(name, tags):
                yield _resource(notebook, tags, session, search.tag)

    def start(self, session: Session, resources: Sequence[Resource]) -> list[Result]:
        """One StartNotebookInstance call each; SageMaker has no batch."""
        return _each(session, "start_notebook_instance", resources)

    def stop(self, session: Session, resources: Sequence[Resource], _how: StopOptions = PLAIN_STOP, /) -> list[Result]:
        """One StopNotebookInstance call each; SageMaker has no batch."""
        return _each(session, "stop_notebook_instance", resources)


def _each(session: Session, operation: str, resources: Sequence[Resource]) -> list[Result]:
    def act(resource: Resource) -> str:
        session.call("sagemaker", operation, NotebookInstanceName=resource.id)
        return ""

    return one_by_one(resources, act)


def _resource(notebook: Mapping[str, Any], tags: Mapping[str, str], session: Session, tag: str) -> Resource:
    name, state = notebook["NotebookInstanceName"], notebook["NotebookInstanceStatus"]
    return Resource(
        kind=SagemakerNotebook.name,
        id=name,
        arn=notebook["NotebookInstanceArn"],
        account=session.target.account,
        region=session.target.region,
        name=tags.get("Name") or name,
        tags=tags,
        schedule=tags.get(tag),
        live=_LIVE.get(state, Live.BUSY),
        state=state,
        instance_type=notebook.get("InstanceType", ""),
    )
