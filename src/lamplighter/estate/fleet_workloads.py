"""What the fleet is made of: workloads, their tiers, databases and clusters, and who answers for them."""

from __future__ import annotations

from dataclasses import dataclass

EUROPE = "eu-central-1"
AMERICA = "us-east-1"

PLATFORM = "111122223333"
PEOPLE = "444455556666"
ORDERS = "777788889999"
ANALYTICS = "123456789012"
ENTERPRISE = "222233334444"

Pair = tuple[str | None, str | None]
"""Values of the schedule tag in Europe and in America; None for no tag."""


def both(schedule: str | None) -> Pair:
    """The same schedule on both sides of the Atlantic."""
    return schedule, schedule


ALWAYS = both("always-on")
BATCH = both("overnight-batch")
CLOSING = both("month-end-closing")
DESKTOPS = both("hibernating-desktops")
DEV: Pair = ("dev-extended", "office-hours-new-york")
EVENINGS = both("evenings-out")
LABS = both("hands-off-labs")
OFFICE: Pair = ("office-hours-berlin", "office-hours-new-york")
RELEASES = both("release-weekends")
SHIFTS = both("two-shifts")
SUN = both("follow-the-sun")
TRAINING = both("training-rooms")
WEEKENDS = both("weekends-off")


@dataclass(frozen=True, slots=True)
class Tier:
    """Machines of one purpose.

    Attributes:
        name: what their names begin with.
        types: instance types to choose from, one for all machines of the tier in a region.
        low: smallest number in a region.
        high: largest number in a region.
        pair: schedules.
        environment: value of the Environment tag.
        windows: Windows instead of Linux.
        hibernates: launched with hibernation configured.
        region: only there; None for every region.
    """

    name: str
    types: tuple[str, ...]
    low: int
    high: int
    pair: Pair
    environment: str = "production"
    windows: bool = False
    hibernates: bool = False
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Database:
    """One RDS DB instance in each region.

    Attributes:
        name: DB instance identifier.
        engine: `mysql`, `postgres` or `mariadb`.
        kind: DB instance class.
        pair: schedules.
        environment: value of the Environment tag.
        multi_az: with a standby.
        gib: storage in GiB.
        replica_of: identifier of the instance it replicates, in the same account and region.
        region: only there; None for every region.
    """

    name: str
    engine: str
    kind: str
    pair: Pair
    environment: str = "production"
    multi_az: bool = False
    gib: int = 100
    replica_of: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Cluster:
    """One Aurora cluster in each region.

    Attributes:
        name: DB cluster identifier.
        engine: `aurora-mysql` or `aurora-postgresql`.
        classes: class of each member, the writer first.
        pair: schedules.
        environment: value of the Environment tag.
        tagged_members: whether its members carry the schedule tag too, which does nothing.
    """

    name: str
    engine: str
    classes: tuple[str, ...]
    pair: Pair
    environment: str = "production"
    tagged_members: bool = False


@dataclass(frozen=True, slots=True)
class Workload:
    """A service in an account, with the team that owns it.

    Attributes:
        account: 12-digit account id.
        service: value of the Service tag.
        team: value of the Team tag; its mailbox is the Owner.
        category: value of the Spend_Category tag.
        tiers: its machines.
        databases: its DB instances.
        clusters: its Aurora clusters.
    """

    account: str
    service: str
    team: str
    category: str
    tiers: tuple[Tier, ...] = ()
    databases: tuple[Database, ...] = ()
    clusters: tuple[Cluster, ...] = ()


_PLATFORM = (
    Workload(
        PLATFORM,
        "build",
        "developer-experience",
        "shared-platform",
        (
            Tier("build-runner", ("c6i.xlarge", "c5.xlarge", "c7g.xlarge"), 8, 10, DEV, "development"),
            Tier("build-controller", ("m6i.large",), 1, 1, ALWAYS),
            Tier("artifact-mirror", ("t3.large", "t3a.large"), 2, 2, WEEKENDS),
        ),
        (
            Database("code-review", "postgres", "db.m6g.large", WEEKENDS, multi_az=True, gib=400),
            Database("code-quality", "mysql", "db.t3.medium", DEV, "development"),
        ),
    ),
    Workload(
        PLATFORM,
        "operations",
        "cloud-platform",
        "shared-platform",
        (
            Tier("bastion", ("t3.micro",), 2, 2, SUN),
            Tier("metrics", ("r6i.large",), 2, 2, ALWAYS),
            Tier("domain-controller", ("m5.large",), 2, 2, ALWAYS, windows=True),
            Tier("sandbox", ("t3.medium", "t3a.medium", "t4g.medium"), 8, 10, EVENINGS, "development"),
            Tier("licence-server", ("m5.large",), 2, 2, both("ignore"), windows=True, region=EUROPE),
            Tier("vpn-appliance", ("c5.large",), 1, 1, both("ignore"), region=AMERICA),
        ),
    ),
)

_PEOPLE = (
    Workload(
        PEOPLE,
        "personnel-portal",
        "people-systems",
        "internal-tools",
        (
            Tier("personnel-web", ("t3.medium", "t3.large"), 5, 6, OFFICE),
            Tier("personnel-staging", ("t3.medium",), 3, 4, DEV, "staging"),
            Tier("payroll", ("m6i.large",), 2, 3, CLOSING),
            Tier("report-writer", ("t3.medium",), 1, 1, both("broken-hours"), region=EUROPE),
        ),
        (
            Database("personnel", "postgres", "db.m6i.large", OFFICE, multi_az=True, gib=200),
            Database("personnel-staging", "postgres", "db.t3.medium", DEV, "staging"),
            Database("payroll", "mariadb", "db.m5.large", CLOSING, multi_az=True),
        ),
    ),
    Workload(
        PEOPLE,
        "workplace",
        "workplace-services",
        "internal-tools",
        (
            Tier("course-desktop", ("m5.large", "m6i.large"), 10, 12, TRAINING, windows=True),
            Tier("desktop", ("m5.large", "m5.xlarge"), 10, 12, DESKTOPS, windows=True, hibernates=True),
            Tier("learning-web", ("t3a.medium",), 3, 3, OFFICE),
            # Typing errors of the kind every estate has.
            Tier("kiosk", ("t3.small",), 2, 2, both("office-hours-munich"), region=EUROPE),
        ),
        (Database("learning", "mysql", "db.t3.medium", OFFICE),),
    ),
)

_ORDERS = (
    Workload(
        ORDERS,
        "shop",
        "shop",
        "customer-facing",
        (
            Tier("shop-web", ("c6i.large", "c5.large"), 4, 5, ALWAYS),
            Tier("shop-search", ("r6i.large",), 3, 3, ALWAYS),
            Tier("shop-staging", ("c6i.large",), 6, 7, RELEASES, "staging"),
            Tier("shop-dev", ("t3.large", "t3a.large"), 10, 12, DEV, "development"),
            Tier("load-test", ("c5.2xlarge",), 4, 5, LABS, "test"),
            Tier("legacy-shop", ("m5.large",), 2, 2, both("nightly"), region=AMERICA),
        ),
        (
            Database("catalogue", "mariadb", "db.m6g.large", ALWAYS, multi_az=True, gib=200),
            Database("shop-staging", "mysql", "db.m6g.large", RELEASES, "staging"),
            Database("shop-dev", "mysql", "db.t4g.medium", DEV, "development"),
            Database("reviews", "mysql", "db.m6g.large", WEEKENDS, region=EUROPE),
            Database("reviews-replica", "mysql", "db.m6g.large", WEEKENDS, replica_of="reviews", region=EUROPE),
        ),
        (
            Cluster("shop", "aurora-mysql", ("db.r6g.large", "db.r6g.large", "db.r6g.large"), ALWAYS),
            Cluster("shop-staging", "aurora-mysql", ("db.r6g.large",), RELEASES, "staging"),
        ),
    ),
    Workload(
        ORDERS,
        "payments",
        "payments",
        "customer-facing",
        (
            Tier("settlement", ("c6i.xlarge", "c6i.2xlarge"), 6, 7, BATCH),
            Tier("payments-test", ("m6i.large",), 4, 5, DEV, "test"),
        ),
        (
            Database("settlement", "postgres", "db.r6i.large", BATCH, multi_az=True, gib=300),
            Database("payments-test", "postgres", "db.t3.medium", DEV, "test"),
        ),
    ),
)

_ANALYTICS = (
    Workload(
        ANALYTICS,
        "warehouse-loads",
        "data-engineering",
        "analytics",
        (
            Tier("spark-worker", ("r5.xlarge", "r6i.xlarge"), 12, 14, BATCH),
            Tier("loader", ("c6i.large", "c7g.large"), 4, 4, BATCH),
        ),
        (Database("load-control", "postgres", "db.t4g.medium", BATCH),),
        (Cluster("events", "aurora-postgresql", ("db.r6g.large", "db.r6g.large"), BATCH),),
    ),
    Workload(
        ANALYTICS,
        "data-science",
        "data-science",
        "analytics",
        (
            Tier("notebook", ("m5.xlarge", "r5.large"), 10, 12, DESKTOPS, "development", hibernates=True),
            Tier("ml-training", ("g4dn.xlarge",), 2, 2, DEV, "development"),
            Tier("experiment", ("t3.large", "m7g.large"), 7, 8, DEV, "development"),
            Tier("scratch", ("t2.medium",), 3, 3, both(None), "development", region=AMERICA),
        ),
        (Database("feature-store", "postgres", "db.m6g.large", DEV, "development", gib=200),),
    ),
    Workload(
        ANALYTICS,
        "dashboards",
        "business-intelligence",
        "analytics",
        (Tier("dashboard-web", ("t3.large",), 3, 4, SUN),),
        (Database("dashboards", "postgres", "db.m6i.large", SUN),),
        (Cluster("figures", "aurora-postgresql", ("db.r5.large",), WEEKENDS),),
    ),
)

_ENTERPRISE = (
    Workload(
        ENTERPRISE,
        "order-to-cash",
        "enterprise-platform",
        "core-systems",
        (
            Tier("cash-app", ("m6i.xlarge",), 9, 10, SHIFTS),
            Tier("cash-integration", ("m6i.large", "m7i.large"), 4, 5, SHIFTS),
            Tier("cash-terminal", ("m5.xlarge",), 8, 9, SHIFTS, windows=True),
            Tier("cash-test", ("m5.large",), 9, 10, DEV, "test"),
            Tier("forgotten", ("t2.medium",), 5, 5, both(None), "test", region=EUROPE),
        ),
        (
            Database("cash", "mysql", "db.r6i.large", SHIFTS, multi_az=True, gib=500),
            Database("cash-integration", "postgres", "db.m6g.large", SHIFTS),
            Database("cash-test-mysql", "mysql", "db.t3.medium", DEV, "test"),
            Database("cash-test-postgres", "postgres", "db.t3.medium", DEV, "test"),
            Database("cash-test-mariadb", "mariadb", "db.t3.medium", DEV, "test"),
        ),
        (
            Cluster("ledger", "aurora-mysql", ("db.r6g.large", "db.r6g.large"), SHIFTS, tagged_members=True),
            Cluster("ledger-test", "aurora-mysql", ("db.t3.medium",), DEV, "test"),
        ),
    ),
    Workload(
        ENTERPRISE,
        "finance",
        "finance-systems",
        "core-systems",
        (
            Tier("closing", ("r6i.large", "r6i.xlarge"), 4, 5, CLOSING),
            Tier("finance-reports", ("m5.xlarge",), 4, 5, OFFICE, windows=True),
            Tier("file-server", ("m5.large",), 2, 2, ALWAYS, windows=True),
            Tier("retired", ("t3.small",), 2, 2, both("stopped")),
        ),
        (Database("finance-reports", "mysql", "db.m5.large", OFFICE),),
    ),
)

WORKLOADS: tuple[Workload, ...] = (*_PLATFORM, *_PEOPLE, *_ORDERS, *_ANALYTICS, *_ENTERPRISE)
