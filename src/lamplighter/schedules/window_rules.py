"""What an open maintenance window changes of a decision, and what is put back after it.

A window lights what is out, once; while it is open nothing is stopped by a schedule; after it, what was lit or kept
lit for it only is put back. All else goes on as if there were no window. So what is lit for a window is decided as if
it were out: its stored state, kept in `Memory.returns` too, follows its schedule without the window. `Memory.window`
holds the occurrences that were met, so that a stop inside a window is not undone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lamplighter.schedules.timeline import State
from lamplighter.schedules.verdict import Action, Decision, Live, Memory, Stored
from lamplighter.schedules.windows import Window, occurrences_text, read_occurrences

RULE: Final = "maintenance-window"
"""Name of the rule; a start under it that fails leaves what is stored as it is."""

_DARK: Final = (Live.STOPPED, Live.STOPPING)


def lit_for_window(memory: Memory, live: Live) -> bool:
    """Whether it was lit for a window and not for its schedule.

    A start for a window that failed is remembered without the window: what it left half done is of its making, but what
    is wholly lit afterwards was lit by somebody else.
    """
    return bool(memory.returns) and (bool(memory.window) or live is Live.PARTLY)


def under_windows(
    plain: Decision, stored: Stored, live: Live, memory: Memory, windows: Sequence[Window], *, enforced: bool
) -> Decision:
    """The decision while windows are open, or after one.

    Args:
        plain: what is decided without windows; of what is lit for a window, as if it were out.
        stored: what is stored of it.
        live: what it is now.
        memory: what is remembered of it.
        windows: those open for it that its schedule uses; empty if there is none.
        enforced: whether a stop by hand inside a window is undone.

    Returns:
        The decision, with what to remember once it is done.
    """
    if not windows and not memory.window and not memory.returns:
        return plain._replace(memory=memory)
    lit_for = lit_for_window(memory, live)
    if not windows:
        cleared = memory._replace(window="", returns="")
        return _afterwards(plain, live, memory, lit_for=lit_for)._replace(memory=cleared)
    last = max(windows, key=lambda window: (window.end, window.begin))
    met = {(window.name, window.begin) for window in read_occurrences(memory.window)}
    new = any((window.name, window.begin) not in met for window in windows)
    if live is Live.BUSY:
        reason = f"{last.words()}; it is {live.value} now, so nothing is decided until the next pass"
        return plain._replace(action=Action.NONE, store=stored, reason=reason, rule="wait", memory=memory)
    now = memory._replace(window=occurrences_text(windows), returns="")
    dark = live in _DARK
    unlit = dark or (live is Live.PARTLY and lit_for)
    if unlit and (new or enforced) and plain.action is not Action.START:
        return _lit(plain, last, now, new=new)
    if dark or plain.action is Action.START:
        words = "" if plain.action is Action.START or new else f"; {last.words()}, but it was stopped in it"
        return plain._replace(reason=f"{plain.reason}{words}", memory=now)
    return _kept_lit(plain, last, now) if lit_for or plain.action is Action.STOP else plain._replace(memory=now)


def _wanted_lit(plain: Decision) -> bool:
    """Whether the schedule wants it lit, and nobody who stopped it by hand is to be heeded (`stay_off`)."""
    wants = plain.desired is not None and plain.desired.state is State.RUNNING
    return wants and plain.store is not Stored.STOPPED_BY_HAND


def _lit(plain: Decision, window: Window, now: Memory, *, new: bool) -> Decision:
    """Start it; what the schedule wants lit anyway is its own from here on."""
    reason = window.words() if new else f"{window.words()}, and the schedule is enforced"
    lit = plain._replace(action=Action.START, reason=reason, rule=RULE)
    if _wanted_lit(plain):
        return lit._replace(store=Stored.RUNNING, memory=now)
    # What we put out ourselves to change its type is not wanted out, so it is not put out again.
    ours = bool(now.type_before) and plain.rule == "any"
    return lit._replace(memory=now if ours else now._replace(returns=plain.store.value))


def _kept_lit(plain: Decision, window: Window, now: Memory) -> Decision:
    if _wanted_lit(plain):
        return plain._replace(store=Stored.RUNNING, memory=now)
    reason = f"{plain.reason}; but {window.words()}, so it is kept lit"
    return plain._replace(action=Action.NONE, reason=reason, rule=RULE, memory=now._replace(returns=plain.store.value))


def _afterwards(plain: Decision, live: Live, memory: Memory, *, lit_for: bool) -> Decision:
    """Put back what was lit for a window that is over, unless its schedule wants it lit by now."""
    if not lit_for or live in _DARK:
        return plain
    if _wanted_lit(plain):
        return plain._replace(store=Stored.RUNNING)
    last = max(read_occurrences(memory.window), key=lambda window: window.end, default=None)
    name = f"maintenance window {last.name}" if last else "its maintenance window"
    return plain._replace(
        action=Action.STOP, reason=f"{plain.reason}; {name} is over, and it was lit for it only", rule=RULE
    )
