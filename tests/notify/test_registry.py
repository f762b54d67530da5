"""What holds for every sender."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from tests.models import operation_name, service_model
from tests.notify.conftest import Calls, Mailbox, MakeMeans, Webhook, note

from lamplighter import families
from lamplighter.errors import LamplighterError, SendError, UsageError
from lamplighter.notify import registry
from lamplighter.notify.message import Message
from lamplighter.notify.registry import check_address, permissions_of, send, senders
from lamplighter.notify.sender import Means, Sender

TESTS = Path(__file__).parent
SENDERS = list({sender.name: sender for sender in senders().values()}.values())


@pytest.fixture(params=SENDERS, ids=lambda sender: str(sender.name))
def sender(request: pytest.FixtureRequest) -> Sender:
    found: Sender = request.param
    return found


def test_the_senders_there_are() -> None:
    assert {scheme: sender.name for scheme, sender in senders().items()} == {
        "file": "file",
        "opsitem": "opsitem",
        "slack": "slack",
        "smtp": "smtp",
        "smtps": "smtp",
        "sns": "sns",
    }


def test_a_sender_says_what_it_is(sender: Sender) -> None:
    assert re.fullmatch(r"[a-z0-9-]+", sender.name)
    assert sender.title
    assert sender.why.endswith(".")
    assert sender.source.startswith("https://")
    assert re.fullmatch(r"\d+\.\d+\.\d+", sender.since)
    assert inspect.getdoc(type(sender)) not in (None, inspect.getdoc(Sender))
    declared = {name for name, note in inspect.get_annotations(Sender).items() if "ClassVar" in str(note)}
    assert len(declared) == 9
    assert declared <= set(vars(type(sender)))
    assert any(sender.address.startswith(f"{scheme}:") for scheme in sender.schemes)


def test_a_sender_is_one_small_file_with_a_test_of_its_own(sender: Sender) -> None:
    module = type(sender).__module__.rpartition(".")[2]
    assert module == sender.name
    assert (TESTS / f"test_{module}.py").is_file()
    source = inspect.getsourcefile(type(sender))
    assert source is not None
    assert len(Path(source).read_text().splitlines()) < 200


def test_its_example_is_an_address(sender: Sender) -> None:
    check_address(sender.example)
    assert set(permissions_of(sender.example)) <= set(sender.permissions)


def test_its_permissions_are_actions_of_aws(sender: Sender) -> None:
    for action in sender.permissions:
        service, _, operation = action.partition(":")
        assert operation in service_model(service).operation_names, action


def iam_action(service: str, operation: str) -> str:
    return f"{service}:{operation_name(service, operation)}"


SECRETS = ("env:SECRET", "ssm:/lamp/secret", "secretsmanager:lamp/secret")


@pytest.mark.parametrize(
    ("to", "wanted"),
    [
        ("file:told.jsonl", ()),
        ("sns:arn:aws:sns:eu-west-1:111122223333:alerts", ("sns:Publish",)),
        ("smtp://127.0.0.1:{port}?from=a@b&to=c@d", ()),
        ("slack:env:SECRET", ()),
        ("slack:ssm:/lamp/secret", ("ssm:GetParameter",)),
        ("slack:secretsmanager:lamp/secret", ("secretsmanager:GetSecretValue",)),
        ("smtp://127.0.0.1:{port}?from=a@b&to=c@d&user=x&password=env:SECRET", ()),
        ("smtp://127.0.0.1:{port}?from=a@b&to=c@d&user=x&password=ssm:/lamp/secret", ("ssm:GetParameter",)),
    ],
)
def test_the_permissions_of_an_address_are_the_calls_it_makes(
    to: str, wanted: tuple[str, ...], means: MakeMeans, mailbox: Mailbox, webhook: Webhook
) -> None:
    to = to.format(port=mailbox.port)
    assert permissions_of(to) == wanted
    answers = {
        "get_parameter": {"Parameter": {"Value": webhook.url}},
        "get_secret_value": {"SecretString": webhook.url},
    }
    calls = Calls(answers)
    if "user=" in to:
        # Without TLS the password is read and not sent.
        with pytest.raises(SendError):
            send(to, note(), means(calls, SECRET="x"))
    else:
        send(to, note(), means(calls, SECRET=webhook.url))
    assert tuple(iam_action(service, operation) for _, service, operation, _ in calls.asked) == wanted


@pytest.mark.parametrize(
    ("to", "message"),
    [
        ("", "an address does not begin with ''"),
        ("mail:x", "it begins with file:, opsitem:, slack:, smtp:, smtps:, sns:"),
        ("slak:env:X", "did you mean slack:?"),
        ("https://hooks.slack.com/services/T/B/secret-token", "an address does not begin with 'https'"),
    ],
)
def test_what_no_sender_knows(to: str, message: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the text is compared below
        check_address(to)
    assert message in str(raised.value)
    assert "secret-token" not in str(raised.value)


def test_whatever_a_sender_does_is_an_error_of_ours(means: MakeMeans, fresh: list[EntryPoint]) -> None:
    fresh.append(EntryPoint("pigeon", f"{__name__}:Pigeon", registry.ENTRY_POINT))
    with pytest.raises(SendError, match="unexpected ZeroDivisionError: integer division or modulo by zero"):
        send("pigeon:coop", note(), means())
    with pytest.raises(LamplighterError, match="unexpected ValueError: an address does not begin"):
        send("nobody:x", note(), means())


# --- finding senders --------------------------------------------------------------------------------


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[EntryPoint]]:
    """A registry that looks anew, and the entry points it is to find."""
    entries: list[EntryPoint] = []
    monkeypatch.setattr(families, "entry_points", lambda group: entries if group == registry.ENTRY_POINT else [])
    registry.senders.cache_clear()
    yield entries
    registry.senders.cache_clear()


class Pigeon(Sender):
    """A user's own sender, which does not fly."""

    name, schemes, permissions = "pigeon", ("pigeon",), ()

    def check(self, to: str) -> None:
        """Any coop will do."""

    def send(self, to: str, message: Message, means: Means) -> str:
        return str(1 // 0)


class Twin(Pigeon):
    """A sender with a scheme that is taken."""

    schemes = ("file",)


def test_a_user_s_own_sender_is_found(fresh: list[EntryPoint]) -> None:
    fresh.append(EntryPoint("pigeon", f"{__name__}:Pigeon", registry.ENTRY_POINT))
    assert isinstance(senders()["pigeon"], Pigeon)
    check_address("pigeon:coop")


def test_two_senders_of_one_scheme_are_refused(fresh: list[EntryPoint]) -> None:
    fresh.append(EntryPoint("twin", f"{__name__}:Twin", registry.ENTRY_POINT))
    with pytest.raises(UsageError, match="two senders take addresses that begin with file:"):
        senders()


def test_what_is_no_sender_is_refused(fresh: list[EntryPoint]) -> None:
    fresh.append(EntryPoint("path", "pathlib:Path", registry.ENTRY_POINT))
    with pytest.raises(UsageError, match=r"entry point path of lamplighter\.senders is not a Sender"):
        senders()
