"""The strict front: stands between the wire and moto, and makes moto behave as AWS does."""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Event, RLock
from typing import TYPE_CHECKING, Any

from moto.ec2.models import ec2_backends
from moto.rds.models import rds_backends

from lamplighter.estate import strict_accounts, strict_ec2, strict_rds
from lamplighter.estate.accounts import account_finder, operation_of
from lamplighter.estate.answers import GARBAGE, Answer, Refusal, ask, error_answer, json_answer
from lamplighter.estate.clock import VirtualClock, utc_now
from lamplighter.estate.faults import Faults
from lamplighter.estate.history import Call, CallLog, History
from lamplighter.estate.lifecycle import DEFAULT_TIMINGS, Lifecycle
from lamplighter.estate.request import AwsRequest, parse, read_body
from lamplighter.estate.seed import wipe
from lamplighter.estate.strict_commitments import Commitments
from lamplighter.estate.strict_ops_items import OpsItems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from moto.core.base_backend import BackendDict

    from lamplighter.estate.faults import FaultRule

ORDERED = frozenset({"ec2", "rds", "sts", "organizations", "autoscaling"})
"""Services whose requests are handled one at a time: their checks and effects must not interleave."""

CHANGES_STATES = frozenset({"ec2", "rds", "autoscaling", "elasticmapreduce"})
"""Services that start, stop, create or remove instances and databases in the account and region of the call."""

SPREADS = frozenset({"cloudformation"})
"""Services that may do so in any account and region."""

NAMESPACES = {"rds": strict_rds.NAMESPACE, "sts": "https://sts.amazonaws.com/doc/2011-06-15/"}


class World:
    """Everything the front knows: clock, faults, history, calls and the true states.

    Args:
        management: id of the management account; unknown credentials belong to it.
        real: where real time comes from.
    """

    def __init__(self, management: str, real: Callable[[], datetime] = utc_now) -> None:
        self.management = management
        self.clock = VirtualClock(real)
        self.faults = Faults(strict_ec2.types_of)
        self.history = History()
        self.calls = CallLog()
        self.lives = Lifecycle(self.history)
        self.commitments = Commitments()
        self.ops_items = OpsItems()
        self.account_of = account_finder(management)
        self.lock = RLock()
        self.closing = Event()

    def reset(self) -> None:
        """Forget everything: moto's resources, states, history, calls and faults; real time, usual timings."""
        with self.lock:
            wipe()
            self.clock.release()
            self.faults = Faults(strict_ec2.types_of)
            self.history.clear()
            self.calls.clear()
            self.lives.clear()
            self.commitments = Commitments()
            self.ops_items = OpsItems()
            self.lives.timings = dict(DEFAULT_TIMINGS)
            self.account_of = account_finder(self.management)

    def settle(self) -> datetime:
        """Finish what is due; the time now is returned."""
        with self.lock:
            now = self.clock.now()
            self.lives.settle(now)
            return now

    def observe(self, account: str, region: str, *, adopt: bool, hibernating: Iterable[str] = ()) -> None:
        """Compare moto's instances and databases in one account and region with what is known."""
        now = self.clock.now()
        lives = self.lives
        if (account, region) in _places(ec2_backends):
            timing = dict.fromkeys(hibernating, "ec2-hibernate")
            found = strict_ec2.instances(account, region)
            lives.observe(strict_ec2.EC2_INSTANCE, account, region, found, now, adopt=adopt, timing=timing)
        if (account, region) in _places(rds_backends):
            lives.observe(strict_rds.RDS_INSTANCE, account, region, strict_rds.databases(account, region), now)
            lives.observe(strict_rds.RDS_CLUSTER, account, region, strict_rds.clusters(account, region), now)

    def observe_all(self, *, adopt: bool) -> None:
        """The same for every account and region moto has anything in."""
        with self.lock:
            for account, region in sorted(_places(ec2_backends) | _places(rds_backends)):
                self.observe(account, region, adopt=adopt)


def _places(backends: BackendDict[Any]) -> set[tuple[str, str]]:
    """The (account, region) pairs in which moto holds anything of a service; none is created by asking."""
    return {(account, region) for account, regions in list(backends.items()) for region in list(regions)}


class StrictFront:
    """WSGI application in front of moto's.

    Args:
        moto: moto's own WSGI application.
        control: answers requests below `/lamplighter/`.
        world: what the front knows.
    """

    def __init__(self, moto: WSGIApplication, control: Callable[[WSGIEnvironment], Answer], world: World) -> None:
        self._moto = moto
        self._control = control
        self._world = world

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Handle one request."""
        path = environ.get("PATH_INFO", "/")
        if path == "/lamplighter" or path.startswith("/lamplighter/"):
            return self._control(environ).send(start_response)
        world = self._world
        if path == "/moto-api/reset":
            world.reset()
            return json_answer({"status": "ok"}).send(start_response)
        request = parse(environ, read_body(environ), world.account_of, operation_of)
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = request.account
        now = world.settle()
        rule = world.faults.match(request, now)
        if rule is None:
            answer, refusal = self._handle(environ, request)
            self._note(request, now, answer, refusal)
            return answer.send(start_response)
        return self._fail(rule, environ, request, now).send(start_response)

    def _fail(self, rule: FaultRule, environ: WSGIEnvironment, request: AwsRequest, now: datetime) -> Answer:
        answer: Answer | None = None
        refusal: Refusal | None = None
        if rule.kind in {"after", "malformed", "slow"}:
            answer, refusal = self._handle(environ, request)
        if rule.kind == "malformed" and answer is not None:
            answer = answer.with_body(GARBAGE)
        elif rule.kind == "drop":
            answer = None
        elif rule.kind in {"before", "after"}:
            refusal = rule.error.refusal() if rule.error else None
            answer = error_answer(refusal, request.protocol, NAMESPACES.get(request.service, "")) if refusal else None
        self._note(request, now, answer, refusal, rule.id)
        if rule.delay_seconds:
            self._world.closing.wait(rule.delay_seconds)
        if answer is None:
            with suppress(OSError):
                environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionAbortedError("a fault rule closed the connection")
        return answer

    def _note(
        self,
        request: AwsRequest,
        now: datetime,
        answer: Answer | None,
        refusal: Refusal | None,
        fault: str | None = None,
    ) -> None:
        self._world.calls.add(
            Call(
                time=now.isoformat(),
                account=request.account,
                region=request.region,
                service=request.service,
                action=request.action,
                status=answer.status if answer else 0,
                fault=fault,
                code=refusal.code if refusal else None,
            )
        )

    def _handle(self, environ: WSGIEnvironment, request: AwsRequest) -> tuple[Answer, Refusal | None]:
        own = self._beside_moto(request, environ)
        if isinstance(own, Refusal):
            return error_answer(own, request.protocol, NAMESPACES.get(request.service, "")), own
        if own is not None:
            return own, None
        if request.service in ORDERED:
            with self._world.lock:
                return self._strictly(environ, request)
        if request.service in SPREADS and not request.reads:
            # A stack is made in one request; what it has made so far must not become pending under its hands.
            with self._world.lock:
                answer = ask(self._moto, environ)
                self._follow(request)
            return answer, None
        answer = ask(self._moto, environ)
        if request.service in CHANGES_STATES and not request.reads:
            with self._world.lock:
                self._follow(request)
        return answer, None

    def _beside_moto(self, request: AwsRequest, environ: WSGIEnvironment) -> Answer | Refusal | None:
        world = self._world
        own = world.commitments.answer(request, environ)
        if own is not None:
            return own
        with world.lock:
            return world.ops_items.answer(request, environ, world.clock.now())

    def _strictly(self, environ: WSGIEnvironment, request: AwsRequest) -> tuple[Answer, Refusal | None]:
        world = self._world
        refusal = self._refuse(environ, request)
        if refusal is not None:
            return error_answer(refusal, request.protocol, NAMESPACES.get(request.service, "")), refusal
        if request.reads or request.service not in CHANGES_STATES:
            return ask(self._moto, environ), None
        if not world.lives.knows("ec2-instance", request.account, request.region):
            world.observe(request.account, request.region, adopt=True)
        before = {i.id: i.state for i in strict_ec2.named(request)} if request.service == "ec2" else {}
        answer = ask(self._moto, environ)
        strict_rds.take_members_along(request, answer)
        self._follow(request)
        return strict_rds.true_status(request, strict_ec2.state_changes(request, answer, before)), None

    def _refuse(self, environ: WSGIEnvironment, request: AwsRequest) -> Refusal | None:
        if request.service == "ec2":
            return strict_ec2.refuse(request, self._world.lives)
        if request.service == "rds":
            return strict_rds.refuse(request)
        if request.service == "sts":
            return strict_accounts.refuse_assume_role(request)
        if request.service == "organizations":
            reader = strict_accounts.organization_reader(request)
            if isinstance(reader, Refusal):
                return reader
            environ["HTTP_X_MOTO_ACCOUNT_ID"] = reader
        return None

    def _follow(self, request: AwsRequest) -> None:
        world = self._world
        if request.service in SPREADS:
            world.observe_all(adopt=False)
        else:
            adopt = request.service == "ec2" and request.action not in strict_ec2.LAUNCHES
            hibernating = request.listed("InstanceId") if strict_ec2.hibernates(request) else ()
            world.observe(request.account, request.region, adopt=adopt, hibernating=hibernating)
        world.lives.settle(world.clock.now())
