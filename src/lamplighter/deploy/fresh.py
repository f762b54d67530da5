"""Whether what is deployed has been at work lately: its last pass, its last collection of usage, gaps of usage.

Where its store and its lake are, and how often it looks, is told by outputs and parameters of its stacks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from lamplighter.deploy.check import Check, Status
from lamplighter.errors import LamplighterError
from lamplighter.lake.usage import LOOKS
from lamplighter.usage.gaps import Gap

if TYPE_CHECKING:
    from lamplighter.resources.kind import Session
    from lamplighter.store.table import JSON

PERMISSIONS: Final = ("cloudformation:DescribeStacks", "s3:ListBucket")

COLLECTED_LATE: Final = timedelta(hours=3)
"""Usage is collected each hour; a call that failed is repeated within two."""

GAPS_SINCE: Final = timedelta(days=7)

_RECONCILE: Final = 4
_NAME = "last collection"


@dataclass(frozen=True, slots=True)
class Deployed:
    """What stacks say of what they deployed.

    Attributes:
        store: address of the store; empty if none of them says it.
        lake: address of the lake, `s3://...`; empty if none of them says it.
        every: within what time each target is looked at again.
    """

    store: str
    lake: str
    every: timedelta


def deployed(session: Session, names: Sequence[str]) -> Deployed:
    """What stacks say of what they deployed; one that cannot be read says nothing.

    Args:
        session: in the account and region of the stacks.
        names: of the stacks.
    """
    said: dict[str, str] = {}
    for name in names:
        try:
            stacks = session.call("cloudformation", "describe_stacks", StackName=name)["Stacks"]
        except LamplighterError:
            continue  # the check of the stack itself says so
        for stack in stacks:
            said |= {each["ParameterKey"]: each.get("ParameterValue", "") for each in stack.get("Parameters", ())}
            said |= {each["OutputKey"]: each.get("OutputValue", "") for each in stack.get("Outputs", ())}
    hours = said.get("ReconcileHours", "")
    every = timedelta(hours=int(hours) if hours.isdecimal() and int(hours) else _RECONCILE)
    return Deployed(said.get("Store", ""), said.get("Lake", ""), every)


def last_pass(passes: Sequence[Mapping[str, JSON]], now: datetime, every: timedelta) -> Check:
    """Whether passes go on.

    Args:
        passes: summaries, the newest first, see `lamplighter.scheduler.passes.last_passes`.
        now: aware datetime.
        every: within what time each target is looked at again.
    """
    if not passes:
        return Check("last pass", Status.FAIL, "none is recorded in the store", "see docs/runbook.md, nothing happens")
    at = datetime.fromisoformat(str(passes[0]["at"]))
    # What was not looked at for so long is no target any more, or told by the age of the last pass.
    lately = [each for each in passes if datetime.fromisoformat(str(each["at"])) >= at - 2 * every]
    failing = [each for each in lately if each["failed"] or each["failed_targets"] or each["refused"]]
    detail = f"{at:%Y-%m-%d %H:%M %Z}; of the last {len(lately)}, {len(failing)} with failures"
    if now - at > 2 * every:
        late = f"{detail}; one is due every {every / timedelta(hours=1):g} h"
        return Check("last pass", Status.FAIL, late, "see docs/runbook.md, nothing happens")
    hint = "look at `lamp journal` and `lamp plan`"
    return Check("last pass", Status.WARN, detail, hint) if failing else Check("last pass", Status.OK, detail)


def last_collection(session: Session, lake: str, now: datetime) -> Check:
    """When usage was written into the lake last: this month, or the one before at its beginning.

    Args:
        session: in the region of the lake's bucket.
        lake: address of the lake, `s3://bucket/folder`.
        now: aware datetime.
    """
    bucket, _, folder = lake.removeprefix("s3://").partition("/")
    if not lake.startswith("s3://") or not bucket:
        return Check(_NAME, Status.UNKNOWN, "not known: no stack has an output Lake that begins with s3://")
    newest: datetime | None = None
    try:
        for month in dict.fromkeys(f"{at:%Y-%m}" for at in (now, now - COLLECTED_LATE)):
            prefix = "/".join(part for part in (folder.strip("/"), LOOKS, f"billing_period={month}/") if part)
            found = session.pages("s3", "list_objects_v2", "Contents", Bucket=bucket, Prefix=prefix)
            newest = max((each["LastModified"] for each in found), default=newest)
            if newest is not None:
                break
    except LamplighterError as error:
        return Check(_NAME, Status.UNKNOWN, f"not known: {error.message}", error.hint)
    hint = "see docs/runbook.md, gaps of usage"
    if newest is None:
        return Check(_NAME, Status.FAIL, f"none this month in {lake}", hint)
    status = Status.FAIL if now - newest > COLLECTED_LATE else Status.OK
    return Check(_NAME, status, f"{newest:%Y-%m-%d %H:%M %Z}", hint if status is Status.FAIL else "")


def usage_gaps(gaps: Sequence[Gap], now: datetime) -> Check:
    """Whether usage of the last days is known.

    Args:
        gaps: of the lake, see `lamplighter.usage.gaps.find_gaps`.
        now: aware datetime.
    """
    late = [gap for gap in gaps if gap.ends > now - GAPS_SINCE]
    days = GAPS_SINCE.days
    if not late:
        return Check("usage gaps", Status.OK, f"none in {days} days")
    newest = max(late, key=lambda gap: gap.ends)
    places = len({(gap.account, gap.region, gap.service) for gap in late})
    detail = f"{len(late)} in {days} days, of {places} services in their regions; the newest: {newest.reason}"
    return Check("usage gaps", Status.WARN, detail, "`lamp usage gaps` lists them, `--fill` asks the ledger")
