"""Laid beside the content of the zip as a layer is: the functions' clock is that of the simulated AWS."""

from __future__ import annotations

import json
import os
from datetime import datetime
from urllib.request import urlopen

from lamplighter.lambdas import runtime as module
from lamplighter.lambdas.clock import handler as clock
from lamplighter.lambdas.collect import handler as collect
from lamplighter.lambdas.custom_resource import handler as custom_resource
from lamplighter.lambdas.events import handler as events
from lamplighter.lambdas.ingest import handler as ingest
from lamplighter.lambdas.passes import handler as passes
from lamplighter.lambdas.remote import handler as remote
from lamplighter.lambdas.report import handler as report

__all__ = ["clock", "collect", "custom_resource", "events", "ingest", "passes", "remote", "report"]


def _now() -> datetime:
    with urlopen(os.environ["LAMPLIGHTER_ENDPOINT_URL"] + "/lamplighter/clock", timeout=10) as answer:
        return datetime.fromisoformat(json.load(answer)["now"])


module._Shared.runtime = module.Runtime(dict(os.environ), clock=_now)
