"""Which of two tellings of a month is the newer one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

import pytest

from lamplighter.billing.versions import (
    Standing,
    Version,
    read_version,
    standing,
    standing_of_report,
    version_alone,
    version_of,
)

AT = datetime(2026, 11, 3, 8, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)
PLACE = "cur/estate/20261001-20261101/estate-Manifest.json"


@pytest.mark.parametrize(
    ("manifest", "place", "version"),
    [
        (
            {"reportName": "estate", "account": "111122223333", "assemblyId": "4c8f-9a"},
            PLACE,
            Version("111122223333/estate", "4c8f-9a", AT),
        ),
        (
            {"reportName": "estate", "account": "111122223333", "assemblyId": "20261103T071500Z"},
            PLACE,
            Version("111122223333/estate", "20261103T071500Z", AT - HOUR),
        ),
        (
            {
                "exportName": "focus",
                "exportArn": "arn:aws:bcm-data-exports:us-east-1:111122223333:export/focus-1",
                "executionId": "e1",
            },
            "x/focus/metadata/BILLING_PERIOD=2026-10/focus-Manifest.json",
            Version("111122223333/focus", "e1", AT),
        ),
        (
            {"exportName": "focus", "executionId": "e1"},
            "x/focus/metadata/BILLING_PERIOD=2026-10/2026-11-03T06:15:00.123Z-e1/focus-Manifest.json",
            Version("/focus", "e1", AT - 2 * HOUR),
        ),
        # No such time: what S3 says counts.
        ({"reportName": "r", "assemblyId": "20261399T071500Z"}, PLACE, Version("/r", "20261399T071500Z", AT)),
        ({}, PLACE, Version("", "", AT)),
    ],
)
def test_a_manifest_says_which_telling_it_is(manifest: dict[str, Any], place: str, version: Version) -> None:
    assert version_of(manifest, PurePosixPath(place), AT) == version
    assert read_version({"source": version.as_json()}) == version


def test_a_file_without_manifest_is_a_telling_by_its_name_and_time() -> None:
    name = "111122223333-aws-billing-detailed-line-items-with-resources-and-tags-2026-10.csv.zip"
    assert version_alone(name, AT) == Version(name.removesuffix("-2026-10.csv.zip"), "", AT)
    assert version_alone("october.csv", None) == Version()


ONE = Version("1/r", "a", AT)


@pytest.mark.parametrize(
    ("bill", "there", "how"),
    [
        (ONE, ONE, Standing.SAME),
        # The manifest beside the files and the one above them are of one telling.
        (Version("1/r", "a", AT - HOUR), ONE, Standing.SAME),
        (Version("1/r", "b", AT - HOUR), ONE, Standing.OLD),
        (Version("1/r", "b", AT), ONE, Standing.NEW),
        (Version("1/r", "b", AT + HOUR), ONE, Standing.NEW),
        # Another report of the same payer: the newer telling stays.
        (Version("1/other", "a", AT - HOUR), ONE, Standing.OLD),
        (Version("1/other", "a", AT), ONE, Standing.NEW),
        # What nobody knows is no reason.
        (Version("1/r", "b", None), ONE, Standing.NEW),
        (Version("1/r", "b", AT - HOUR), Version(), Standing.NEW),
        (Version(), Version(), Standing.NEW),
        (Version("dbr", "", AT), Version("dbr", "", AT), Standing.SAME),
        (Version("dbr", "", None), Version("dbr", "", None), Standing.NEW),
        (Version("", "", AT), Version("", "", AT), Standing.NEW),
    ],
)
def test_standing(bill: Version, there: Version, how: Standing) -> None:
    assert standing(bill, there) is how


def test_only_the_same_report_speaks_for_a_payer_that_is_not_known_yet() -> None:
    loads = {"1": {"source": ONE.as_json()}, "2": {"source": Version("2/r", "z", AT + HOUR).as_json()}, "3": {}}
    assert standing_of_report(ONE, loads) == (Standing.SAME, ONE)
    assert standing_of_report(Version("1/r", "0", AT - HOUR), loads) == (Standing.OLD, ONE)
    assert standing_of_report(Version("3/r", "0", AT - HOUR), loads)[0] is Standing.NEW
    assert standing_of_report(Version("", "0", AT - HOUR), loads)[0] is Standing.NEW


@pytest.mark.parametrize(
    "load", [{}, {"source": None}, {"source": {"made": "soon"}}, {"source": {"made": "2026-11-03"}}]
)
def test_records_that_say_nothing(load: dict[str, Any]) -> None:
    assert read_version(load) == Version()
