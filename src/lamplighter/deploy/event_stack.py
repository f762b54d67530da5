"""A plain event that comes again and again: a stack with one schedule of EventBridge Scheduler, or a line for crontab.

The schedule calls the function `remote` of the hub beside it, as the hub's own schedules call theirs: nothing more has
to be permitted.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from typing import Any, Final

from lamplighter.deploy.yamls import Ref, Row, Sub, dump
from lamplighter.errors import UsageError
from lamplighter.schedules.days import GrammarError
from lamplighter.schedules.rhythm import Rhythm, read_rhythm
from lamplighter.schedules.zones import find_zone

DESCRIBED: Final = "Lamplighter, the plain event "
"""How the description of every such stack begins."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
_PREFIX = re.compile(r"[a-z][a-z0-9-]{1,23}")
_HERE: Final = "${AWS::Region}:${AWS::AccountId}"
_OF_CRONTAB: Final = (
    "# CRON_TZ holds for every line below it: put these at the end of the crontab, or into one of their own."
)
UNTAGGED: Final = (
    "what has no schedule tag is only reached where the stack with the role (member, organization) has "
    "OnlyTaggedResources=no"
)
"""What to say beside either: without, the role starts and stops only what has the schedule tag."""

LARGEST: Final = 51_200
"""Bytes of a template that is not in S3 (CloudFormation user guide, quotas)."""

_OLDEST: Final = 600
"""Seconds after which an event is not obeyed, nor delivered any more."""


@dataclass(frozen=True, slots=True)
class PlainEvent:
    """Something that is started or stopped at its time, again and again.

    Attributes:
        name: of the event: 1 to 32 small letters, digits, hyphens, a letter first.
        when: as `lamplighter.schedules.rhythm` reads it.
        zone: IANA zone of its times.
        action: start or stop.
        resources: ids, ARNs or Name tags.
        region: where they are.
        account: 12-digit id; empty for that of the hub.
        hibernate: hibernate what can.
    """

    name: str
    when: str
    zone: str
    action: str
    resources: tuple[str, ...]
    region: str
    account: str = ""
    hibernate: bool = False

    def said(self) -> dict[str, object]:
        """What the function is called with, but for the time."""
        found: dict[str, object] = {"action": self.action, "region": self.region, "resources": [*self.resources]}
        if self.account:
            found["account"] = self.account
        if self.hibernate:
            found["hibernate"] = True
        return {**found, "author": f"the event {self.name}"}


def rhythm_of(event: PlainEvent) -> Rhythm:
    """Its rhythm.

    Raises:
        UsageError: the rhythm, the zone or the name is none.
    """
    if not _NAME.fullmatch(event.name):
        raise UsageError(f"{event.name!r} is no name of an event", hint="1 to 32 small letters, digits, hyphens")
    try:
        find_zone(event.zone)
        return read_rhythm(event.when)
    except GrammarError as error:
        raise UsageError(error.message, hint=error.hint) from error


def template(event: PlainEvent, prefix: str = "lamplighter") -> str:
    """The stack, to be deployed in the account and region of the hub.

    Args:
        event: what comes, and when.
        prefix: of the hub, as the default of the stack's parameter.

    Raises:
        UsageError: as for `rhythm_of`; or the prefix is none, or the stack is larger than CloudFormation takes.
    """
    if not _PREFIX.fullmatch(prefix):
        raise UsageError(f"{prefix!r} is no prefix of a hub", hint="2 to 24 small letters, digits and hyphens")
    rhythm = rhythm_of(event)
    # What the scheduler puts in for the placeholder: a late event is refused rather than done at the wrong time.
    said = {**event.said(), "time": "<aws.scheduler.scheduled-time>"}
    what = f"{event.action}s {len(event.resources)} resource{'s' * (len(event.resources) > 1)} in {event.region}"
    schedule: dict[str, Any] = {
        "Type": "AWS::Scheduler::Schedule",
        "Properties": {
            "Name": Sub(f"${{Prefix}}-event-{event.name}"),
            "GroupName": Ref("Prefix"),
            "Description": f"{what}, {event.when.strip()}.".capitalize(),
            "ScheduleExpression": rhythm.expression,
            "ScheduleExpressionTimezone": event.zone,
            "FlexibleTimeWindow": Row(Mode="OFF"),
            "State": "ENABLED",
            "Target": {
                "Arn": Sub(f"arn:${{AWS::Partition}}:lambda:{_HERE}:function:${{Prefix}}-remote"),
                "RoleArn": Sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${Prefix}-hub-schedules"),
                "Input": json.dumps(said),
                "RetryPolicy": Row(MaximumRetryAttempts=3, MaximumEventAgeInSeconds=_OLDEST),
                "DeadLetterConfig": Row(Arn=Sub(f"arn:${{AWS::Partition}}:sqs:{_HERE}:${{Prefix}}-dead-letters")),
            },
        },
    }
    text = dump(
        {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": f"{DESCRIBED}{event.name} - {what}.",
            "Parameters": {
                "Prefix": {
                    "Type": "String",
                    "Default": prefix,
                    "AllowedPattern": "[a-z][a-z0-9-]{1,23}",
                    "Description": "What the names of the hub begin with.",
                }
            },
            "Resources": {"Event": schedule},
        }
    )
    if len(text.encode()) > LARGEST:
        size = f"{len(text.encode()):,} bytes"
        raise UsageError(
            f"a stack of {len(event.resources)} resources has {size}, and CloudFormation takes {LARGEST:,}",
            hint="make several events of them, or give them a schedule",
        )
    return text


def crontab(event: PlainEvent) -> str:
    """The same for a machine of one's own: lines for crontab that call `lamp`, and a comment where to put them.

    Raises:
        UsageError: as for `rhythm_of`; or crontab cannot say it.
    """
    fields = rhythm_of(event).crontab
    if fields is None:
        raise UsageError(
            f"crontab cannot say {event.when.strip()!r}",
            hint="it begins anew each hour, day and month: say a number that divides 60 or 24, or times of a day",
        )
    words = ["lamp", event.action, *event.resources, "--region", event.region]
    words += ["--account", event.account] if event.account else []
    words += ["--hibernate"] if event.hibernate else []
    line = shlex.join([*words, "--author", f"the event {event.name}"])
    # A percent sign ends the command in crontab.
    said = f"CRON_TZ={event.zone}\n{fields} {line}\n".replace("%", r"\%")
    return f"{_OF_CRONTAB}\n{said}"
