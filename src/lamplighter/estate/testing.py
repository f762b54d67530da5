"""For tests on a simulated AWS: clients that see every answer, and resources in one line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from collections.abc import Sequence

    from botocore.exceptions import ClientError

    from lamplighter.estate.control import SimulatedAws

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
REGION = "eu-west-1"
MANAGEMENT = "111122223333"
PRODUCTION = "444455556666"
SANDBOX = "777788889999"

Keys = tuple[str, str, str]


def refusal(error: ClientError) -> tuple[str, str, int]:
    """(code, message, HTTP status) of a refusal."""
    response = error.response
    return response["Error"]["Code"], response["Error"]["Message"], response["ResponseMetadata"]["HTTPStatusCode"]


class EstateProbe:
    """A simulated AWS as a test handles it; clients are made once and shared.

    Attributes:
        server: the simulated AWS.
        control: steers it.
    """

    def __init__(self, server: SimulatedAws) -> None:
        self.server = server
        self.control = server.control
        self._session = boto3.session.Session()
        self._clients: dict[object, Any] = {}

    def fresh(self, now: datetime = MONDAY) -> None:
        """Empty the estate and let its clock stand at `now`."""
        self.control.reset()
        self.control.set_clock(now)

    def close(self) -> None:
        """Close the clients."""
        for client in self._clients.values():
            client.close()

    def client(self, service: str, *, region: str = REGION, keys: Keys | None = None, **config: Any) -> Any:
        """A client without retries, so that a test sees each answer.

        Args:
            service: botocore service name.
            region: region.
            keys: access key, secret and token of a session; base credentials when None.
            config: options of `botocore.config.Config`, for example `read_timeout`.
        """
        slot = (service, region, keys, repr(config))
        if slot not in self._clients:
            access, secret, token = keys or ("base", "base", None)
            self._clients[slot] = self._session.client(
                service,
                region_name=region,
                endpoint_url=self.server.url,
                aws_access_key_id=access,
                aws_secret_access_key=secret,
                aws_session_token=token,
                config=Config(**{"retries": {"total_max_attempts": 1}, **config}),
            )
        return self._clients[slot]

    def assume(self, role_arn: str, *, keys: Keys | None = None, **kwargs: Any) -> Keys:
        """Credentials of an assumed role."""
        sts = self.client("sts", keys=keys)
        found = sts.assume_role(RoleArn=role_arn, RoleSessionName="test", **kwargs)["Credentials"]
        return found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"]

    def launch(self, count: int = 1, *, running: bool = True, keys: Keys | None = None, **kwargs: Any) -> list[str]:
        """Ids of new instances; with `running` the clock goes on by 30 s."""
        asked = {"ImageId": "ami-12345678", "InstanceType": "t3.micro", "MinCount": count, "MaxCount": count, **kwargs}
        ids = [str(one["InstanceId"]) for one in self.client("ec2", keys=keys).run_instances(**asked)["Instances"]]
        if running:
            self.control.advance(30)
        return ids

    def states(self, ids: Sequence[str]) -> list[str]:
        """The states of instances as described, in the order of `ids`."""
        found = self.client("ec2").describe_instances(InstanceIds=list(ids))["Reservations"]
        by_id = {one["InstanceId"]: str(one["State"]["Name"]) for group in found for one in group["Instances"]}
        return [by_id[id_] for id_ in ids]

    def database(self, name: str = "orders", **kwargs: Any) -> str:
        """A new database, PostgreSQL unless said otherwise."""
        asked = {
            "DBInstanceIdentifier": name,
            "Engine": "postgres",
            "DBInstanceClass": "db.t3.micro",
            "AllocatedStorage": 20,
            "MasterUsername": "root",
            "MasterUserPassword": "not-a-secret",
        }
        self.client("rds").create_db_instance(**{**asked, **kwargs})
        return name

    def cluster(
        self,
        name: str = "shop",
        members: Sequence[str] = ("shop-a", "shop-b"),
        engine: str = "aurora-mysql",
        **kwargs: Any,
    ) -> str:
        """A new cluster with members, Aurora MySQL unless said otherwise."""
        rds = self.client("rds")
        user = {"MasterUsername": "root", "MasterUserPassword": "not-a-secret"} if engine != "neptune" else {}
        rds.create_db_cluster(**{"DBClusterIdentifier": name, "Engine": engine, **user, **kwargs})
        for member in members:
            rds.create_db_instance(
                DBInstanceIdentifier=member, DBClusterIdentifier=name, Engine=engine, DBInstanceClass="db.r6g.large"
            )
        return name

    def statuses(self) -> dict[str, str]:
        """Status of every database and cluster as described."""
        rds = self.client("rds")
        databases = rds.describe_db_instances()["DBInstances"]
        clusters = rds.describe_db_clusters()["DBClusters"]
        return {str(one["DBInstanceIdentifier"]): str(one["DBInstanceStatus"]) for one in databases} | {
            str(one["DBClusterIdentifier"]): str(one["Status"]) for one in clusters
        }
