from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from lamplighter.aws.targets import AccountDefinition, OrganizationDefinition, Target, TargetsDefinition, account_id


def read(text: str) -> TargetsDefinition:
    return TargetsDefinition.model_validate(yaml.safe_load(text))


def message(text: str) -> str:
    with pytest.raises(ValidationError) as caught:
        read(text)
    return str(caught.value)


def test_a_target_is_its_account_and_region() -> None:
    target = Target("111122223333", "eu-central-1", name="shop")
    assert target.key == "111122223333/eu-central-1"
    assert str(target) == "shop (111122223333/eu-central-1)"
    assert str(Target("111122223333", "eu-central-1")) == target.key
    assert target == Target("111122223333", "eu-central-1")
    assert len({target, Target("111122223333", "eu-central-1", name="other")}) == 1
    assert sorted([Target("444455556666", "a"), Target("111122223333", "b"), Target("111122223333", "a")]) == [
        Target("111122223333", "a"),
        Target("111122223333", "b"),
        Target("444455556666", "a"),
    ]


def test_an_empty_section_has_the_documented_defaults() -> None:
    definition = TargetsDefinition()
    assert definition.accounts == ()
    assert definition.organization is None
    assert definition.role is None
    assert definition.external_id is None
    assert definition.session_name == "lamplighter"
    assert definition.regions == ()
    assert definition.threads == 25
    assert definition.include_own is False


def test_accounts_are_bare_ids_or_entries() -> None:
    definition = read("""
        accounts:
          - "012345678901"
          - 111122223333
          - {id: "444455556666", name: shop, role: ops/lamp, external_id: x-1, regions: eu-west-1}
        regions: [eu-central-1, eu-central-1, eu-west-1]
    """)
    assert definition.accounts == (
        AccountDefinition(id="012345678901"),
        AccountDefinition(id="111122223333"),
        AccountDefinition(id="444455556666", name="shop", role="ops/lamp", external_id="x-1", regions=("eu-west-1",)),
    )
    assert definition.regions == ("eu-central-1", "eu-west-1")


@pytest.mark.parametrize("written", ["012345670123", "000012345678", "012345678901"])
def test_yaml_numbers_that_lost_their_zeros_are_refused(written: str) -> None:
    # 012345670123 is octal in YAML 1.1; with an 8 or 9 in it the same form stays text.
    value = yaml.safe_load(f"accounts: [{written}]")["accounts"][0]
    if isinstance(value, str):
        assert read(f"accounts: [{written}]").accounts[0].id == written
    else:
        assert "YAML drops leading zeros" in message(f"accounts: [{written}]")
        assert "in quotes" in message(f"accounts: [{written}]")


@given(st.integers(min_value=0, max_value=10**12 - 1))
def test_an_unquoted_id_is_either_exact_or_refused(number: int) -> None:
    written = f"{number:012d}"
    read_back = yaml.safe_load(written)
    try:
        assert account_id(read_back) == written
    except ValueError:
        assert isinstance(read_back, int)
        assert written.startswith("0")


@pytest.mark.parametrize("value", ["11112222333", "1111222233334", "11112222333x", True, None, 1.5, "١١١١٢٢٢٢٣٣٣٣"])
def test_what_is_no_account_id(value: object) -> None:
    with pytest.raises(ValueError, match="12 digits"):
        account_id(value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("acounts: []", "Extra inputs are not permitted"),
        ("accounts: [{id: '111122223333', rol: x}]", "Extra inputs are not permitted"),
        ("accounts: ['111122223333', {id: '111122223333', role: x}]", "stands here twice with different settings"),
        ("regions: [all, eu-central-1]", '"all" stands alone'),
        ("regions: Frankfurt", "not a region name: Frankfurt"),
        ("role: 'arn:aws:iam::123:role/x'", "role must be a role name"),
        ("role: 'two words'", "role must be a role name"),
        ("session_name: 'two words'", "String should match pattern"),
        ("threads: 0", "greater than or equal to 1"),
        ("threads: 51", "less than or equal to 50"),
        ("organization: {include_ous: []}", "at least 1 item"),
        ("organization: {include_ous: [Production]}", "String should match pattern"),
        ("organization: everything", "valid dictionary"),
        ("external_id: x", "at least 2 characters"),
    ],
)
def test_mistakes_are_named(text: str, says: str) -> None:
    assert says in message(text)


def test_the_same_entry_twice_counts_once() -> None:
    assert len(read("accounts: ['111122223333', '111122223333']").accounts) == 1


@pytest.mark.parametrize(
    "role",
    ["lamp", "ops/night/lamp", "arn:aws:iam::111122223333:role/lamp", "arn:aws-cn:iam::{account}:role/ops/lamp"],
)
def test_roles_are_names_paths_or_arns(role: str) -> None:
    assert TargetsDefinition(role=role).role == role


def test_organization_true_is_all_of_it() -> None:
    assert read("organization: true").organization == OrganizationDefinition()
    assert read("organization: false").organization is None
    part = read("organization: {include_ous: [ou-ab12-cdefgh34, r-ab12], exclude_accounts: [111122223333]}")
    assert part.organization == OrganizationDefinition(
        include_ous=("ou-ab12-cdefgh34", "r-ab12"), exclude_accounts=("111122223333",)
    )


@pytest.mark.parametrize(
    ("section", "fits"),
    [
        ({"accounts": ["111122223333", {"id": "444455556666", "regions": "all"}], "organization": True}, True),
        ({"organization": {"include_ous": ["ou-ab12-cdefgh34"]}, "regions": ["eu-central-1"]}, True),
        ({"accounts": ["1111"]}, False),
        ({"accounts": [{"name": "without id"}]}, False),
        ({"regions": 5}, False),
        ({"unknown": 1}, False),
    ],
)
def test_the_json_schema_accepts_what_the_models_accept(section: dict[str, Any], fits: bool) -> None:
    assert Draft202012Validator(TargetsDefinition.model_json_schema()).is_valid(section) is fits
    if fits:
        TargetsDefinition.model_validate(section)
    else:
        with pytest.raises(ValidationError):
            TargetsDefinition.model_validate(section)
