"""What moto's CloudFormation only pretends to make is held to the service models: its properties are the API's."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from lamplighter.deploy.family import TEMPLATES

Properties = dict[str, Any]
SESSION = botocore.session.get_session()


def resolved(value: Any) -> Any:
    """With a text in place of each function; of conditions the first branch."""
    if isinstance(value, list):
        return [resolved(each) for each in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((key, inner),) = value.items()
        if key == "Fn::If":
            return resolved(inner[1])
        if key in ("Fn::Sub", "Ref", "Fn::GetAtt", "Fn::Join"):
            return "text"
    return {key: resolved(each) for key, each in value.items()}


def _lower(value: Any) -> Any:
    if isinstance(value, list):
        return [_lower(each) for each in value]
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: _lower(each) for key, each in value.items()}
    return value


def _application(properties: Properties) -> Properties:
    found = {**_lower({**properties, "Tags": {}}), "tags": properties.get("Tags", {}), "clientToken": "token"}
    return {**found, "attributes": json.dumps(properties["Attributes"])} if "Attributes" in properties else found


def _athena(properties: Properties) -> Properties:
    # Said to DeleteWorkGroup, when the stack goes.
    found = {key: value for key, value in properties.items() if key != "RecursiveDeleteOption"}
    configuration = {**found.pop("WorkGroupConfiguration"), "BytesScannedCutoffPerQuery": 10_000_000}
    return {**found, "Configuration": configuration}


def _bus_policy(properties: Properties) -> Properties:
    policy = json.dumps({"Version": "2012-10-17", "Statement": [properties["Statement"]]})
    return {"EventBusName": properties["EventBusName"], "StatementId": properties["StatementId"], "Policy": policy}


def _glue(properties: Properties) -> Properties:
    return properties


def _key(properties: Properties) -> Properties:
    # Rotation is switched on by a call of its own, EnableKeyRotation.
    found = {key: value for key, value in properties.items() if key not in ("KeyPolicy", "EnableKeyRotation")}
    tags = [{"TagKey": each["Key"], "TagValue": each["Value"]} for each in properties["Tags"]]
    return {**found, "Tags": tags, "Policy": _policy(properties["KeyPolicy"])}


def _policy(document: Properties) -> str:
    """A policy as a text; its statements have the elements of IAM's grammar, and no others."""
    assert document["Version"] == "2012-10-17"
    for statement in document["Statement"]:
        assert {"Effect", "Action", "Principal", "Resource"} <= set(statement) <= _ELEMENTS
        assert statement["Effect"] in ("Allow", "Deny")
    return json.dumps(document)


_ELEMENTS = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}


def _topic_policy(properties: Properties) -> Properties:
    (topic,) = properties["Topics"]
    policy = _policy(properties["PolicyDocument"])
    return {"TopicArn": topic, "AttributeName": "Policy", "AttributeValue": policy}


def _queue_policy(properties: Properties) -> Properties:
    assert all(properties["Queues"])
    return {"QueueUrl": properties["Queues"][0], "Attributes": {"Policy": _policy(properties["PolicyDocument"])}}


def _stack_set(properties: Properties) -> Properties:
    found = dict(properties)
    found["OperationPreferences"] = None
    for key in ("OperationPreferences", "StackInstancesGroup"):
        found.pop(key)
    return found


def _query(properties: Properties) -> Properties:
    return {_QUERY[key]: value for key, value in properties.items()}


_QUERY = {"Name": "name", "LogGroupNames": "logGroupNames", "QueryString": "queryString"}


def _pipeline(properties: Properties) -> Properties:
    found = _lower(properties)
    for stage in found["stages"]:
        stage["name"] = stage.pop("name")
    # Names of settings are data, not members of the model.
    for new, old in zip(found["stages"], properties["Stages"], strict=True):
        for action, before in zip(new["actions"], old["Actions"], strict=True):
            action["configuration"] = before.get("Configuration", {})
    found.pop("tags")
    return {"pipeline": found}


MODELS: dict[str, tuple[str, str, Callable[[Properties], Properties]]] = {
    "AWS::Athena::WorkGroup": ("athena", "CreateWorkGroup", _athena),
    "AWS::CloudFormation::StackSet": ("cloudformation", "CreateStackSet", _stack_set),
    "AWS::CloudWatch::Alarm": ("cloudwatch", "PutMetricAlarm", lambda properties: properties),
    "AWS::CloudWatch::Dashboard": ("cloudwatch", "PutDashboard", lambda properties: properties),
    "AWS::CodePipeline::Pipeline": ("codepipeline", "CreatePipeline", _pipeline),
    "AWS::Events::EventBusPolicy": ("events", "PutPermission", _bus_policy),
    "AWS::Glue::Database": ("glue", "CreateDatabase", _glue),
    "AWS::Glue::Table": ("glue", "CreateTable", _glue),
    "AWS::KMS::Alias": ("kms", "CreateAlias", lambda properties: properties),
    "AWS::KMS::Key": ("kms", "CreateKey", _key),
    "AWS::Lambda::EventInvokeConfig": ("lambda", "PutFunctionEventInvokeConfig", lambda properties: properties),
    "AWS::Logs::QueryDefinition": ("logs", "PutQueryDefinition", _query),
    "AWS::S3::BucketPolicy": (
        "s3",
        "PutBucketPolicy",
        lambda properties: {"Bucket": properties["Bucket"], "Policy": _policy(properties["PolicyDocument"])},
    ),
    "AWS::SNS::Subscription": ("sns", "Subscribe", lambda properties: properties),
    "AWS::SNS::TopicPolicy": ("sns", "SetTopicAttributes", _topic_policy),
    "AWS::SQS::QueuePolicy": ("sqs", "SetQueueAttributes", _queue_policy),
    "AWS::Scheduler::Schedule": ("scheduler", "CreateSchedule", lambda properties: properties),
    "AWS::Scheduler::ScheduleGroup": ("scheduler", "CreateScheduleGroup", lambda properties: properties),
    "AWS::ServiceCatalogAppRegistry::Application": ("servicecatalog-appregistry", "CreateApplication", _application),
    "AWS::ServiceCatalogAppRegistry::AttributeGroup": (
        "servicecatalog-appregistry",
        "CreateAttributeGroup",
        _application,
    ),
    "AWS::ServiceCatalogAppRegistry::AttributeGroupAssociation": (
        "servicecatalog-appregistry",
        "AssociateAttributeGroup",
        _lower,
    ),
    "AWS::ServiceCatalogAppRegistry::ResourceAssociation": (
        "servicecatalog-appregistry",
        "AssociateResource",
        _lower,
    ),
}
"""Type of resource -> service, operation, and how its properties are named there."""

FOUND = [
    (f"{template.name}/{name}", resource)
    for template in TEMPLATES.values()
    for name, resource in template.data["Resources"].items()
    if resource["Type"] in MODELS
]


@pytest.mark.parametrize("resource", [each for _, each in FOUND], ids=[name for name, _ in FOUND])
def test_its_properties_are_those_of_the_api(resource: dict[str, Any]) -> None:
    service, operation, renamed = MODELS[resource["Type"]]
    model = SESSION.get_service_model(service).operation_model(operation)
    params = renamed(resolved(resource["Properties"]))
    report = ParamValidator().validate(params, model.input_shape)
    unknown = sorted(set(params) - set(model.input_shape.members))
    assert (report.generate_report(), unknown) == ("", [])


def test_every_type_is_found() -> None:
    assert {resource["Type"] for _, resource in FOUND} == set(MODELS)
