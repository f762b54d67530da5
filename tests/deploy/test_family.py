"""Every template: it parses, it is documented, it fits to the others, and its parts are what data makes."""

from __future__ import annotations

import re
from typing import Any

import pytest

from lamplighter.deploy.block_pipeline import STAGES, wired
from lamplighter.deploy.blocks import fill
from lamplighter.deploy.family import TEMPLATES, Template, folder, left_out, switch
from lamplighter.deploy.yamls import load
from lamplighter.errors import UsageError

EVERY = pytest.mark.parametrize("template", TEMPLATES.values(), ids=list(TEMPLATES))
MOST_BYTES = 51_200
"""Of a template that is given to CloudFormation in the call (quotas of CloudFormation); Terraform gives it so."""

ROOM = 8 * 1024
"""Bytes that are left for what comes."""


def test_every_file_is_a_template() -> None:
    assert sorted(path.name for path in folder().iterdir()) == sorted(each.file for each in TEMPLATES.values())


@EVERY
def test_parts_are_what_data_makes(template: Template) -> None:
    assert template.text == fill(template.text), "run `make templates`"


def test_a_part_that_nobody_makes_is_named() -> None:
    with pytest.raises(UsageError, match="'moons'"):
        fill("Resources:\n  # >> moons\n  # << moons\n")


def test_a_part_is_made_anew_whatever_stood_there() -> None:
    made = fill("# >> accounts-pattern\nEventPattern: wrong\n# << accounts-pattern\n")
    assert "wrong" not in made
    assert "aws.organizations" in made
    assert fill(made) == made


@EVERY
def test_it_is_described(template: Template) -> None:
    data = template.data
    assert data["AWSTemplateFormatVersion"] == "2010-09-09"
    assert data["Description"].startswith("Lamplighter, ")
    assert len(data["Description"].encode()) <= 1024
    assert data["Outputs"]
    for name, output in data["Outputs"].items():
        assert output["Description"], name


@EVERY
def test_every_parameter_is_grouped_labelled_and_described(template: Template) -> None:
    data = template.data
    interface = data["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    assert sorted(grouped) == sorted(data["Parameters"])
    assert sorted(interface["ParameterLabels"]) == sorted(data["Parameters"])
    for name, parameter in data["Parameters"].items():
        assert parameter["Description"].endswith("."), name


@EVERY
def test_it_fits_into_a_call(template: Template) -> None:
    assert len(template.text.encode()) <= MOST_BYTES - ROOM
    assert len(template.data["Resources"]) <= 500
    assert len(template.data["Parameters"]) <= 200


def test_a_parameter_is_the_same_in_every_template() -> None:
    seen: dict[str, dict[str, Any]] = {}
    for template in TEMPLATES.values():
        for name, parameter in template.data["Parameters"].items():
            # What it is for may be said from another side.
            rules = {key: value for key, value in parameter.items() if key != "Description"}
            if name == "Runtime":
                # Which ones each zip runs on: test_package.py holds both lists to RUNTIMES.
                assert rules["Default"] in rules.pop("AllowedValues")
            assert seen.setdefault(name, rules) == rules, f"{name} in {template.name}"


@EVERY
def test_what_it_takes_from_other_stacks_is_put_out_by_one_of_them(template: Template) -> None:
    for name, parameter in template.data["Parameters"].items():
        told = re.match(r"Output of the stack (\w+)", parameter["Description"])
        if told:
            assert name in TEMPLATES[told[1]].data["Outputs"]
            assert told[1] in template.after or template.name in ("member", "organization")


def test_what_can_be_left_out_is_what_no_other_stack_takes_from() -> None:
    spare = [each for each in TEMPLATES.values() if each.without]
    assert [each.name for each in spare] == ["watch"]
    pipeline = TEMPLATES["pipeline"].data
    stages = pipeline["Resources"]["Pipeline"]["Properties"]["Stages"]
    asked = {each["Fn::If"][0]: each["Fn::If"] for each in stages if "Fn::If" in each}
    for each in spare:
        assert not [other.name for other in TEMPLATES.values() if each.name in other.after]
        assert pipeline["Parameters"][switch(each)]["Default"] == "yes"
        holds, stage, otherwise = asked[f"Makes{switch(each)}"]
        assert (stage["Name"], otherwise) == (switch(each), {"Ref": "AWS::NoValue"})
        assert pipeline["Conditions"][holds] == {"Fn::Equals": [{"Ref": switch(each)}, "yes"]}
    assert len(asked) == len(spare)


@pytest.mark.parametrize(("names", "words"), [(["hub"], "hub cannot be left out"), (["moon"], "no template 'moon'")])
def test_what_cannot_be_left_out_is_refused(names: list[str], words: str) -> None:
    with pytest.raises(UsageError, match=words) as refused:
        left_out(["watch", *names])
    assert refused.value.hint == "what can be left out: watch"


@pytest.mark.parametrize("name", STAGES)
def test_the_pipeline_gives_a_stack_what_it_needs(name: str) -> None:
    template = TEMPLATES[name]
    required = {key for key, each in template.data["Parameters"].items() if "Default" not in each}
    given = {"Prefix", *wired(template), "CoreCodeKey", "DataCodeKey"}
    assert required <= given
    for output, stack in wired(template).items():
        assert stack in template.after, f"{name} takes {output} of {stack}"


def test_the_stack_set_hands_every_parameter_to_the_members() -> None:
    organization = TEMPLATES["organization"].data
    given = organization["Resources"]["Members"]["Properties"]["Parameters"]
    assert [each["ParameterKey"] for each in given] == list(TEMPLATES["member"].data["Parameters"])
    assert set(TEMPLATES["member"].data["Parameters"]) <= set(organization["Parameters"])


def test_the_stack_set_carries_the_template_of_the_members() -> None:
    members = TEMPLATES["organization"].data["Resources"]["Members"]["Properties"]
    assert "TemplateURL" not in members
    assert load(members["TemplateBody"]) == TEMPLATES["member"].data
    assert len(members["TemplateBody"].encode()) <= 51_200, "limit of TemplateBody in CreateStackSet"


@EVERY
def test_every_reference_leads_somewhere(template: Template) -> None:
    data = template.data
    known = {*data["Parameters"], *data["Resources"]}
    for kind, name in _references(data["Resources"]) | _references(data["Outputs"]):
        if kind == "condition":
            assert name in data["Conditions"]
        elif not name.startswith("AWS::"):
            assert name in known, name


def _references(value: Any, local: frozenset[str] = frozenset()) -> set[tuple[str, str]]:
    """(kind, name) of every reference below; local names of Fn::Sub do not count."""
    found: set[tuple[str, str]] = set()
    if isinstance(value, list):
        for each in value:
            found |= _references(each, local)
    if not isinstance(value, dict):
        return found
    for key, each in value.items():
        if key == "Ref":
            found.add(("resource", each))
        elif key == "Fn::GetAtt":
            found.add(("resource", each[0]))
        elif key == "Fn::If":
            found.add(("condition", each[0]))
            found |= _references(each[1:], local)
        elif key == "Fn::Sub":
            text, names = (each, {}) if isinstance(each, str) else each
            found |= {
                ("resource", name.split(".")[0]) for name in re.findall(r"\$\{([^!}]+)\}", text) if name not in names
            }
            found |= _references(names, local)
        elif key == "Condition" and isinstance(each, str):
            found.add(("condition", each))
        else:
            found |= _references(each, local)
    return found


@EVERY
def test_every_parameter_and_condition_is_used(template: Template) -> None:
    text = template.text.partition("\nParameters:\n")[2]
    for name in template.data["Parameters"]:
        assert re.search(rf"!Ref {name}\b|\$\{{{name}\}}", text), name
    for name in template.data.get("Conditions", {}):
        assert re.search(rf"\[{name},|Condition:? {name}\b|!If\n\s+- {name}\b", text), name
