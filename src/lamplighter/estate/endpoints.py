"""The control endpoints below `/lamplighter/`: clock, timings, faults, history, calls, seed, reset."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from pydantic import ValidationError

from lamplighter.estate.answers import json_answer
from lamplighter.estate.faults import FaultRule
from lamplighter.estate.request import read_body
from lamplighter.estate.seed import Seed, plant
from lamplighter.estate.strict_commitments import PlantedCommitments

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from wsgiref.types import WSGIEnvironment

    from lamplighter.estate.answers import Answer
    from lamplighter.estate.front import World

    Body = Mapping[str, Any]
    Query = Mapping[str, list[str]]
    Endpoint = Callable[[World, Query, Body], object]

LONGEST_WAIT = 50.0
"""Seconds that a call can be waited for; clients of the control endpoints wait for an answer a little longer."""


def control(world: World) -> Callable[[WSGIEnvironment], Answer]:
    """An application for the control endpoints of `world`.

    A request that a web page sends is refused: a page of another origin must not steer the estate.
    """

    def answer(environ: WSGIEnvironment) -> Answer:
        if environ.get("HTTP_ORIGIN"):
            return json_answer({"error": "the control endpoints do not answer web pages"}, 403)
        name = environ.get("PATH_INFO", "").removeprefix("/lamplighter").strip("/")
        method = environ.get("REQUEST_METHOD", "GET")
        methods = _ENDPOINTS.get(name)
        if methods is None:
            return json_answer({"error": f"no endpoint '{name}'; there are: {', '.join(sorted(_ENDPOINTS))}"}, 404)
        if method not in methods:
            return json_answer({"error": f"'{name}' answers {', '.join(sorted(methods))}, not {method}"}, 405)
        try:
            query = parse_qs(environ.get("QUERY_STRING", ""))
            return json_answer(methods[method](world, query, _body(environ)))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            return json_answer({"error": f"{where}: {first['msg']}".removeprefix(": ")}, 400)
        except (ValueError, TypeError, KeyError) as error:
            return json_answer({"error": str(error)}, 400)

    return answer


def _body(environ: WSGIEnvironment) -> Body:
    body = json.loads(read_body(environ) or b"{}")
    if not isinstance(body, dict):
        raise TypeError("the body must be a JSON object")
    return body


def _about(world: World, _query: Query, _body: Body) -> object:
    return {"pid": os.getpid(), "management_account": world.management, **_clock(world, _query, _body)}


def _clock(world: World, _query: Query, _body: Body) -> dict[str, object]:
    return {"now": world.clock.now().isoformat(), "virtual": world.clock.virtual}


def _set_clock(world: World, query: Query, body: Body) -> object:
    with world.lock:
        if body.get("release"):
            world.clock.release()
        elif "now" in body:
            world.clock.set(datetime.fromisoformat(str(body["now"])))
        elif "advance_seconds" in body:
            world.clock.advance(timedelta(seconds=float(body["advance_seconds"])))
        elif body.get("settle"):
            _finish(world)
        else:
            raise ValueError('say one of "now", "advance_seconds", "release", "settle"')
        world.settle()
    return _clock(world, query, body)


def _finish(world: World) -> None:
    end = world.lives.finish()
    if end is not None and end > world.clock.now():
        if world.clock.virtual:
            world.clock.set(end)
        world.lives.settle(end)


def _timings(world: World, _query: Query, _body: Body) -> object:
    return world.lives.timings


def _set_timings(world: World, _query: Query, body: Body) -> object:
    for name, seconds in body.items():
        if name not in world.lives.timings:
            raise ValueError(f"no timing '{name}'; there are: {', '.join(sorted(world.lives.timings))}")
        if float(seconds) < 0:
            raise ValueError(f"'{name}' cannot be negative")
    world.lives.timings.update({name: float(seconds) for name, seconds in body.items()})
    return world.lives.timings


def _faults(world: World, _query: Query, _body: Body) -> object:
    return {"faults": world.faults.rows()}


def _add_fault(world: World, _query: Query, body: Body) -> object:
    return {"id": world.faults.add(FaultRule.model_validate(body))}


def _remove_faults(world: World, query: Query, _body: Body) -> object:
    return {"removed": world.faults.remove(query["id"][0] if "id" in query else None)}


def _history(world: World, query: Query, _body: Body) -> object:
    offset = int(query["since"][0]) if "since" in query else 0
    with world.lock:
        world.observe_all(adopt=True)
        world.settle()
        changes = world.history.since(offset)
    return {"changes": [change.as_json() for change in changes], "next": offset + len(changes)}


def _calls(world: World, query: Query, _body: Body) -> object:
    if "action" in query:
        action, times = query["action"][0], int(query.get("times", ["1"])[0])
        seconds = float(query.get("seconds", ["0"])[0])
        if times < 1 or not 0 <= seconds <= LONGEST_WAIT:
            raise ValueError(f"times begin at 1, seconds end at {LONGEST_WAIT:g}")
        if not world.calls.wait(action, times, seconds):
            raise ValueError(f"{action} was called less than {times} times within {seconds:g} s")
    counts = world.calls.counts()
    return {"total": sum(row["count"] for row in counts), "counts": counts, "recent": world.calls.recent()}


def _clear_calls(world: World, _query: Query, _body: Body) -> object:
    world.calls.clear()
    return {}


def _reset(world: World, _query: Query, _body: Body) -> object:
    world.reset()
    return {}


def _seed(world: World, _query: Query, body: Body) -> object:
    with world.lock:
        return plant(Seed.model_validate(body), world.management)


def _commitments(world: World, _query: Query, body: Body) -> object:
    with world.lock:
        return world.commitments.plant(PlantedCommitments.model_validate(body))


_ENDPOINTS: Mapping[str, Mapping[str, Endpoint]] = {
    "": {"GET": _about},
    "clock": {"GET": _clock, "POST": _set_clock},
    "timings": {"GET": _timings, "POST": _set_timings},
    "faults": {"GET": _faults, "POST": _add_fault, "DELETE": _remove_faults},
    "history": {"GET": _history},
    "calls": {"GET": _calls, "DELETE": _clear_calls},
    "reset": {"POST": _reset},
    "seed": {"POST": _seed},
    "commitments": {"POST": _commitments},
}
