from __future__ import annotations

from typing import Any

import pytest
from tests.scheduler.conftest import configuration

from lamplighter.resources.kind import Resource
from lamplighter.scheduler.order_rules import OrderRules, Slot, reach, selects
from lamplighter.scheduler.sections import OrderDefinition, OrderGroupDefinition
from lamplighter.schedules.decision import Live


def resource(kind: str = "ec2-instance", **tags: str) -> Resource:
    named = {name.replace("__", ":"): value for name, value in tags.items()}
    return Resource(kind, "x", "arn:x", "111122223333", "eu-west-1", "x", named, "office", Live.STOPPED, "stopped")


def rules(groups: dict[str, Any], **more: Any) -> OrderRules:
    return OrderRules(OrderDefinition.model_validate({"groups": groups, **more}))


CHAIN = {
    "databases": {"tags": {"Tier": "database"}},
    "app": {"tags": {"Tier": "app"}, "after": "databases"},
    "web": {"tags": {"Tier": "web"}, "after": ["app", "tag:Role=queue"]},
}


@pytest.mark.parametrize(
    ("group", "kind", "tags", "selected"),
    [
        ({"tags": {"Tier": "app"}}, "ec2-instance", {"Tier": "app"}, True),
        ({"tags": {"Tier": "app"}}, "ec2-instance", {"Tier": "web"}, False),
        ({"tags": {"Tier": "app"}}, "ec2-instance", {}, False),
        ({"tags": {"Tier": ["app", "web"]}}, "ec2-instance", {"Tier": "web"}, True),
        ({"tags": {"Tier": 1}}, "ec2-instance", {"Tier": "1"}, True),
        ({"tags": {"Tier": "*"}}, "ec2-instance", {"Tier": ""}, True),
        ({"tags": {"Tier": "*"}}, "ec2-instance", {"tier": "app"}, False),
        ({"tags": {"Tier": "app", "Team": "shop"}}, "ec2-instance", {"Tier": "app"}, False),
        ({"kinds": "rds-instance"}, "rds-instance", {}, True),
        ({"kinds": "rds-instance"}, "ec2-instance", {}, False),
        ({"kinds": ["rds-instance"], "tags": {"Tier": "app"}}, "rds-instance", {"Tier": "web"}, False),
    ],
)
def test_members_of_a_group(group: dict[str, Any], kind: str, tags: dict[str, str], selected: bool) -> None:
    assert selects(OrderGroupDefinition.model_validate(group), resource(kind, **tags)) is selected


def test_order_goes_on_through_groups_without_members() -> None:
    groups = OrderDefinition.model_validate({"groups": CHAIN}).groups
    assert reach(groups, "databases") == frozenset()
    assert reach(groups, "app") == {"databases"}
    assert reach(groups, "web") == {"app", "databases", "tag:Role=queue"}


def test_what_a_resource_fills_and_follows() -> None:
    found = rules(CHAIN)
    web = resource(Tier="web", Role="front")
    assert set(found.fills(web)) == {Slot("web", ()), Slot("tag:Tier=web"), Slot("tag:Role=front")}
    assert found.follows(web) == {Slot("app"), Slot("databases"), Slot("tag:Role=queue")}
    assert found.follows(resource(Tier="database")) == frozenset()


def test_groups_order_within_a_scope_and_tags_over_all_of_them() -> None:
    found = rules(CHAIN, same=["Stack", "Env"])
    shop = resource(Tier="web", Stack="shop")
    assert found.follows(shop) == {Slot("app", ("shop", "")), Slot("databases", ("shop", "")), Slot("tag:Role=queue")}
    assert Slot("web", ("shop", "")) in set(found.fills(shop))


@pytest.mark.parametrize(
    ("text", "follows", "strangers"),
    [
        ("app", {"app", "databases"}, []),
        ("databases tag:Role=queue", {"databases", "tag:Role=queue"}, []),
        (" databases , tag:Role=queue,", {"databases", "tag:Role=queue"}, []),
        ("tag:a:b=c=d", {"tag:a:b=c=d"}, []),
        ("nobody databases", {"databases"}, ["nobody"]),
        ("tag:Role", set(), ["tag:Role"]),
        ("tag:=x", set(), ["tag:=x"]),
        ("", set(), []),
        (" , ", set(), []),
    ],
)
def test_the_tag_of_a_resource(text: str, follows: set[str], strangers: list[str]) -> None:
    found = rules(CHAIN)
    one = resource(lamplighter__after=text)
    assert {slot.ref for slot in found.follows(one)} == follows
    assert found.strangers(one) == strangers


def test_what_cannot_be_looked_at_may_matter() -> None:
    found = rules({**CHAIN, "web": {"kinds": ["autoscaling-group"], "after": ["app"]}})
    assert found.may_hold("app", {"rds-instance"})
    assert found.may_hold("tag:Role=queue", {"rds-instance"})
    assert not found.may_hold("web", {"rds-instance"})
    assert not found.may_hold("app", set())
    assert found.may_follow("app", {"autoscaling-group"})
    assert not found.may_follow("app", {"rds-instance"})
    assert found.may_follow("databases", {"rds-instance"})
    assert not found.may_follow("tag:Role=queue", {"rds-instance"})


@pytest.mark.parametrize(
    ("groups", "where", "place", "message", "hint"),
    [
        (
            "    app: {tags: {T: a}, after: [web, dbs]}\n    db: {tags: {T: d}}\n    web: {tags: {T: w}}",
            "order.groups.app.after.1",
            (3, 38),
            "there is no group 'dbs'",
            "did you mean db?",
        ),
        (
            "    app: {tags: {T: a}, after: nothing}",
            "order.groups.app.after.0",
            (3, 32),
            "there is no group 'nothing'",
            "known: app",
        ),
        (
            "    app: {tags: {T: a}, after: ['tag:Role']}",
            "order.groups.app.after.0",
            (3, 34),
            "'tag:Role' names no tag",
            "write tag:KEY=VALUE",
        ),
        ("    app: {}", "order.groups.app", (3, 10), "the group has no members", "give it tags, kinds or both"),
        (
            "    my app: {kinds: rds-instance}",
            "order.groups.my app",
            (3, 13),
            "'my app' is no name of a group",
            "use letters, digits, dots, dashes and underscores: a tag lists names separated by blanks",
        ),
        (
            "    app: {kinds: [rds-instances]}",
            "order.groups.app.kinds",
            (3, 18),
            "there is no kind 'rds-instances'",
            "did you mean rds-instance?",
        ),
        (
            "    app: {tags: {T: a}, after: app}",
            "order.groups.app.after",
            (3, 32),
            "the order is a circle: app comes after app",
            "take one of them out",
        ),
        (
            (
                "    a: {tags: {T: a}, after: [b]}\n    b: {tags: {T: b}, after: [d, c]}\n"
                "    c: {tags: {T: c}, after: [a]}\n    d: {tags: {T: d}}"
            ),
            "order.groups.a.after",
            (3, 30),
            "the order is a circle: a comes after b comes after c comes after a",
            "take one of them out",
        ),
        (
            "    app: {tag: {T: a}}",
            "order.groups.app.tag",
            (3, 16),
            "there is no field 'tag' here",
            "did you mean tags?",
        ),
    ],
)
def test_what_is_wrong_with_the_section_is_fatal(
    groups: str, where: str, place: tuple[int, int], message: str, hint: str
) -> None:
    config = configuration(f"order:\n  groups:\n{groups}\n")
    [problem] = config.fatal
    assert (problem.where, problem.message, problem.hint) == (where, message, hint)
    assert (problem.line, problem.column) == place
    assert problem in config.problems


def test_two_circles_are_two_problems() -> None:
    group = "{{tags: {{T: x}}, after: [{}]}}"
    pairs = {"a": "b", "b": "a", "c": "d", "d": "c", "e": "a"}
    lines = "\n".join(f"    {name}: {group.format(after)}" for name, after in pairs.items())
    config = configuration(f"order:\n  groups:\n{lines}\n")
    assert [problem.where for problem in config.fatal] == ["order.groups.a.after", "order.groups.c.after"]


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("at_most: 0m", "is not a length of time"),
        ("at_most: 15", "is not a length of time"),
        ("starts_per_pass: 0", "greater than or equal to 1"),
        ("stops_per_pass: some", "valid integer"),
        ("calls_per_second: 0.1", "greater than or equal to 0.5"),
        ("after: x", "there is no field 'after' here"),
    ],
)
def test_fields_that_are_wrong(field: str, message: str) -> None:
    [problem] = configuration(f"order:\n  {field}\n").fatal
    assert message in problem.message
    assert problem.line == 2


def test_the_section_may_be_empty_or_missing() -> None:
    assert configuration("order: {}\n").order == OrderDefinition()
    assert configuration("order:\n").order is None
    given = configuration("order: {calls_per_second: 0.5, at_most: 1h}\n").order
    assert given is not None
    assert (given.calls_per_second, given.at_most.total_seconds()) == (0.5, 3600)
