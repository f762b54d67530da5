"""Whether the SSM maintenance windows that a file needs are there and can be read; for `lamp doctor`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lamplighter.aws.access import Aws
from lamplighter.aws.parallel import each
from lamplighter.aws.targets import Target
from lamplighter.errors import LamplighterError
from lamplighter.scheduler import window_targets, windows
from lamplighter.scheduler.settings import Configuration


@dataclass(frozen=True, slots=True)
class WindowCheck:
    """What was found.

    Attributes:
        permissions: IAM actions that reading windows takes, as the file is now.
        missing: names that no target has, with the schedules that name them; empty while a target does not answer.
        doubts: (target, name of the window, what of it cannot be understood), of windows that the file needs.
        failures: targets that do not tell of their windows, with the error.
    """

    permissions: Sequence[str]
    missing: Mapping[str, Sequence[str]] = field(default_factory=dict)
    doubts: Sequence[tuple[Target, str, str]] = ()
    failures: Sequence[tuple[Target, LamplighterError]] = ()


def check_windows(aws: Aws, config: Configuration, targets: Sequence[Target]) -> WindowCheck | None:
    """Ask every target for its windows; None if the file needs none."""
    by_target = config.windows.ssm_targets
    wanted: dict[str, list[str]] = {}
    for name, schedule in config.loaded.schedules.items():
        for window in schedule.definition.ssm_maintenance_window if windows.uses_windows(schedule.definition) else ():
            wanted.setdefault(window, []).append(name)
    if not wanted and not by_target:
        return None
    threads = config.targets.threads if config.targets else 25
    outcomes = each(targets, lambda target: windows.list_windows(aws.session(target)), threads=threads)
    told = [(outcome.target, window) for outcome in outcomes for window in outcome.value or ()]
    failures = [(outcome.target, outcome.error) for outcome in outcomes if outcome.error is not None]
    names = {window.name for _, window in told}
    needed = [(target, window) for target, window in told if window.enabled and (by_target or window.name in wanted)]
    return WindowCheck(
        (*windows.PERMISSIONS, *(window_targets.PERMISSIONS if by_target else ())),
        {} if failures else {name: schedules for name, schedules in wanted.items() if name not in names},
        [(target, window.name, window.problem) for target, window in needed if window.problem],
        failures,
    )
