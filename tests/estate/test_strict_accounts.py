from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lamplighter.estate.testing import MANAGEMENT, PRODUCTION, SANDBOX, EstateProbe, refusal

ROLE = f"arn:aws:iam::{PRODUCTION}:role/Lamplighter"
ACCOUNTS: list[dict[str, Any]] = [
    {"id": PRODUCTION, "name": "production", "ou": "Workloads/Production"},
    {"id": SANDBOX, "name": "sandbox", "ou": "Workloads", "tags": {"stage": "test"}},
]


def denied(estate: EstateProbe, arn: str, **kwargs: Any) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as error:
        estate.assume(arn, **kwargs)
    return refusal(error.value)


def test_base_credentials_belong_to_the_management_account(estate: EstateProbe) -> None:
    assert estate.client("sts").get_caller_identity()["Account"] == MANAGEMENT


def test_a_role_that_does_not_exist_cannot_be_assumed(estate: EstateProbe) -> None:
    assert denied(estate, ROLE) == (
        "AccessDenied",
        f"User: arn:aws:iam::{MANAGEMENT}:user/moto is not authorized to perform: sts:AssumeRole on resource: {ROLE}",
        403,
    )
    estate.control.seed_roles([{"account": PRODUCTION, "name": "Other"}])
    assert denied(estate, ROLE)[0] == "AccessDenied"


def test_a_seeded_role_leads_into_its_account(estate: EstateProbe) -> None:
    assert estate.control.seed_roles([{"account": PRODUCTION, "name": "Lamplighter"}]) == (ROLE,)
    sts = estate.client("sts", keys=estate.assume(ROLE))
    identity = sts.get_caller_identity()
    assert identity["Account"] == PRODUCTION
    assert identity["Arn"] == f"arn:aws:sts::{PRODUCTION}:assumed-role/Lamplighter/test"


def test_the_external_id_must_be_right_if_one_is_demanded(estate: EstateProbe) -> None:
    estate.control.seed_roles([{"account": PRODUCTION, "name": "Lamplighter", "external_id": "lamp-42"}])
    assert denied(estate, ROLE)[0] == "AccessDenied"
    assert denied(estate, ROLE, ExternalId="lamp-41")[0] == "AccessDenied"
    assert estate.assume(ROLE, ExternalId="lamp-42")[0]


def test_a_role_created_over_the_wire_is_held_to_its_trust_policy(estate: EstateProbe) -> None:
    estate.control.seed_roles([{"account": PRODUCTION, "name": "Admin"}])
    iam = estate.client("iam", keys=estate.assume(f"arn:aws:iam::{PRODUCTION}:role/Admin"))

    def trusting(principal: dict[str, str]) -> str:
        statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    iam.create_role(RoleName="Lamplighter", AssumeRolePolicyDocument=trusting({"Service": "ec2.amazonaws.com"}))
    assert denied(estate, ROLE)[0] == "AccessDenied"
    iam.update_assume_role_policy(RoleName="Lamplighter", PolicyDocument=trusting({"AWS": MANAGEMENT}))
    assert estate.assume(ROLE)[0]


def test_only_trusted_accounts_may_assume_and_the_refusal_names_the_session(estate: EstateProbe) -> None:
    estate.control.seed_roles(
        [{"account": SANDBOX, "name": "Hub"}, {"account": PRODUCTION, "name": "Lamplighter", "trusted": [SANDBOX]}]
    )
    hub = estate.assume(f"arn:aws:iam::{SANDBOX}:role/Hub")

    assert denied(estate, ROLE)[0] == "AccessDenied"
    assert estate.assume(ROLE, keys=hub)[0]
    estate.control.seed_roles([{"account": PRODUCTION, "name": "Lamplighter"}])
    assert f"User: arn:aws:sts::{SANDBOX}:assumed-role/Hub/test is not" in denied(estate, ROLE, keys=hub)[1]


def test_sessions_are_not_longer_than_the_role_allows_and_one_hour_when_chained(estate: EstateProbe) -> None:
    estate.control.seed_roles(
        [
            {"account": PRODUCTION, "name": "Lamplighter", "trusted": [MANAGEMENT, SANDBOX]},
            {"account": SANDBOX, "name": "Hub"},
        ]
    )
    hub = estate.assume(f"arn:aws:iam::{SANDBOX}:role/Hub")
    assert "MaxSessionDuration" in denied(estate, ROLE, DurationSeconds=7200)[1]
    assert "role chaining" in denied(estate, ROLE, keys=hub, DurationSeconds=7200)[1]
    estate.control.seed_roles([{"account": PRODUCTION, "name": "Lamplighter", "max_session_seconds": 7200}])
    assert estate.assume(ROLE, DurationSeconds=7200)[0]


def test_what_is_no_role_is_invalid(estate: EstateProbe) -> None:
    assert denied(estate, "arn:aws:iam::1:role/nobody-here")[0] == "ValidationError"


def test_a_closed_account_lets_nobody_in(estate: EstateProbe) -> None:
    estate.control.seed_roles([{"account": PRODUCTION, "name": "Lamplighter"}])
    estate.control.seed_organization([{"id": PRODUCTION, "name": "production", "status": "SUSPENDED"}])
    assert denied(estate, ROLE)[0] == "AccessDenied"


def test_two_accounts_and_two_regions_do_not_see_each_other(estate: EstateProbe) -> None:
    estate.control.seed_roles([{"account": PRODUCTION, "name": "Lamplighter"}])
    keys = estate.assume(ROLE)
    ours, theirs = estate.launch(), estate.launch(keys=keys)

    def seen(**where: Any) -> list[str]:
        found = estate.client("ec2", **where).describe_instances()["Reservations"]
        return [one["InstanceId"] for group in found for one in group["Instances"]]

    assert (seen(), seen(keys=keys), seen(region="us-east-1")) == (ours, theirs, [])
    with pytest.raises(ClientError) as error:
        estate.client("ec2").stop_instances(InstanceIds=theirs)
    assert refusal(error.value)[0] == "InvalidInstanceID.NotFound"
    assert {(change.account, change.id) for change in estate.control.history()} == {
        (MANAGEMENT, ours[0]),
        (PRODUCTION, theirs[0]),
    }


def test_the_organization_has_the_given_accounts_in_the_given_units(estate: EstateProbe) -> None:
    planted = estate.control.seed_organization(ACCOUNTS)
    organizations = estate.client("organizations")

    accounts = {one["Id"]: one for one in organizations.list_accounts()["Accounts"]}
    assert {id_: one["Name"] for id_, one in accounts.items()} == {
        MANAGEMENT: "management",
        PRODUCTION: "production",
        SANDBOX: "sandbox",
    }
    assert f":account/{planted['organization']}/{PRODUCTION}" in accounts[PRODUCTION]["Arn"]
    described = organizations.describe_organization()["Organization"]
    assert (described["Id"], described["MasterAccountId"]) == (planted["organization"], MANAGEMENT)
    assert set(planted["units"]) == {"Workloads", "Workloads/Production"}

    (top,) = organizations.list_organizational_units_for_parent(ParentId=planted["root"])["OrganizationalUnits"]
    assert (top["Name"], top["Id"]) == ("Workloads", planted["units"]["Workloads"])
    inside = organizations.list_accounts_for_parent(ParentId=planted["units"]["Workloads/Production"])["Accounts"]
    assert [one["Id"] for one in inside] == [PRODUCTION]
    assert organizations.list_tags_for_resource(ResourceId=SANDBOX)["Tags"] == [{"Key": "stage", "Value": "test"}]


def test_accounts_can_be_paged_through(estate: EstateProbe) -> None:
    ids = [f"{n:012d}" for n in range(123456789013, 123456789013 + 25)]
    estate.control.seed_organization([{"id": id_, "name": f"team-{id_[-2:]}"} for id_ in ids])
    pages = estate.client("organizations").get_paginator("list_accounts").paginate(PaginationConfig={"PageSize": 7})
    assert [one["Id"] for page in pages for one in page["Accounts"]] == [MANAGEMENT, *ids]


def test_seeding_again_brings_accounts_to_what_is_given(estate: EstateProbe) -> None:
    first = estate.control.seed_organization(ACCOUNTS)
    again = estate.control.seed_organization([{"id": PRODUCTION, "name": "live", "ou": "Live"}])
    organizations = estate.client("organizations")
    assert again["organization"] == first["organization"]
    assert len(organizations.list_accounts()["Accounts"]) == 3
    assert organizations.describe_account(AccountId=PRODUCTION)["Account"]["Name"] == "live"
    (parent,) = organizations.list_parents(ChildId=PRODUCTION)["Parents"]
    assert parent["Id"] == again["units"]["Live"]


def test_members_may_describe_the_organization_but_not_list_it(estate: EstateProbe) -> None:
    estate.control.seed_organization(ACCOUNTS)
    keys = estate.assume(f"arn:aws:iam::{PRODUCTION}:role/OrganizationAccountAccessRole")
    member = estate.client("organizations", keys=keys)

    assert member.describe_organization()["Organization"]["MasterAccountId"] == MANAGEMENT
    with pytest.raises(ClientError) as error:
        member.list_accounts()
    assert refusal(error.value)[:2] == (
        "AccessDeniedException",
        "You don't have permissions to access this resource.",
    )

    estate.client("organizations").register_delegated_administrator(
        AccountId=PRODUCTION, ServicePrincipal="ssm.amazonaws.com"
    )
    assert len(member.list_accounts()["Accounts"]) == 3


def test_without_an_organization_there_is_none(estate: EstateProbe) -> None:
    with pytest.raises(ClientError) as error:
        estate.client("organizations").describe_organization()
    assert refusal(error.value)[0] == "AWSOrganizationsNotInUseException"
