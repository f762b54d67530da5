from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.pricing import test_plan_list as plans
from tests.pricing import test_price_list as offers

from lamplighter.errors import PriceBookError
from lamplighter.pricing import Payment, Plan, PriceBook, Terms
from lamplighter.pricing.files import read_files


def written(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_files_are_recognised_by_what_stands_in_them(tmp_path: Path) -> None:
    products = [
        {
            "serviceCode": "AmazonEC2",
            "publicationDate": "2026-01-02T00:00:00Z",
            "product": {"attributes": offers.PLAIN},
            "terms": {"OnDemand": {"A.1": offers.term(offers.rate("0.09"))}},
        }
    ]
    listed = read_files(
        [
            written(tmp_path / "offer.json", offers.DOCUMENT),
            written(tmp_path / "plans.json", plans.DOCUMENT),
            written(tmp_path / "plans.csv", plans.CSV),
            written(tmp_path / "answer.json", {"searchResults": [plans.ANSWER]}),
            written(tmp_path / "products.json", {"PriceList": [json.dumps(each) for each in products]}),
        ]
    )
    assert {key: str(price.rate) for key, price in listed.prices.items()} == {offers.M5: "0.09 USD"}
    assert (len(listed.offers), len(listed.rates), listed.passed_over) == (2, 3, 5)


def test_a_book_is_made_of_files(tmp_path: Path) -> None:
    path = written(tmp_path / "plans.json", plans.DOCUMENT)
    book = PriceBook.from_files([path], base=PriceBook.bundled())
    rate = book.plan_rate(Plan.COMPUTE, plans.C5, Terms(1, Payment.PARTIAL_UPFRONT))
    assert rate is not None
    assert not rate.estimated
    assert book.hourly(offers.M5) == PriceBook.bundled().hourly(offers.M5)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("region,price\n", "neither JSON nor a price list as CSV"),
        ("[1]", "holds no prices that are known"),
        ("{}", "holds no prices that are known"),
        ({"regions": []}, "an index of price lists"),
        ({"PriceList": ["{"]}, "a product of it cannot be read"),
        ({"PriceList": ["1"]}, "a product of it is no mapping"),
        ({"terms": {"savingsPlan": []}}, "this Savings Plans file cannot be read"),
        ({"terms": {}}, "this offer file cannot be read"),
    ],
)
def test_a_file_that_is_none_is_named(tmp_path: Path, content: Any, message: str) -> None:
    path = written(tmp_path / "prices.json", content)
    with pytest.raises(PriceBookError, match=message) as caught:
        read_files([path])
    assert str(path) in str(caught.value)
    assert caught.value.hint


def test_an_absent_or_packed_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PriceBookError, match="absent"):
        read_files([tmp_path / "absent.json"])
    packed = tmp_path / "packed.json.gz"
    packed.write_bytes(b"\x1f\x8b\x08\xff\xfe")
    with pytest.raises(PriceBookError, match="no text in UTF-8"):
        read_files([packed])
