from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.errors import PriceBookError
from lamplighter.pricing.archive import Archive, Source, bundled_content, write_archive
from lamplighter.pricing.book import PriceBook
from lamplighter.pricing.money import Money
from lamplighter.pricing.offers import OfferingClass, Payment, ReservationOffer, Terms
from lamplighter.pricing.price import Price, PriceKey, ec2_key

LICENCES = {"one": "MIT", "two": "Apache-2.0"}
WORDS = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=4)
KEYS = st.builds(PriceKey, *[st.sampled_from(["ec2", "rds", "a-b"]), st.sampled_from(["x-1", "y-2"])], *[WORDS] * 4)
PRICES = st.builds(
    Price,
    rate=st.builds(
        Money, st.decimals(min_value=Decimal("1E-9"), max_value=10**6, places=9), st.sampled_from(["USD", "CNY"])
    ),
    unit=st.sampled_from(["Hrs", "GB-Mo"]),
    as_of=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    source=st.sampled_from(sorted(LICENCES)),
    estimated=st.booleans(),
)
M5 = ec2_key("us-east-1", "m5.large")
PRICE = Price(Money(Decimal("0.096"), "USD"), "Hrs", date(2026, 7, 20), "one")


@given(st.dictionaries(KEYS, PRICES, max_size=12))
def test_what_goes_in_comes_out(prices: dict[PriceKey, Price]) -> None:
    archive = Archive(write_archive(prices, LICENCES, {}))
    read = {key: price for place in archive.partitions for key, price in archive.items(*place)}
    assert read == prices
    assert all(archive.find(key) == price for key, price in prices.items())
    assert set(archive.dates) == {price.as_of for price in prices.values()}
    assert archive.partitions == {(key.service, key.region) for key in prices}


@given(st.dictionaries(KEYS, PRICES, min_size=2, max_size=12), st.randoms(use_true_random=False))
def test_the_same_prices_make_the_same_bytes(prices: dict[PriceKey, Price], order: random.Random) -> None:
    shuffled = sorted(prices.items(), key=lambda _: order.random())
    assert write_archive(dict(shuffled), LICENCES, {}) == write_archive(prices, LICENCES, {})


def offer(
    key: PriceKey, terms: Terms, upfront: str, hourly: str, *, estimated: bool = False, source: str = "one"
) -> ReservationOffer:
    paid = Money(Decimal(upfront), "USD"), Money(Decimal(hourly), "USD")
    return ReservationOffer(key, terms, *paid, date(2025, 4, 4), source, estimated)


OFFERS = (
    offer(M5, Terms(1, Payment.NO_UPFRONT), "0", "0.06"),
    offer(M5, Terms(3, Payment.ALL_UPFRONT, OfferingClass.CONVERTIBLE), "1170.5", "0", estimated=True, source="two"),
    offer(M5, Terms(1, Payment.PARTIAL_UPFRONT), "250", "0.029"),
    offer(ec2_key("us-east-1", "m5.xlarge"), Terms(1, Payment.NO_UPFRONT), "0", "0.12"),
)


def test_offers_come_out_as_they_went_in_and_one_region_is_read() -> None:
    archive = Archive(write_archive({M5: PRICE}, LICENCES, {}, OFFERS))
    assert archive.offered == {("ec2", "us-east-1")}
    assert {each.terms: each for each in archive.reservations(M5)} == {each.terms: each for each in OFFERS[:3]}
    assert archive.reservations(ec2_key("us-east-1", "m5.xlarge")) == OFFERS[3:]
    assert archive.reservations(ec2_key("us-east-1", "m5.huge")) == ()
    assert archive.reservations(ec2_key("mars-north-1", "m5.large")) == ()
    assert write_archive({M5: PRICE}, LICENCES, {}, OFFERS[::-1]) == write_archive({M5: PRICE}, LICENCES, {}, OFFERS)


OFFERED = "resource_type,operating_system,engine,deployment,currency,source"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "resource_type\nm5.large\n",
        f"{OFFERED},1 standard Some Upfront\nm5.large,Linux,,,USD,0,0.06\n",
        f"{OFFERED},1 standard No Upfront\nm5.large,Linux,,,USD,0\n",
        f"{OFFERED},1 standard No Upfront\nm5.large,Linux,,,USD,0,six\n",
        f"{OFFERED},1 standard No Upfront\nm5.large,Linux,,,USD,9,0.06\n",
    ],
)
def test_damaged_offers_are_an_error_and_not_unknown(text: str) -> None:
    manifest = json.dumps(MANIFEST | {"offers": {"ec2": ["us-east-1"]}})
    archive = Archive(changed({"manifest.json": manifest, "offers/ec2/us-east-1.csv": text}))
    with pytest.raises(PriceBookError, match="damaged"):
        archive.reservations(M5)


def test_a_source_has_a_date_and_a_licence() -> None:
    assert Archive(write_archive({M5: PRICE}, LICENCES, {})).sources == (Source("one", date(2026, 7, 20), "MIT"),)
    with pytest.raises(PriceBookError, match="no licence is given for the source one"):
        write_archive({M5: PRICE}, {}, {})


def test_what_is_not_there_is_unknown() -> None:
    archive = Archive(write_archive({M5: PRICE}, LICENCES, {}))
    assert archive.find(ec2_key("us-east-1", "m5.huge")) is None
    assert archive.find(ec2_key("mars-north-1", "m5.large")) is None
    assert list(archive.items("rds", "us-east-1")) == []


def test_a_column_more_does_no_harm() -> None:
    text = "term,amount,currency,unit,estimated,source,deployment,engine,operating_system,resource_type\n"
    content = changed({"prices/ec2/us-east-1.csv": text + "x,0.096,USD,Hrs,,0,,,Linux,m5.large\n"})
    assert Archive(content).find(M5) == PRICE


SOURCE = {"name": "one", "as_of": "2026-07-20", "licence": "MIT"}
MANIFEST = {"format": 1, "sources": [SOURCE], "regions": {"ec2": ["us-east-1"]}}
HEADER = "resource_type,operating_system,engine,deployment,unit,currency,amount,source,estimated\n"


@pytest.mark.parametrize(
    "members",
    [
        {"manifest.json": "no json"},
        {"manifest.json": "[]"},
        {"manifest.json": json.dumps({"sources": []})},
        {"manifest.json": json.dumps(MANIFEST | {"format": 2})},
        {"manifest.json": json.dumps(MANIFEST | {"sources": [{"name": "one"}]})},
        {"manifest.json": json.dumps(MANIFEST | {"sources": [SOURCE | {"as_of": "May"}]})},
        {"manifest.json": json.dumps(MANIFEST | {"regions": ["ec2"]})},
        {"manifest.json": json.dumps(MANIFEST | {"regions": {"ec2": 1}})},
    ],
)
def test_a_damaged_frame_is_seen_when_opened(members: dict[str, str]) -> None:
    with pytest.raises(PriceBookError) as caught:
        Archive(changed(members))
    assert "make prices" in caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "resource_type,amount\nm5.large,0.096\n",
        HEADER + "m5.large,Linux\n",
        HEADER + "m5.large,Linux,,,Hrs,USD,zero,0,\n",
        HEADER + "m5.large,Linux,,,Hrs,USD,NaN,0,\n",
        HEADER + "m5.large,Linux,,,Hrs,USD,0,0,\n",
        HEADER + "m5.large,Linux,,,Hrs,usd,0.096,0,\n",
        HEADER + "m5.large,Linux,,,Hrs,USD,0.096,7,\n",
    ],
)
def test_damaged_prices_are_an_error_and_not_unknown(text: str) -> None:
    archive = Archive(changed({"prices/ec2/us-east-1.csv": text}))
    with pytest.raises(PriceBookError, match="damaged") as caught:
        archive.find(M5)
    assert "make prices" in caught.value.hint


def test_a_promised_region_that_is_missing_is_an_error_and_not_unknown() -> None:
    with pytest.raises(PriceBookError, match=r"us-east-1\.csv cannot be read"):
        Archive(changed({})).find(M5)


@pytest.mark.parametrize("damage", [lambda _: b"", lambda _: b"no zip", lambda content: content[: len(content) // 2]])
def test_a_file_that_is_no_zip_is_an_error(damage: Callable[[bytes], bytes]) -> None:
    with pytest.raises(PriceBookError, match="damaged") as caught:
        Archive(damage(bundled_content()))
    assert "make prices" in caught.value.hint


def test_a_flipped_byte_in_a_member_is_found_by_its_checksum() -> None:
    content = bytearray(bundled_content())
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        content[opened.getinfo("prices/ec2/us-east-1.csv").header_offset + 200] ^= 0xFF
    book = PriceBook((Archive(bytes(content)),))
    assert book.find(ec2_key("eu-west-1", "m5.large")) is not None
    with pytest.raises(PriceBookError, match="us-east-1"):
        book.find(M5)


def changed(members: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in ({"manifest.json": json.dumps(MANIFEST)} | members).items():
            archive.writestr(name, text)
    return out.getvalue()
