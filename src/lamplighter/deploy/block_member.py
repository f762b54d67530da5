"""What the role of a member account may do, and which events it forwards, in the template `member`."""

from __future__ import annotations

from typing import Any

from lamplighter.deploy import needs
from lamplighter.deploy.block_hub import pattern
from lamplighter.deploy.block_parts import logical
from lamplighter.deploy.handlers import HANDLERS, Event, Family, Group
from lamplighter.deploy.needs import dashed
from lamplighter.deploy.policies import VERSION, as_text, as_yaml, statements
from lamplighter.deploy.yamls import NO_VALUE, GetAtt, If, Ref, Row, Sub


def policies() -> dict[str, Any]:
    """Policies of the role: looking, acting, snapshots, and grants on keys of volumes."""
    return {
        "LookPolicy": _policy(
            "look",
            "What is there, in use and committed to.",
            {"Version": VERSION, "Statement": as_yaml(needs.looking())},
            tuple(Family),
        ),
        "ActPolicy": _policy("act", "Starts, stops, tags and changes types.", _text(needs.acting())),
        "SnapshotPolicy": {
            **_policy("snapshots", "Snapshots before databases stop.", _text(needs.snapshots())),
            "Condition": "TakesSnapshots",
        },
        "GrantPolicy": {
            **_policy("grants", "Starts instances whose volumes have keys of your own.", _grants()),
            "Condition": "HasVolumeKeys",
        },
    }


def _text(wanted: list[needs.Need]) -> dict[str, Any]:
    return {"Fn::Sub": [as_text(wanted), {"TagOperator": If(["OnlyTagged", "StringLike", "StringLikeIfExists"])}]}


def _grants() -> dict[str, Any]:
    (statement,) = statements([needs.GRANTS])
    return {"Version": VERSION, "Statement": [{**statement, "Resource": Ref("VolumeKeyArns")}]}


def _policy(name: str, about: str, document: Any, families: tuple[Family, ...] = (Family.KINDS,)) -> dict[str, Any]:
    return {
        "Type": "AWS::IAM::ManagedPolicy",
        "Condition": "HasRole",
        "Properties": {
            "ManagedPolicyName": Sub(f"${{MemberRole}}-{name}"),
            "Description": about,
            "Roles": [Ref("Role"), *(If(["InHubAccount", role, NO_VALUE]) for role in roles_at_home(families))],
            "PolicyDocument": document,
        },
    }


def roles_at_home(families: tuple[Family, ...]) -> list[Sub]:
    """Roles of the hub's functions that do in the hub's own account, as themselves, what members of families do.

    Those of the stack `data` are not among them, for it may be missing; see `needs.at_home`.
    """
    return [
        Sub(f"${{HubPrefix}}-hub-{dashed(handler)}")
        for handler in HANDLERS.values()
        if handler.group is Group.CORE and set(handler.families) & set(families)
    ]


def body(text: str) -> dict[str, Any]:
    """What the StackSet of an Organization is made of: the template of members, without its comments.

    Args:
        text: of the template.
    """
    lines = [line for line in text.splitlines(keepends=True) if not line.lstrip().startswith("#")]
    return {"TemplateBody": "".join(lines)}


def rules() -> dict[str, Any]:
    """A rule for each event that the hub wants to hear of."""
    return {
        f"{logical(event.name)}Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "Name": Sub(f"${{MemberRole}}-{event.name}"),
                "Description": f"Forwards {event.name} to the hub.",
                "EventPattern": pattern(event),
                "Targets": [
                    {
                        "Id": "hub",
                        "Arn": Ref("BusArn"),
                        "RoleArn": GetAtt("ForwardRole.Arn"),
                        "RetryPolicy": Row(MaximumRetryAttempts=20, MaximumEventAgeInSeconds=21600),
                    }
                ],
            },
        }
        for event in forwarded()
    }


def forwarded() -> list[Event]:
    """The events that members forward."""
    return [
        trigger
        for handler in HANDLERS.values()
        for trigger in handler.triggers
        if isinstance(trigger, Event) and trigger.forwarded
    ]


def accounts_pattern() -> dict[str, Any]:
    """The pattern of the rule that tells of accounts that join: what the hub asks for, and members do not forward."""
    (found,) = (
        trigger
        for handler in HANDLERS.values()
        for trigger in handler.triggers
        if isinstance(trigger, Event) and trigger.pattern["source"] == ["aws.organizations"]
    )
    return {"EventPattern": pattern(found)}
