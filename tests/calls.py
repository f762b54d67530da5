"""Calls to AWS that the product makes in tests: noted where `Caller` tells of them, and held against what is declared.

What counts is sent over the wire to a simulated AWS by a module of the product. What tests ask for themselves does not
count, nor what the simulated AWS builds its fleet with; both go through `lamplighter.aws` as well, so the stack tells
them apart. Calls in processes that tests start are not seen; none is made there only.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from types import FrameType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from lamplighter.aws.calls import CallRecord

Call = tuple[str, str]
"""(service, operation) as `TargetSession.call` takes them."""

_WAY = {
    "lamplighter.aws.access": {"call", "pages", "download", "_perform"},
    "lamplighter.aws.calls": {"perform", "_follow_tokens"},
    "lamplighter.scheduler.pace": {"call", "pages"},
}
"""What stands between who calls and the wire."""

made: set[tuple[str, str, str]] = set()
"""Made over the wire by the product, in this process: service, operation, and the module that asked."""

doubled: set[Call] = set()
"""Asked of doubles that hold requests and answers to botocore's models, in this process."""


def caller_of(frame: FrameType | None) -> str:
    """The module that asked for a call, found up the stack: of the product or of the tests; empty for neither."""
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        named = module.partition(".")[0] in ("lamplighter", "tests")
        if named and module != __name__ and frame.f_code.co_name not in _WAY.get(module, ()):
            return module
        frame = frame.f_back
    return ""


def is_product(module: str) -> bool:
    """Whether calls of a module count; a thread that nobody is seen to have started belongs to the product."""
    return module.partition(".")[0] != "tests" and not f"{module}.".startswith("lamplighter.estate.")


def note(record: CallRecord) -> None:
    """Note one call, if the product sent it."""
    if record.attempts and is_product(module := caller_of(sys._getframe(1))):
        made.add((record.service, record.operation, module))


def watch() -> Callable[[], None]:
    """Let every `Caller` tell of its calls here too.

    Returns:
        Ends it.
    """
    from lamplighter.aws.calls import Caller

    init = Caller.__init__

    def watched(self: Caller, clients: Any, on_call: Callable[[CallRecord], None] | None, timer: Any) -> None:
        def tell(record: CallRecord) -> None:
            note(record)
            if on_call is not None:
                on_call(record)

        init(self, clients, tell, timer)

    def end() -> None:
        Caller.__init__ = init  # type: ignore[method-assign]

    Caller.__init__ = watched  # type: ignore[method-assign]
    return end


def noted() -> list[list[tuple[str, ...]]]:
    """What `merge` takes, of types that pytest-xdist carries from process to process."""
    return [sorted(made), sorted(doubled)]


def merge(others: Sequence[Iterable[Sequence[str]]]) -> None:
    """Add what another process noted, if it noted anything."""
    if others:
        sent, asked = others
        made.update((service, operation, module) for service, operation, module in sent)
        doubled.update((service, operation) for service, operation in asked)


def is_whole(config: pytest.Config) -> bool:
    """Whether pytest was asked for every test there is."""
    chosen = ("keyword", "markexpr", "lf", "deselect", "ignore", "ignore_glob", "stepwise", "collectonly", "maxfail")
    all_of_them = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return all_of_them and not any(config.getoption(name, None) for name in chosen)
