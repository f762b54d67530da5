"""The tables of the store in the template `state`."""

from __future__ import annotations

from typing import Any

from lamplighter.deploy.block_parts import KEPT, logical, tags
from lamplighter.deploy.yamls import GetAtt, If, Ref, Row, Sub
from lamplighter.store.dynamodb_layout import TABLES, Layout


def tables() -> dict[str, Any]:
    """A table for each of the store's, with its keys."""
    return {f"Table{logical(name)}": _table(name, layout) for name, layout in TABLES.items()}


def _table(name: str, layout: Layout) -> dict[str, Any]:
    keys = [(layout.partition, "HASH"), *([] if layout.sort is None else [(layout.sort, "RANGE")])]
    return {
        "Type": "AWS::DynamoDB::Table",
        **KEPT,
        "Properties": {
            "TableName": Sub(f"${{Prefix}}-{name}"),
            "AttributeDefinitions": [Row(AttributeName=key, AttributeType="S") for key, _ in keys],
            "KeySchema": [Row(AttributeName=key, KeyType=kind) for key, kind in keys],
            "BillingMode": "PAY_PER_REQUEST",
            "PointInTimeRecoverySpecification": Row(
                PointInTimeRecoveryEnabled=True, RecoveryPeriodInDays=Ref("RecoveryDays")
            ),
            "SSESpecification": {
                "SSEEnabled": True,
                "SSEType": "KMS",
                "KMSMasterKeyId": If(["MakesKey", GetAtt("Key.Arn"), Ref("ExistingKeyArn")]),
            },
            "Tags": tags("state"),
        },
    }
