"""`lamp usage`; against a simulated AWS where it asks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from tests.lake.conftest import write_month
from tests.lake.known import look, sample

from lamplighter.cli import context
from lamplighter.cli.testing import Lamp, launch
from lamplighter.estate.testing import PRODUCTION, EstateProbe
from lamplighter.lake.usage_files import write_usage

pytestmark = pytest.mark.slow

TEN = datetime(2026, 10, 5, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVERYWHERE = """\
version: 1
targets:
  accounts: ["111122223333", "999988887777"]
  role: lamplighter
  regions: [eu-west-1, eu-central-1]
"""


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    """All commands of a test fall into the same hour."""
    monkeypatch.setattr(context, "utc_now", lambda: datetime(2026, 11, 27, 9, 17, tzinfo=UTC))


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three hours: one known, one refused, one that is known and filled by nobody; a bill that knows them."""
    monkeypatch.setattr(context, "utc_now", lambda: TEN + timedelta(hours=3, minutes=17))
    monkeypatch.setenv("LAMPLIGHTER_LAKE", str(tmp_path / "lake"))
    looks = [look(TEN), look(TEN + HOUR, None, "refused"), look(TEN + 2 * HOUR)]
    write_usage(tmp_path / "lake", [sample(TEN, "4", spot=Decimal(1)), sample(TEN + 2 * HOUR, "1")], looks, at=TEN)
    return tmp_path / "lake"


def test_usage_is_shown_by_key(lamp: Lamp, lake: Path) -> None:
    said = lamp("usage", "show", "--key", "ec2os", "-o", "json")
    assert said.code == 0
    assert said.rows == [
        {
            "key": "ec2os",
            "value": "linux-m5.large",
            "account": "444455556666",
            "account_name": "shop",
            "region": "us-east-1",
            "hours": 2,
            "least": "1",
            "mean": "2.5",
            "most": "4",
            "spot": "0.5",
            "scheduled_off": "0",
        }
    ]
    said = lamp("usage", "show")
    assert "m5.large:us-east-1a  shop     us-east-1      2      1   2.5     4   0.5" in said.out
    assert said.err == "usage of 2026-10\n"


def test_usage_is_shown_hour_by_hour(lamp: Lamp, lake: Path) -> None:
    said = lamp("usage", "show", "--key", "ec2", "--hours", "-o", "csv", "--period", "2026-10", "--account", "shop")
    assert said.out.splitlines()[:2] == [
        "key,value,account,account_name,region,time,hours,quantity,spot,scheduled_off,covered,source",
        "ec2,m5.large:us-east-1a,444455556666,shop,us-east-1,2026-10-05T10:00:00+00:00,1,4,1,0,,collected",
    ]
    assert "2026-10-05 12:00" in lamp("usage", "show", "--hours").out


def test_gaps_are_listed_and_filled(lamp: Lamp, lake: Path) -> None:
    said = lamp("usage", "gaps")
    assert said.code == 0
    assert "shop     us-east-1  ec2      2026-10-05 11:00  2026-10-05 12:00      1  refused" in said.out
    assert said.err == "1 hour that nobody knows, in 1 gap\n"
    [gap] = lamp("usage", "gaps", "-o", "json").rows
    assert (gap["begins"], gap["hours"], gap["reason"]) == ("2026-10-05T11:00:00+00:00", 1, "refused")

    said = lamp("usage", "gaps", "--fill")
    assert "refused; no charges of 2026-10 are loaded" in said.out
    assert "0 hours filled from the ledger, 1 left" in said.err

    meter = {"x_UsageType": "'BoxUsage:m5.large'", "x_Operation": "'RunInstances'", "x_UsageQuantity": "2.5"}
    place = {"SubAccountId": "'444455556666'", "RegionId": "'us-east-1'", "x_ServiceCode": "'AmazonEC2'"}
    span = {"ChargePeriodStart": "TIMESTAMP '2026-10-05 11:00'", "ChargePeriodEnd": "TIMESTAMP '2026-10-05 12:00'"}
    write_month(lake, "2026-10", [{**meter, **place, **span, "InvoiceId": "'1'"}])
    said = lamp("usage", "gaps", "--fill")
    assert said.err.splitlines() == ["there are no gaps", "1 hour filled from the ledger, 0 left"]
    assert lamp("usage", "gaps").err == "there are no gaps\n"
    rows = lamp("usage", "show", "--key", "ec2os", "--hours", "-o", "json").rows
    assert [(row["time"][11:13], row["quantity"], row["source"]) for row in rows] == [
        ("10", "4", "collected"),
        ("11", "2.5", "ledger"),
        ("12", "1", "collected"),
    ]


def test_a_collector_that_stopped_leaves_a_gap_up_to_the_present_hour(
    lamp: Lamp, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context, "utc_now", lambda: TEN + timedelta(days=2, minutes=17))
    rows = lamp("usage", "gaps", "-o", "json").rows
    assert [(row["begins"][:13], row["hours"], row["reason"]) for row in rows] == [
        ("2026-10-05T11", 1, "refused"),
        ("2026-10-05T13", 45, "not looked at"),
    ]


def test_time_before_the_first_look(lamp: Lamp, lake: Path) -> None:
    said = lamp("usage", "gaps", "--since", "2026-10-05", "--service", "ec2", "-o", "json")
    assert [(row["begins"][:13], row["hours"]) for row in said.rows] == [("2026-10-05T00", 10), ("2026-10-05T11", 1)]


def test_a_lake_without_usage_says_what_to_do(lamp: Lamp) -> None:
    assert lamp("usage", "show").err == "no usage is known: lamp usage collect\n"
    assert lamp("usage", "gaps").err == "there are no gaps\n"
    assert lamp("usage", "gaps", "-o", "json").rows == []


@pytest.mark.parametrize(
    ("words", "says", "hint"),
    [
        ("collect --service ec3", "there is no service 'ec3'", "did you mean ec2?"),
        ("gaps --service zzz", "there is no service 'zzz'", "known: dynamodb, ec2"),
        ("show --key ec2so", "there is no key 'ec2so'", "did you mean ec2"),
        ("collect --dry-run --fill", "--dry-run asks and writes nothing", "lamp usage gaps"),
        ("gaps --since soon", "'soon' is not a time", "write 2026-11-23"),
    ],
)
def test_what_is_wrong_says_what_would_be_right(lamp: Lamp, words: str, says: str, hint: str) -> None:
    said = lamp("usage", *words.split())
    assert said.code == 2
    assert says in said.err
    assert f"hint: {hint}" in said.err


def test_a_collection_over_the_wire(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    launch(estate, "office-hours", "web-1")
    still = launch(estate, "office-hours", "web-2")
    estate.client("ec2").stop_instances(InstanceIds=[still])
    estate.control.advance(600)
    estate.client("rds").create_db_instance(
        DBInstanceIdentifier="orders", DBInstanceClass="db.r5.large", Engine="postgres", AllocatedStorage=20,
        MasterUsername="u", MasterUserPassword="example-password",
    )  # fmt: skip
    estate.control.advance(3600)
    table = {
        "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}],
    }
    units = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 3}
    estate.client("dynamodb").create_table(TableName="orders", ProvisionedThroughput=units, **table)
    estate.client("dynamodb").create_table(TableName="baskets", BillingMode="PAY_PER_REQUEST", **table)
    estate.client("elasticache").create_cache_cluster(
        CacheClusterId="sessions", CacheNodeType="cache.r4.large", Engine="redis", NumCacheNodes=1
    )
    nodes = {"InstanceType": "m4.large.search", "InstanceCount": 3}
    estate.client("opensearch").create_domain(DomainName="logs", ClusterConfig=nodes)
    estate.client("redshift").create_cluster(
        ClusterIdentifier="dwh", NodeType="dc2.8xlarge", NumberOfNodes=2, ClusterType="multi-node", DBName="dwh",
        MasterUsername="u", MasterUserPassword="Example-password-1",
    )  # fmt: skip

    said = lamp("usage", "collect", "--dry-run", "-o", "json")
    assert {row["state"] for row in said.rows} == {"would be asked"}
    assert not Path(".local/state/lamplighter/lake").exists()

    said = lamp("usage", "collect", "-o", "json")
    assert said.code == 0, said.err
    found = {row["service"]: (row["state"], row["quantity"], row["scheduled_off"]) for row in said.rows}
    assert found == {
        "dynamodb": ("collected", "8", "0"),
        "ec2": ("collected", "1", "1"),
        "elasticache": ("collected", "1", "0"),
        "opensearch": ("collected", "3", "0"),
        "rds": ("collected", "1", "0"),
        "redshift": ("collected", "2", "0"),
    }
    assert {(row["key"], row["value"], row["most"]) for row in lamp("usage", "show", "-o", "json").rows} == {
        ("dynamodb", "read", "5"),
        ("dynamodb", "write", "3"),
        ("ec2", "m5.large:eu-west-1a", "1"),
        ("ec2os", "linux-m5.large", "1"),
        ("elasticache", "cache.r4.large", "1"),
        ("es", "m4.large.elasticsearch", "3"),
        ("rds", "db.r5.large:postgres", "1"),
        ("redshift", "dc2.8xlarge", "2"),
    }
    write_usage(Path(".local/state/lamplighter/lake"), [], [look(datetime(2026, 11, 27, 6, tzinfo=UTC))], at=TEN)
    said = lamp("usage", "collect", "--fill")
    assert said.err.splitlines() == [
        "0 looks in 1 target, 0 failed, 6 known before",
        # Another account was looked at until three hours ago.
        "0 hours filled from the ledger, 2 left",
    ]


def test_an_account_that_refuses_is_said_and_the_others_go_on(estate: EstateProbe, lamp: Lamp, tmp_path: Path) -> None:
    (tmp_path / "lamplighter.yaml").write_text(EVERYWHERE)
    launch(estate)
    said = lamp("usage", "collect", "--service", "ec2", "--service", "rds", "-o", "json")
    assert said.code == 4
    states = {(row["account"], row["region"], row["service"]): (row["state"], row["quantity"]) for row in said.rows}
    refused = {place: state for place, state in states.items() if place[0] == "999988887777"}
    assert set(refused.values()) == {("failed", None)}
    assert len(refused) == 4
    assert states["111122223333", "eu-west-1", "ec2"] == ("collected", "1")
    assert states["111122223333", "eu-central-1", "ec2"] == ("collected", "0")
    assert "AssumeRole" in said.err
    gaps = lamp("usage", "gaps", "-o", "json").rows
    assert {(gap["account"], gap["region"]) for gap in gaps} == {
        ("999988887777", "eu-west-1"),
        ("999988887777", "eu-central-1"),
    }
    assert PRODUCTION not in said.out


def test_a_region_that_there_is_not(estate: EstateProbe, lamp: Lamp) -> None:
    said = lamp("usage", "collect", "--region", "mars-east-1")
    assert said.code == 4
    assert "there is no region mars-east-1" in said.err


def test_a_region_that_is_not_enabled_and_a_list_that_breaks_off_are_no_zeros(
    estate: EstateProbe, lamp: Lamp, tmp_path: Path
) -> None:
    (tmp_path / "lamplighter.yaml").write_text(
        'version: 1\ntargets: {accounts: ["111122223333"], regions: [eu-west-1, eu-central-1]}\n'
    )
    for name in ("a-first", "b-second"):
        estate.client("dynamodb").create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "a", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "a", "AttributeType": "S"}],
            ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 3},
        )
    not_enabled = {"code": "AuthFailure", "message": "AWS was not able to validate the provided access credentials"}
    estate.control.inject({"region": "eu-central-1", "kind": "before", "error": {**not_enabled, "status": 401}})
    refused = {"code": "AccessDeniedException", "message": "not this one", "status": 400}
    estate.control.inject(
        {"service": "dynamodb", "action": "DescribeTable", "resource": "b-second", "kind": "before", "error": refused}
    )
    said = lamp("usage", "collect", "--service", "dynamodb", "--service", "ec2", "-o", "json")
    assert said.code == 4
    assert [(row["region"], row["service"], row["state"], row["quantity"]) for row in said.rows] == [
        ("eu-central-1", "dynamodb", "failed", None),
        ("eu-west-1", "dynamodb", "failed", None),
        ("eu-central-1", "ec2", "failed", None),
        ("eu-west-1", "ec2", "collected", "0"),
    ]
    assert "error: 111122223333/eu-west-1: dynamodb DescribeTable: AccessDeniedException: not this one\n" in said.err
    assert lamp("usage", "show", "-o", "json").rows == []
    estate.control.clear_faults()
    again = lamp("usage", "collect", "--service", "dynamodb", "--service", "ec2", "-o", "json")
    assert [(row["state"], row["quantity"]) for row in again.rows] == [
        ("collected", "0"),
        ("collected", "16"),
        ("collected", "0"),
        ("known", None),
    ]
    assert lamp("usage", "gaps").err == "there are no gaps\n"
