"""The maintenance windows of Systems Manager as a light double: like SSM, it tells of the next execution only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from lamplighter.schedules.dialects.aws_cron import parse_expression
from lamplighter.schedules.dialects.cron import Cron

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Ssm:
    """Windows of every target alike; `groups` are members (ARN: type) of resource groups, by name."""

    now: Callable[[], datetime] = lambda: LONG_AGO
    windows: dict[str, dict[str, Any]] = field(default_factory=dict)
    targets: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    tasks: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    groups: dict[str, Mapping[str, str]] = field(default_factory=dict)
    created: dict[str, datetime] = field(default_factory=dict)
    _serial: count[int] = field(default_factory=lambda: count(1))

    def window(self, name: str, schedule: str, *, hours: int = 3, created: datetime = LONG_AGO, **more: Any) -> str:
        """A new window; its id."""
        id_ = f"mw-{next(self._serial):017x}"
        told = {"WindowId": id_, "Name": name, "Enabled": True, "Duration": hours, "Cutoff": 1, "Schedule": schedule}
        self.windows[id_] = {**told, **more}
        self.created[id_] = created
        return id_

    def register(self, window: str, **conditions: Sequence[str]) -> None:
        """Register a target; `tag_Team` stands for `tag:Team`, and so on."""
        keys = {
            "InstanceIds": "InstanceIds",
            "group": "resource-groups:Name",
            "types": "resource-groups:ResourceTypeFilters",
        }
        chosen = [
            {"Key": keys.get(key, key.replace("tag_", "tag:", 1)), "Values": list(values)}
            for key, values in conditions.items()
        ]
        self.targets.setdefault(window, []).append({"WindowId": window, "Targets": chosen})

    def answer(self, operation: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a call is told."""
        assert operation == "get_maintenance_window", operation
        return {**self._told(params["WindowId"]), "CreatedDate": self.created[params["WindowId"]]}

    def items(self, operation: str, params: Mapping[str, Any]) -> list[Any]:
        """What the pages of a call hold."""
        match operation:
            case "describe_maintenance_windows":
                return [self._told(id_) for id_ in self.windows]
            case "describe_maintenance_window_targets":
                return self.targets.get(params["WindowId"], [])
            case "describe_maintenance_window_tasks":
                return self.tasks.get(params["WindowId"], [])
            case "list_group_resources":
                members = self.groups[params["Group"]]
                return [{"Identifier": {"ResourceArn": arn, "ResourceType": type_}} for arn, type_ in members.items()]
        raise AssertionError(operation)

    def _told(self, id_: str) -> dict[str, Any]:
        told = dict(self.windows[id_])
        try:
            rule = parse_expression(told["Schedule"])
        except ValueError:
            return told
        if isinstance(rule, Cron) and "NextExecutionTime" not in told:
            following = rule.next(self.now(), ZoneInfo(told.get("ScheduleTimezone", "UTC")))
            if following is not None:
                told["NextExecutionTime"] = following.strftime("%Y-%m-%dT%H:%MZ")
        return told
