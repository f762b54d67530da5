"""Taking a deployment away: one stack after the other, each waited for, in an order in which CloudFormation can do it.

- Policies of the stack `member` in the hub's account are attached to roles of `hub`: it goes before it.
- The schedule of a plain event lies in the group of `hub`, which takes it along, and would leave its stack behind:
  that goes before it too.
- The pipeline's stack holds the role with which CloudFormation works on each stack that the pipeline deployed: it goes
  last.
- An application of AppRegistry can be deleted only when no stack is registered with it: the pipeline's stack lets go of
  it first.

Sources: AWS CloudFormation API reference, DeleteStack (`RoleARN`); AppRegistry API reference, DeleteApplication.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lamplighter.deploy.family import TEMPLATES
from lamplighter.deploy.stacks import Stack, describe
from lamplighter.errors import AwsError, LamplighterError

if TYPE_CHECKING:
    from lamplighter.resources.kind import Session

PERMISSIONS: Final = (
    "cloudformation:DescribeStacks",
    "cloudformation:DescribeStackEvents",
    "cloudformation:DeleteStack",
    "cloudformation:UpdateStack",
)

PAUSE: Final = 5.0
"""Seconds between two looks at a stack."""

LOOKS: Final = 1080
"""After so many the stack is left alone: 90 minutes. Functions in a VPC take up to 40."""

_GOES: Final = "DELETE_IN_PROGRESS"
_OF_THE_APPLICATION: Final = ("ApplicationId", "ApplicationTag")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do.

    Attributes:
        stack: with which.
        lets_go: the stack is not deleted, but ends its registration with the application.
    """

    stack: Stack
    lets_go: bool = False


def steps(found: Sequence[Stack], here: Sequence[Stack]) -> list[Step]:
    """What is to be done, in order.

    Args:
        found: the stacks of the deployment, in the order in which they were made; absent ones are passed over.
        here: stacks in the hub's account that hang on it, as `beside` gives them.
    """
    there = {each.template: each for each in found if each.status}
    pipeline, application = there.pop("pipeline", None), there.pop("application", None)
    done = [Step(each) for each in (*here, *reversed(there.values()))]
    if pipeline and application and pipeline.settled and pipeline.parameters.get("ApplicationId"):
        done.append(Step(pipeline, lets_go=True))
    return [*done, *(Step(each) for each in (application, pipeline) if each)]


def obstacles(planned: Iterable[Step]) -> list[str]:
    """Why it must not be begun with, a line for each stack; empty if it can."""
    return [f"{step.stack.name} {said}" for step in planned if not step.lets_go and (said := _obstacle(step.stack))]


def _obstacle(stack: Stack) -> str:
    if stack.name.startswith("StackSet-"):
        return "belongs to a stack set: take this account out of that first, or delete the stack organization"
    if stack.protected:
        return "is protected against deletion: take its termination protection away first"
    if stack.status.endswith("_IN_PROGRESS") and stack.status not in (_GOES, "REVIEW_IN_PROGRESS"):
        return f"is at work ({stack.status}): ask again when it is done"
    return ""


def take(session: Session, step: Step, sleep: Callable[[float], None]) -> None:
    """Do one step, and wait until it is done.

    Args:
        session: calls in the hub's account and region.
        step: one of those that `steps` gives.
        sleep: waits for so many seconds.

    Raises:
        AwsError: CloudFormation could not, with the reasons of what the stack holds; or not permitted, or no answer.
    """
    if step.lets_go:
        _let_go(session, step.stack)
    elif step.stack.status != _GOES:
        session.call("cloudformation", "delete_stack", StackName=step.stack.arn)
    for _ in range(LOOKS):
        now = describe(session, step.stack.template, step.stack.arn)
        if (_is_let_go if step.lets_go else _is_gone)(now):
            return
        if now.status.endswith("_FAILED") or (step.lets_go and "ROLLBACK" in now.status):
            raise AwsError(
                f"{step.stack.name}: {now.status}: {_reasons(session, now)}",
                hint="mend that, then give the same command again: it passes over what is gone",
            )
        sleep(PAUSE)
    raise AwsError(
        f"{step.stack.name} is not done after {LOOKS * PAUSE / 60:.0f} minutes",
        hint="give the same command again: it goes on waiting",
    )


def _let_go(session: Session, stack: Stack) -> None:
    session.call(
        "cloudformation",
        "update_stack",
        StackName=stack.arn,
        UsePreviousTemplate=True,
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[
            {"ParameterKey": name, "ParameterValue": ""}
            if name in _OF_THE_APPLICATION
            else {"ParameterKey": name, "UsePreviousValue": True}
            for name in stack.parameters
        ],
    )


def _is_let_go(stack: Stack) -> bool:
    return stack.status == "UPDATE_COMPLETE" and not stack.parameters.get("ApplicationId")


def _is_gone(stack: Stack) -> bool:
    return stack.status in ("", "DELETE_COMPLETE")


def _reasons(session: Session, stack: Stack) -> str:
    """What failed in a stack, and why, as its events say it."""
    try:
        found = list(_failures(session, stack))
    except LamplighterError:
        found = []
    return "; ".join(found) or stack.why or "see its events in CloudFormation"


def _failures(session: Session, stack: Stack) -> Iterator[str]:
    """The newest events are the first; those before the last request are of another time."""
    for event in session.pages("cloudformation", "describe_stack_events", "StackEvents", StackName=stack.arn):
        own = event.get("PhysicalResourceId") == stack.arn
        if own and event["ResourceStatus"] in (_GOES, "UPDATE_IN_PROGRESS"):
            return
        if not own and event["ResourceStatus"].endswith("_FAILED"):
            yield f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"


def left_behind(found: Iterable[Stack]) -> list[tuple[str, str, str]]:
    """(stack, logical id, type) of what CloudFormation keeps when stacks are deleted: data, and the key to it."""
    return [
        (each.name, logical, resource["Type"])
        for each in found
        if each.status
        for logical, resource in TEMPLATES[each.template].data["Resources"].items()
        if str(resource.get("DeletionPolicy", "")).startswith("Retain") and _made(each, resource["Type"])
    ]


def _made(stack: Stack, kind: str) -> bool:
    """A key that was given is not the stack's."""
    return kind != "AWS::KMS::Key" or not stack.parameters.get("ExistingKeyArn")
