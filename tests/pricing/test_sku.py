from __future__ import annotations

import pytest

from lamplighter.pricing import (
    PriceKey,
    ec2_key,
    elasticache_key,
    fargate_key,
    lambda_key,
    opensearch_key,
    rds_key,
    redshift_key,
)
from lamplighter.pricing.sku import product_key, usage_key

PLACE = {"regionCode": "us-east-1", "locationType": "AWS Region"}
EC2 = {**PLACE, "servicecode": "AmazonEC2", "instanceType": "m5.large", "operatingSystem": "Windows"}
RDS = {**PLACE, "servicecode": "AmazonRDS", "instanceType": "db.m5.large", "databaseEngine": "MySQL"}


@pytest.mark.parametrize(
    ("attributes", "key"),
    [
        (EC2, ec2_key("us-east-1", "m5.large", "Windows")),
        ({**EC2, "licenseModel": "Bring your own license"}, None),
        ({**EC2, "tenancy": "Dedicated"}, None),
        ({**EC2, "preInstalledSw": "SQL Std"}, None),
        ({**EC2, "locationType": "AWS Local Zone"}, None),
        ({**EC2, "regionCode": ""}, None),
        ({**RDS, "deploymentOption": "Single-AZ"}, rds_key("us-east-1", "db.m5.large", "mysql")),
        (
            {**RDS, "deploymentOption": "Multi-AZ (readable standbys)"},
            rds_key("us-east-1", "db.m5.large", "mysql", "multi-az-cluster"),
        ),
        ({**RDS, "deploymentOption": "Single-AZ", "usagetype": "InstanceUsageIOOptimized:db.m5.large"}, None),
        ({**RDS, "deploymentOption": "Single-AZ", "licenseModel": "License included"}, None),
        (
            {**PLACE, "servicecode": "AmazonElastiCache", "instanceType": "cache.m5.large", "cacheEngine": "Valkey"},
            elasticache_key("us-east-1", "cache.m5.large", "valkey"),
        ),
        (
            {**PLACE, "servicecode": "AmazonES", "instanceType": "m5.large.search"},
            opensearch_key("us-east-1", "m5.large.search"),
        ),
        (
            {**PLACE, "servicecode": "AmazonRedshift", "instanceType": "ra3.xlplus"},
            redshift_key("us-east-1", "ra3.xlplus"),
        ),
        ({**PLACE, "servicecode": "AmazonMQ", "instanceType": "mq.m5.large"}, None),
    ],
)
def test_products(attributes: dict[str, str], key: PriceKey | None) -> None:
    assert product_key(attributes) == key


@pytest.mark.parametrize(
    ("service", "usage_type", "operation", "key"),
    [
        ("AmazonEC2", "BoxUsage:m5.large", "RunInstances", ec2_key("us-east-1", "m5.large")),
        ("AmazonEC2", "APN1-BoxUsage:m5.large", "RunInstances:0002", ec2_key("us-east-1", "m5.large", "Windows")),
        ("AmazonEC2", "APN1-UnusedBox:m5.large", "RunInstances", None),
        ("AmazonEC2", "DedicatedUsage:m5.large", "RunInstances", None),
        ("AmazonEC2", "BoxUsage:m5.large", "RunInstances:0006", None),
        (
            "AmazonRDS",
            "EU-InstanceUsage:db.m7g.large",
            "CreateDBInstance:0014",
            rds_key("us-east-1", "db.m7g.large", "postgres"),
        ),
        (
            "AmazonRDS",
            "Multi-AZUsage:db.m7g.large",
            "CreateDBInstance:0002",
            rds_key("us-east-1", "db.m7g.large", "mysql", "multi-az"),
        ),
        (
            "AmazonElastiCache",
            "NodeUsage:cache.r7g.large",
            "x",
            elasticache_key("us-east-1", "cache.r7g.large", "valkey"),
        ),
        ("AmazonES", "ESInstance:r7g.large.search", "x", opensearch_key("us-east-1", "r7g.large.search")),
        ("AmazonECS", "USE1-Fargate-vCPU-Hours:perCPU", "FargateTask", fargate_key("us-east-1", "vcpu")),
        ("AmazonEKS", "Fargate-GB-Hours", "FargatePod", fargate_key("us-east-1", "gb")),
        ("AmazonECS", "Fargate-ARM-GB-Hours", "FargateTask", None),
        ("AWSLambda", "EU-Lambda-GB-Second", "Invoke", lambda_key("us-east-1", "gb-second")),
        ("AWSLambda", "Request", "Invoke", lambda_key("us-east-1", "request")),
        ("AmazonSageMaker", "ml.m5.large-Hosting", "x", None),
    ],
)
def test_usage(service: str, usage_type: str, operation: str, key: PriceKey | None) -> None:
    assert usage_key(service, "us-east-1", usage_type, operation) == key
