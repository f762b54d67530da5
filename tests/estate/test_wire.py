from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lamplighter.estate import wire

NODE = {"ReservedNodeId": "n-1", "NodeCount": 2, "FixedPrice": 12.5, "StartTime": datetime(2026, 3, 1, tzinfo=UTC)}


def test_an_answer_comes_back_as_botocore_reads_it() -> None:
    found = wire.parsed("redshift", "DescribeReservedNodes", {"ReservedNodes": [NODE], "Marker": "more"})
    assert found["Marker"] == "more"
    [node] = found["ReservedNodes"]
    assert {name: node[name] for name in NODE} == NODE


def test_what_is_no_answer_of_the_operation_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown: Nodes"):
        wire.answer_of("redshift", "DescribeReservedNodes", {"Nodes": []})
    with pytest.raises(ValueError, match="Invalid type for parameter ReservedNodes"):
        wire.answer_of("redshift", "DescribeReservedNodes", {"ReservedNodes": [{"NodeCount": "two"}]})


def test_requests_are_read_and_checked() -> None:
    values = {"Action": "DescribeReservedNodes", "MaxRecords": "20"}
    found = wire.request_of(
        "redshift",
        "DescribeReservedNodes",
        {"method": "POST", "headers": {}, "body": b"", "url_path": "/", "url_params": {}, "values": values},
    )
    assert found == {"MaxRecords": 20}
