"""The role through which Lamplighter enters an account of the demo estate."""

from __future__ import annotations

import json
from dataclasses import astuple

from lamplighter.aws.access import TargetSession
from lamplighter.commitments.registry import sources
from lamplighter.resources.registry import kinds
from lamplighter.usage.registry import collectors

ROLE = "LamplighterRole"


def create_role(session: TargetSession, *, trusted: str, external_id: str) -> None:
    """Create `LamplighterRole` in the session's account, allowed what kinds, collectors and inventory say they call.

    Args:
        session: calls in the account, with rights on IAM.
        trusted: account that may assume the role.
        external_id: what it must give to do so.

    Raises:
        AwsError: refused, for example because the role exists.
    """
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{trusted}:root"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
            }
        ],
    }
    needed = [kind.permissions for kind in kinds().values()]
    looked = [
        *(member.permissions for member in collectors().values()),
        *(source.permissions for source in sources().values()),
    ]
    actions = sorted({action for one in (*map(astuple, needed), looked) for purpose in one for action in purpose})
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
    session.call(
        "iam",
        "create_role",
        RoleName=ROLE,
        Description="Lights and puts out what has a schedule tag",
        AssumeRolePolicyDocument=json.dumps(trust),
    )
    session.call("iam", "put_role_policy", RoleName=ROLE, PolicyName="schedules", PolicyDocument=json.dumps(policy))
