"""Passes: one message, one target. What failed is delivered again, what is unfinished goes on in a new message."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lamplighter.errors import DefinitionError, LamplighterError, UsageError
from lamplighter.lambdas.runtime import MARGIN, SCRATCH, Context, Meters, Runtime, logger, new_run, remaining, runtime

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

    from lamplighter.scheduler.messages import Message
    from lamplighter.scheduler.take import Taken


def handler(event: object, context: Context) -> Mapping[str, Any]:
    """What Lambda calls."""
    return answer(event, context, runtime())


def answer(event: object, context: Context, with_: Runtime) -> Mapping[str, Any]:
    """A batch of messages, each with its own outcome.

    Args:
        event: of SQS.
        context: of the call.
        with_: connections.

    Returns:
        `batchItemFailures`: what the queue is to deliver again.
    """
    from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

    if not isinstance(event, dict) or not isinstance(event.get("Records"), list):
        _park(with_, event, "it is no batch of SQS")
        return {"batchItemFailures": []}
    if not event["Records"]:
        return {"batchItemFailures": []}
    meters = Meters(with_.environ)
    # All of them may fail while the store is down: the queue delivers them again, as it does single ones.
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    try:
        done: Mapping[str, Any] = process_partial_response(
            event, lambda record: _logged(record, context, with_, meters), processor
        )
        _give_back(with_, event["Records"], {each["itemIdentifier"] for each in done["batchItemFailures"]})
        return done
    finally:
        meters.write()


def _give_back(with_: Runtime, records: list[Any], failed: set[str]) -> None:
    """Let what failed come again soon; where that fails too, the queue's own timeout sees to it."""
    from lamplighter.scheduler.messages import give_back

    for record in records:
        if record["messageId"] not in failed:
            continue
        count = str((record.get("attributes") or {}).get("ApproximateReceiveCount", ""))
        try:
            queue = with_.need("LAMPLIGHTER_QUEUE_URL")
            give_back(with_.session(), queue, record["receiptHandle"], int(count) if count.isdecimal() else 1)
        except LamplighterError as error:
            logger().warning(f"a message could not be given back sooner: {error}")


def _logged(record: SQSRecord, context: Context, with_: Runtime, meters: Meters) -> None:
    """Why a message failed goes into the log: who handles the batch keeps it to itself."""
    try:
        _record(record, context, with_, meters)
    except Exception:
        logger().exception("a message failed and comes again", body=record.body)
        raise


def _record(record: SQSRecord, context: Context, with_: Runtime, meters: Meters) -> None:
    from lamplighter.scheduler.hand_on import hand_on, overtaken
    from lamplighter.scheduler.messages import parse, send
    from lamplighter.scheduler.take import take

    log = logger()
    try:
        message = parse(record.body)
    except UsageError as error:
        _park(with_, record.body, error.message, meters)
        return
    queue = with_.need("LAMPLIGHTER_QUEUE_URL")
    if remaining(context) < 2 * MARGIN:
        # Begun now it could not be ended; failed, it would come nearer to the dead-letter queue.
        send(with_.session(), queue, [message])
        meters.add("PassesHandedOn")
        return
    run, begun = new_run(), with_.clock()
    meters.add("MessageAge", max(0.0, (begun - _sent(record, message)).total_seconds()))
    if overtaken(with_.store, message, at=begun):
        log.info("overtaken", target=message.target.key)
        return
    try:
        world = with_.world(with_.configuration(), context)
        taken = take(world, message, run=run)
    except DefinitionError as error:
        # Tried again it fails again; other definitions ask for every target anew.
        log.exception(f"{message.target.key}: {error.message}", problems=[str(each) for each in error.problems])
        meters.add("TargetsFailed", account=message.target.account)
        return
    again = hand_on(
        with_.store, taken, lambda one, delay: send(with_.session(), queue, [one], delay=delay), at=with_.clock()
    )
    if again:
        meters.add("PassesHandedOn")
    _measure(meters, message, taken, (with_.clock() - begun).total_seconds())
    _tell(with_, taken, world)
    log.info("pass", extra=_said(message, taken, run, again=again))


def _tell(with_: Runtime, taken: Taken, world: Any) -> None:
    from lamplighter.alerts import after_pass
    from lamplighter.alerts.means import means_of

    for line in after_pass(world, taken.report, means_of(with_.aws, with_.environ, SCRATCH), whole=False).warnings:
        logger().warning(line.message)


def _measure(meters: Meters, message: Message, taken: Taken, seconds: float) -> None:
    account = message.target.account
    report = taken.report
    done = [each for target in report.targets for each in target.done]
    good = [each.step.decision.action.value for each in done if each.error is None and not each.waiting]
    meters.add("Passes", account=account)
    meters.add("ResourcesFound", len(report.steps), account=account)
    meters.add("ResourcesStarted", good.count("start"), account=account)
    meters.add("ResourcesStopped", good.count("stop"), account=account)
    meters.add("ActionsFailed", sum(each.error is not None for each in done), account=account)
    meters.add("TargetsFailed", int(report.partial), account=account)
    meters.add("PassesRefused", int(report.refused is not None), account=account)
    meters.add("PassDuration", seconds * 1000)
    meters.add("MessagesLate", int(taken.late))


def _said(message: Message, taken: Taken, run: str, *, again: bool) -> dict[str, object]:
    report = taken.report
    done = [each for target in report.targets for each in target.done]
    errors = [each.error for each in report.targets if each.error] + [each.error for each in done if each.error]
    errors += [error for each in report.targets for error in each.failures.values()]
    errors += [failure.error for failure in report.unresolved]
    return {
        "run": run,
        "target": message.target.key,
        "why": message.why,
        "late": taken.late,
        "resources": len(report.steps),
        "done": sum(each.error is None and not each.waiting for each in done),
        "waiting": sum(each.waiting for each in done),
        "errors": [str(error) for error in errors][:20],
        "refused": str(report.refused or ""),
        "again": again,
    }


def _sent(record: SQSRecord, message: Message) -> datetime:
    """When the message was put into the queue, as SQS says; else as it says itself."""
    text = str((record.get("attributes") or {}).get("SentTimestamp", ""))
    return datetime.fromtimestamp(int(text) / 1000, UTC) if text.isdecimal() else message.at


def _park(with_: Runtime, what: object, reason: str, meters: Meters | None = None) -> None:
    from lamplighter.scheduler.parked import park

    key = park(with_.store, "passes", what, reason, at=with_.clock())
    logger().warning(f"parked: {reason}", key=key)
    own = meters or Meters(with_.environ)
    own.add("Parked")
    if meters is None:
        own.write()
