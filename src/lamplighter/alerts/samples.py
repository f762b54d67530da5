"""A context for each topic, as templates get them: to try a user's templates before there is anything to tell.

Every list has a member, every text says something; a test compares the names with those of real messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from lamplighter.store.table import JSON

_AT: Final = "Mon 2026-11-23 17:30 Europe/Berlin"
_RESOURCE: Final[dict[str, JSON]] = {
    "kind": "ec2-instance",
    "id": "i-0abc1234def567890",
    "arn": "arn:aws:ec2:eu-central-1:111122223333:instance/i-0abc1234def567890",
    "name": 'web "1" <blue>',
    "label": 'web "1" <blue> (i-0abc1234def567890)',
    "account": "111122223333",
    "region": "eu-central-1",
    "schedule": "office-hours",
}
_PLACE: Final = "shop (111122223333) eu-central-1"
_ERROR: Final[dict[str, JSON]] = {
    "label": "orders",
    "what": "stop failed",
    "code": "AccessDenied",
    "message": "not authorized to perform rds:StopDBInstance",
    "hint": "allow rds:StopDBInstance",
}

SAMPLES: Final[Mapping[str, Mapping[str, JSON]]] = MappingProxyType(
    {
        "digest": {
            "at": _AT,
            "planned": False,
            "run": "3f6d1c1e",
            "started": 1,
            "stopped": 2,
            "errors": 1,
            "held": 1,
            "left": 40,
            "refused": "the pass would change 57 resources; guardrails allow 20",
            "money": {"less": "0.38 USD", "more": "0.10 USD", "unknown": 1, "estimated": True},
            "places": [
                {
                    "place": _PLACE,
                    "done": [{**_RESOURCE, "action": "stop", "reason": "no period is on", "note": "hibernated"}],
                    "held": [{**_RESOURCE, "reason": "no period is on; but it is stopping"}],
                }
            ],
            "troubles": [{**_ERROR, "place": _PLACE}],
            "left_out": 3,
        },
        "errors": {
            "at": _AT,
            "new": 1,
            "changed": 1,
            "recovered": 1,
            "total": 3,
            "groups": [
                {
                    **{name: value for name, value in _ERROR.items() if name != "label"},
                    "change": "changed",
                    "subjects": [
                        {
                            "label": "orders",
                            "place": _PLACE,
                            "subject": "rds-instance/orders",
                            "schedule": "office-hours",
                            "since": _AT,
                            "before": "Rate exceeded",
                        }
                    ],
                    "more": 2,
                }
            ],
            "over": [
                {
                    "label": "web-2",
                    "place": "111122223333 eu-central-1",
                    "subject": "ec2-instance/i-0def",
                    "reason": "it is well again",
                    "what": "start failed",
                    "message": "Insufficient capacity.",
                    "since": _AT,
                }
            ],
            "left_out": 1,
        },
        "upcoming": {
            "at": _AT,
            "total": 1,
            "first": "18:00",
            "keep_for": "2h",
            "stops": [
                {
                    **_RESOURCE,
                    "place": _PLACE,
                    "at": "2026-11-23T17:00:00+00:00",
                    "when": "Mon 2026-11-23 18:00 Europe/Berlin",
                    "time": "18:00",
                    "in": "30m",
                    "reason": "no period is on",
                    "keep": 'lamp override set i-0abc1234def567890 --keep running --for 2h --reason "still needed"',
                    "keep_url": "https://lamp.example.com/keep?id=i-0abc1234def567890",
                }
            ],
            "left_out": 1,
        },
    }
)
