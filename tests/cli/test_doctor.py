"""`lamp doctor`: every check can be ok and not ok."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from lamplighter.cli import checks
from lamplighter.cli.testing import Lamp, launch
from lamplighter.errors import StoreUnavailable
from lamplighter.estate.control import deny
from lamplighter.estate.testing import EstateProbe
from lamplighter.pricing.book import PriceBook
from lamplighter.pricing.money import Money
from lamplighter.pricing.price import HOURS, Price, ec2_key
from lamplighter.store.table import JSON

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


def found(lamp: Lamp, *words: str) -> dict[str, dict[str, str]]:
    return {row["check"]: row for row in lamp("doctor", *words, "-o", "json").rows}


def test_a_healthy_installation(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    launch(estate, "office-hours")
    assert lamp("run").code == 0
    rows = found(lamp)
    wanted = {"versions", "definitions", "prices", "store", "last pass", "credentials", "clock"}
    assert wanted | {"ec2-instance", "rds-instance", "rds-cluster"} <= set(rows)
    assert {row["status"] for row in rows.values()} == {"ok"}, rows
    assert "lamplighter" in rows["versions"]["detail"]
    assert "Python 3." in rows["versions"]["detail"]
    assert "account 111122223333 as arn:aws:" in rows["credentials"]["detail"]
    assert rows["ec2-instance"]["detail"] == (
        "1 of 1 targets answer; listing needs ec2:DescribeInstances; acting ec2:StartInstances, ec2:StopInstances; "
        "order ec2:DescribeInstanceStatus; "
        "another type ec2:DescribeInstanceTypes, ec2:DescribeInstanceTypeOfferings, ec2:ModifyInstanceAttribute; "
        "an idle guard cloudwatch:GetMetricData"
    )
    assert set(rows["clock"]) == {"check", "status", "detail", "hint"}
    assert lamp("doctor", "--exit-code").code == 0


def test_what_is_denied_is_found(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    estate.control.inject(deny("111122223333", "rds:DescribeDBClusters"))
    said = lamp("doctor", "-o", "json")
    assert said.code == 0
    rows = {row["check"]: row for row in said.rows}
    assert rows["rds-cluster"]["status"] == "fail"
    assert rows["rds-cluster"]["detail"].startswith("0 of 1 targets answer; listing needs rds:DescribeDBClusters, ")
    assert "not authorized" in rows["rds-cluster 111122223333/eu-west-1"]["detail"]
    assert rows["ec2-instance"]["status"] == "ok"
    assert lamp("doctor", "--exit-code").code == 3


def test_maintenance_windows_that_are_needed(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    assert "maintenance windows" not in found(lamp)
    text = definitions.read_text().replace("periods: office}", "periods: office, ssm_maintenance_window: [abc, def]}")
    definitions.write_text(text)
    window = {"Duration": 3, "Cutoff": 1, "AllowUnassociatedTargets": False}
    estate.client("ssm").create_maintenance_window(Name="abc", Schedule="cron(0 2 ? * TUE *)", **window)
    rows = found(lamp)
    assert (rows["maintenance windows"]["status"], rows["maintenance windows"]["detail"]) == (
        "warn",
        "1 of 1 targets answer; reading needs ssm:DescribeMaintenanceWindows, ssm:GetMaintenanceWindow",
    )
    missing = "no target has a window called def, which is named by office-hours"
    assert rows["maintenance windows def"]["detail"] == missing
    estate.client("ssm").create_maintenance_window(Name="def", Schedule="every tuesday", **window)
    doubt = found(lamp)["maintenance windows 111122223333/eu-west-1"]
    assert (doubt["status"], doubt["detail"][:31]) == ("warn", "def: its schedule cannot be rea")
    estate.control.inject(deny("111122223333", "ssm:DescribeMaintenanceWindows"))
    assert found(lamp)["maintenance windows"]["status"] == "fail"


def test_targets_that_do_not_exist(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    rows = found(lamp, "-r", "eu-wset-1")
    assert "there is no region eu-wset-1" in rows["target 111122223333/eu-wset-1"]["detail"]
    assert rows["targets"]["status"] == "fail"


def test_an_empty_machine(lamp: Lamp) -> None:
    rows = found(lamp)
    assert {name: row["status"] for name, row in rows.items()} == {
        "versions": "ok",
        "definitions": "warn",
        "prices": "ok",
        "store": "warn",
        "credentials": "fail",
    }
    assert rows["store"]["hint"] == "`lamp run` makes it"
    assert "credentials" not in found(lamp, "--without-aws")
    assert lamp("doctor", "--exit-code", "--without-aws").code == 0


def test_a_broken_machine(lamp: Lamp, definitions: Path, tmp_path: Path) -> None:
    definitions.write_text("periods: {p: {weekdays: thurs}}\n")
    (tmp_path / "bad.sqlite").write_bytes(b"no database" * 100)
    rows = found(lamp, "--without-aws", "--store", "bad.sqlite")
    assert (rows["definitions"]["status"], rows["store"]["status"]) == ("fail", "fail")
    assert "1 problems, the first: 1:" in rows["definitions"]["detail"]
    definitions.write_text("a: [")
    assert found(lamp, "--without-aws")["definitions"]["detail"] == "lamplighter.yaml is not YAML"
    assert found(lamp, "--without-aws", "-f", "none.yaml")["definitions"]["status"] == "fail"
    said = lamp("doctor", "--without-aws", "--store", "bad.sqlite", COLUMNS="80")
    assert all(len(line) <= 80 for line in said.out.splitlines())
    assert said.err == "2 ok, 0 warnings, 2 failures\n"


def test_traps_are_a_warning(lamp: Lamp, definitions: Path) -> None:
    definitions.write_text("periods: {p: {endtime: 23:59}}\n")
    row = found(lamp, "--without-aws")["definitions"]
    assert (row["status"], row["hint"]) == ("warn", "`lamp schedules validate` shows where")


class Store:
    path = "/x/state.sqlite"

    def __init__(self, damage: list[str]) -> None:
        self.damage = damage

    def integrity(self) -> list[str]:
        return self.damage


def test_damage_in_the_store() -> None:
    assert checks.store_content(Store([])).detail == "/x/state.sqlite: whole"  # type: ignore[arg-type]
    bad = checks.store_content(Store(["row 7 missing", "row 8 missing"]))  # type: ignore[arg-type]
    assert (bad.status, bad.detail) == ("fail", "/x/state.sqlite: 2 damages, the first: row 7 missing")


@pytest.mark.parametrize(("age", "status"), [(30, "ok"), (539, "ok"), (541, "warn")])
def test_the_age_of_prices(age: int, status: str) -> None:
    day = NOW.date() - timedelta(days=age)
    price = Price(Money(Decimal("0.1"), "USD"), HOURS, day, "a test")
    assert checks.prices(PriceBook.from_prices({ec2_key("eu-west-1", "m5.large"): price}), NOW).status == status
    assert date.fromisoformat(checks.prices(PriceBook.bundled(), NOW).detail.split()[2]) > date(2020, 1, 1)
    assert checks.prices(PriceBook.from_prices({}), NOW).status == "fail"


PASS: Mapping[str, JSON] = {
    "at": "2026-11-23T07:55:00+00:00",
    "finished": "2026-11-23T07:55:09+00:00",
    "targets": 2,
    "resources": 9,
    "done": 1,
    "failed": 0,
    "failed_targets": [],
    "refused": "",
}


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({}, "ok", "2026-11-23 07:55 UTC: 9 resources, 1 done, 0 failed"),
        ({"at": "2026-11-21T07:55:00+00:00"}, "warn", "2026-11-21"),
        ({"failed": 1, "failed_targets": ["111122223333/eu-west-1"]}, "fail", "in 111122223333/eu-west-1"),
        ({"failed_targets": ["a/b", "c/d"]}, "fail", "in a/b, c/d"),
        ({"refused": "too many"}, "fail", "refused: too many"),
        ({"tag_warnings": ["a: the tags of x are not written: no", "b"]}, "warn", "written: no, and 1 more"),
        ({"tag_warnings": []}, "ok", "1 done"),
    ],
)
def test_the_last_pass(changes: Mapping[str, JSON], status: str, words: str) -> None:
    check = checks.last_pass([{**PASS, **changes}], NOW)
    assert check.status == status
    assert words in check.detail
    assert checks.last_pass([], NOW).status == "warn"


def test_an_error_is_a_finding_with_its_hint() -> None:
    check = checks.failed("store", StoreUnavailable("locked", hint="wait"))
    assert (check.status, check.detail, check.hint) == ("fail", "locked", "wait")


class Answering:
    """An `Aws` whose answers have a date."""

    def __init__(self, date: str | None) -> None:
        headers = {} if date is None else {"date": date}
        self.answer = {"ResponseMetadata": {"HTTPHeaders": headers}}

    def session_as(self, *_: object) -> Answering:
        return self

    def call(self, *_: object) -> object:
        return self.answer


@pytest.mark.parametrize(
    ("date", "status", "detail"),
    [
        ("Mon, 23 Nov 2026 08:00:02 GMT", "ok", "-2 s from AWS"),
        ("Mon, 23 Nov 2026 07:59:20 GMT", "warn", "+40 s from AWS"),
        ("Mon, 23 Nov 2026 07:50:00 GMT", "fail", "+600 s from AWS"),
        (None, "warn", "the answer has no date"),
    ],
)
def test_the_clock(date: str | None, status: str, detail: str) -> None:
    check = checks.clock(Answering(date), None, lambda: NOW)  # type: ignore[arg-type]
    assert (check.status, check.detail) == (status, detail)
