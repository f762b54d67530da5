"""Calls to DynamoDB: what is repeated, how often, and what its refusals mean. Nothing goes over the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from lamplighter.errors import (
    AccessDenied,
    AwsError,
    CredentialsMissing,
    NotFound,
    OutcomeUnknown,
    StoreError,
    StoreUnavailable,
    TableMissing,
    Throttled,
    Unreachable,
    VersionConflict,
)
from lamplighter.store.dynamodb import DynamoDBStore
from lamplighter.store.dynamodb_calls import TRIES, TRIES_UNREACHABLE, Calls, Connection, store_error
from lamplighter.store.table import NEW, Item, Put

BUSY = Throttled("slow down", code="ProvisionedThroughputExceededException", operation="UpdateItem")
LOST = OutcomeUnknown("lost", code="ReadTimeout", operation="UpdateItem")


class Script:
    """Answers, one after the other; the last one for ever."""

    def __init__(self, *answers: AwsError | Mapping[str, Any]) -> None:
        self._answers = list(answers)
        self.made: list[tuple[str, Mapping[str, Any]]] = []

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        assert service == "dynamodb"
        self.made.append((operation, params))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, AwsError):
            raise answer
        return answer


def scripted(*answers: AwsError | Mapping[str, Any]) -> tuple[DynamoDBStore, Script, list[float]]:
    script, waits = Script(*answers), list[float]()
    return DynamoDBStore(Connection(script, "eu-west-1"), "lamp", sleep=waits.append), script, waits


def cancelled(*codes: str) -> AwsError:
    return AwsError(
        "cancelled", code="TransactionCanceledException", answer={"CancellationReasons": [{"Code": c} for c in codes]}
    )


@pytest.mark.parametrize(
    "error",
    [
        BUSY,
        Throttled("", code="TransactionInProgressException"),
        AwsError("", code="TransactionConflictException"),
        AwsError("", code="InternalServerError"),
        cancelled("None", "TransactionConflict"),
        cancelled("ThrottlingError", "ProvisionedThroughputExceeded", "None"),
        LOST,
    ],
    ids=lambda error: error.code,
)
def test_what_passes_is_repeated_with_pauses_that_grow_and_end(error: AwsError) -> None:
    waits: list[float] = []
    script = Script(error, error, {"done": True})
    assert Calls(Connection(script, "r"), waits.append)("get_item", TableName="t") == {"done": True}
    assert script.made == [("get_item", {"TableName": "t"})] * 3
    waits.clear()
    script = Script(error)
    with pytest.raises(AwsError):
        Calls(Connection(script, "r"), waits.append)("get_item")
    assert (len(script.made), len(waits)) == (TRIES, TRIES - 1)
    longest = [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
    assert all(0 <= wait <= most for wait, most in zip(waits, longest, strict=True))


def test_nobody_there_is_found_out_soon() -> None:
    script = Script(Unreachable("no answer", code="EndpointConnection"))
    with pytest.raises(Unreachable):
        Calls(Connection(script, "r"), lambda _: None)("get_item")
    assert len(script.made) == TRIES_UNREACHABLE


@pytest.mark.parametrize(
    "error",
    [
        AccessDenied("no", code="AccessDeniedException"),
        NotFound("no", code="ResourceNotFoundException"),
        AwsError("no", code="ValidationException"),
        AwsError("no", code="ConditionalCheckFailedException"),
        OutcomeUnknown("no", code="ConditionalCheckFailedException"),
        cancelled("None", "ConditionalCheckFailed", "TransactionConflict"),
        cancelled("ValidationError"),
        AwsError("without reasons", code="TransactionCanceledException"),
    ],
    ids=lambda error: error.code,
)
def test_what_stays_wrong_is_not_repeated(error: AwsError) -> None:
    script = Script(error)
    with pytest.raises(type(error)):
        Calls(Connection(script, "r"), lambda _: None)("update_item")
    assert len(script.made) == 1


def test_a_refusal_after_a_lost_answer_is_no_plain_refusal() -> None:
    refusal = AwsError("no", code="ConditionalCheckFailedException", answer={"Item": {}})
    with pytest.raises(OutcomeUnknown) as caught:
        Calls(Connection(Script(LOST, BUSY, refusal), "r"), lambda _: None)("update_item")
    assert (caught.value.code, caught.value.answer) == (refusal.code, refusal.answer)


# --- what a store makes of it


def test_a_store_that_stays_busy_is_unavailable() -> None:
    store, script, _ = scripted(BUSY)
    with pytest.raises(StoreUnavailable, match="slow down"):
        store.put("t", "p", "s", {})
    assert len(script.made) == TRIES


def test_an_answer_that_stays_lost_is_unavailable_and_always_the_same_write() -> None:
    store, script, _ = scripted(LOST)
    with pytest.raises(StoreUnavailable, match="lost"):
        store.transact([Put("t", "p", "a", {}), Put("t", "p", "b", {})])
    assert len({asked["ClientRequestToken"] for _, asked in script.made}) == 1
    assert len(script.made) == TRIES


def test_a_conflict_says_what_was_found_without_asking_again() -> None:
    found = {"partition": {"S": "p"}, "sort": {"S": "s"}, "data": {"M": {}}, "version": {"N": "7"}, "write": {"S": "x"}}
    store, script, _ = scripted(AwsError("no", code="ConditionalCheckFailedException", answer={"Item": found}))
    with pytest.raises(VersionConflict, match="t/p/s: expected version 3, found version 7"):
        store.put("t", "p", "s", {}, expect=3)
    assert [operation for operation, _ in script.made] == ["update_item"]


def test_a_conflict_that_is_over_when_looked_at_is_still_one() -> None:
    refusal = AwsError("no", code="ConditionalCheckFailedException")
    found = {"partition": {"S": "p"}, "sort": {"S": "s"}, "data": {"M": {}}, "version": {"N": "3"}, "write": {"S": "x"}}
    store, _, _ = scripted(refusal, {"Item": found})
    with pytest.raises(VersionConflict, match="t/p/s: changed meanwhile"):
        store.put("t", "p", "s", {}, expect=3)


def test_a_put_without_condition_that_was_done_and_deleted_since_is_unknown() -> None:
    store, _, _ = scripted(LOST, AwsError("no", code="ConditionalCheckFailedException"), {})
    with pytest.raises(StoreUnavailable, match="the answer to a write was lost"):
        store.put("t", "p", "s", {})


def test_one_write_is_no_transaction() -> None:
    store, script, _ = scripted({})
    store.transact([Put("t", "p", "s", {}, NEW)])
    assert [operation for operation, _ in script.made] == ["update_item"]


def test_a_transaction_that_is_cancelled_for_another_reason_is_no_conflict() -> None:
    store, _, _ = scripted(cancelled("None", "ValidationError"))
    with pytest.raises(StoreUnavailable, match="cancelled"):
        store.transact([Put("t", "p", "a", {}), Put("t", "p", "b", {})])


def raw(key: str) -> dict[str, Any]:
    return {"partition": {"S": "p"}, "sort": {"S": key}, "data": {"M": {}}, "version": {"N": "1"}, "write": {"S": "x"}}


def batch(read: Sequence[str], left: Sequence[str] = ()) -> dict[str, Any]:
    keys = [{"partition": {"S": "p"}, "sort": {"S": key}} for key in left]
    return {
        "Responses": {"lamp-t": [raw(key) for key in read]},
        "UnprocessedKeys": {"lamp-t": {"Keys": keys}} if left else {},
    }


def test_keys_that_were_left_out_are_asked_for_again() -> None:
    store, script, waits = scripted(batch(["a"], ["b", "c"]), batch(["c"], ["b"]), batch(["b"]))
    found = store.get_many("t", [("p", "a"), ("p", "b"), ("p", "c")])
    assert list(found.values()) == [Item("p", key, {}, 1) for key in "abc"]
    asked = [
        [key["sort"]["S"] for key in params["RequestItems"]["lamp-t"]["Keys"]] for _operation, params in script.made
    ]
    assert asked == [["a", "b", "c"], ["b", "c"], ["b"]]
    assert waits == []


def test_keys_that_are_always_left_out_are_given_up() -> None:
    store, script, waits = scripted(batch([], ["a"]))
    with pytest.raises(StoreUnavailable, match="lamp-t: DynamoDB is too busy to read 1 items"):
        store.get_many("t", [("p", "a")])
    assert (len(script.made), len(waits)) == (TRIES, TRIES - 1)


@pytest.mark.parametrize(
    ("error", "kind", "message", "hint"),
    [
        (NotFound("x"), TableMissing, "the table lamp-t is missing in eu-west-1", "--create-tables"),
        (
            AccessDenied("denied", operation="BatchGetItem"),
            StoreUnavailable,
            "denied",
            "allow dynamodb:BatchGetItem on the table lamp-t",
        ),
        (
            AccessDenied("denied", operation="TransactWriteItems"),
            StoreUnavailable,
            "denied",
            "allow dynamodb:UpdateItem, dynamodb:PutItem and dynamodb:DeleteItem on",
        ),
        (
            AwsError("The provided key element does not match the schema", code="ValidationException"),
            StoreUnavailable,
            "the table lamp-t in eu-west-1 has other keys than the store's",
            "another prefix",
        ),
        (AwsError("too large", code="ValidationException"), StoreError, "too large", ""),
        (AwsError("what?", code="UnknownOperationException"), StoreError, "what?", ""),
        (CredentialsMissing("expired", hint="sign in"), StoreUnavailable, "expired", "sign in"),
        (Unreachable("no answer", hint="check"), StoreUnavailable, "no answer", "check"),
        (OutcomeUnknown("lost", hint="look"), StoreUnavailable, "lost", "read it again"),
    ],
)
def test_errors_of_the_store(error: AwsError, kind: type[StoreError], message: str, hint: str) -> None:
    made = store_error(error, "lamp-t", "eu-west-1")
    assert type(made) is kind
    assert made.message == message
    assert hint in made.hint
