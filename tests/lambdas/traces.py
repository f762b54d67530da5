"""What a day of the deployed stack leaves behind, held to values: usage, the bill, the workbook, the journal."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import openpyxl
import pytest
from tests.lambdas.conftest import event
from tests.lambdas.deployed import BILLS, ENTERED, TARGET, Deployment, metered

from lamplighter.aws.access import Aws
from lamplighter.aws.credentials import Role, role_arn
from lamplighter.aws.targets import Target
from lamplighter.billing.arrived import is_bill
from lamplighter.estate.bill.lived import describe, lived_used
from lamplighter.estate.bill.options import PLAIN
from lamplighter.estate.bill.used import Bought, month_of
from lamplighter.estate.bill.write import TRUTH, prepare, write
from lamplighter.estate.testing import MANAGEMENT, PRODUCTION, REGION
from lamplighter.lake.ledger import Ledger
from lamplighter.lake.mirror import address_of, bring
from lamplighter.pricing.book import PriceBook
from lamplighter.savings.measure import measure
from lamplighter.store import journal

RATE: Final = Decimal("0.0114")
"""USD for an hour of a t3.micro with Linux in eu-west-1, as the price book has it."""

FINE: Final = Decimal("0.000001")


def deliver_bill(hub: Deployment, folder: Path) -> list[dict[str, Any]]:
    """Write the bill of the member's day into the bucket; the events of its objects, the manifest's last."""
    with Aws(endpoint_url=hub.estate.server.url, region=REGION, environ=hub.estate.server.environment) as aws:
        role = Role(role_arn(ENTERED, PRODUCTION, "aws"), session_name="bill")
        estate = describe(aws.session_as(Target(PRODUCTION, REGION), role), PriceBook.bundled())
    midnight = hub.monday - timedelta(hours=8)
    used = lived_used([estate], hub.estate.control.history(), midnight, midnight + timedelta(days=1))
    with prepare(used, Bought(), PLAIN, month_of(midnight)) as prepared:
        write(prepared, folder, "cur-csv")
    s3 = hub.estate.client("s3")
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name != TRUTH]
    # Its manifests come after the files, the one above all assemblies last.
    paths.sort(key=lambda path: (is_bill(path.name), -len(path.parts), str(path)))
    for path in paths:
        s3.put_object(Bucket=BILLS, Key=str(path.relative_to(folder)), Body=path.read_bytes())
    return [_created(str(path.relative_to(folder))) for path in paths]


def _created(key: str) -> dict[str, Any]:
    told = event("object_created")
    told["detail"]["bucket"]["name"], told["detail"]["object"]["key"] = BILLS, key
    return told


def looked(hub: Deployment, hour: int, types: dict[str, Any], systems: dict[str, Any]) -> None:
    """The function `collect` looks at both accounts in this hour, once; what the store has of the member then."""
    hub.at(hour + 1 / 12)
    said = hub.invoke("collect", {})
    assert (said.value["failed"], said.value["left"]) == (0, 0)
    assert metered(said).items() >= {"Looks": said.value["looks"], "LooksFailed": 0}.items()
    assert hub.invoke("collect", {}).value["looks"] == 0
    time = f"{hub.now:%Y-%m-%dT%H:00:00Z}"
    known = {"x_account": PRODUCTION, "x_hours": 1, "x_source": "collected"}
    for kind, found in (("ec2", types), ("ec2os", systems)):
        item = hub.store.get("AWSCost", f"{kind}:{PRODUCTION}:{REGION}", time)
        assert item is not None
        assert item.data == {**known, **found}
    home = hub.store.get("AWSCost", f"ec2:{MANAGEMENT}:{REGION}", time)
    assert home is not None
    assert home.data == {**known, "x_account": MANAGEMENT}


def billed(hub: Deployment, instance: str, hours: Decimal, folder: Path) -> None:
    """The bill of the day comes into the lake: the hours of the journal, and a minute from before it was tagged."""
    said = [hub.happen(each) for each in deliver_bill(hub, folder / "bill")]
    assert "loaded" in [each.value["did"] for each in said]
    # A report has two manifests: beside its files, and above all tellings of the month.
    assert sorted(each.value["did"] for each in said if each.value["did"] != "waits") == ["loaded", "superseded"]
    assert sum(metered(each).get("BillsRefused", 0) for each in said) == 0
    with Aws(endpoint_url=hub.estate.server.url, region=REGION, environ=hub.estate.server.environment) as aws:
        bring(aws.session_as(Target("own", REGION), None), address_of(hub.variable("collect", "LAKE")), folder / "lake")
    month = f"{hub.monday:%Y-%m}"
    with Ledger.open(folder / "lake") as ledger:
        [(used, cost)] = ledger.query(
            "SELECT SUM(x_UsageQuantity), SUM(x_OnDemandCost) FROM charges"
            " WHERE billing_period = ? AND SubAccountId = ? AND ResourceId = ? AND x_InstanceType = 't3.micro'",
            [month, PRODUCTION, instance],
        ).rows
        looks = ledger.query(
            "SELECT time, schedule, quantity, x_scheduled_off FROM usage"
            " WHERE billing_period = ? AND account_id = ? AND service = 'ec2' ORDER BY time",
            [month, PRODUCTION],
        ).rows
        seen = ledger.query(
            "SELECT account_id, COUNT(*), COUNT(DISTINCT service) FROM usage_looks"
            " WHERE billing_period = ? AND source = 'collected' GROUP BY 1 ORDER BY 1",
            [month],
        ).rows
    # Four services by the hour, twice, and two by the day.
    assert seen == [(MANAGEMENT, 10, 6), (PRODUCTION, 10, 6)]
    noon, evening = (hub.monday.replace(hour=hour, tzinfo=None) for hour in (12, 18))
    assert looks == [(noon, "office", 1, 0), (evening, "office", 0, 1)]
    untagged = Decimal(1) / 60
    assert abs(used - hours - untagged) < FINE
    assert abs(cost - (hours + untagged) * RATE) < FINE
    entries = [each for each in journal.read(hub.store, TARGET) if each.resource.endswith(instance)]
    (measured,) = measure(entries, PriceBook.bundled(), hub.monday, hub.now)
    assert measured.tally.lit_hours == hours
    assert abs(measured.tally.lit_cost["USD"].amount - hours * RATE) < FINE
    # It is there since it was first seen, which is when it was lit; from 18:01 to midnight it saves.
    assert abs(measured.tally.saved["USD"].amount - RATE * 359 / 60) < FINE


def reported(hub: Deployment) -> None:
    """The workbook of the month has the instance's hours, and says who pays; beside it stands what the day saved."""
    said = hub.invoke("report", {"period": f"{hub.monday:%Y-%m}"})
    wrote = metered(said)
    assert wrote["ReportsWritten"] == 1
    assert wrote["TargetsUnmeasured"] == 0
    assert wrote["HoursSaved"] == pytest.approx(359 / 60)
    assert wrote["MoneySaved"] == pytest.approx(float(RATE) * 359 / 60, abs=1e-5)
    assert said.value["key"].startswith(f"reports/{hub.monday:%Y/%m}/AwsRIUsageReport_{MANAGEMENT}_")
    body = hub.estate.client("s3").get_object(Bucket=said.value["bucket"], Key=said.value["key"])["Body"].read()
    book = openpyxl.load_workbook(BytesIO(body), read_only=True)
    assert rows(book["Accounts"], "Account")[PRODUCTION] | {"Name": ""} == {
        "Account": PRODUCTION, "Name": "", "Used hours": 1, "Put out by schedules": 1, "Capacity unit hours": 0,
        "Reserved hours": 0, "Savings Plan hours": 0, "Borrowed hours": 0, "Currency": "USD",
        "Cost on demand": float(RATE), "Covered": 0, "Coverage": 0,
    }  # fmt: skip
    (row,) = rows(book[f"ec2 {REGION}"], "Type").values()
    assert [row[name] for name in ("Type", "Account", "Known hours", "Used hours", "Put out by schedules")] == [
        "t3.micro", PRODUCTION, 2, 1, 1,
    ]  # fmt: skip
    assert rows(book["Days"], "Day")[hub.monday.replace(hour=0, tzinfo=None)]["Put out by schedules"] == 1


def rows(sheet: Any, key: str) -> dict[Any, dict[str, Any]]:
    """The rows of a sheet by a column, down to where it has no more values."""
    found: dict[Any, dict[str, Any]] = {}
    titles: list[str] = []
    for values in sheet.iter_rows(values_only=True):
        if key in values and not titles:
            titles = list(values)
        elif titles:
            row = dict(zip(titles, values, strict=True))
            if row[key] is None or row[key] == "Total":
                break
            found[row[key]] = row
    return found


def seen_from_afar(hub: Deployment, instance: str) -> None:
    """`lamp journal`, run by the function `remote` out of its zip, tells the same."""
    day = f"{hub.monday:%Y-%m-%d}"
    span = ["--from", day, "--to", f"{day} 20:00"]
    said = hub.invoke("remote", {"command": ["journal", instance, *span, "-o", "json"]})
    assert said.value["code"] == 0, said.value["err"]
    told = [(row["id"], row["action"], row["reason"]) for row in json.loads(said.value["out"])]
    assert told == [
        (instance, "seen", "period office is on"),
        (instance, "start", "period office is on"),
        (instance, "stop", "no period is on"),
    ]
