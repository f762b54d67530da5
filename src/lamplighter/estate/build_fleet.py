"""The fleet, launched: as few calls as AWS allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lamplighter.aws.access import TargetSession
from lamplighter.errors import UsageError
from lamplighter.estate.fleet import IMAGES, IMAGES_FILE, SCHEDULE_TAG, DatabaseCluster, DatabaseServer, Machines, Tags

_VERSIONS: Mapping[str, str] = {
    "aurora-mysql": "8.0.mysql_aurora.3.08.2",
    "aurora-postgresql": "16.8",
    "mariadb": "10.11.13",
    "mysql": "8.0.42",
    "postgres": "16.9",
}
_ADMIN = {"MasterUsername": "admin_user", "ManageMasterUserPassword": True}


def check_images(session: TargetSession) -> None:
    """Make sure that the simulated AWS has the fleet's machine images: without them Windows is not Windows.

    Raises:
        UsageError: it has not.
        AwsError: the call failed.
    """
    wanted = sorted(IMAGES.values())
    found = session.call("ec2", "describe_images", Filters=[{"Name": "image-id", "Values": wanted}])["Images"]
    if len(found) != len(wanted):
        raise UsageError(
            "the simulated AWS lacks the machine images of the fleet",
            hint=f"start it with MOTO_AMIS_PATH={IMAGES_FILE}",
        )


def launch(session: TargetSession, machines: Sequence[Machines]) -> None:
    """Launch instances, one call for those that differ in their name only, and name them.

    Raises:
        AwsError: a call was refused.
    """
    for group in machines:
        answer = session.call(
            "ec2",
            "run_instances",
            ImageId=IMAGES[group.image],
            InstanceType=group.instance_type,
            MinCount=group.count,
            MaxCount=group.count,
            Placement={"AvailabilityZone": group.region + group.zone},
            HibernationOptions={"Configured": group.hibernates},
            BlockDeviceMappings=[_root(group)],
            TagSpecifications=[{"ResourceType": "instance", "Tags": _pairs(group.tags)}],
        )
        for instance, name in zip(answer["Instances"], group.names, strict=True):
            tags = [{"Key": "Name", "Value": name}]
            session.call("ec2", "create_tags", Resources=[instance["InstanceId"]], Tags=tags)


def create_databases(session: TargetSession, databases: Sequence[DatabaseServer]) -> None:
    """Create DB instances and read replicas, in the order given.

    Raises:
        AwsError: a call was refused.
    """
    for database in databases:
        spec = database.spec
        common = {
            "DBInstanceIdentifier": database.id,
            "DBInstanceClass": spec.kind,
            "Tags": _pairs({"Name": database.id, **database.tags}),
        }
        if spec.replica_of is not None:
            source = {"SourceDBInstanceIdentifier": spec.replica_of}
            session.call("rds", "create_db_instance_read_replica", **common, **source)
            continue
        session.call(
            "rds",
            "create_db_instance",
            **common,
            **_ADMIN,
            Engine=spec.engine,
            EngineVersion=_VERSIONS[spec.engine],
            MultiAZ=spec.multi_az,
            AllocatedStorage=spec.gib,
            StorageType="gp3",
            StorageEncrypted=True,
        )


def create_clusters(session: TargetSession, clusters: Sequence[DatabaseCluster]) -> None:
    """Create Aurora clusters and their members.

    Raises:
        AwsError: a call was refused.
    """
    for cluster in clusters:
        engine, tags = cluster.spec.engine, cluster.tags
        session.call(
            "rds",
            "create_db_cluster",
            DBClusterIdentifier=cluster.id,
            Engine=engine,
            EngineVersion=_VERSIONS[engine],
            StorageEncrypted=True,
            Tags=_pairs({"Name": cluster.id, **tags}),
            **_ADMIN,
        )
        inherited = {key: value for key, value in tags.items() if key != SCHEDULE_TAG or cluster.spec.tagged_members}
        for name, kind in cluster.members:
            session.call(
                "rds",
                "create_db_instance",
                DBInstanceIdentifier=name,
                DBClusterIdentifier=cluster.id,
                DBInstanceClass=kind,
                Engine=engine,
                Tags=_pairs({"Name": name, **inherited}),
            )


def _root(group: Machines) -> Mapping[str, object]:
    # Hibernation writes the memory to the root volume, which must be encrypted and large enough.
    device = "/dev/sda1" if group.image == "windows" else "/dev/xvda"
    return {"DeviceName": device, "Ebs": {"VolumeSize": group.root_gib, "VolumeType": "gp3", "Encrypted": True}}


def _pairs(tags: Tags) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
