"""An amount that never loses its currency."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal

_WIDE = Context(prec=100)


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount in one currency.

    An unknown amount is `None` where it is asked for, never a `Money` of zero. Amounts in different
    currencies are never equal; adding or ordering them is an error.

    Attributes:
        amount: finite, in units of the currency (dollars, not cents).
        currency: ISO 4217 code, for example `USD` or `CNY`.

    Raises:
        TypeError: `amount` is not a Decimal; a float has already lost the cents it should keep.
        ValueError: `amount` is NaN or infinite, or `currency` is not three capital letters.
    """

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal):
            raise TypeError(f"an amount is a Decimal, not a {type(self.amount).__name__}")
        if not self.amount.is_finite():
            raise ValueError(f"an amount is a finite number, not {self.amount}")
        code = self.currency
        if not (len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()):
            raise ValueError(f"a currency is three capital letters, not {code!r}")

    def __add__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        return Money(self.amount - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __mul__(self, factor: Decimal | int) -> Money:
        if isinstance(factor, bool) or not isinstance(factor, Decimal | int):
            return NotImplemented
        return Money(self.amount * factor, self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: Money) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        return self.amount <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        return self.amount > self._same(other)

    def __ge__(self, other: Money) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        return self.amount >= self._same(other)

    def __str__(self) -> str:
        """The exact amount with at least two decimals: `12.30 USD`, `0.0416 USD`."""
        whole, _, fraction = format(self.amount or Decimal(0), "f").partition(".")
        return f"{whole}.{fraction.rstrip('0'):0<2} {self.currency}"

    def rounded(self, places: int = 2) -> Money:
        """The amount as it is shown, a half rounded away from zero.

        That is what spreadsheets and invoices do, so a reader who recomputes a figure finds the same cent.
        Its small bias does no harm here because only what is shown is rounded, never the terms of a sum.

        Args:
            places: decimals to keep.
        """
        shown = self.amount.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP, context=_WIDE)
        return Money(shown or shown.copy_abs(), self.currency)

    def _same(self, other: Money) -> Decimal:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not mix; convert one of them first")
        return other.amount


def total(moneys: Iterable[Money], currency: str) -> Money:
    """The sum of amounts in one currency; zero of that currency when there are none.

    Args:
        moneys: what is known. Count what is unknown apart, and say so beside the sum.
        currency: ISO 4217 code of the result.

    Raises:
        ValueError: an amount is in another currency.
    """
    result = Money(Decimal(0), currency)
    for money in moneys:
        result += money
    return result
