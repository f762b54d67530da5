"""What time does not suffice for goes on in a new call of the same function."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from lamplighter.lambdas.runtime import Context, Runtime

PERMISSIONS: Final = ("lambda:InvokeFunction",)
"""IAM actions on the function itself."""


def call_again(with_: Runtime, context: Context, event: Mapping[str, Any]) -> None:
    """Call the function that is running, without waiting for it; the caller sees to it that this ends.

    Raises:
        AwsError: Lambda refuses or does not answer.
    """
    with_.session().call(
        "lambda",
        "invoke",
        FunctionName=context.invoked_function_arn,
        InvocationType="Event",
        Payload=json.dumps(event).encode(),
    )
