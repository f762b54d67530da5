"""Questions to Cost Explorer: each page costs 0.01 USD, so pages are counted, kept, and limited by a budget.

Answers are kept in the store (table `cost-explorer`), page by page. A question that was cut off, by the budget or by a
failure, goes on where it stopped if it is asked again within the hour. Throttling is retried by the clients of `aws/`.
Source of the price: AWS Cost Explorer pricing, "each paginated API request".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from lamplighter.errors import AwsError, GuardrailError, OutcomeUnknown, Unreachable
from lamplighter.pricing.money import Money
from lamplighter.resources.kind import Session
from lamplighter.store.table import Put, Store

SERVICE: Final = "ce"
PAGE_PRICE: Final = Money(Decimal("0.01"), "USD")
BUDGET: Final = Money(Decimal("1.00"), "USD")
"""What a run may spend if nobody says otherwise."""
TABLE: Final = "cost-explorer"

NO_DATA: Final = "DataUnavailableException"
"""What AWS answers where it has no figures, for example of Savings Plans where there never was one."""

FRESH: Final = timedelta(hours=12)
"""How long an answer about days that may still change is good: AWS works them out about once a day."""
SETTLED: Final = timedelta(days=7)
"""How long after a period its figures hardly change."""
SETTLED_FRESH: Final = timedelta(days=30)
_RESUME: Final = timedelta(hours=1)
_CHUNK: Final = 100_000
_TOKENS: Final = ("NextPageToken", "NextToken")
_OTHER_TOKEN: Final = frozenset({"get_savings_plans_coverage", "get_savings_plans_utilization_details"})

Page = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A whole answer.

    Attributes:
        pages: as boto3 gives them, without what is about the call.
        as_of: when its first page was asked for, aware UTC.
        paid: pages that were paid for now.
        kept: pages that were there already.
    """

    pages: Sequence[Page]
    as_of: datetime
    paid: int
    kept: int


@dataclass(frozen=True, slots=True)
class _Kept:
    begun: datetime
    pages: list[Page]
    token: str


class Explorer:
    """Asks Cost Explorer in one account, within a budget. Not safe for use by several threads at once.

    Attributes:
        paid: pages paid for so far, those whose answer was lost included.
        saved: pages that were there already and did not have to be paid for.

    Args:
        session: calls in the account; a payer's sees all its accounts.
        store: where answers are kept.
        now: the time now, aware UTC.
        budget: what may be spent, in USD.
        refresh: ask again although there are answers.
    """

    def __init__(
        self, session: Session, store: Store, now: datetime, *, budget: Money = BUDGET, refresh: bool = False
    ) -> None:
        self._session = session
        self._store = store
        self._now = now
        self._budget = budget
        self._refresh = refresh
        self.paid = 0
        self.saved = 0

    @property
    def spent(self) -> Money:
        """What was spent so far."""
        return PAGE_PRICE * self.paid

    def knows(self, operation: str, params: Mapping[str, Any]) -> bool:
        """Whether a question would be answered without asking AWS."""
        kept = self._find(operation, params)
        return kept is not None and not kept.token

    def ask(self, operation: str, params: Mapping[str, Any]) -> Asked:
        """The whole answer to a question.

        Args:
            operation: as a method of boto3's client, `get_reservation_coverage`.
            params: as boto3 takes them, without tokens.

        Raises:
            GuardrailError: the next page would cost more than the budget leaves; it was not asked for.
            AwsError: a page failed; those before it are kept.
            StoreError: the store failed.
        """
        kept = self._find(operation, params) or _Kept(self._now, [], "")
        pages, token = list(kept.pages), kept.token
        before = len(pages)
        self.saved += before
        while token or not pages:
            page = self._page(operation, params, token)
            following = next((str(page[name]) for name in _TOKENS if page.get(name)), "")
            self._keep(operation, params, kept.begun, len(pages), page)
            pages.append(page)
            if following and following == token:
                raise AwsError(
                    f"{self._session.target.key}: {SERVICE} {operation} gives the same token again",
                    hint="its answer is left out: each page would cost money",
                    service=SERVICE,
                    operation=operation,
                    target=self._session.target.key,
                )
            token = following
        return Asked(pages, kept.begun, len(pages) - before, before)

    def _page(self, operation: str, params: Mapping[str, Any], token: str) -> Page:
        if self._budget < self.spent + PAGE_PRICE:
            raise GuardrailError(
                f"Cost Explorer was not asked: {self.spent} of {self._budget} are spent, and a page costs {PAGE_PRICE}",
                hint="raise --budget; what was answered is kept and not paid for again",
            )
        name = "NextToken" if operation in _OTHER_TOKEN else "NextPageToken"
        more = {name: token} if token else {}
        try:
            page = self._session.call(SERVICE, operation, **params, **more)
        except (Unreachable, OutcomeUnknown):
            self.paid += 1
            raise
        self.paid += 1
        return {key: value for key, value in page.items() if key != "ResponseMetadata"}

    def _partition(self, operation: str, params: Mapping[str, Any]) -> str:
        text = json.dumps(params, sort_keys=True, separators=(",", ":"))
        return f"{self._session.target.account}/{operation}/{hashlib.sha256(text.encode()).hexdigest()}"

    def _find(self, operation: str, params: Mapping[str, Any]) -> _Kept | None:
        """Pages of this question that are good still, and the token of what is missing."""
        if self._refresh:
            return None
        texts: dict[int, str] = {}
        begun = ""
        for item in self._store.query(TABLE, self._partition(operation, params)):
            number = item.sort.partition("/")[0]
            begun = begun or str(item.data["begun"])
            # What another asking left behind, longer than this one.
            if item.data["begun"] != begun or int(number) > len(texts):
                continue
            texts[int(number)] = texts.get(int(number), "") + str(item.data["text"])
        if not texts:
            return None
        try:
            pages = [json.loads(text) for text in texts.values()]
        except ValueError:
            return None
        token = next((str(pages[-1][name]) for name in _TOKENS if pages[-1].get(name)), "")
        age = self._now - datetime.fromisoformat(begun)
        return _Kept(datetime.fromisoformat(begun), pages, token) if age < self._good_for(params, token) else None

    def _good_for(self, params: Mapping[str, Any], token: str) -> timedelta:
        if token:
            return _RESUME
        end = str(params.get("TimePeriod", {}).get("End", ""))
        if not end:
            return FRESH
        until = datetime.fromisoformat(end)
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        return SETTLED_FRESH if until <= self._now - SETTLED else FRESH

    def _keep(self, operation: str, params: Mapping[str, Any], begun: datetime, number: int, page: Page) -> None:
        text = json.dumps(page, sort_keys=True)
        partition = self._partition(operation, params)
        chunks = [text[first : first + _CHUNK] for first in range(0, len(text), _CHUNK)]
        self._store.put_many(
            Put(TABLE, partition, f"{number:04}/{place:04}", {"begun": begun.isoformat(), "text": chunk})
            for place, chunk in enumerate(chunks)
        )
