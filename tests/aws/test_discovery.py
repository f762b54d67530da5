"""From definitions to targets, against moto's EC2, STS and Organizations."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from lamplighter.aws.access import Aws
from lamplighter.aws.targets import Target, TargetsDefinition
from lamplighter.errors import AccessDenied, CredentialsMissing, NotFound, UsageError

OWN = "123456789012"
SHOP, DATA = "111122223333", "444455556666"
FRANKFURT, IRELAND = "eu-central-1", "eu-west-1"


@pytest.fixture
def aws(moto: str, environ: dict[str, str]) -> Iterator[Aws]:
    with Aws(environ=environ, endpoint_url=moto) as made:
        yield made


def define(**section: Any) -> TargetsDefinition:
    return TargetsDefinition.model_validate(section)


def keys(targets: tuple[Target, ...]) -> list[str]:
    return [target.key for target in targets]


def test_without_a_definition_the_own_account_at_home(aws: Aws) -> None:
    assert keys(aws.targets(None).targets) == [f"{OWN}/{FRANKFURT}"]
    assert keys(aws.targets(None, regions=[IRELAND, FRANKFURT, IRELAND]).targets) == [
        f"{OWN}/{FRANKFURT}",
        f"{OWN}/{IRELAND}",
    ]


def test_without_credentials_nothing_is_found_out(moto: str, environ: dict[str, str]) -> None:
    del environ["AWS_ACCESS_KEY_ID"]
    with Aws(environ=environ, endpoint_url=moto) as aws, pytest.raises(CredentialsMissing, match="NoCredentials"):
        aws.targets(define(accounts=[SHOP, DATA], role="lamp"))


def test_without_any_region(moto: str, environ: dict[str, str]) -> None:
    del environ["AWS_REGION"]
    with Aws(environ=environ, endpoint_url=moto) as aws:
        found = aws.targets(None)
        assert found.targets == ()
        [failure] = found.failures
        assert (failure.subject, str(failure.error)) == (OWN, f"{OWN}: no region")
        assert "AWS_REGION" in failure.error.hint
        assert keys(aws.targets(None, regions=[IRELAND]).targets) == [f"{OWN}/{IRELAND}"]


def test_regions_of_the_account_win_over_those_of_the_section(aws: Aws) -> None:
    definition = define(
        accounts=[{"id": SHOP, "regions": ["eu-north-1"]}, {"id": DATA, "name": "data"}],
        role="lamp",
        regions=[IRELAND, FRANKFURT],
    )
    found = aws.targets(definition)
    assert keys(found.targets) == [f"{SHOP}/eu-north-1", f"{DATA}/{FRANKFURT}", f"{DATA}/{IRELAND}"]
    assert [target.name for target in found.targets] == ["", "data", "data"]
    assert keys(aws.targets(definition, regions=["us-east-1"]).targets) == [f"{SHOP}/us-east-1", f"{DATA}/us-east-1"]


def test_all_regions_are_those_the_account_has_enabled(aws: Aws) -> None:
    enabled = [
        region["RegionName"]
        for region in aws.session(Target(OWN, FRANKFURT)).call("ec2", "describe_regions")["Regions"]
    ]
    found = aws.targets(define(accounts=[SHOP], include_own=True, role="lamp", regions="all"))
    assert keys(found.targets) == [f"{account}/{region}" for account in (SHOP, OWN) for region in sorted(enabled)]
    assert aws.targets(None, regions=["all"]).targets == tuple(Target(OWN, region) for region in sorted(enabled))


def test_an_unknown_region_is_a_failure_and_the_rest_goes_on(aws: Aws) -> None:
    found = aws.targets(define(accounts=[SHOP, DATA], role="lamp", regions=["eu-centrl-1", IRELAND]))
    assert keys(found.targets) == [f"{SHOP}/{IRELAND}", f"{DATA}/{IRELAND}"]
    assert [failure.subject for failure in found.failures] == [f"{SHOP}/eu-centrl-1", f"{DATA}/eu-centrl-1"]
    assert type(found.failures[0].error) is UsageError
    assert found.failures[0].error.hint == "did you mean eu-central-1?"
    far_off = aws.targets(None, regions=["zz"]).failures[0].error
    assert far_off.hint == "`aws ec2 describe-regions --all-regions` lists them"


def test_a_region_newer_than_botocore_is_asked_for(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Aws, "known_regions", lambda *_: (FRANKFURT,))
    found = aws.targets(None, regions=[IRELAND, FRANKFURT])
    assert keys(found.targets) == [f"{OWN}/{FRANKFURT}", f"{OWN}/{IRELAND}"]


def test_an_account_without_a_role_is_a_failure(aws: Aws) -> None:
    found = aws.targets(define(accounts=[SHOP, OWN]))
    assert keys(found.targets) == [f"{OWN}/{FRANKFURT}"]
    [failure] = found.failures
    assert failure.subject == SHOP
    assert type(failure.error) is CredentialsMissing
    assert "no role is given to enter 111122223333" in str(failure.error)


def test_a_role_arn_of_one_account_does_not_enter_another(aws: Aws) -> None:
    found = aws.targets(define(accounts=[SHOP, DATA], role=f"arn:aws:iam::{SHOP}:role/lamp"))
    assert keys(found.targets) == [f"{SHOP}/{FRANKFURT}"]
    assert [failure.subject for failure in found.failures] == [DATA]
    everywhere = define(accounts=[SHOP, DATA], role="arn:aws:iam::{account}:role/ops/lamp")
    assert keys(aws.targets(everywhere).targets) == [f"{SHOP}/{FRANKFURT}", f"{DATA}/{FRANKFURT}"]


def test_the_own_account_is_entered_only_by_a_role_of_its_own(aws: Aws) -> None:
    def arn(definition: TargetsDefinition) -> str:
        with_roles = aws.targets(definition)
        return str(aws.session(with_roles.targets[0]).call("sts", "get_caller_identity")["Arn"])

    assert ":assumed-role/" not in arn(define(accounts=[OWN], role="lamp"))
    assert arn(define(accounts=[{"id": OWN, "role": "self"}], role="lamp", session_name="watch")) == (
        f"arn:aws:sts::{OWN}:assumed-role/self/watch"
    )


def test_accounts_are_chosen_by_id_or_name(aws: Aws) -> None:
    definition = define(accounts=[{"id": SHOP, "name": "shop"}, {"id": DATA, "name": "data"}], role="lamp")
    assert keys(aws.targets(definition, accounts=["shop"]).targets) == [f"{SHOP}/{FRANKFURT}"]
    assert keys(aws.targets(definition, accounts=[DATA, "shop", SHOP]).targets) == [
        f"{SHOP}/{FRANKFURT}",
        f"{DATA}/{FRANKFURT}",
    ]
    found = aws.targets(definition, accounts=["shap"])
    assert found.targets == ()
    assert [(failure.subject, failure.error.hint) for failure in found.failures] == [("shap", "did you mean shop?")]
    assert str(found.failures[0].error) == "account shap is not among the targets"


class Organization:
    """Made through moto: a root, `apps` with `apps/prod` below it, and accounts in each."""

    def __init__(self, aws: Aws) -> None:
        self.session = aws.session(Target(OWN, FRANKFURT))
        self.session.call("organizations", "create_organization", FeatureSet="ALL")
        self.root = self.session.call("organizations", "list_roots")["Roots"][0]["Id"]
        self.apps = self.unit(self.root, "apps")
        self.prod = self.unit(self.apps, "prod")
        self.in_root = self.account("in-root", self.root)
        self.in_apps = self.account("in-apps", self.apps)
        self.in_prod = self.account("in-prod", self.prod)
        self.closed = self.account("closed", self.prod)
        self.session.call("organizations", "close_account", AccountId=self.closed)

    def unit(self, parent: str, name: str) -> str:
        answer = self.session.call("organizations", "create_organizational_unit", ParentId=parent, Name=name)
        return str(answer["OrganizationalUnit"]["Id"])

    def account(self, name: str, parent: str) -> str:
        answer = self.session.call("organizations", "create_account", AccountName=name, Email=f"{name}@example.com")
        account = str(answer["CreateAccountStatus"]["AccountId"])
        if parent != self.root:
            self.session.call(
                "organizations",
                "move_account",
                AccountId=account,
                SourceParentId=self.root,
                DestinationParentId=parent,
            )
        return account


@pytest.fixture
def organization(aws: Aws) -> Organization:
    return Organization(aws)


def accounts(targets: tuple[Target, ...]) -> set[str]:
    return {target.account for target in targets}


def test_every_active_account_of_the_organization(aws: Aws, organization: Organization) -> None:
    found = aws.targets(define(organization=True, role="lamp"))
    assert found.failures == ()
    assert accounts(found.targets) == {OWN, organization.in_root, organization.in_apps, organization.in_prod}
    assert list(found.targets) == sorted(found.targets)
    assert {target.account: target.name for target in found.targets}[organization.in_prod] == "in-prod"


def test_units_are_followed_down(aws: Aws, organization: Organization) -> None:
    def under(*units: str, **more: Any) -> set[str]:
        return accounts(aws.targets(define(organization={"include_ous": units, **more}, role="lamp")).targets)

    assert under(organization.prod) == {organization.in_prod}
    assert under(organization.apps) == {organization.in_apps, organization.in_prod}
    assert under(organization.apps, organization.prod) == {organization.in_apps, organization.in_prod}
    assert under(organization.apps, exclude_accounts=[organization.in_prod]) == {organization.in_apps}
    assert organization.in_prod in under(organization.root)


def test_an_unknown_unit_is_a_failure_and_the_rest_goes_on(aws: Aws, organization: Organization) -> None:
    absent = f"{organization.apps.rsplit('-', 1)[0]}-absent00"
    found = aws.targets(define(organization={"include_ous": [absent, organization.prod]}, role="lamp"))
    assert accounts(found.targets) == {organization.in_prod}
    [failure] = found.failures
    assert failure.subject == absent
    assert type(failure.error) is NotFound
    assert "organizations ListAccountsForParent: ParentNotFoundException" in str(failure.error)


def test_an_entry_says_more_than_the_organization(aws: Aws, organization: Organization) -> None:
    entry = {"id": organization.in_prod, "name": "the shop", "regions": [IRELAND]}
    found = aws.targets(define(accounts=[entry], organization=True, role="lamp"))
    [target] = [target for target in found.targets if target.account == organization.in_prod]
    assert (target.region, target.name) == (IRELAND, "the shop")
    nameless = aws.targets(define(accounts=[organization.in_prod], organization=True, role="lamp"))
    assert {target.account: target.name for target in nameless.targets}[organization.in_prod] == "in-prod"


def test_an_organization_without_accounts_is_a_failure(aws: Aws) -> None:
    # moto answers an empty list where AWS says AWSOrganizationsNotInUseException.
    found = aws.targets(define(organization=True, include_own=True, role="lamp"))
    assert keys(found.targets) == [f"{OWN}/{FRANKFURT}"]
    [failure] = found.failures
    assert failure.subject == "organization"
    assert type(failure.error) is NotFound


def test_a_refused_account_does_not_hide_the_others_when_all_regions_are_asked_for(
    moto: str, environ: dict[str, str], serve: Callable[[Callable[[Mapping[str, str], str], tuple[int, str]]], str]
) -> None:
    def script(headers: Mapping[str, str], body: str) -> tuple[int, str]:
        if "Action=AssumeRole" in body and SHOP in body:
            return 403, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
        passed_on = urllib.request.Request(moto, data=body.encode(), headers=dict(headers))
        with urllib.request.urlopen(passed_on) as answer:
            return answer.status, answer.read().decode()

    with Aws(environ=environ, endpoint_url=serve(script), retries=0) as aws:
        found = aws.targets(define(accounts=[SHOP, DATA], role="lamp", regions="all"))
        assert accounts(found.targets) == {DATA}
        [failure] = found.failures
        assert failure.subject == SHOP
        assert type(failure.error) is AccessDenied
        assert "must exist and trust" in failure.error.hint


def test_when_regions_cannot_be_asked_for_a_doubtful_name_is_a_failure(
    environ: dict[str, str], serve: Callable[[Callable[[Mapping[str, str], str], tuple[int, str]]], str]
) -> None:
    def script(_: Mapping[str, str], body: str) -> tuple[int, str]:
        if "Action=GetCallerIdentity" in body:
            return 200, (
                "<GetCallerIdentityResponse><GetCallerIdentityResult>"
                f"<Arn>arn:aws:iam::{OWN}:root</Arn><Account>{OWN}</Account>"
                "</GetCallerIdentityResult></GetCallerIdentityResponse>"
            )
        return 403, (
            "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>"
        )

    with Aws(environ=environ, endpoint_url=serve(script), retries=0) as aws:
        found = aws.targets(None, regions=["eu-newest-1", IRELAND])
        assert keys(found.targets) == [f"{OWN}/{IRELAND}"]
        assert [type(failure.error) for failure in found.failures] == [AccessDenied]


def test_an_organization_that_does_not_say_the_state(
    environ: dict[str, str], serve: Callable[[Callable[[Mapping[str, str], str], tuple[int, str]]], str]
) -> None:
    members = [
        {"Id": SHOP, "Name": "shop"},
        {"Id": DATA, "Status": "ACTIVE"},
        {"Id": "777788889999", "State": "CLOSED"},
    ]

    def script(_: Mapping[str, str], body: str) -> tuple[int, str]:
        if "Action=GetCallerIdentity" in body:
            return 200, (
                "<GetCallerIdentityResponse><GetCallerIdentityResult>"
                f"<Arn>arn:aws:iam::{OWN}:root</Arn><Account>{OWN}</Account>"
                "</GetCallerIdentityResult></GetCallerIdentityResponse>"
            )
        return 200, json.dumps({"Accounts": members})

    with Aws(environ=environ, endpoint_url=serve(script), retries=0) as aws:
        found = aws.targets(define(organization=True, role="lamp"))
        assert keys(found.targets) == [f"{DATA}/{FRANKFURT}"]
        assert [failure.subject for failure in found.failures] == [SHOP]
