"""From what is to be told to messages: the contexts that templates get, and the messages they make."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from lamplighter.alerts.addresses import Address
from lamplighter.alerts.render import Renderer
from lamplighter.alerts.told import News
from lamplighter.alerts.upcoming import Stop
from lamplighter.alerts.words import digest_of, fingerprint, place, resource_row, shown
from lamplighter.aws.targets import Target
from lamplighter.notify.definitions import NotifyDefinition
from lamplighter.notify.message import Message, Trouble, one_line
from lamplighter.schedules.durations import duration_text

if TYPE_CHECKING:
    from lamplighter.store.table import JSON

MOST: Final = 50
"""Lines of a message; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What messages of one pass are written with.

    Attributes:
        renderer: renders templates.
        notify: the section of the file.
        zone: of the times in messages.
        at: aware datetime of the pass.
    """

    renderer: Renderer
    notify: NotifyDefinition
    zone: ZoneInfo
    at: datetime


def message(desk: Desk, address: Address, topic: str, identity: Iterable[str], context: Mapping[str, JSON]) -> Message:
    """A message; the same identity gives the same key, whenever it is made."""
    whole: dict[str, JSON] = {**context, "at": shown(desk.at, desk.zone)}
    rendered = desk.renderer.render(topic, whole)
    data: dict[str, JSON] = {**context, "at": desk.at.isoformat()}
    key = digest_of(address.to, topic, *identity)
    return Message(key, topic, desk.at, rendered.subject, rendered.text, rendered.html, data)


def errors_message(desk: Desk, address: Address, news: Sequence[News]) -> Message:
    """One message about everything that is new, changed or over."""
    identity = sorted(
        f"{each.key} {each.change} {each.version} {each.trouble and each.trouble.digest}" for each in news
    )
    return message(desk, address, "errors", identity, errors_context(desk, news))


def trouble_message(desk: Desk, address: Address, news: News) -> Message:
    """A message about one trouble, for an address that keeps a record of each."""
    return replace(errors_message(desk, address, [news]), trouble=_trouble(news))


def _trouble(news: News) -> Trouble:
    trouble = news.trouble
    if trouble is None:
        return Trouble(news.key, over=True, reason=news.reason)
    target = trouble.target
    return Trouble(
        news.key,
        over=False,
        reason=f"{trouble.what}: {one_line(trouble.message)}",
        hint=one_line(trouble.hint),
        look=_look(trouble.arn, target, trouble.subject),
        arn=one_line(trouble.arn),
        account=target.account if target else "",
        region=target.region if target else "",
    )


def _look(arn: str, target: Target | None, subject: str) -> str:
    """The command that says more."""
    if arn:
        return f"lamp why {shlex.quote(one_line(arn))}"
    if target is not None:
        return f"lamp plan --account {target.account} --region {target.region}"
    return "lamp schedules validate" if subject.startswith("definitions:") else "lamp plan"


def errors_context(desk: Desk, news: Sequence[News]) -> dict[str, JSON]:
    """What says the same stands together, however many resources it is about."""
    counts = Counter(each.change for each in news)
    told = [each for each in news if each.trouble is not None]
    over = [each for each in news if each.trouble is None]
    groups: dict[tuple[str, str], list[News]] = {}
    for each in told:
        assert each.trouble is not None
        # Without the name of the resource, which some messages repeat.
        bare = each.trouble.message
        for name in (each.trouble.subject.partition("/")[2], each.trouble.label):
            bare = bare.replace(name, "") if name else bare
        same = fingerprint(each.trouble.what, each.trouble.code, bare)
        groups.setdefault((each.change, same), []).append(each)
    rows = [_group(desk, change, members) for (change, _), members in list(groups.items())[:MOST]]
    return {
        "new": counts["new"],
        "changed": counts["changed"],
        "recovered": counts["recovered"],
        "total": len(news),
        "groups": list(rows),
        "over": [_over(desk, each) for each in over[:MOST]],
        "left_out": max(0, len(groups) - MOST) + max(0, len(over) - MOST),
    }


def _group(desk: Desk, change: str, members: Sequence[News]) -> JSON:
    trouble = members[0].trouble
    assert trouble is not None
    return {
        "change": change,
        "what": trouble.what,
        "code": trouble.code,
        "message": one_line(trouble.message),
        "hint": one_line(trouble.hint),
        "subjects": [_subject(desk, each) for each in members[:MOST]],
        "more": max(0, len(members) - MOST),
    }


def _subject(desk: Desk, news: News) -> JSON:
    trouble = news.trouble
    assert trouble is not None
    return {
        "label": trouble.label,
        "place": place(trouble.target) if trouble.target else "",
        "subject": trouble.subject,
        "schedule": one_line(trouble.schedule or ""),
        "since": shown(news.since, desk.zone),
        "before": news.before.get("message", ""),
    }


def _over(desk: Desk, news: News) -> JSON:
    where, _, subject = news.key.partition("#")
    return {
        "label": news.before.get("label", subject),
        "place": where.replace("/", " "),
        "subject": subject,
        "reason": news.reason,
        "what": news.before.get("what", ""),
        "message": news.before.get("message", ""),
        "since": shown(news.since, desk.zone),
    }


def upcoming_message(desk: Desk, address: Address, stops: Sequence[Stop], shared: frozenset[str]) -> Message:
    """One message about every stop that comes; `shared` are the ids that more than one resource has."""
    return message(desk, address, "upcoming", [stop.key for stop in stops], upcoming_context(desk, stops, shared))


def upcoming_context(desk: Desk, stops: Sequence[Stop], shared: frozenset[str]) -> dict[str, JSON]:
    """Each with when, why, and how to keep it."""
    return {
        "total": len(stops),
        "first": f"{stops[0].at.astimezone(desk.zone):%H:%M}" if stops else "",
        "keep_for": duration_text(desk.notify.keep_for),
        "stops": [_stop(desk, stop, shared) for stop in stops[:MOST]],
        "left_out": max(0, len(stops) - MOST),
    }


def _stop(desk: Desk, stop: Stop, shared: frozenset[str]) -> JSON:
    resource = stop.resource
    # The same id in another account or kind would be kept as well.
    name = resource.arn if resource.id in shared else resource.id
    length = duration_text(desk.notify.keep_for)
    row = resource_row(resource)
    values = {**{name: str(value) for name, value in row.items()}, "stops_at": stop.at.isoformat()}
    link = desk.notify.keep_url
    return {
        **row,
        "place": place(stop.target),
        "at": stop.at.isoformat(),
        "when": shown(stop.at, desk.zone),
        "time": f"{stop.at.astimezone(desk.zone):%H:%M}",
        "in": duration_text(stop.at - desk.at),
        "reason": one_line(stop.reason),
        "keep": f'lamp override set {shlex.quote(name)} --keep running --for {length} --reason "still needed"',
        "keep_url": link.format_map({name: quote(value, safe="") for name, value in values.items()}) if link else "",
    }


def shared_ids(resources: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Ids that stand for more than one resource; given (id, ARN) of every one that is known."""
    arns: dict[str, set[str]] = {}
    for name, arn in resources:
        arns.setdefault(name, set()).add(arn)
    return frozenset(name for name, found in arns.items() if len(found) > 1)
