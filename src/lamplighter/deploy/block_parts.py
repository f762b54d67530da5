"""What the parts of several templates have in common."""

from __future__ import annotations

from typing import Any, Final

from lamplighter.deploy.yamls import NO_VALUE, If, Ref, Row

KEPT: Final = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}


def tags(part: str) -> list[Any]:
    """Tags of a resource: the template it is of, and the application if there is one."""
    application = Row(Key="awsApplication", Value=Ref("ApplicationTag"))
    return [Row(Key="lamplighter:part", Value=part), If(["HasApplication", application, NO_VALUE])]


def logical(name: str) -> str:
    """A name as a logical id: letters and digits, each word begun with a capital."""
    words = name.replace("_", "-").split("-")
    return "".join(word[:1].upper() + word[1:] for word in words)
