from __future__ import annotations

import csv
import gzip
import importlib.util
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest

from lamplighter.errors import PriceBookError
from lamplighter.pricing import (
    Archive,
    Money,
    Payment,
    PriceBook,
    PriceKey,
    Terms,
    ebs_key,
    ec2_key,
    elasticache_key,
    find_type,
    opensearch_key,
    rds_key,
    redshift_key,
)

SCRIPT = Path(__file__).parents[2] / "scripts" / "build_price_book.py"
HEADERS = {
    "ec2_ondemand_linux": "region,instance_type,os,generation,usd_per_hour",
    "ec2_ondemand_linux_latest": "region,instance_type,price,generated",
    "ec2_specs": "instance_type,vcpu,memory_mib,arch,hypervisor,bare_metal,hibernation,burstable,instance_storage",
    "rds_ondemand": "region,engine,deployment,instance_class,usd_per_hour",
    "rds_ondemand_aurora_2021": "region,engine,instance_class,usd_per_hour",
    "ebs_prices": "region,dimension,usd",
    "redshift_ondemand": "region,node_type,usd_per_hour",
    "elasticache_prices": "region,engine,node_type,term,effective_usd_per_hour",
    "opensearch_prices": "region,instance_type,term,effective_usd_per_hour",
    "ec2_reserved_linux_no_upfront": "region,instance_type,standard_1yr,standard_3yr,convertible_1yr,convertible_3yr",
    "rds_reserved": "region,engine,deployment,instance_class,lease,purchase_option,upfront_usd,usd_per_hour",
    "redshift_reserved": "region,node_type,lease,purchase_option,upfront_usd,usd_per_hour",
}
ROWS = {
    "ec2_ondemand_linux": [
        "eu-west-1,m5.large,Linux,current,0.107",
        "eu-west-1,m5.metal,Linux,current,5.136",
        "eu-west-1,m3.large,Linux,previous,0.146",
    ],
    "ec2_ondemand_linux_latest": [
        "eu-west-1,m5.large,0.1,2026-07-20",
        "eu-west-1,m5.metal,5.6,2026-07-20",
        "eu-west-1,m9.metal,9,2026-07-20",
        "cn-north-1,m5.large,1.1,2024-11-06",
    ],
    "ec2_specs": [
        "m5.large,2,8192,x86_64,nitro,False,True,False,False",
        "m3.large,2,7680,x86_64,xen,False,True,False,True",
    ],
    "rds_ondemand": [
        "eu-west-1,PostgreSQL,single-az,db.m5.large,0.196",
        "eu-west-1,PostgreSQL,multi-az,db.m5.large,0.392",
        "eu-west-1,MySQL,multi-az-readable-standbys,db.m5d.large,0.6",
    ],
    "rds_ondemand_aurora_2021": ["eu-west-1,Aurora PostgreSQL,db.r5.large,0.32"],
    "ebs_prices": [
        "eu-west-1,Storage General Purpose gp3 GB Mo,0.088",
        "eu-west-1,Provisioned Throughput gp3 per GiBps mo,45.056",
        "eu-west-1,Fast Snapshot Restore per hours,0.75",
    ],
    "redshift_ondemand": ["eu-west-1,ra3.xlplus,1.202"],
    "elasticache_prices": [
        "eu-west-1,Redis,cache.m5.large,ondemand,0.172",
        "eu-west-1,Redis,cache.m5.large,yrTerm1Standard.noUpfront,0.117",
        "eu-west-1,Redis,cache.m5.large,yrTerm1Standard.partialUpfront,0.1116849315",
        "eu-west-1,Redis,cache.m5.large,yrTerm3Standard.allUpfront,0.0776255708",
        "eu-west-1,Redis,cache.m5.large,yrTerm5Standard.allUpfront,0.05",
    ],
    "opensearch_prices": [
        "eu-west-1,m5.large.search,ondemand,0.158",
        "eu-west-1,m5.large.search,yrTerm3Standard.noUpfront,0.082",
        "eu-west-1,m5.large.search,yrTerm3Standard.allUpfront,0.01",
    ],
    "ec2_reserved_linux_no_upfront": ["eu-west-1,m5.large,0.067,,0.079,0.055", "eu-west-1,m5.huge,1,1,1,1"],
    "rds_reserved": [
        "eu-west-1,PostgreSQL,multi-az,db.m5.large,1yr,Partial Upfront,1049,0.1197",
        "eu-west-1,PostgreSQL,multi-az,db.m5.large,2yr,Partial Upfront,1049,0.1197",
        "eu-west-1,PostgreSQL,multi-az,db.m5.large,3yr,No Upfront,0,0",
        "eu-west-1,PostgreSQL,multi-az,db.m5.large,1yr,No Upfront,0,none",
        ",PostgreSQL,multi-az,db.m5.large,1yr,No Upfront,0,0.2",
    ],
    "redshift_reserved": ["eu-west-1,ra3.xlplus,1yr,All Upfront,6950,0"],
}


@pytest.fixture(name="script", scope="module")
def load_script() -> Iterator[ModuleType]:
    sys.path.insert(0, str(SCRIPT.parent))
    spec = importlib.util.spec_from_file_location("build_price_book", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    sys.path.remove(str(SCRIPT.parent))


def make(folder: Path, changes: dict[str, list[str]] | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for file, rows in (ROWS | (changes or {})).items():
        with gzip.open(folder / f"{file}.csv.gz", "wt", encoding="utf-8") as out:
            out.write("\n".join([HEADERS[file], *rows]) + "\n")
    return folder


def test_the_newest_exact_price_is_taken_and_the_metals_keep_their_tenancy(script: ModuleType, tmp_path: Path) -> None:
    content, tallies = script.build(make(tmp_path))
    book = PriceBook((Archive(content),))
    m5, shared, dedicated = (book.find(ec2_key("eu-west-1", name)) for name in ("m5.large", "m5.metal", "m9.metal"))
    assert m5 is not None
    assert (m5.rate.amount, m5.as_of, m5.estimated) == (Decimal("0.1"), date(2026, 7, 20), False)
    assert shared is not None
    assert (shared.rate.amount, shared.as_of, shared.estimated) == (Decimal("5.136"), date(2025, 4, 4), False)
    assert dedicated is not None
    assert dedicated.estimated
    assert "dedicated tenancy" in dedicated.source
    assert book.hourly(ec2_key("cn-north-1", "m5.large")) == Money(Decimal("1.1"), "CNY")
    assert tallies["ec2_ondemand_linux"].kept == 2
    assert tallies["ec2_ondemand_linux"].dropped == {"superseded by another file": 1}
    assert tallies["ec2_ondemand_linux_latest"].kept == 3


def test_databases_storage_and_types_are_in_it(script: ModuleType, tmp_path: Path) -> None:
    content, tallies = script.build(make(tmp_path))
    archive = Archive(content)
    for key, amount in (
        (rds_key("eu-west-1", "db.m5.large", "postgres", "multi-az"), "0.392"),
        (rds_key("eu-west-1", "db.m5d.large", "mysql", "multi-az-cluster"), "0.6"),
        (rds_key("eu-west-1", "db.r5.large", "aurora-postgresql"), "0.32"),
        (ebs_key("eu-west-1", "gp3"), "0.088"),
        (ebs_key("eu-west-1", "gp3-throughput"), "45.056"),
        (PriceKey("redshift", "eu-west-1", "ra3.xlplus"), "1.202"),
    ):
        price = archive.find(key)
        assert price is not None
        assert price.rate.amount == Decimal(amount)
    assert tallies["ebs_prices"].dropped == {"not packaged": 1}
    old = find_type("m3.large", archive)
    assert old is not None
    assert (old.previous_generation, old.instance_storage, old.memory_mib) == (True, True, 7680)


def test_reservations_are_in_it_with_what_each_source_says(script: ModuleType, tmp_path: Path) -> None:
    content, tallies = script.build(make(tmp_path))
    archive = Archive(content)
    read = {
        (key, offer.terms): (str(offer.upfront), str(offer.hourly), offer.estimated)
        for key in (
            ec2_key("eu-west-1", "m5.large"),
            rds_key("eu-west-1", "db.m5.large", "postgres", "multi-az"),
            elasticache_key("eu-west-1", "cache.m5.large"),
            opensearch_key("eu-west-1", "m5.large.search"),
            redshift_key("eu-west-1", "ra3.xlplus"),
        )
        for offer in archive.reservations(key)
    }
    assert len(read) == 9
    m5 = ec2_key("eu-west-1", "m5.large")
    cache = elasticache_key("eu-west-1", "cache.m5.large")
    database = rds_key("eu-west-1", "db.m5.large", "postgres", "multi-az")
    assert read[m5, Terms(1, Payment.NO_UPFRONT)] == ("0.00 USD", "0.067 USD", False)
    assert read[database, Terms(1, Payment.PARTIAL_UPFRONT)] == ("1049.00 USD", "0.1197 USD", False)
    assert read[cache, Terms(1, Payment.PARTIAL_UPFRONT)] == ("489.55 USD", "0.0558 USD", True)
    assert read[cache, Terms(3, Payment.ALL_UPFRONT)] == ("2040.00 USD", "0.00 USD", False)
    assert {name: dict(tally.dropped) for name, tally in tallies.items() if name.endswith(", reserved")} == {
        "ec2_reserved_linux_no_upfront, reserved": {"no price on demand to compare with": 4},
        "rds_reserved, reserved": {
            "unknown term": 1,
            "zero or negative price": 1,
            "not a number": 1,
            "no region or type": 1,
        },
        "elasticache_prices, reserved": {"unknown term": 1},
        "opensearch_prices, reserved": {"implausible beside on demand": 1},
        "redshift_reserved, reserved": {},
    }


def test_two_offers_for_the_same_thing_stop_the_build(script: ModuleType, tmp_path: Path) -> None:
    rows = ["eu-west-1,ra3.xlplus,1yr,All Upfront,6950,0", "eu-west-1,ra3.xlplus,1yr,All Upfront,6951,0"]
    with pytest.raises(PriceBookError, match=r"two offers for redshift ra3\.xlplus in eu-west-1"):
        script.build(make(tmp_path, {"redshift_reserved": rows}))


def test_the_same_facts_make_the_same_bytes_in_any_order(script: ModuleType, tmp_path: Path) -> None:
    first, second = tmp_path / "first.zip", tmp_path / "second.zip"
    backwards = {file: rows[::-1] for file, rows in ROWS.items()}
    assert script.main([str(make(tmp_path / "a")), "-o", str(first)]) == 0
    assert script.main([str(make(tmp_path / "b" / "prices", backwards).parent), "-o", str(second)]) == 0
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("eu-west-1,m5.xlarge,0,2026-07-20", "zero price"),
        ("eu-west-1,m5.xlarge,0.0000000000,2026-07-20", "zero price"),
        ("eu-west-1,m5.xlarge,-0.2,2026-07-20", "negative price"),
        ("eu-west-1,m5.xlarge,,2026-07-20", "empty price"),
        ("eu-west-1,m5.xlarge,NaN,2026-07-20", "not a number"),
        ("eu-west-1,m5.xlarge,Infinity,2026-07-20", "not a number"),
        ("eu-west-1,m5.xlarge,N/A,2026-07-20", "not a number"),
        ("eu-west-1,m5.xlarge,0.2,20/07/2026", "malformed date"),
        ("eu-west-1,m5.xlarge,0.2,", "malformed date"),
        (",m5.xlarge,0.2,2026-07-20", "no region or type"),
    ],
)
def test_a_bad_row_is_dropped_and_counted_and_never_a_zero(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], row: str, reason: str
) -> None:
    out = tmp_path / "prices.zip"
    good = ROWS["ec2_ondemand_linux_latest"]
    assert script.main([str(make(tmp_path, {"ec2_ondemand_linux_latest": [*good, row, row]})), "-o", str(out)]) == 0
    assert f"2 dropped: {reason}" in capsys.readouterr().out
    archive = Archive(out.read_bytes())
    assert archive.find(ec2_key("eu-west-1", "m5.xlarge")) is None
    assert archive.find(PriceKey("ec2", "", "m5.xlarge", "Linux")) is None
    assert archive.find(ec2_key("eu-west-1", "m5.large")) is not None


@pytest.mark.parametrize(
    ("deployment", "amount", "kept"),
    [
        ("multi-az", "0.8", False),
        ("multi-az", "0.2", False),
        ("multi-az", "0.4", True),
        ("multi-az-readable-standbys", "0.2", False),
        ("multi-az-readable-standbys", "0.6", True),
    ],
)
def test_a_standby_that_costs_far_from_double_is_dropped(
    script: ModuleType, tmp_path: Path, deployment: str, amount: str, kept: bool
) -> None:
    rows = ["eu-west-1,MySQL,single-az,db.m5d.large,0.2", f"eu-west-1,MySQL,{deployment},db.m5d.large,{amount}"]
    content, tallies = script.build(make(tmp_path, {"rds_ondemand": rows}))
    name = "multi-az" if deployment == "multi-az" else "multi-az-cluster"
    assert (Archive(content).find(rds_key("eu-west-1", "db.m5d.large", "mysql", name)) is not None) is kept
    assert sum(tallies["rds_ondemand"].dropped.values()) == (0 if kept else 1)


@pytest.mark.parametrize(
    ("file", "rows", "message"),
    [
        (
            "ec2_ondemand_linux",
            ["eu-west-1,m5.large,Linux,current,1", "eu-west-1,m5.large,Linux,current,2"],
            "two prices",
        ),
        ("ec2_ondemand_linux", ["eu-west-1,m5.large,Linux"], "line 2: not as many cells"),
        ("ec2_ondemand_linux", ["eu-west-1,m5.large,Linux,current,1,2"], "line 2: not as many cells"),
        ("ec2_specs", ["m5.large,two,8192,x86_64,nitro,False,True,False,False"], "m5.large cannot be read"),
        ("ec2_specs", ["m5.large,0,8192,x86_64,nitro,False,True,False,False"], "not above zero"),
        ("ec2_specs", ["m5.large,2,8192,x86_64,nitro,no,True,False,False"], "m5.large cannot be read"),
        ("ec2_specs", [ROWS["ec2_specs"][0]] * 2, "'m5.large' is empty or comes twice"),
    ],
)
def test_facts_that_contradict_themselves_stop_the_build(
    script: ModuleType, tmp_path: Path, file: str, rows: list[str], message: str
) -> None:
    with pytest.raises(PriceBookError, match=message):
        script.build(make(tmp_path, {file: rows}))


def test_a_row_repeated_word_for_word_is_one_price(script: ModuleType, tmp_path: Path) -> None:
    content, _ = script.build(make(tmp_path, {"rds_ondemand": ROWS["rds_ondemand"] * 2}))
    assert len(list(Archive(content).items("rds", "eu-west-1"))) == 4


def test_a_missing_or_torn_file_is_named(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make(tmp_path)
    torn = folder / "ebs_prices.csv.gz"
    torn.write_bytes(torn.read_bytes()[:-20])
    out = tmp_path / "out.zip"
    assert script.main([str(folder), "-o", str(out)]) == 1
    assert "ebs_prices.csv.gz cannot be read" in capsys.readouterr().err
    torn.unlink()
    assert script.main([str(folder), "-o", str(out)]) == 1
    assert "ebs_prices.csv.gz cannot be read" in capsys.readouterr().err
    with gzip.open(torn, "wt", encoding="utf-8") as lines:
        csv.writer(lines).writerow(["region", "name", "price"])
    assert script.main([str(folder), "-o", str(out)]) == 1
    assert "has no column dimension" in capsys.readouterr().err
    assert not out.exists()


def test_a_file_gathered_anew_brings_its_date(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.zip"
    folder = str(make(tmp_path))
    assert script.main([folder, "-o", str(out), "--as-of", "ebs_prices=2026-09-01"]) == 0
    price = Archive(out.read_bytes()).find(ebs_key("eu-west-1", "gp3"))
    assert price is not None
    assert price.as_of == date(2026, 9, 1)
    assert script.main([folder, "--as-of", "ebs_price=2026-09-01"]) == 1
    assert script.main([folder, "--as-of", "ebs_prices=soon"]) == 1
    assert "there is no source 'ebs_price'" in capsys.readouterr().err
