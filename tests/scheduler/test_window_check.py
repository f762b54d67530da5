from __future__ import annotations

from typing import cast

from tests.scheduler.conftest import HERE, THERE, Cloud, FakeAws, configuration

from lamplighter.aws.access import Aws
from lamplighter.errors import AccessDenied
from lamplighter.scheduler import window_targets, windows
from lamplighter.scheduler.window_check import WindowCheck, check_windows

YAML = """
periods: {p: {begintime: 08:00, endtime: 18:00}}
schedules:
  a: {periods: p, ssm_maintenance_window: [patches, backups]}
  b: {periods: p, ssm_maintenance_window: patches}
  off: {periods: p, ssm_maintenance_window: unused, use_maintenance_window: false}
"""


def found(cloud: Cloud, yaml: str = YAML) -> WindowCheck | None:
    return check_windows(cast(Aws, FakeAws(cloud)), configuration(yaml), cloud.targets)


def test_nothing_is_asked_without_need() -> None:
    cloud = Cloud(HERE, THERE)
    assert found(cloud, "periods: {p: {begintime: 08:00}}\nschedules: {a: {periods: p}}\n") is None
    assert cloud.calls == []


def test_names_that_no_target_has() -> None:
    cloud = Cloud(HERE, THERE)
    cloud.ssm.window("backups", "cron(0 2 ? * TUE *)", Enabled=False)
    assert found(cloud) == WindowCheck(windows.PERMISSIONS, {"patches": ["a", "b"]}, [], [])
    cloud.ssm.window("patches", "rate(1 day)")
    assert found(cloud) == WindowCheck(windows.PERMISSIONS, {}, [], [])


def test_what_cannot_be_read() -> None:
    cloud = Cloud(HERE, THERE)
    cloud.ssm.window("patches", "every tuesday")
    cloud.ssm.window("of-no-interest", "every tuesday")
    checked = found(cloud)
    assert checked is not None
    assert [(target, name) for target, name, _ in checked.doubts] == [(HERE, "patches"), (THERE, "patches")]
    assert checked.doubts[0][2].startswith("its schedule cannot be read: 'every tuesday'")


def test_by_target_every_window_counts() -> None:
    cloud = Cloud(HERE)
    cloud.ssm.window("of-no-interest", "every tuesday")
    checked = found(cloud, "windows: {ssm_targets: true}\n")
    assert checked is not None
    assert checked.permissions == (*windows.PERMISSIONS, *window_targets.PERMISSIONS)
    assert [name for _, name, _ in checked.doubts] == ["of-no-interest"]


def test_a_target_that_does_not_answer_leaves_open_what_is_missing() -> None:
    cloud = Cloud(HERE, THERE)
    refused = AccessDenied("no")
    cloud.before = lambda target, *_: refused if target == THERE else None
    assert found(cloud) == WindowCheck(windows.PERMISSIONS, {}, [], [(THERE, refused)])
