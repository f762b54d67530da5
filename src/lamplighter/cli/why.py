"""`lamp why`: why a resource is as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lamplighter.cli import context, exits, options
from lamplighter.cli.commands import single
from lamplighter.cli.options import Output

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from lamplighter.cli.show import Printer, Record
    from lamplighter.scheduler.plan import Step
    from lamplighter.scheduler.settings import Configuration
    from lamplighter.scheduler.why import Answer, Explanation
    from lamplighter.schedules.timeline import Transition
    from lamplighter.store.journal import Entry

app, command = single(
    "lamp why i-0abc1234def567890", "lamp why web-1 --at '2026-11-23 20:00'", "lamp why web-1 --region all -o json"
)


@command
def why(
    resource: Annotated[str, typer.Argument(help="Id, ARN or Name tag.", show_default=False)],
    at: Annotated[str | None, typer.Option("--at", metavar="TIME", help="Ask about this time instead of now.")] = None,
    file: options.File = None,
    store: options.StoreUrl = None,
    profile: options.Profile = None,
    region: options.Regions = None,
    account: options.Accounts = None,
    endpoint_url: options.Endpoint = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Tell why a resource is as it is: what is wanted, what decided, what was done, what comes next."""
    from lamplighter.cli.values import moment
    from lamplighter.scheduler.why import why as explain

    printer = context.printer(output, verbose, no_color)
    chosen = context.settings(file, store, profile, region, account, endpoint_url)
    with printer.waiting("asking AWS") as tick, context.world(chosen, needs_file=False, on_call=tick) as world:
        when = moment(at, now=world.clock(), zone=context.zone_of(world.config)) if at else world.clock()
        answer = explain(world, resource, at=when, accounts=chosen.accounts, regions=chosen.regions)
        exits.leave(show_why(printer, world.config, answer, resource))


def show_why(printer: Printer, config: Configuration, answer: Answer, words: str) -> int:
    """Show every explanation, and return the exit code."""
    if printer.for_programs:
        printer.data([_record(found) for found in answer.found])
    else:
        printer.text("\n".join(explained(found, config) for found in answer.found)) if answer.found else None
    for target, error in answer.failures:
        printer.failure(error, subject=target.key)
    if not answer.found:
        printer.note(f"{words} was not found where AWS answered")
    return exits.PARTIAL if answer.failures else exits.OK


def _record(found: Explanation) -> Record:
    from lamplighter.cli.views import step_record

    following = found.next
    return {
        **step_record(found.step),
        "at": found.at,
        "wanted": found.desired.state.value if found.desired else None,
        "wanted_because": found.desired.reason if found.desired else None,
        "stored_since": found.step.record.since if found.step.record else None,
        "stored_error": found.step.record.error or None if found.step.record else None,
        "restarts_at": found.step.resource.restarts_at,
        "next": _next_record(following) if following else None,
        "history": [
            {
                "at": entry.at,
                "action": entry.action,
                "outcome": entry.outcome,
                "reason": entry.reason,
                "note": entry.note,
                "code": entry.code,
            }
            for entry in found.history
        ],
    }


def _next_record(following: Transition) -> Record:
    now = following.now
    return {"at": following.at, "state": now.state.value, "instance_type": now.instance_type, "reason": now.reason}


def explained(found: Explanation, config: Configuration) -> str:
    """An explanation for people, in a few lines."""
    from lamplighter.cli.context import zone_of
    from lamplighter.cli.show import clean
    from lamplighter.cli.values import shown

    step, resource = found.step, found.step.resource
    schedule = config.loaded.schedules.get(resource.schedule or "")
    zone = schedule.zone if schedule else zone_of(config)
    lines = [
        ("what", f"{resource.kind} {resource.id}"),
        ("where", str(step.target)),
        ("state", resource.state),
        ("schedule", f"{resource.schedule} ({zone.key})" if schedule else resource.schedule or "none"),
        ("at", shown(found.at, zone)),
        ("wanted", f"{found.desired.state.value}: {found.desired.reason}" if found.desired else "not known"),
        ("a pass", f"{_act(step)}: {step.decision.reason}"),
    ]
    if step.record:
        error = f"; last error: {step.record.error}" if step.record.error else ""
        lines.append(("stored", f"{step.record.stored.value} since {shown(step.record.since, zone)}{error}"))
    if resource.restarts_at:
        lines.append(("restarts", f"{shown(resource.restarts_at, zone)}: AWS starts it by itself"))
    if found.next:
        lines.append(("next", f"{found.next.now.state.value} at {shown(found.next.at, zone)}: {found.next.now.reason}"))
    lines += [("done" if number == 0 else "", _history(entry, zone)) for number, entry in enumerate(found.history)]
    body = "\n".join(f"  {label:<9} {text}" for label, text in lines)
    return clean(f"{resource.name}\n{body}")


def _act(step: Step) -> str:
    """What a pass would do."""
    if step.waits:
        return f"would wait to {step.decision.put_off.value} it"
    return step.decision.action.value if step.acts else "would do nothing"


def _history(entry: Entry, zone: ZoneInfo) -> str:
    from lamplighter.cli.values import shown

    note = f" [{entry.note}]" if entry.note else ""
    return f"{shown(entry.at, zone)} {entry.action} {entry.outcome}: {entry.reason}{note}"
