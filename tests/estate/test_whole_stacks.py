"""Stacks of the simulated AWS list what moto does not make, too."""

from __future__ import annotations

import json

import pytest

from lamplighter.estate.testing import EstateProbe
from lamplighter.estate.whole_stacks import list_whole

TEMPLATE = {
    "Parameters": {"Prefix": {"Type": "String", "Default": "lit"}, "Wanted": {"Type": "String", "Default": "no"}},
    "Conditions": {"IsWanted": {"Fn::Equals": [{"Ref": "Wanted"}, "yes"]}},
    "Resources": {
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "lit"}},
        "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmName": {"Fn::Sub": "${Prefix}-late"}}},
        "Query": {"Type": "AWS::Logs::QueryDefinition", "Properties": {"Name": "lit/failures", "QueryString": "x"}},
        "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "lit-bus"}},
        "Policy": {"Type": "AWS::Events::EventBusPolicy", "Properties": {"StatementId": "x"}},
        "Schedule": {"Type": "AWS::Scheduler::Schedule", "Condition": "IsWanted", "Properties": {"Name": "x"}},
    },
}


@pytest.mark.filterwarnings("ignore:Tried to parse AWS")
def test_a_list_has_all_that_the_template_declares(estate: EstateProbe) -> None:
    list_whole()
    formation = estate.client("cloudformation")
    formation.create_stack(StackName="lit", TemplateBody=json.dumps(TEMPLATE))
    rows = formation.list_stack_resources(StackName="lit")["StackResourceSummaries"]
    assert {(row["LogicalResourceId"], row["ResourceType"], row["PhysicalResourceId"]) for row in rows} == {
        ("Topic", "AWS::SNS::Topic", "arn:aws:sns:eu-west-1:111122223333:lit"),
        ("Alarm", "AWS::CloudWatch::Alarm", "lit-late"),
        ("Query", "AWS::Logs::QueryDefinition", "lit/failures"),
        ("Bus", "AWS::Events::EventBus", "lit-bus"),
        ("Policy", "AWS::Events::EventBusPolicy", "lit-Policy"),
    }
    # Listed, and not made: nobody is led to believe that it is there.
    assert estate.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
