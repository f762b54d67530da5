"""A server of what a pass over many resources asks, in the pages in which AWS answers; all else is handed on.

EC2 (1,000 instances a page, each with as much as AWS tells of it), RDS (100 databases) and DynamoDB (1 MB). DynamoDB is
one writer's: conditions hold. The simulated AWS could do all of it, but needs minutes to make thousands of machines,
lists them in one page, and copies whole tables for each transaction.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

PAGES = {"DescribeInstances": 1_000, "DescribeDBInstances": 100}
TAGS = {"Schedule": "office", **{f"example:tag-{number}": f"a value of some length, {number}" for number in range(12)}}
_PAGE_BYTES = 1_000_000
_COUNT = "/bench"

Raw = dict[str, Any]


class Tables:
    """DynamoDB, as far as `lamplighter.store.dynamodb` asks of it."""

    def __init__(self) -> None:
        self._items: dict[tuple[str, str], dict[str, Raw]] = {}
        self._lock = Lock()

    def answer(self, operation: str, asked: Raw) -> Raw:
        """One call."""
        with self._lock:
            result: Raw = getattr(self, f"_{operation}")(asked)
            return result

    def _place(self, table: str, key: Raw) -> tuple[dict[str, Raw], str]:
        partition, sort = [*key.values(), {"S": ""}][:2]
        return self._items.setdefault((table, partition["S"]), {}), sort["S"]

    def _GetItem(self, asked: Raw) -> Raw:  # noqa: N802 - named like the call, as those below
        rows, sort = self._place(asked["TableName"], asked["Key"])
        return {"Item": rows[sort]} if sort in rows else {}

    def _BatchGetItem(self, asked: Raw) -> Raw:  # noqa: N802
        found = {}
        for table, wanted in asked["RequestItems"].items():
            places = [self._place(table, key) for key in wanted["Keys"]]
            found[table] = [rows[sort] for rows, sort in places if sort in rows]
        return {"Responses": found}

    def _Query(self, asked: Raw) -> Raw:  # noqa: N802
        """All of a partition: the store looks at each key itself."""
        rows = self._items.get((asked["TableName"], asked["ExpressionAttributeValues"][":p"]["S"]), {})
        wanted = sorted(rows, reverse=not asked["ScanIndexForward"])
        after = [*asked.get("ExclusiveStartKey", {}).values()]
        first = wanted.index(after[1]["S"]) + 1 if after else 0
        found, size = [], 0
        for sort in wanted[first:]:
            found.append(rows[sort])
            size += len(json.dumps(rows[sort]))
            if size > _PAGE_BYTES:
                key = {name: rows[sort][name] for name in ("partition", "sort")}
                return {"Items": found, "LastEvaluatedKey": key}
        return {"Items": found}

    def _UpdateItem(self, asked: Raw) -> Raw:  # noqa: N802
        rows, sort = self._place(asked["TableName"], asked["Key"])
        values = asked["ExpressionAttributeValues"]
        version = {"N": str(int(rows.get(sort, {"version": {"N": "0"}})["version"]["N"]) + 1)}
        rows[sort] = {**asked["Key"], "data": values[":d"], "write": values[":w"], "version": version}
        return {"Attributes": {"version": version}}

    def _DeleteItem(self, asked: Raw) -> Raw:  # noqa: N802
        rows, sort = self._place(asked["TableName"], asked["Key"])
        rows.pop(sort, None)
        return {}

    def _TransactWriteItems(self, asked: Raw) -> Raw:  # noqa: N802
        for part in asked["TransactItems"]:
            [(what, write)] = part.items()
            {"Update": self._UpdateItem, "Delete": self._DeleteItem}[what](write)
        return {}


class Front(BaseHTTPRequestHandler):
    """Answers about machines and databases, and hands on what else is asked."""

    protocol_version = "HTTP/1.1"
    behind: ClassVar[str] = ""
    counts: ClassVar[tuple[int, ...]] = (0, 0)
    lit: ClassVar[set[str]] = set()
    tables: ClassVar[Tables] = Tables()

    def do_POST(self) -> None:
        """One call."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == _COUNT:
            type(self).counts = tuple(json.loads(body))
            return self._send(200, b"{}")
        service, _, operation = (self.headers.get("X-Amz-Target") or "").partition(".")
        if service.startswith("DynamoDB_"):
            answered = self.tables.answer(operation, json.loads(body))
            return self._send(200, json.dumps(answered).encode(), "application/x-amz-json-1.0")
        asked = {key: values[0] for key, values in parse_qs(body.decode(errors="replace")).items()}
        action = asked.get("Action", "")
        answer = getattr(self, f"_{action}", None)
        if answer is None:
            return self._hand_on(body)
        text = f'<?xml version="1.0"?><{action}Response xmlns="{_space(action)}">{answer(asked)}</{action}Response>'
        return self._send(200, text.encode())

    def _DescribeInstances(self, asked: dict[str, str]) -> str:  # noqa: N802 - named like the call
        values = {value for key, value in asked.items() if key.startswith("Filter.") and value.startswith("i-")}
        ids = sorted(values) or [f"i-{number:017x}" for number in range(self.counts[0])]
        page, next_ = _page(ids, asked.get("NextToken"), PAGES["DescribeInstances"])
        token = f"<nextToken>{next_}</nextToken>" if next_ else ""
        return f"<requestId>x</requestId><reservationSet>{''.join(map(self._machine, page))}</reservationSet>{token}"

    def _StartInstances(self, asked: dict[str, str]) -> str:  # noqa: N802
        ids = [value for key, value in asked.items() if key.startswith("InstanceId")]
        self.lit.update(ids)
        before, after = {"code": "80", "name": "stopped"}, {"code": "0", "name": "pending"}
        return _xml({"instancesSet": [{"instanceId": i, "currentState": after, "previousState": before} for i in ids]})

    def _DescribeDBInstances(self, asked: dict[str, str]) -> str:  # noqa: N802
        names = [f"orders-{number:05}" for number in range(self.counts[1])]
        page, next_ = _page(names, asked.get("Marker"), PAGES["DescribeDBInstances"])
        marker = f"<Marker>{next_}</Marker>" if next_ else ""
        listed = "".join(f"<DBInstance>{self._database(name)}</DBInstance>" for name in page)
        return f"<DescribeDBInstancesResult><DBInstances>{listed}</DBInstances>{marker}</DescribeDBInstancesResult>"

    def _StartDBInstance(self, asked: dict[str, str]) -> str:  # noqa: N802
        name = asked["DBInstanceIdentifier"]
        self.lit.add(name)
        return f"<StartDBInstanceResult><DBInstance>{self._database(name)}</DBInstance></StartDBInstanceResult>"

    def _machine(self, id_: str) -> str:
        state = {"code": "16", "name": "running"} if id_ in self.lit else {"code": "80", "name": "stopped"}
        tags = [{"key": key, "value": value} for key, value in {"Name": id_, **TAGS}.items()]
        own = _xml({"instanceId": id_, "instanceState": state, "tagSet": tags})
        reservation = _xml({"reservationId": f"r{id_[1:]}", "ownerId": "111122223333", "groupSet": ""})
        return f"<item>{reservation}<instancesSet><item>{own}{_MACHINE}</item></instancesSet></item>"

    def _database(self, name: str) -> str:
        own = {
            "DBInstanceIdentifier": name,
            "DBInstanceArn": f"arn:aws:rds:eu-west-1:111122223333:db:{name}",
            "DBInstanceStatus": "available" if name in self.lit else "stopped",
        }
        tags = "".join(_xml({"Tag": {"Key": key, "Value": value}}) for key, value in TAGS.items())
        return f"{_xml(own)}{_DATABASE}<TagList>{tags}</TagList>"

    def _hand_on(self, body: bytes) -> None:
        connection = HTTPConnection(urlsplit(self.behind).netloc)
        connection.request(self.command, self.path, body, dict(self.headers))
        got = connection.getresponse()
        self._send(got.status, got.read(), got.getheader("Content-Type") or "text/xml")
        connection.close()

    do_GET = do_PUT = do_POST  # noqa: N815

    def _send(self, status: int, body: bytes, kind: str = "text/xml") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _space(action: str) -> str:
    service = "rds.amazonaws.com/doc/2014-10-31" if "DB" in action else "ec2.amazonaws.com/doc/2016-11-15"
    return f"http://{service}/"


def _page(listed: list[str], token: str | None, size: int) -> tuple[list[str], int]:
    first = int(token or 0)
    end = first + size
    return listed[first:end], end if end < len(listed) else 0


def _xml(value: Any) -> str:
    """Texts, lists of items, and tags by name."""
    if isinstance(value, Mapping):
        return "".join(f"<{name}>{_xml(inner)}</{name}>" for name, inner in value.items())
    return escape(value) if isinstance(value, str) else "".join(f"<item>{_xml(each)}</item>" for each in value)


_TIME = "2026-11-20T08:00:03.000Z"
_NAME = "ip-10-0-12-34.eu-west-1.compute.internal"
_GROUPS = [{"groupId": "sg-0123456789abcdef0", "groupName": "example-web"}]
_WHERE: Raw = {
    "subnetId": "subnet-0123456789abcdef0",
    "vpcId": "vpc-0123456789abcdef0",
    "privateIpAddress": "10.0.12.34",
}
_ATTACHED = {"status": "attached", "attachTime": _TIME, "deleteOnTermination": "true"}
_NETWORK: Raw = {
    **_WHERE,
    "networkInterfaceId": "eni-0123456789abcdef0",
    "description": "",
    "ownerId": "111122223333",
    "status": "in-use",
    "macAddress": "02:1a:2b:3c:4d:5e",
    "privateDnsName": _NAME,
    "sourceDestCheck": "true",
    "interfaceType": "interface",
    "groupSet": _GROUPS,
    "attachment": {**_ATTACHED, "attachmentId": "eni-attach-0123456789abcdef0", "deviceIndex": "0"},
    "privateIpAddressesSet": [{"privateIpAddress": "10.0.12.34", "privateDnsName": _NAME, "primary": "true"}],
}
_MACHINE = _xml(
    {
        **_WHERE,
        "imageId": "ami-0123456789abcdef0",
        "privateDnsName": _NAME,
        "dnsName": "",
        "reason": "User initiated (2026-11-20 18:00:05 GMT)",
        "keyName": "example",
        "amiLaunchIndex": "0",
        "instanceType": "m5.large",
        "launchTime": _TIME,
        "sourceDestCheck": "true",
        "architecture": "x86_64",
        "rootDeviceType": "ebs",
        "rootDeviceName": "/dev/xvda",
        "virtualizationType": "hvm",
        "clientToken": "11111111-2222-4333-8444-555555555555",
        "hypervisor": "xen",
        "ebsOptimized": "true",
        "enaSupport": "true",
        "platformDetails": "Linux/UNIX",
        "usageOperation": "RunInstances",
        "usageOperationUpdateTime": _TIME,
        "bootMode": "uefi-preferred",
        "currentInstanceBootMode": "legacy-bios",
        "productCodes": "",
        "placement": {"availabilityZone": "eu-west-1a", "groupName": "", "tenancy": "default"},
        "monitoring": {"state": "disabled"},
        "groupSet": _GROUPS,
        "blockDeviceMapping": [
            {"deviceName": f"/dev/sd{letter}", "ebs": {**_ATTACHED, "volumeId": f"vol-0123456789abcde{letter}0"}}
            for letter in "abc"
        ],
        "networkInterfaceSet": [_NETWORK],
        "iamInstanceProfile": {"arn": "arn:aws:iam::111122223333:instance-profile/example", "id": "AIPAEXAMPLE"},
        "stateReason": {"code": "Client.UserInitiatedShutdown", "message": "Client.UserInitiatedShutdown"},
        "cpuOptions": {"coreCount": "1", "threadsPerCore": "2"},
        "capacityReservationSpecification": {"capacityReservationPreference": "open"},
        "hibernationOptions": {"configured": "false"},
        "enclaveOptions": {"enabled": "false"},
        "metadataOptions": {"state": "applied", "httpTokens": "required", "httpEndpoint": "enabled"},
        "maintenanceOptions": {"autoRecovery": "default"},
    }
)
_DATABASE = _xml(
    {
        "DBInstanceClass": "db.m5.large",
        "Engine": "postgres",
        "EngineVersion": "16.3",
        "MasterUsername": "example",
        "DBName": "orders",
        "AllocatedStorage": "100",
        "InstanceCreateTime": _TIME,
        "PreferredBackupWindow": "03:00-03:30",
        "BackupRetentionPeriod": "7",
        "AvailabilityZone": "eu-west-1a",
        "PreferredMaintenanceWindow": "sun:04:00-sun:04:30",
        "MultiAZ": "false",
        "AutoMinorVersionUpgrade": "true",
        "LicenseModel": "postgresql-license",
        "PubliclyAccessible": "false",
        "StorageType": "gp3",
        "StorageEncrypted": "true",
        "DbiResourceId": "db-EXAMPLEEXAMPLEEXAMPLEEXAMP",
        "CACertificateIdentifier": "rds-ca-rsa2048-g1",
        "CopyTagsToSnapshot": "true",
        "DeletionProtection": "true",
        "KmsKeyId": "arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-4000-8000-000000000001",
        "Endpoint": {"Address": "orders.example.eu-west-1.rds.amazonaws.com", "Port": "5432"},
        "DBSubnetGroup": {"DBSubnetGroupName": "example", "VpcId": _WHERE["vpcId"], "SubnetGroupStatus": "Complete"},
        "VpcSecurityGroups": {"VpcSecurityGroupMembership": {"VpcSecurityGroupId": "sg-0123456789abcdef0"}},
        "DBParameterGroups": {"DBParameterGroup": {"DBParameterGroupName": "default.postgres16"}},
    }
)


def count(url: str, machines: int, databases: int) -> None:
    """From now on there are so many."""
    connection = HTTPConnection(urlsplit(url).netloc)
    connection.request("POST", _COUNT, json.dumps([machines, databases]))
    connection.getresponse().read()
    connection.close()


def serve(behind: str) -> None:
    """Write the address to stdout, and answer until the process is ended.

    Args:
        behind: address of the simulated AWS.
    """
    Front.behind = behind
    with ThreadingHTTPServer(("127.0.0.1", 0), Front) as server:
        sys.stdout.write(f"http://127.0.0.1:{server.server_port}\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    serve(sys.argv[1])
