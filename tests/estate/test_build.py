"""The demo estate, really built: once for all tests here, in a simulated AWS in a process of its own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import boto3
import pytest
from cfnlint.decode import cfn_yaml

from lamplighter.aws.access import Aws, TargetSession
from lamplighter.aws.credentials import Role
from lamplighter.aws.targets import Target
from lamplighter.errors import AccessDenied, AwsError, UsageError
from lamplighter.estate.build import DEFAULT, BuiltEstate, EstatePlan, build_estate
from lamplighter.estate.build_fleet import check_images
from lamplighter.estate.build_found import Member
from lamplighter.estate.build_roles import ROLE
from lamplighter.estate.build_stacks import deploy, stack_of, templates_folder
from lamplighter.estate.control import SimulatedAws, start_process
from lamplighter.estate.fleet import IMAGES, IMAGES_FILE, SCHEDULE_TAG, make_fleet
from lamplighter.estate.fleet_accounts import MANAGEMENT
from lamplighter.resources.kind import Search
from lamplighter.resources.registry import kinds

pytestmark = pytest.mark.slow

STACKS = [target for target in DEFAULT.targets if stack_of(target)]
Told = list[tuple[str, int, int]]


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatedAws]:
    with start_process() as simulated:
        yield simulated


@pytest.fixture(scope="module")
def told() -> Told:
    return []


@pytest.fixture(scope="module")
def built(server: SimulatedAws, told: Told) -> BuiltEstate:
    return build_estate(server.url, progress=lambda *what: told.append(what))


@pytest.fixture(scope="module")
def aws(built: BuiltEstate) -> Iterator[Aws]:
    keys = {"AWS_ACCESS_KEY_ID": "user", "AWS_SECRET_ACCESS_KEY": "user"}
    with Aws(endpoint_url=built.endpoint_url, region="eu-central-1", environ=keys) as found:
        yield found


def enter(aws: Aws, target: Target, external_id: str | None = DEFAULT.external_id) -> TargetSession:
    """A session as Lamplighter has it: the management account's own keys, or its role in a member account."""
    role = Role(f"arn:aws:iam::{target.account}:role/{ROLE}", external_id)
    return aws.session_as(target, None if target.account == MANAGEMENT else role)


def missing_by_header(name: str) -> set[str]:
    text = (templates_folder() / f"{name}.yaml").read_text()
    return set(re.findall(r"^#   (\w+) \([\w:]+\)$", text.partition("AWSTemplateFormatVersion")[0], re.MULTILINE))


def resources_of(name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = cfn_yaml.loads((templates_folder() / f"{name}.yaml").read_text())
    return found["Resources"]  # type: ignore[no-any-return]


def test_at_least_four_hundred_can_be_scheduled(built: BuiltEstate) -> None:
    # docs/examples.md says so too; any seed gives at least 400, see test_fleet.
    assert len(built.schedulable) == 453
    assert len(built.members) == 501


def test_the_fleet_stands_where_the_data_says(built: BuiltEstate) -> None:
    fleet, stacked = make_fleet(DEFAULT.seed), {"ec2-instance": 0, "rds-instance": 0, "rds-cluster": 0}
    wanted: Counter[tuple[str, str, str]] = Counter()
    for group in fleet.machines:
        wanted[group.account, group.region, "ec2-instance"] += group.count
    for database in fleet.databases:
        wanted[database.account, database.region, "rds-instance"] += 1
    for cluster in fleet.clusters:
        wanted[cluster.account, cluster.region, "rds-cluster"] += 1
        wanted[cluster.account, cluster.region, "rds-instance"] += len(cluster.members)
    for place, count in built.counts().items():
        stacked[place[2]] += count - wanted.pop(place)
    assert not wanted
    # In each region: web tier of two, three container hosts, and seven hosts; three databases.
    assert stacked == {"ec2-instance": 24, "rds-instance": 6, "rds-cluster": 0}


def test_names_types_and_tags_are_those_of_the_data(built: BuiltEstate) -> None:
    by_place = {(one.account, one.region, one.kind, one.name): one for one in built.members}
    for group in make_fleet(DEFAULT.seed).machines:
        for name in group.names:
            found = by_place[group.account, group.region, "ec2-instance", name]
            assert (found.instance_type, found.schedule) == (group.instance_type, group.tags.get(SCHEDULE_TAG))


@pytest.mark.parametrize("target", STACKS, ids=lambda target: target.key)
def test_the_header_lists_exactly_what_is_not_built(aws: Aws, target: Target) -> None:
    stack = stack_of(target)
    assert stack is not None
    session = enter_as_administrator(aws, target)
    answer = session.call("cloudformation", "describe_stacks", StackName=stack.template)["Stacks"][0]
    assert answer["StackStatus"] == "CREATE_COMPLETE"
    rows = session.call("cloudformation", "describe_stack_resources", StackName=stack.template)["StackResources"]
    standing = {row["LogicalResourceId"] for row in rows if "LogicalResourceId" in row}
    assert set(resources_of(stack.template)) - standing == missing_by_header(stack.template)


def enter_as_administrator(aws: Aws, target: Target) -> TargetSession:
    return aws.session_as(target, Role(f"arn:aws:iam::{target.account}:role/OrganizationAccountAccessRole"))


LISTS: Mapping[str, tuple[str, str, str]] = {
    "AWS::ApiGateway::RestApi": ("apigateway", "get_rest_apis", "items"),
    "AWS::AutoScaling::AutoScalingGroup": ("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups"),
    "AWS::DynamoDB::Table": ("dynamodb", "list_tables", "TableNames"),
    "AWS::EC2::NatGateway": ("ec2", "describe_nat_gateways", "NatGateways"),
    "AWS::EC2::LaunchTemplate": ("ec2", "describe_launch_templates", "LaunchTemplates"),
    "AWS::ECS::Cluster": ("ecs", "list_clusters", "clusterArns"),
    "AWS::ECS::TaskDefinition": ("ecs", "list_task_definitions", "taskDefinitionArns"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": ("elbv2", "describe_load_balancers", "LoadBalancers"),
    "AWS::Kinesis::Stream": ("kinesis", "list_streams", "StreamNames"),
    "AWS::Lambda::Function": ("lambda", "list_functions", "Functions"),
    "AWS::Redshift::Cluster": ("redshift", "describe_clusters", "Clusters"),
    "AWS::SNS::Topic": ("sns", "list_topics", "Topics"),
    "AWS::SQS::Queue": ("sqs", "list_queues", "QueueUrls"),
}


@pytest.mark.parametrize("target", STACKS, ids=lambda target: target.key)
def test_what_the_stack_says_it_built_is_there(aws: Aws, target: Target) -> None:
    stack = stack_of(target)
    assert stack is not None
    wanted = Counter(one["Type"] for one in resources_of(stack.template).values())
    session = enter_as_administrator(aws, target)
    for kind, (service, operation, key) in LISTS.items():
        found = session.call(service, operation).get(key, [])
        assert len(found) == wanted[kind], kind


def test_parameters_reach_the_stacks(built: BuiltEstate) -> None:
    found = {(one.account, one.region, one.name): one.schedule for one in built.members}
    assert found["444455556666", "eu-central-1", "employee-directory-admin"] == "office-hours-berlin"
    assert found["444455556666", "us-east-1", "employee-directory-admin"] == "office-hours-new-york"
    assert found["777788889999", "eu-central-1", "orders-label-worker"] == "weekends-off"
    assert found["777788889999", "us-east-1", "orders-reporting"] == "office-hours-new-york"
    assert found["222233334444", "eu-central-1", "hybrid-enterprise-file-gateway"] == "always-on"


@pytest.mark.parametrize("target", DEFAULT.targets, ids=lambda target: target.key)
def test_lamplighter_finds_what_was_built(aws: Aws, built: BuiltEstate, target: Target) -> None:
    session = enter(aws, target)
    search = Search(tag=SCHEDULE_TAG)
    found = {one.key: one for kind in kinds().values() for one in kind.discover(session, search)}
    here = [one for one in built.members if (one.account, one.region) == (target.account, target.region)]
    assert set(found) >= {f"{one.kind}/{one.id}" for one in here if one.schedule is not None}
    for one in here:
        if one.schedule is not None:
            seen = found[f"{one.kind}/{one.id}"]
            assert (seen.schedule, seen.name) == (one.schedule, one.name)
            assert (seen.unsupported is None) == one.alone, one


def test_windows_arm_and_hibernation_are_real(aws: Aws) -> None:
    session = enter(aws, Target("444455556666", "eu-central-1"))
    instances = {
        next(tag["Value"] for tag in one["Tags"] if tag["Key"] == "Name"): one
        for reservation in session.pages("ec2", "describe_instances", "Reservations")
        for one in reservation["Instances"]
    }
    assert {name for name, one in instances.items() if one.get("Platform") == "windows"} == {
        name for name in instances if "desktop" in name or name == "employee-directory-sync"
    }
    asleep = {name for name, one in instances.items() if one.get("HibernationOptions", {}).get("Configured")}
    assert asleep == {name for name in instances if name.startswith("desktop-")}
    assert len(asleep) >= 10
    assert {one["State"]["Name"] for one in instances.values()} <= {"pending", "running"}


def test_multi_az_replicas_and_members(aws: Aws, built: BuiltEstate) -> None:
    session = enter(aws, Target("777788889999", "eu-central-1"))
    databases = {
        one["DBInstanceIdentifier"]: one for one in session.pages("rds", "describe_db_instances", "DBInstances")
    }
    assert {name for name, one in databases.items() if one.get("MultiAZ")} == {"catalogue", "settlement"}
    assert databases["reviews-replica"]["ReadReplicaSourceDBInstanceIdentifier"] == "reviews"
    assert [databases[f"shop-{n}"]["DBClusterIdentifier"] for n in (1, 2, 3)] == ["shop"] * 3
    tied = {one.name for one in built.members if one.kind == "rds-instance" and not one.alone and one.schedule}
    assert tied == {"reviews", "reviews-replica", "ledger-1", "ledger-2"}


def test_members_of_a_group_are_not_alone(built: BuiltEstate) -> None:
    grouped = Counter((one.name, one.schedule) for one in built.members if one.kind == "ec2-instance" and not one.alone)
    assert grouped == {
        ("employee-directory-web", "office-hours-berlin"): 2,
        ("employee-directory-web", "office-hours-new-york"): 2,
        ("hybrid-enterprise-host", None): 6,
    }


def test_the_role_asks_for_the_external_id(aws: Aws) -> None:
    target = Target("123456789012", "us-east-1")
    for wrong in (None, "guessed"):
        with pytest.raises(AccessDenied):
            enter(aws, target, wrong).call("ec2", "describe_instances")
    document = enter_as_administrator(aws, target).call("iam", "get_role", RoleName=ROLE)["Role"]
    statement = document["AssumeRolePolicyDocument"]["Statement"][0]
    assert statement["Principal"] == {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}
    policy = enter_as_administrator(aws, target).call("iam", "get_role_policy", RoleName=ROLE, PolicyName="schedules")
    actions = set(policy["PolicyDocument"]["Statement"][0]["Action"])
    assert {"ec2:StopInstances", "rds:StartDBCluster", "rds:DescribeDBInstances"} <= actions
    assert not {one for one in actions if "*" in one or "Terminate" in one}
    # Nothing can be deleted but tags that were written and snapshots that were made before a stop.
    assert {one.partition(":")[2] for one in actions if "Delete" in one} == {
        "DeleteTags",
        "DeleteDBSnapshot",
        "DeleteDBClusterSnapshot",
    }


def test_one_account_of_the_organization_is_not_prepared(aws: Aws, built: BuiltEstate, server: SimulatedAws) -> None:
    assert built.denied_accounts == ("999988887777",)
    with pytest.raises(AccessDenied):
        enter(aws, Target("999988887777", "eu-central-1")).call("ec2", "describe_instances")
    organization = boto3.client(
        "organizations",
        region_name="us-east-1",
        endpoint_url=server.url,
        aws_access_key_id="user",
        aws_secret_access_key="user",
    )
    accounts = {one["Id"]: one["Name"] for one in organization.list_accounts()["Accounts"]}
    organization.close()
    assert accounts == {account.id: account.name for account in DEFAULT.accounts}


def test_the_special_machines(built: BuiltEstate) -> None:
    def brief(one: Member) -> tuple[str, str, str, str | None]:
        return one.account, one.name, one.instance_type, one.schedule

    assert brief(built.scarce) == ("123456789012", "ml-training-01", "g4dn.xlarge", "dev-extended")
    assert brief(built.misscheduled) == ("444455556666", "report-writer-01", "t3.medium", "broken-hours")
    assert built.misscheduled not in built.schedulable
    assert sum(one.instance_type == built.scarce.instance_type for one in built.members) == 4


def test_progress_is_told_piece_by_piece(built: BuiltEstate, told: Told) -> None:
    assert built.plan is DEFAULT
    assert [number for _, number, _ in told] == list(range(1, 47))
    assert {total for _, _, total in told} == {46}
    assert told[0][0] == "organization"
    assert "enterprise (222233334444/us-east-1): databases" in {what for what, _, _ in told}


def test_a_second_build_is_refused(built: BuiltEstate) -> None:
    with pytest.raises(AwsError, match="EntityAlreadyExists"):
        build_estate(built.endpoint_url)


def test_a_plan_without_targets_is_refused() -> None:
    with pytest.raises(UsageError, match="names no account"):
        build_estate("http://127.0.0.1:1", EstatePlan(regions=()))


def test_what_a_plan_leaves_out_is_not_named() -> None:
    with pytest.raises(UsageError, match="left out ml-training-01"):
        _ = BuiltEstate("http://127.0.0.1:1", DEFAULT, ()).scarce


class Answering:
    """A session that gives one answer to everything."""

    def __init__(self, **answer: object) -> None:
        self.answer = answer

    def call(self, _service: str, _operation: str, **_: object) -> Mapping[str, object]:
        return self.answer


def test_without_images_nothing_is_built() -> None:
    all_but_one = [{"ImageId": each} for each in IMAGES.values()][1:]
    with pytest.raises(UsageError, match="machine images") as refused:
        check_images(cast("TargetSession", Answering(Images=all_but_one)))
    assert str(IMAGES_FILE) in refused.value.hint


def test_a_template_that_is_not_there_is_named(tmp_path: Path) -> None:
    stack = stack_of(Target("777788889999", "us-east-1"))
    assert stack is not None
    with pytest.raises(UsageError, match=r"orders-service\.yaml cannot be read"):
        deploy(cast("TargetSession", Answering()), stack, tmp_path)
