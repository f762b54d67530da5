"""Stacks of the simulated AWS tell lists as they were given, and never what is not to be told."""

from __future__ import annotations

import json

from lamplighter.estate.testing import EstateProbe

TEMPLATE = {
    "Parameters": {
        "Regions": {"Type": "CommaDelimitedList", "Default": ""},
        "Accounts": {"Type": "CommaDelimitedList", "Default": "111122223333,444455556666"},
        "Days": {"Type": "Number", "Default": 7},
        "Word": {"Type": "String", "NoEcho": True},
    },
    "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "lit"}}},
}


def test_parameters_are_told_as_they_were_given(estate: EstateProbe) -> None:
    formation = estate.client("cloudformation")
    given = [{"ParameterKey": "Word", "ParameterValue": "night-watch"}]
    formation.create_stack(StackName="lit", TemplateBody=json.dumps(TEMPLATE), Parameters=given)
    (stack,) = formation.describe_stacks(StackName="lit")["Stacks"]
    assert {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]} == {
        "Regions": "",
        "Accounts": "111122223333,444455556666",
        "Days": "7",
        "Word": "****",
    }
